// BPF functions -> what the core's interpreter runs: a code image in core memory, and a small wasm module of stubs. One
// stub per function enters the interpreter, so that programs and callbacks are called through the function table like
// compiled ones; one stub per helper gives it the type of a guest function, so that the interpreter can call it there.
import { FAULT_UNREACHABLE } from '../../core/abi.js'
import type { Callee } from '../jit/context.js'
import { ByteWriter, op } from '../jit/encoder.js'
import type { HelperImport, LinkTarget } from '../jit/link.js'
import { assembleModule, type NamedFunction } from '../jit/module.js'
import type { CodePosition } from '../jit/positions.js'
import { calleesOf, reachable, wideValue, type Unit } from '../jit/resolve.js'
import type { FunctionSpec } from '../object/spec.js'

/** Instruction count and function index (core/interp/interpret.ts). */
const HEADER_BYTES = 8
const INSTRUCTION_BYTES = 8
/** The stub of calls that nothing satisfies: a fault. */
const MISSING = 'missing'
/** Source register of a call that is a tail call (core/interp/interpret.ts). */
const TAIL_CALL = 15
/** How a load's opcode says what it reads; the last two stand only in images. */
const MODE = 0xe0
const MODE_MEMSX = 0x80
const MODE_PROBE_MEM = 0x20
const MODE_PROBE_MEMSX = 0x40

export interface InterpretedObject {
  /** The stubs. Imports and exports as a compiled object's. */
  readonly bytes: Uint8Array
  readonly moduleName: string
  /** Export of each function, and of the helper stubs, which follow the functions in the table. */
  readonly exports: ReadonlyMap<string, string>
  readonly helperStubs: readonly string[]
  /** The code, to be written at the address that it was linked for. */
  readonly image: Uint8Array
  /** The instruction at an address of the image. */
  locate(address: number): CodePosition | undefined
  /** Stubs have no instructions of their own. */
  positions(): undefined
}

/** Bytes of core memory that the image of these functions takes. */
export function imageBytes(functions: readonly FunctionSpec[]): number {
  return functions.reduce((sum, { code }) => sum + HEADER_BYTES + code.length, 0)
}

/** At most how many table slots the helper stubs of these functions take. */
export function stubLimit(functions: readonly FunctionSpec[]): number {
  return functions.reduce((sum, { code }) => sum + countCalls(code), 0)
}

function countCalls(code: Uint8Array): number {
  let calls = 0
  for (let at = 0; at < code.length; at += INSTRUCTION_BYTES) if (code[at] === 0x85) calls++
  return calls
}

/**
 * Links `roots` and what they reach for `address` (8-aligned, core memory) with helper stubs from table index `stubs`
 * on.
 * Throws SkepError as compile() does.
 */
export function buildImage(
  functions: readonly FunctionSpec[],
  target: LinkTarget,
  roots: readonly string[],
  address: number,
  stubs: number,
): InterpretedObject {
  const units = [...reachable(functions, target, roots).values()]
  const places = new Map<string, number>()
  let end = address
  for (const { spec } of units) {
    places.set(spec.name, end)
    end += HEADER_BYTES + spec.code.length
  }
  const imports: HelperImport[] = [{ name: 'interpret', parameters: 6, frame: true, returns: true }]
  // Import 0 of a module is host.fault_at, import 1 the interpreter; helpers follow.
  const importIndex = (helper: HelperImport): number => {
    const known = imports.findIndex(({ name }) => name === helper.name)
    return 1 + (known >= 0 ? known : imports.push(helper) - 1)
  }
  // All imports must be known before the stub behind theirs has a number.
  const callees = units.map((unit) => calleesOf(unit, target, { indexOf: importIndex }))
  const stubOf = (helper: HelperImport | undefined): number =>
    stubs + (helper ? importIndex(helper) : imports.length + 1) - 2
  const image = new Uint8Array(end - address)
  const view = new DataView(image.buffer)
  units.forEach((unit, index) => {
    const at = places.get(unit.spec.name)! - address
    view.setUint32(at, unit.spec.code.length / INSTRUCTION_BYTES, true)
    view.setUint32(at + 4, index, true)
    image.set(unit.spec.code, at + HEADER_BYTES)
    resolve(unit, target, view, at + HEADER_BYTES, places, callees[index]!, stubOf)
  })
  const entries = units.map(({ spec }) => ({ name: spec.name, ...entryStub(places.get(spec.name)!) }))
  const isMissed = callees.some((of) => [...of.values()].some((callee) => typeof callee !== 'string' && lacks(callee)))
  const helpers = [
    ...imports.slice(1).map((helper, at) => ({ name: `helper ${helper.name}`, ...helperStub(helper, 2 + at) })),
    ...(isMissed ? [{ name: MISSING, ...missingStub() }] : []),
  ]
  const { bytes, moduleName } = assembleModule(imports, [...entries, ...helpers])
  return {
    bytes,
    moduleName,
    exports: new Map([...entries, ...helpers].map(({ name }) => [name, name])),
    helperStubs: helpers.map(({ name }) => name),
    image,
    locate: (instruction) => locate(units, places, instruction),
    positions: () => undefined,
  }
}

// Writes what references mean into the copy of the code.
function resolve(
  unit: Unit,
  target: LinkTarget,
  view: DataView,
  at: number,
  places: ReadonlyMap<string, number>,
  callees: ReadonlyMap<number, Callee | string>,
  stubOf: (helper: HelperImport | undefined) => number,
): void {
  const probes = target.probes?.(unit.spec)
  for (const { index, form } of unit.instructions) {
    const place = at + index * INSTRUCTION_BYTES
    if (probes?.has(index)) view.setUint8(place, probing(view.getUint8(place)))
    const setSource = (source: number): void =>
      view.setUint8(place + 1, (view.getUint8(place + 1) & 15) | (source << 4))
    if (form.kind === 'wide') {
      const value = BigInt.asUintN(
        64,
        wideValue(
          unit,
          unit.instructions.find((one) => one.index === index)!,
          target,
          new Set(),
        ),
      )
      setSource(0)
      view.setUint32(place + 4, Number(value & 0xffffffffn), true)
      view.setUint32(place + 12, Number(value >> 32n), true)
    }
    const callee = callees.get(index)
    if (callee === undefined) continue
    if (typeof callee === 'string') {
      setSource(1)
      view.setUint32(place + 4, places.get(callee)!, true)
    } else {
      setSource(callee.kind === 'import' && callee.helper.tail ? TAIL_CALL : 0)
      view.setUint32(place + 4, stubOf(callee.kind === 'import' ? callee.helper : undefined), true)
    }
  }
}

/**
 * A load that reads 0 outside of guest memory: the kernel's BPF_PROBE_MEM or BPF_PROBE_MEMSX instead of BPF_MEM,
 * BPF_MEMSX.
 */
function probing(opcode: number): number {
  return (opcode & ~MODE) | ((opcode & MODE) === MODE_MEMSX ? MODE_PROBE_MEMSX : MODE_PROBE_MEM)
}

function body(code: ByteWriter): Omit<NamedFunction, 'name'> {
  // No locals of its own; `end` closes it.
  return { body: new ByteWriter().u32(0).append(code.bytes()).byte(0x0b).bytes().slice(), positions: [] }
}

function entryStub(address: number): Omit<NamedFunction, 'name'> {
  const code = new ByteWriter().byte(0x42).s64(BigInt(address))
  for (let parameter = 0; parameter < 6; parameter++) code.byte(0x20).u32(parameter)
  return body(code.byte(0x10).u32(1))
}

function helperStub({ parameters, frame, returns }: HelperImport, index: number): Omit<NamedFunction, 'name'> {
  const code = new ByteWriter()
  for (let parameter = 0; parameter < parameters; parameter++) code.byte(0x20).u32(parameter)
  if (frame) code.byte(0x20).u32(5)
  code.byte(0x10).u32(index)
  if (!returns) code.byte(0x42).s64(0n)
  return body(code)
}

function lacks({ kind }: Callee): boolean {
  return kind === 'missing'
}

function missingStub(): Omit<NamedFunction, 'name'> {
  // host.fault_at never returns.
  const code = new ByteWriter().byte(op.i32_const).s32(FAULT_UNREACHABLE).byte(op.i64_const).s64(0n)
  return body(code.byte(op.call).u32(0).byte(op.unreachable))
}

function locate(
  units: readonly Unit[],
  places: ReadonlyMap<string, number>,
  address: number,
): CodePosition | undefined {
  for (const { spec } of units) {
    const first = places.get(spec.name)! + HEADER_BYTES
    if (address >= first && address < first + spec.code.length)
      return { function: spec.name, instruction: (address - first) / INSTRUCTION_BYTES }
  }
  return undefined
}
