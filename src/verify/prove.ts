// Which accesses need no check when they run: what holds whatever other CPUs, interrupts and hostile programs do to
// guest memory, and whoever calls the function. For the compiler.
//
// An access is proved if it certainly lies in guest memory when control comes to it:
//   frame     in the function's own frame, r10 - 512 to r10
//   value     in a value of a map, whose address the loader wrote into the code or a lookup answered (not 0)
//   packet    between two bounds that the code itself compared with each other
//   checked   among bytes that accesses on all ways to here went through, by the same value of a register; those were
//             proved or checked. So the check of an access that has no proof must not be left out. Loads that read 0
//             instead of faulting (probes.ts) show nothing.
// Registers cannot be changed from outside, so what counts is what the code does with them. Memory can: whatever is
// loaded counts as anything, one's own frame included, and so do arguments.
//
// The packet's bounds are loaded, too. `guards` names these loads: the code has to compare what they give, 32 bits
// zero-extended, with the guest window, and report a bad access of that address if it fails:
//   start: value >= guestBase      end: value <= guestEnd
// The machine always passes such bounds, so a guard fails only if someone wrote into the context. Which loads they are
// is a guess from the program's type; a wrong guess costs a guard, and proves nothing that is not so. A load that reads
// 0 instead of faulting is none of them: it has no guard.
//
// Time is linear in the instructions for code without loops, and bounded by a small number of visits of each block.
import type { Instruction } from '../isa/decode.js'
import { storesMemory } from '../isa/decode.js'
import type { FunctionSpec, MapSpec, ObjectSpec, ProgramSpec } from '../object/spec.js'
import { codeOf, type Codes } from './blocks.js'
import type { CallSurroundings } from './call.js'
import { contextField } from './context.js'
import { NO_SUMMARY, type Entry } from './entry.js'
import { isChecked, placeAt } from './place.js'
import { NO_PROBES, type Probes } from './probes.js'
import { UNKNOWN_HELD } from './resources.js'
import type { State } from './state.js'
import { UNKNOWN, type Value } from './value.js'
import { walkAndReview } from './walk.js'

export type Proof =
  /** At `offset` from r10 (negative) if that is always the same. */
  | { readonly kind: 'frame'; readonly offset: number | undefined }
  /**
   * In the map's only value, whose address is known when the code is made, the register is at `least` or more;
   * undefined if there may be more values. The access is at `offset` if that is always the same.
   */
  | {
      readonly kind: 'value'
      readonly map: string
      readonly offset: number | undefined
      readonly least: number | undefined
    }
  | { readonly kind: 'packet' }
  | { readonly kind: 'checked' }

export interface Proofs {
  /** By index of the load, store or atomic instruction; without an entry: check it. */
  readonly accesses: ReadonlyMap<number, Proof>
  /** By index of the load; none if no proof needs them. */
  readonly guards: ReadonlyMap<number, 'start' | 'end'>
  /** By index of a call: r1 is certainly the address of this byte of some value of the map, and not 0. */
  readonly places: ReadonlyMap<number, ValuePlace>
}

export interface ValuePlace {
  readonly map: string
  readonly offset: number
}

/**
 * The proofs of any function of an object. `spec` must be as it is loaded: edits of its maps done. `probes`: loads that
 * do not fault, so nothing may rest on them.
 */
export function prover(
  spec: ObjectSpec,
  codes: Codes = codeOf,
  probes: Probes = NO_PROBES,
): (fn: FunctionSpec) => Proofs {
  const programs = contextGuesses(spec)
  return (fn) => prove(spec, fn, programs.get(fn.name), codes(fn), probes.get(fn.name))
}

/** The proofs of one function. `program`: if it is only ever entered as this one, or one of its type. */
export function prove(
  spec: ObjectSpec,
  fn: FunctionSpec,
  program?: ProgramSpec,
  code = codeOf(fn),
  probes?: ReadonlySet<number>,
): Proofs {
  const accesses = new Map<number, Proof>()
  const guards = new Map<number, 'start' | 'end'>()
  const places = new Map<number, ValuePlace>()
  const around: CallSurroundings = {
    spec,
    code,
    program,
    trusting: false,
    kernelPointers: false,
    role: 'function',
    probes,
    sleepable: true,
    movesPacket: false,
    makesSpecial: () => false,
    enter: () => NO_SUMMARY,
    enterLater: () => NO_SUMMARY,
  }
  const given = [-1, -2, -3, -4, -5].map((base) => placeAt(base, 0, base === -1 && program !== undefined))
  let needsGuards = false
  const entry: Entry = {
    arguments: given,
    lock: 'unknown',
    resources: UNKNOWN_HELD,
    sure: false,
    sleepable: true,
  }
  const each = (instruction: Instruction, state: State): void => {
    const { kind } = instruction.form
    const first = state.registers[1]
    if (kind === 'call' && first?.is === 'value' && !first.nullable && first.min === first.max)
      places.set(instruction.index, { map: first.map, offset: first.min })
    if (kind !== 'load' && kind !== 'store' && kind !== 'atomic') return
    const base = state.registers[storesMemory(instruction.form) ? instruction.dst : instruction.src] ?? UNKNOWN
    const proof = proofOf(spec.maps, state, instruction, base)
    if (proof) accesses.set(instruction.index, proof)
    if (proof?.kind === 'packet') needsGuards = true
    const guard = probes?.has(instruction.index) ? undefined : guardOf(program, instruction, base)
    if (guard) guards.set(instruction.index, guard)
  }
  walkAndReview(around, around, entry, each)
  if (!needsGuards) guards.clear()
  return { accesses, guards, places }
}

function proofOf(
  maps: ReadonlyMap<string, MapSpec>,
  state: State,
  { form, offset }: Instruction,
  base: Value,
): Proof | undefined {
  const bytes = form.width / 8
  switch (base.is) {
    case 'frame': {
      if (base.up !== 0 || base.min + offset < -512 || base.max + offset + bytes > 0) return undefined
      return { kind: 'frame', offset: base.min === base.max ? base.min + offset : undefined }
    }
    case 'value': {
      const map = maps.get(base.map)
      if (!map || base.nullable || base.min + offset < 0 || base.max + offset + bytes > map.valueSize) return undefined
      const isOnly = map.type === MAP_TYPE_ARRAY && map.maxEntries === 1
      const isFixed = isOnly && base.min === base.max
      return {
        kind: 'value',
        map: map.name,
        offset: isFixed ? base.min + offset : undefined,
        least: isOnly ? base.min : undefined,
      }
    }
    case 'packet':
      if (base.offset + offset >= 0 && base.offset + offset + bytes <= base.proved) return { kind: 'packet' }
  }
  return isChecked(state, base, offset, bytes) ? { kind: 'checked' } : undefined
}

const MAP_TYPE_ARRAY = 2

function guardOf(program: ProgramSpec | undefined, { form, offset }: Instruction, base: Value) {
  if (form.kind !== 'load' || form.narrow !== 0 || base.is !== 'place' || !base.context) return undefined
  const field = contextField(program?.type, base.offset + offset, form.width)
  return field.is === 'packet' ? 'start' : field.is === 'packet-end' ? 'end' : undefined
}

/** Functions that are entered as programs of one type and in no other way that is seen. */
function contextGuesses(spec: ObjectSpec): Map<string, ProgramSpec> {
  const guesses = new Map<string, ProgramSpec>()
  const excluded = new Set<string>()
  for (const program of spec.programs.values()) {
    const before = guesses.get(program.entry)
    if (before && before.type !== program.type) excluded.add(program.entry)
    guesses.set(program.entry, program)
  }
  for (const { relocations } of spec.functions.values())
    for (const relocation of relocations)
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') excluded.add(relocation.function)
  for (const name of excluded) guesses.delete(name)
  return guesses
}
