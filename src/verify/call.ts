// Calls: of helpers and kfuncs by what is known of them, of functions of the object by their summaries. Used by the
// walk.
import type { Instruction } from '../isa/decode.js'
import type { MapSpec } from '../object/spec.js'
import { helperName } from '../isa/helper-names.js'
import { resourceComplaint, resourceEffect } from './acquire.js'
import { dynptrAt, dynptrComplaint, dynptrEffect } from './dynptr.js'
import { callComplaint } from './fields.js'
import { formatComplaint } from './format.js'
import { memoryComplaint } from './given-memory.js'
import { access, invalid } from './refusal.js'
import { NOTHING_HELD, sleepComplaint, UNKNOWN_HELD, type LockState, type Resources } from './resources.js'
import { EXACT, isConstant, joinedScalar, LOOSE, scalar } from './scalar.js'
import {
  forgetsPacket,
  helperSignature,
  kfuncSignature,
  mayMovePacket,
  type CallbackRule,
  type Signature,
} from './signatures.js'
import { forgetSpecial, replace, replaceWhere, type State } from './state.js'
import type { Surroundings } from './step.js'
import { asArgument, KERNEL_POINTER, ownOffset, RELEASED, UNKNOWN, type Nullable, type Value } from './value.js'

/** How a function is entered. */
export interface Entry {
  /** r1 to r5. */
  readonly arguments: readonly Value[]
  readonly lock: LockState
  /** What is held, and whether the kernel certainly comes here. */
  readonly resources: Resources
  readonly sure: boolean
  readonly sleepable: boolean
  /** Of a callback: what it may return. */
  readonly callback?: CallbackRule
  /** A program, or what is called like one: at its end nothing may be held. */
  readonly isMain?: boolean
}

/** What a call of a function of the object gives back. */
export interface Summary {
  readonly result: Value
  readonly lock: LockState
  /** What is held where it returns, if that is the same at each of its ends. */
  readonly resources: Resources
  readonly sure: boolean
}

/** Of a function of which nothing is known. */
export const NO_SUMMARY: Summary = { result: UNKNOWN, lock: 'unknown', resources: UNKNOWN_HELD, sure: false }

export interface CallSurroundings extends Surroundings {
  readonly sleepable: boolean
  /** Some function of the object calls a helper that moves the packet. */
  readonly movesPacket: boolean
  /** A call of a function, or of a callback by a helper. */
  enter(name: string, entry: Entry): Summary
}

export function call(around: CallSurroundings, state: State, instruction: Instruction): void {
  const { form, imm } = instruction
  const relocation = around.code.relocations.get(instruction.index)
  if (relocation?.kind === 'poison') around.report?.(instruction, invalid(relocation.words))
  if (relocation?.kind === 'kfunc')
    return external(around, state, instruction, kfuncSignature(relocation.name), relocation.name)
  if (form.operation === 'helper') return external(around, state, instruction, helperSignature(imm), imm)
  const isGiven = state.registers.slice(1, 6).some((value) => value.is === 'unknown' || value.is === 'frame')
  const entered = relocation?.kind === 'call' ? callFunction(around, state, relocation.function) : NO_SUMMARY
  if (around.trusting && isGiven) forgetSpecial(state)
  clobber(state, around.trusting, around.movesPacket)
  state.registers[0] = asArgument(entered.result)
  state.lock = entered.lock
  state.resources = entered.resources
  state.sure &&= entered.sure
}

function callFunction(around: CallSurroundings, state: State, name: string): Summary {
  const { lock, resources, sure } = state
  const { sleepable } = around
  const values = state.registers.slice(1, 6)
  const given = values.map(asArgument)
  if (around.spec.functions.get(name)?.isStatic !== false) {
    const { result, ...summary } = around.enter(name, { arguments: given, lock, resources, sure, sleepable })
    if (around.trusting) for (const value of values) share(state, value)
    return { ...summary, result: result.is === 'scalar' && !isConstant(result) ? joinedScalar(result) : result }
  }
  // The kernel looks at it by itself, if it comes to a call of it.
  const alone = { lock: 'free', resources: NOTHING_HELD, sure, isMain: true } as const
  return { ...around.enter(name, { arguments: given, sleepable, ...alone }), lock, resources, sure }
}

/** What a function finds out about an argument the kernel then knows of the caller's copies of it as well. */
function share(state: State, value: Value): void {
  if (value.is === 'scalar' && !isConstant(value)) replace(state, value, joinedScalar(value))
  else if (value.is === 'value' && value.nullable) replace(state, value, { ...value, nullable: 'mixed' })
  else if (value.is === 'object' && value.nullable) replace(state, value, UNKNOWN)
}

/** Registers that calls do not keep, and what the callee may have written. */
function clobber(state: State, writes: boolean, movesPacket: boolean): void {
  const given = state.registers.slice(1, 6)
  if (writes && given.some((value) => value.is === 'unknown' || value.is === 'frame')) state.slots.clear()
  if (movesPacket) replaceWhere(state, (value) => (isOfPacket(value) ? UNKNOWN : undefined))
  state.registers.fill(UNKNOWN, 0, 6)
}

function isOfPacket(value: Value): boolean {
  return value.is === 'packet' || value.is === 'packet-end' || (value.is === 'object' && value.ofPacket === true)
}

/** kfuncs of lists, trees and counted loops, which are allowed under a lock. */
const UNDER_LOCK = /^bpf_(list|rbtree|refcount|iter_num|res_spin)_/

function external(
  around: CallSurroundings,
  state: State,
  instruction: Instruction,
  signature: Signature,
  callee: number | string,
): void {
  if (around.report) {
    const complaint = complaintOf(around, state, signature, callee) ?? heldComplaintOf(around, state, signature, callee)
    if (complaint) around.report(instruction, complaint)
  }
  const [, first = UNKNOWN, second = UNKNOWN, third = UNKNOWN] = state.registers
  if (around.report && signature.callback && second.is === 'function')
    around.enter(second.name, callbackEntry(around, state, signature.callback, first, third))
  const { resource } = signature
  let object = around.trusting && resource ? resourceEffect(around, state, resource, instruction) : undefined
  if (around.trusting) {
    if (isForgotten(state, callee))
      replaceWhere(state, (value) => (value.is === 'object' && value.ofPacket ? RELEASED : undefined))
    if (signature.callback && (third.is === 'frame' || third.is === 'unknown')) forgetSpecial(state)
    if (signature.dynptrs) object = dynptrEffect(around, state, signature, instruction)
  }
  const result = object ?? resultOf(around, state, signature, first)
  clobber(state, around.trusting && !signature.quiet, typeof callee === 'number' && mayMovePacket(callee))
  state.registers[0] = result
  if (signature.lock) state.lock = signature.lock === 'take' ? 'held' : 'free'
}

/** The kernel knows nothing any more of the packet, after some writes through a dynptr, too. */
function isForgotten(state: State, callee: number | string): boolean {
  if (callee === DYNPTR_WRITE) return dynptrAt(state, 1)?.type === 'skb'
  return callee === 'bpf_xdp_pull_data' || (typeof callee === 'number' && forgetsPacket(callee))
}

const DYNPTR_WRITE = 202

function complaintOf(around: CallSurroundings, state: State, signature: Signature, callee: number | string) {
  const allowed = signature.lock === 'release' || (typeof callee === 'string' && UNDER_LOCK.test(callee))
  if (state.lock === 'held' && !allowed) return invalid('function calls are not allowed while holding a lock')
  if (signature.sleeps && !around.sleepable)
    return typeof callee === 'string'
      ? access(`program must be sleepable to call sleepable kfunc ${callee}`)
      : invalid('helper call might sleep in a non-sleepable prog')
  const format = signature.format ? formatComplaint(around.spec.maps, state.registers) : undefined
  return format ?? callComplaint(around.spec, signature, state.registers, typeof callee === 'string')
}

function heldComplaintOf(around: CallSurroundings, state: State, signature: Signature, callee: number | string) {
  const { resource, sleeps, lock, dynptrs } = signature
  if (!state.sure) return undefined
  if (sleeps && state.resources.known) {
    const isKfunc = typeof callee === 'string'
    const complaint = sleepComplaint(state.resources, isKfunc ? callee : `${helperName(callee)}#${callee}`, isKfunc)
    if (complaint) return complaint
  }
  if (state.lock === 'free' && lock === 'release') return invalid('bpf_spin_unlock without taking a lock')
  const memory = typeof callee === 'number' ? memoryComplaint(around.spec.maps, state, callee) : undefined
  const complaint = memory ?? (dynptrs && dynptrComplaint(around, state, signature, typeof callee === 'string'))
  return complaint ?? (resource && resourceComplaint(around, state, resource))
}

function callbackEntry(
  around: CallSurroundings,
  state: State,
  callback: CallbackRule,
  first: Value,
  context: Value,
): Entry {
  const { kind } = callback
  const asynchronous = kind === 'timer' || kind === 'work'
  const shared = {
    lock: asynchronous ? ('free' as const) : state.lock,
    resources: asynchronous ? NOTHING_HELD : state.resources,
    sure: state.sure,
    sleepable: asynchronous ? kind === 'work' : around.sleepable,
    callback,
    isMain: asynchronous,
  }
  if (kind === 'loop') return { arguments: fill([scalar(), asArgument(context)]), ...shared }
  if (kind === 'drain') return { arguments: fill([{ is: 'dynptr', min: 0, max: 0 }, asArgument(context)]), ...shared }
  const map = first.is === 'value' || first.is === 'map' ? first.map : undefined
  const given: Value[] =
    map === undefined
      ? [UNKNOWN, UNKNOWN, UNKNOWN]
      : [
          { is: 'map', map },
          { is: 'key', map, min: 0, max: 0 },
          { is: 'value', map, min: 0, max: 0, nullable: false },
        ]
  if (kind === 'element') given.push(asArgument(context))
  return { arguments: fill(given), ...shared }
}

function fill(values: Value[]): Value[] {
  while (values.length < 5) values.push(UNKNOWN)
  return values
}

function resultOf(around: CallSurroundings, state: State, signature: Signature, first: Value): Value {
  if (signature.result === 'number') return signature.bounded ? joinedScalar(scalar()) : scalar()
  if (signature.result === 'kernel') return KERNEL_POINTER
  const map = signature.result === 'value' && first.is === 'map' ? around.spec.maps.get(first.map) : undefined
  if (!map || !HOLDS_VALUES.has(map.type) || map.inner) return UNKNOWN
  const nullable = around.trusting && signature.elides ? nullness(map, state) : true
  return { is: 'value', map: map.name, min: 0, max: 0, nullable }
}

const ARRAY = 2
const PERCPU_ARRAY = 6
/** Map types whose lookup answers the address of the value: hash, array, LRU, each also per CPU, and LPM trie. */
const HOLDS_VALUES = new Set([1, ARRAY, 5, PERCPU_ARRAY, 9, 10, 11])

/**
 * Whether the kernel takes what it looked up for maybe null: of an array not, if it knows that the index is within it.
 * It knows of a constant that was stored with its 4 bytes in the frame, at a multiple of 8; or anywhere if it is 0.
 */
function nullness({ type, maxEntries }: MapSpec, { registers, slots }: State): Nullable {
  const key = registers[2] ?? UNKNOWN
  if (type !== ARRAY && type !== PERCPU_ARRAY) return true
  if (key.is !== 'frame') return key.is === 'unknown' ? 'mixed' : true
  const at = ownOffset(key)
  const slot = at === undefined ? undefined : slots.get(at)
  // A word that was stored whole is no index of 4 bytes to it.
  if (slot?.bytes === 8 && slot.value.is === 'scalar' && key.min % 8 === 0) return true
  if (slot?.bytes !== 4 || slot.value.is !== 'scalar' || slot.value.precision === LOOSE) return 'mixed'
  // The kernel goes each way with the index of that way: it may know what is several numbers here.
  if (!isConstant(slot.value)) return slot.value.precision === EXACT || 'mixed'
  const { min: index } = slot.value
  return index < 0 || index >= maxEntries || (index !== 0 && key.min % 8 !== 0)
}
