// Brings a compiled C file under the explorer: each instruction that touches memory becomes a call to a function of the
// runtime (include/skep-check-runtime.c) that is linked into the module, so nothing gets past the hook. Function
// numbers stay as they are. Keeps where each instruction was, for source lines.
import { FUNCTION, Reader, readExports, readImports, SECTIONS, sections } from '../../jit/module-reader.js'
import { readInstruction } from './instructions.js'
import type { Instruction, MemoryAccess } from './instructions.js'

export interface Instrumented {
  bytes: Uint8Array
  /**
   * Byte offset in the instrumented module → offset from the beginning of the original code section's contents; -1 in
   * the runtime.
   */
  original(offset: number): number
  /** Contents of a custom section; undefined if there is none. */
  section(name: string): Uint8Array | undefined
}

const DROP = 0x1a
const CALL = 0x10
const CONSTANT = 0x41

const RUNTIME = /^skep\./

/** Rewrites a module that is linked with the runtime. Throws a plain Error for instructions that it does not know. */
export function instrument(module: Uint8Array): Instrumented {
  const out: number[] = [...module.subarray(0, 8)]
  const custom = new Map<string, Uint8Array>()
  const places: [at: number, original: number][] = []
  let imported = 0
  let runtime = new Map<string, number>()
  sections(module, (id, reader, end) => {
    const contents = module.subarray(reader.at, end)
    if (id === SECTIONS.custom) {
      const name = reader.text()
      custom.set(name, module.subarray(reader.at, end))
      // Debug information speaks of offsets that are no longer true; names of functions still are.
      if (name === 'name') section(out, id, [...contents])
    } else if (id === SECTIONS.code) {
      const code = instrumentCode(contents, imported, runtime, places)
      const before = out.length
      section(out, id, code)
      const shift = out.length - code.length
      for (const place of places) place[0] += shift
      if (before === out.length) throw new Error('no code')
    } else {
      if (id === SECTIONS.import) imported = functionsImported(reader)
      if (id === SECTIONS.export) runtime = runtimeFunctions(reader)
      section(out, id, contents)
    }
  })
  return {
    bytes: Uint8Array.from(out),
    original(offset) {
      let low = 0
      for (let high = places.length; low < high;) {
        const middle = (low + high) >> 1
        if (places[middle]![0] <= offset) low = middle + 1
        else high = middle
      }
      return places[low - 1]?.[1] ?? -1
    },
    section: (name) => custom.get(name),
  }
}

function section(out: number[], id: number, contents: ArrayLike<number>): void {
  out.push(id)
  leb(out, contents.length)
  for (let i = 0; i < contents.length; i++) out.push(contents[i]!)
}

function leb(out: number[], value: number): void {
  for (; value > 127; value >>>= 7) out.push((value & 127) | 128)
  out.push(value)
}

/** A constant as signed LEB128. */
function constant(out: number[], value: number): void {
  out.push(CONSTANT)
  for (value |= 0; value > 63 || value < -64; value >>= 7) out.push((value & 127) | 128)
  out.push(value & 127)
}

function functionsImported(reader: Reader): number {
  let functions = 0
  readImports(reader, (kind) => {
    if (kind !== FUNCTION) throw new Error('only functions can be imported')
    functions++
  })
  return functions
}

function runtimeFunctions(reader: Reader): Map<string, number> {
  const found = new Map<string, number>()
  readExports(reader, (index, name) => {
    if (RUNTIME.test(name)) found.set(name, index)
  })
  return found
}

function instrumentCode(
  contents: Uint8Array,
  imported: number,
  runtime: Map<string, number>,
  places: [number, number][],
): number[] {
  const reader = new Reader(contents)
  const out: number[] = []
  const count = reader.leb()
  leb(out, count)
  const kept = new Set(runtime.values())
  for (let index = 0; index < count; index++) {
    const size = reader.leb()
    const begin = reader.at
    const body: number[] = []
    const positions: [number, number][] = []
    if (kept.has(imported + index)) {
      positions.push([0, -1])
      for (let i = 0; i < size; i++) body.push(contents[begin + i]!)
    } else instrumentBody(reader, begin + size, body, positions, runtime)
    reader.at = begin + size
    leb(out, body.length)
    for (const [at, original] of positions) places.push([out.length + at, original])
    out.push(...body)
  }
  return out
}

function instrumentBody(
  reader: Reader,
  end: number,
  body: number[],
  positions: [number, number][],
  runtime: Map<string, number>,
): void {
  const copy = (from: number): void => {
    for (let i = from; i < reader.at; i++) body.push(reader.bytes[i]!)
  }
  const begin = reader.at
  for (let groups = reader.leb(); groups > 0; groups--) {
    reader.leb()
    reader.byte()
  }
  copy(begin)
  while (reader.at < end) {
    const at = reader.at
    positions.push([body.length, at])
    const instruction = readInstruction(reader)
    if (instruction.kind === 'other') copy(at)
    else replace(body, instruction, runtime)
  }
}

function replace(body: number[], instruction: Instruction, runtime: Map<string, number>): void {
  const call = (name: string): void => {
    const index = runtime.get(`skep.${name}`)
    if (index === undefined) throw new Error(`the module is not linked with the runtime: it has no skep.${name}`)
    body.push(CALL)
    leb(body, index)
  }
  if (instruction.kind === 'fill' || instruction.kind === 'copy') call(instruction.kind)
  if (instruction.kind !== 'access') return // a fence orders nothing that is not in order already
  const { shape, value, before, after, code }: MemoryAccess = instruction.access
  body.push(...before)
  constant(body, instruction.offset)
  constant(body, code)
  call(`${shape === 'store' ? 'change' : shape}${value * 8}`)
  body.push(...(shape === 'store' ? [DROP] : after))
}
