// What a function's references mean on a machine: the functions that roots reach, what each call calls, what each lddw
// loads. Called by the compiler and by the interpreter's code images. Whatever does not resolve is an error now.
import { SkepError } from '../error.js'
import { decode, type Instruction } from '../isa/decode.js'
import { disassemble } from '../isa/disassemble.js'
import type { FunctionSpec, Relocation } from '../object/spec.js'
import type { AtOnce, Callee, LikelyTarget } from './context.js'
import type { CoreCode } from './core-code.js'
import type { HelperImport, KnownFacts, LinkTarget, RingShape } from './link.js'
import type { KnownArguments, LookupSite } from './lookups.js'

const UPDATE_HELPER = 2
const TAIL_CALL_HELPER = 12
const LOOP_HELPER = 181
/** bpf_ringbuf_output and bpf_ringbuf_reserve, whose r1 is the ring. */
const OUTPUT_HELPER = 130
const RESERVE_HELPER = 131
const TIMER_INIT_HELPER = 169
const SET_CALLBACK_HELPER = 170
const TIMER_CANCEL_HELPER = 172

/** What a subprogram's tail call asks for the frame of the next program: core/frame.ts. */
const TAIL_FRAME: HelperImport = { name: 'tail_frame', parameters: 0, frame: true, returns: true }

/** One function, decoded, with its references by instruction. */
export interface Unit {
  readonly spec: FunctionSpec
  readonly instructions: Instruction[]
  readonly relocations: ReadonlyMap<number, Relocation>
}

/** The functions that the roots reach by calls and taken addresses, decoded. */
export function reachable(
  functions: readonly FunctionSpec[],
  target: LinkTarget,
  roots: readonly string[],
): Map<string, Unit> {
  const byName = new Map(functions.map((spec) => [spec.name, spec]))
  const units = new Map<string, Unit>()
  const waiting: string[] = []
  const want = (name: string, from?: string): void => {
    if (units.has(name)) return
    const spec = byName.get(name)
    if (!spec)
      throw new SkepError(
        'UNRESOLVED',
        `${target.fileName}: ${from ? `function '${from}' refers to '${name}', which` : `'${name}'`} has no code in this object`,
      )
    const relocations = new Map(spec.relocations.map((relocation) => [relocation.instruction, relocation]))
    units.set(name, { spec, instructions: decodeOf(spec, target), relocations })
    waiting.push(name)
  }
  for (const root of roots) want(root)
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    for (const relocation of units.get(name)!.relocations.values())
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') want(relocation.function, name)
  return units
}

function decodeOf(spec: FunctionSpec, target: LinkTarget): Instruction[] {
  const instructions = target.decoded?.(spec) ?? decode(spec.code, spec.name)
  for (const instruction of instructions)
    if (instruction.form.kind === 'cast')
      throw new SkepError(
        'UNSUPPORTED_INSTRUCTION',
        `${place(target, spec, instruction)}: addresses of an arena are not supported`,
        { function: spec.name, instruction: instruction.index },
      )
  return instructions
}

function place(target: LinkTarget, spec: FunctionSpec, instruction: Instruction): string {
  return `${target.fileName}: function '${spec.name}', instruction ${instruction.index} (${disassemble(instruction)})`
}

/** Names of the functions that may have a caller: called by others or by themselves, or their address is taken. */
export function calledFunctions(units: Iterable<Unit>): Set<string> {
  const called = new Set<string>()
  for (const { spec, instructions, relocations } of units) {
    for (const relocation of relocations.values())
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') called.add(relocation.function)
    if (instructions.some(({ form }) => form.kind === 'call' && form.operation === 'function')) called.add(spec.name)
  }
  return called
}

/** What the compiler has found out about calls, by instruction. */
export interface KnownSites {
  /** Others call this function, or have its address. */
  readonly called?: boolean
  readonly lookups?: ReadonlyMap<number, LookupSite>
  readonly given?: ReadonlyMap<number, KnownArguments>
  readonly facts?: KnownFacts | undefined
}

/** What the code has of the core: compile.ts, interp/image.ts. */
export interface CoreParts {
  indexOf(helper: HelperImport): number
  /** What may stand in place of a helper's call. Absent: nothing (code for the interpreter). */
  atOnce?(core: CoreCode, name: string, constants: AtOnce['constants'], inPlace: boolean): AtOnce
}

/** What every call calls: the name of a function, or an import, or nothing. */
export function calleesOf(
  unit: Unit,
  target: LinkTarget,
  { indexOf: importIndex, atOnce }: CoreParts,
  { called, lookups, given, facts }: KnownSites = {},
): Map<number, Callee | string> {
  const callees = new Map<number, Callee | string>()
  const inPlace = (name: string | undefined, constants: AtOnce['constants'], there: boolean): AtOnce | undefined =>
    name !== undefined && target.core && atOnce ? atOnce(target.core(), name, constants, there) : undefined
  /** `likely`: what it mostly does is likely to be enough. */
  const imported = (helper: HelperImport, call: number, likely = true): Callee => {
    const place = facts?.places.get(call)
    const { inSlot } = helper
    if (helper.tail && called)
      return { kind: 'import', index: importIndex(helper), helper, frame: importIndex(TAIL_FRAME) }
    const slot = inSlot && place && target.slotShape?.(place.map, inSlot.field, place.offset)
    if (!slot) return { kind: 'import', index: importIndex(helper), helper }
    const index = importIndex({ ...helper, name: inSlot.name, takesAddress: true })
    return { kind: 'import', index, helper, slot, atOnce: likely ? inPlace(inSlot.atOnce, [], true) : undefined }
  }
  // Behind an initialisation or a cancel most likely nothing is bound.
  let bound = true
  // A sample's ring is most likely that of the reservation that stands before it.
  let ring: RingShape | undefined
  for (const instruction of unit.instructions) {
    const { form, index, imm } = instruction
    if (form.kind !== 'call') continue
    const relocation = unit.relocations.get(index)
    if (relocation?.kind === 'call') callees.set(index, relocation.function)
    else if (relocation?.kind === 'poison') callees.set(index, { kind: 'missing', name: relocation.words })
    else if (relocation?.kind === 'kfunc')
      callees.set(
        index,
        kfunc(unit, instruction, relocation, target, (helper) => imported(helper, index)),
      )
    else if (form.operation === 'helper') {
      const helper = target.helperImport(imm, unit.spec.name, index)
      if (imm === TIMER_INIT_HELPER || imm === TIMER_CANCEL_HELPER) bound = false
      const site = lookups?.get(index)
      const { first, second, third } = given?.get(index) ?? {}
      const ofRing = imm === RESERVE_HELPER || imm === OUTPUT_HELPER
      if (ofRing) ring = first?.kind === 'map' ? target.ringShape?.(first.map) : undefined
      const map = first?.kind === 'map' ? target.mapAddress(first.map) : undefined
      const programs = imm === TAIL_CALL_HELPER && second?.kind === 'map' && target.programArrayShape?.(second.map)
      const array = site && target.arrayShape?.(site.map)
      const hash = site && target.hashShape?.(site.map)
      if (array) callees.set(index, { kind: 'array', shape: array, key: site.key, number: site.number })
      else if (hash) callees.set(index, { kind: 'hash', shape: hash, key: site.key, index: importIndex(helper) })
      else if (programs)
        callees.set(index, {
          kind: 'tail',
          shape: programs,
          place: third,
          likely: likely(target, second, third),
          frame: called ? importIndex(TAIL_FRAME) : undefined,
        })
      else if (imm === LOOP_HELPER && second?.kind === 'function-pointer')
        callees.set(index, { kind: 'loop', callback: second.function, index: 0, charges: true, inline: undefined })
      else if (helper.ofMap !== undefined && map !== undefined) {
        const short = first?.kind === 'map' ? target.shortShape?.(first.map) : undefined
        const constants = imm === UPDATE_HELPER ? short?.update : short?.delete
        callees.set(index, {
          kind: 'import',
          index: importIndex({ ...helper, name: helper.ofMap, takesAddress: true }),
          helper,
          map,
          atOnce: constants && inPlace(helper.atOnce, constants, false),
        })
      } else if (helper.atOnce !== undefined && ring) {
        const constants = [ring.map, ring.headers, ring.samples, ring.mask]
        callees.set(index, {
          kind: 'import',
          index: importIndex(helper),
          helper,
          atOnce: inPlace(helper.atOnce, constants, true),
        })
      } else callees.set(index, imported(helper, index, bound || imm !== SET_CALLBACK_HELPER))
    } else if (form.operation === 'function' && index + 1 + imm === 0) callees.set(index, unit.spec.name)
    else
      throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: nothing says what is called here`, {
        function: unit.spec.name,
        instruction: index,
      })
  }
  return callees
}

/** Who is defined to stand at the place of a tail call; its number in the module is the compiler's to say. */
function likely(target: LinkTarget, array: Relocation, place: number | undefined): LikelyTarget | undefined {
  const name = array.kind === 'map' && place !== undefined ? target.programAt?.(array.map, place) : undefined
  return name === undefined ? undefined : { name, index: 0, entry: target.callbackIndex(name) }
}

function kfunc(
  unit: Unit,
  instruction: Instruction,
  { name, weak }: Extract<Relocation, { kind: 'kfunc' }>,
  target: LinkTarget,
  imported: (helper: HelperImport) => Callee,
): Callee {
  const helper = target.kfuncImport(name)
  if (helper) return imported(helper)
  if (weak) return { kind: 'missing', name }
  throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: there is no kfunc '${name}'`, {
    function: unit.spec.name,
    instruction: instruction.index,
  })
}

/** What an `lddw` loads, as 64 bits. */
export function wideValue(unit: Unit, instruction: Instruction, target: LinkTarget, callbacks: Set<string>): bigint {
  const { index, form, imm, high } = instruction
  const relocation = unit.relocations.get(index)
  switch (relocation?.kind) {
    case 'map':
      return BigInt(target.mapAddress(relocation.map))
    case 'map-value':
      return BigInt(target.mapValueAddress(relocation.map, relocation.offset))
    case 'function-pointer':
      callbacks.add(relocation.function)
      return BigInt(target.callbackIndex(relocation.function))
    case 'extern':
    case 'kfunc': {
      const value = target.externValue?.(relocation.name)
      if (value !== undefined) return value
      // No address of this machine is a kernel function's: a program can only ask whether it is 0 (bpf_ksym_exists).
      if (target.kfuncImport(relocation.name)) return 1n
      // What only a weak reference may find: address 0, which programs test for.
      if (relocation.weak) return 0n
      break
    }
    default:
      if (form.operation === 'immediate' && !relocation) return (BigInt(high) << 32n) | BigInt(imm >>> 0)
  }
  const what =
    relocation && 'name' in relocation ? `there is no '${relocation.name}'` : 'nothing says what this refers to'
  throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: ${what}`, {
    function: unit.spec.name,
    instruction: index,
  })
}
