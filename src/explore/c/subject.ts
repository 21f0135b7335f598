// A C file as a subject: compiled, instrumented, its operations found by the macros of include/skep-check.h, its
// variables and lines by its debug information.
import { basename } from 'node:path'
import { hex, Violation } from '../access.js'
import type { Cpu, WasmImports } from '../executor.js'
import type { Place } from '../source-map.js'
import { Stage } from '../stage.js'
import type { Subject } from '../subject.js'
import { cpusOf, exportedSubject } from '../exported-subject.js'
import { compile } from './compile.js'
import { lineAt, lineRows } from './dwarf-lines.js'
import { objectAt, placeOf, variablesOf } from './dwarf-variables.js'
import type { Variable } from './dwarf-variables.js'
import { instrument } from './instrument.js'

export interface CompiledSubject {
  /** The module, every access a call to the hook. */
  code: Uint8Array
  /** With `traced`, on a stage that records where each access is made. */
  subject(traced: boolean): Subject
  /** Finds the place in the source of a byte offset in the module. */
  find(offset: number): Place | undefined
}

/** Compiles a C file. Throws SkepError for what the compiler refuses, BAD_SUBJECT if it has no operations. */
export async function cSubject(path: string): Promise<CompiledSubject> {
  const { bytes, original, section } = instrument(await compile(path))
  const module = new WebAssembly.Module(bytes)
  const part = (name: string): Uint8Array => section(name) ?? new Uint8Array()
  const rows = lineRows(part('.debug_line'))
  const variables = variablesOf(part('.debug_info'), part('.debug_abbrev'), part('.debug_str'))
  const file = basename(path)
  const end = memoryEnd(module)
  return {
    code: bytes,
    subject: (traced) => {
      const stage: Stage = new Stage({
        ...{ module, memory: end, cpus: cpusOf(path, module, 'ON_CPU(0, NAME) { … } (skep-check.h)'), sites: traced },
        imports: (cpu) => imports(cpu, file, () => stage),
        boot: ([cpu]) => copyData(cpu!, end),
      })
      return exportedSubject(file, module, stage, {
        nameOf: (address) => placeOf(variables, address)?.name,
        show: (address, value, width) => shown(variables, address, value, width),
      })
    },
    find(offset) {
      const at = original(offset)
      const row = at < 0 ? undefined : lineAt(rows, at)
      // Line 0: code that no line of the file stands for; whoever called it has one.
      return row && row.line > 0 ? { file: row.file, line: row.line } : undefined
    },
  }
}

const nothing = (): number => 0

// Where the file's variables end: an instance that is never run says so.
function memoryEnd(module: WebAssembly.Module): number {
  const imports: WasmImports = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = nothing
  const { exports } = new WebAssembly.Instance(module, imports)
  return ((exports['__heap_base'] as WebAssembly.Global).value as number) & ~3
}

// Initial values of variables lie in the instance's own memory, which the explorer does not look at: into the model.
function copyData(cpu: Cpu, end: number): void {
  const memory = new Int32Array((cpu.exports['memory'] as WebAssembly.Memory).buffer)
  for (let word = 0; word < end / 4; word++) if (memory[word] !== 0) cpu.store32(word * 4, memory[word]!)
}

function imports(cpu: Cpu, file: string, stage: () => Stage): WasmImports {
  const text = (address: number): string => {
    const { words } = stage().memory
    let value = ''
    for (let at = address; value.length < 200; at++) {
      const byte = (words[at >>> 2]! >>> ((at & 3) * 8)) & 0xff
      if (byte === 0) break
      value += String.fromCharCode(byte)
    }
    return value
  }
  return {
    check: {
      fail: (what: number, line: number) => cpu.fail(`${file}:${line}: ${text(what)}`),
      null(address: number): never {
        throw new Violation(`access to ${hex(address)}: a NULL pointer, or a stack that is too deep`)
      },
      pause: () => cpu.retry(),
      wait: (address: number, value: number) => cpu.waitWhile32(address, value),
      freed: (address: number, bytes: number) => cpu.poison(address, bytes),
      reused: (address: number, bytes: number) => cpu.cleanse(address, bytes),
    },
  }
}

function shown(variables: readonly Variable[], address: number, value: bigint, width: number): string | undefined {
  const type = placeOf(variables, address)?.type
  if (!type) return undefined
  if (type.kind === 'pointer') return value === 0n ? 'NULL' : objectAt(variables, Number(value))
  if (type.kind !== 'base' || !type.signed) return undefined
  return String(BigInt.asIntN(width * 8, value))
}
