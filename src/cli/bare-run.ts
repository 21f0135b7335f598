// Runs instructions on bare memory, as conformance suites do: r1 = address of the memory, r2 = its length, r0 whole.
// A program entered by the machine has only a context, so a small entry of our own is linked in front of the code.
import { helperById } from '../machine/helpers.js'
import { boot } from '../machine/boot/boot.js'
import type { Engine } from '../machine/load/code.js'
import { assemble, type Line } from '../isa/assemble.js'
import * as asm from '../isa/assemble.js'
import { functionsOf } from '../object/bytecode.js'
import { parseObject } from '../object/read.js'
import type { FunctionSpec, ObjectSpec, ProgramSpec } from '../object/spec.js'
import { SkepError } from '../error.js'

export interface BareRun {
  /** Instructions, or with `elf` a whole object file. */
  readonly program: Uint8Array
  /** What r1 points at; empty: r1 and r2 are 0. */
  readonly memory: Uint8Array
  readonly elf?: boolean
  readonly engine?: Engine
}

export interface BareResult {
  readonly r0: bigint
  /** The memory afterwards. */
  readonly memory: Uint8Array
}

const CALL_REGISTER = 0x8d
/** Calls by register reach helpers below this number, too (as in other runtimes: the register holds the number). */
const NUMBERED_HELPERS = 256
const ENTRY = 'bare entry'

/** Runs once on a fresh virtual machine. Throws SkepError for anything that cannot be loaded, and for faults. */
export function runBare({ program, memory, elf = false, engine = 'jit' }: BareRun): BareResult {
  const spec = elf ? parseObject(program, 'standard input') : emptySpec(functionsOf(program))
  const target = elf ? firstProgram(spec) : 'main'
  const resultOffset = (memory.length + 7) & ~7
  const entry = bareEntry(target, memory.length, resultOffset)
  const own = [...spec.functions.values()]
  const helpers = own.some(callsByRegister) ? helperFunctions() : []
  // The table of a new machine starts at 1: the function in front of place N has index N, see helperFunctions.
  const functions = [...helpers, ...own, entry]
  const programs = [entry, ...helpers.filter(({ code }) => code[0] === 0x85)].map(programOf)
  // An object may have maps; a new machine costs by its size.
  using machine = boot.virtual({ memory: elf ? '16 MiB' : '4 MiB' })
  const loaded = machine.load(
    {
      ...spec,
      functions: new Map(functions.map((fn) => [fn.name, fn])),
      programs: new Map(programs.map((one) => [one.name, one])),
    },
    { engine, checks: false },
  )
  const ctx = new Uint8Array(resultOffset + 8)
  ctx.set(memory)
  const after = loaded.programs[ENTRY]!.run({ ctx }).ctx as Uint8Array
  const r0 = new DataView(after.buffer, after.byteOffset).getBigUint64(resultOffset, true)
  return { r0, memory: after.slice(0, memory.length) }
}

function bareEntry(target: string, length: number, resultOffset: number): FunctionSpec {
  return functionOf(ENTRY, [
    asm.mov('r6', 'r1'),
    ...(length === 0 ? [asm.mov('r1', 0)] : []),
    asm.mov('r2', length),
    asm.callFunction(target),
    asm.alu('add', 'r6', resultOffset),
    asm.store(64, 'r6', 0, 'r0'),
    asm.exit(),
  ])
}

// One function for each helper, at the place of its number; a function without use where there is no helper.
function helperFunctions(): FunctionSpec[] {
  return Array.from({ length: NUMBERED_HELPERS - 1 }, (_, at) => {
    const id = at + 1
    const entry = helperById(id)
    const callable = entry?.frame === false && !entry.refusedIn?.includes('syscall')
    return functionOf(`helper ${id}`, callable ? [asm.call(id), asm.exit()] : [asm.mov('r0', 0), asm.exit()])
  })
}

function functionOf(name: string, lines: readonly Line[]): FunctionSpec {
  const { code, relocations } = assemble(lines)
  return { name, section: 'syscall', sectionOffset: 0, code, relocations, lines: [], isStatic: false, btfId: 0 }
}

function programOf({ name }: FunctionSpec): ProgramSpec {
  return { name, section: 'syscall', type: 'syscall', sleepable: true, entry: name }
}

function callsByRegister({ code }: FunctionSpec): boolean {
  for (let at = 0; at < code.length; at += 8) {
    if (code[at] === CALL_REGISTER) return true
    if (code[at] === 0x18) at += 8
  }
  return false
}

function firstProgram(spec: ObjectSpec): string {
  const first = [...spec.programs.values()][0]?.entry ?? [...spec.functions.keys()][0]
  if (first === undefined) throw new SkepError('NO_PROGRAM', `${spec.name}: there is no program in the object`)
  return first
}

function emptySpec(functions: readonly FunctionSpec[]): ObjectSpec {
  return {
    name: 'standard input',
    license: 'GPL',
    maps: new Map(),
    programs: new Map(),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}
