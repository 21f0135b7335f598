// Everything in an object that this package, or the machine that is to load it, does not support: all of it in one
// message, by name. Used before anything is loaded.
import { SkepError } from '../error.js'
import { helperName } from '../isa/helper-names.js'
import { missingKconfig } from './kconfig.js'
import { MAP_TYPE_NAMES } from './map-types.js'
import type { FunctionSpec, ObjectSpec, ProgramType } from './spec.js'

/** What the caller can do. A table that is left out is not checked. */
export interface Supported {
  /** Helper ids. */
  readonly helpers?: ReadonlySet<number>
  /** Names of helpers by id, for messages, where they differ from the kernel's. */
  readonly helperNames?: ReadonlyMap<number, string>
  /** Names of kfuncs; a weak kfunc that is not among them is no error, a program may ask whether it exists. */
  readonly kfuncs?: ReadonlySet<string>
  /** BPF_MAP_TYPE_*. */
  readonly mapTypes?: ReadonlySet<number>
  readonly programTypes?: ReadonlySet<ProgramType>
}

const CALL = 0x85
const MOVE = 0xbf
const CLASS = 0x07
const MODE = 0xe0
const ABSOLUTE = 0x20
const INDIRECT = 0x40
const LDDW = 0x18

/** Where the instructions of a function begin (bytes). Not decoded: what is wrong with them is said where they are. */
function* instructionsOf({ code }: FunctionSpec): Generator<number> {
  for (let at = 0; at + 8 <= code.length; at += code[at] === LDDW ? 16 : 8) yield at
}

/** The helper ids that a function calls, with the instruction of each call; poisoned instructions are no calls. */
export function helperCalls(fn: FunctionSpec): { instruction: number; helper: number }[] {
  const { code } = fn
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const calls: { instruction: number; helper: number }[] = []
  const poisoned = new Set(fn.relocations.filter(({ kind }) => kind === 'poison').map(({ instruction }) => instruction))
  for (const at of instructionsOf(fn))
    if (code[at] === CALL && (code[at + 1] ?? 0) >> 4 === 0 && !poisoned.has(at / 8))
      calls.push({ instruction: at / 8, helper: view.getInt32(at + 4, true) })
  return calls
}

/** Groups of instructions of a function that no machine here runs. */
function refusedInstructions(fn: FunctionSpec): ReadonlySet<string> {
  const { code } = fn
  const found = new Set<string>()
  for (const at of instructionsOf(fn)) {
    if (code[at] === MOVE && code[at + 2] === 1 && code[at + 3] === 0)
      found.add('addresses of an arena (addr_space_cast)')
  }
  return found
}

/** Where a function has its first legacy packet load (BPF_LD with BPF_ABS or BPF_IND); undefined if it has none. */
export function firstPacketLoad(fn: FunctionSpec): number | undefined {
  for (const at of instructionsOf(fn)) {
    const opcode = fn.code[at]!
    const mode = opcode & MODE
    if ((opcode & CLASS) === 0 && (mode === ABSOLUTE || mode === INDIRECT)) return at / 8
  }
  return undefined
}

/** bpf_tail_call. */
export const TAIL_CALL = 12

/** Whether a function makes tail calls (bpf_tail_call). */
export function makesTailCalls(fn: FunctionSpec): boolean {
  return helperCalls(fn).some(({ helper }) => helper === TAIL_CALL)
}

/** One line for everything that is not supported; empty if all is. */
export function findUnsupported(spec: ObjectSpec, supported: Supported = {}): string[] {
  const { helpers, helperNames, kfuncs, mapTypes, programTypes } = supported
  const lines = new Set([...spec.unsupported, ...missingKconfig(spec)])
  for (const map of spec.maps.values())
    if (mapTypes && !mapTypes.has(map.type))
      lines.add(`map '${map.name}': map type ${MAP_TYPE_NAMES[map.type] ?? `${map.type}, which no kernel knows`}`)
  for (const { section, refused } of spec.programs.values())
    if (refused !== undefined) lines.add(`section '${section}': ${refused}`)
  for (const program of spec.programs.values())
    if (programTypes && program.type !== 'unsupported' && !programTypes.has(program.type))
      lines.add(`section '${program.section}': program type ${program.type}`)
  for (const fn of spec.functions.values()) {
    for (const group of refusedInstructions(fn)) lines.add(`function '${fn.name}': ${group}`)
    if (helpers)
      for (const { helper } of helperCalls(fn))
        if (!helpers.has(helper)) lines.add(`function '${fn.name}': helper ${helperLabel(helper, helperNames)}`)
    for (const relocation of fn.relocations)
      if (relocation.kind === 'kfunc' && kfuncs && !relocation.weak && !kfuncs.has(relocation.name))
        lines.add(`function '${fn.name}': kfunc ${relocation.name}`)
  }
  return [...lines]
}

function helperLabel(helper: number, names: ReadonlyMap<number, string> | undefined): string {
  const name = names?.get(helper) ?? helperName(helper)
  return name === undefined ? `${helper}` : `${name} (${helper})`
}

/**
 * Throws SkepError UNSUPPORTED that lists everything (also in `details.items`), unless all is supported. `rest`: names
 * of the programs that could be loaded without the others, for the message.
 */
export function assertSupported(
  spec: ObjectSpec,
  supported: Supported = {},
  rest: () => readonly string[] = () => [],
): void {
  const items = findUnsupported(spec, supported)
  if (items.length === 0) return
  const list = items.map((item) => `\n  ${item}`).join('')
  const names = rest()
  const hint =
    names.length === 0 ? '' : `\nwithout the others these can be loaded (option programs): ${names.join(', ')}`
  throw new SkepError('UNSUPPORTED', `object '${spec.name}' uses what is not supported:${list}${hint}`, { items })
}
