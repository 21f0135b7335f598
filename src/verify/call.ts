// Calls: of helpers and kfuncs by what is known of them, of functions of the object by their summaries. Used by the
// walk.
import type { Instruction } from '../isa/decode.js'
import type { FunctionSpec, MapSpec } from '../object/spec.js'
import { helperName } from '../isa/helper-names.js'
import { resourceComplaint, resourceEffect } from './acquire.js'
import { dynptrAt, dynptrComplaint, dynptrEffect } from './dynptr.js'
import { turnsOf } from './callback.js'
import { ALONE, NO_SUMMARY, type End, type Entry, type Summary } from './entry.js'
import { callComplaint } from './fields.js'
import { formatComplaint } from './format.js'
import { acrossCall, comeBack, dropGone, handOver, livingIn, share, type Handed } from './frames.js'
import { memoryComplaint } from './given-memory.js'
import { argumentsOf, globalArgument, globalComplaint } from './global.js'
import { access, invalid } from './refusal.js'
import { NOTHING_HELD, sleepComplaint } from './resources.js'
import { EXACT, isConstant, joinedScalar, LOOSE, scalar } from './scalar.js'
import {
  forgetsPacket,
  helperSignature,
  kfuncSignature,
  mayMovePacket,
  type CallbackRule,
  type Signature,
} from './signatures.js'
import { copyState, forgetFrame, frameOf, joinInto, placeIn, replaceWhere, type State } from './state.js'
import type { Surroundings } from './step.js'
import {
  asArgument,
  KERNEL_POINTER,
  maySeeFrame,
  RELEASED,
  UNKNOWN,
  UNSET,
  type Nullable,
  type Value,
} from './value.js'

export interface CallSurroundings extends Surroundings {
  readonly sleepable: boolean
  /** Some function of the object calls a helper that moves the packet. */
  readonly movesPacket: boolean
  /** A function, or what it calls, makes dynptrs or what else lies in frames. */
  makesSpecial(name: string): boolean
  /** A call of a function, or of a callback by a helper. */
  enter(name: string, entry: Entry): Summary
  /** Like enter(), and says what is wrong there after what is wrong in the rest of the program, as the kernel does. */
  enterLater(name: string, entry: Entry): Summary
}

/**
 * Changes `state` to what holds after the call; answers with what else may hold, where the callee comes to its end in
 * several ways that are told apart. Nothing if not `splits`.
 */
export function call(
  around: CallSurroundings,
  state: State,
  instruction: Instruction,
  splits: boolean,
): readonly State[] {
  const { form, imm } = instruction
  const relocation = around.code.relocations.get(instruction.index)
  if (relocation?.kind === 'poison') around.report?.(instruction, invalid(relocation.words))
  const others =
    relocation?.kind === 'kfunc'
      ? external(around, state, instruction, kfuncSignature(relocation.name), relocation.name)
      : form.operation === 'helper'
        ? external(around, state, instruction, helperSignature(imm), imm)
        : internal(around, state, instruction, relocation?.kind === 'call' ? relocation.function : undefined)
  if (splits || others.length === 0) return others
  for (const other of others) joinInto(state, other, false)
  return NO_OTHERS
}

const NO_OTHERS: readonly State[] = []

function internal(
  around: CallSurroundings,
  state: State,
  instruction: Instruction,
  name: string | undefined,
): readonly State[] {
  const fn = name === undefined ? undefined : around.spec.functions.get(name)
  if (fn?.isStatic === false) return callGlobal(around, state, instruction, fn)
  const { lock, resources, sure } = state
  const { sleepable, trusting } = around
  const values = state.registers.slice(1, 6)
  const isGiven = trusting && values.some(maySeeFrame)
  const follows = isGiven && isFollowed(around, state, name)
  const given = values.map((value, at) => {
    const argument = asArgument(value, follows)
    // The kernel knows both to be the same.
    return values.indexOf(value) < at || values.includes(value, at + 1) ? acrossCall(argument, 0) : argument
  })
  const handed = follows ? handOver(state, values) : undefined
  const { ends } =
    name === undefined
      ? NO_SUMMARY
      : around.enter(name, { arguments: given, callers: handed?.frames, lock, resources, sure, sleepable })
  if (trusting && name !== undefined) for (const value of values) share(state, value)
  if (isGiven && !handed) forgetSlots(state)
  if (ends.length === 1) {
    settle(around, state, ends[0]!, handed)
    return NO_OTHERS
  }
  const others = ends.slice(1).map(() => copyState(state))
  ends.forEach((end, at) => settle(around, at === 0 ? state : others[at - 1]!, end, handed))
  return others
}

/** Only where something special is in a frame, or may be made there, its frames are handed to a function. */
function isFollowed(around: CallSurroundings, { special, callers }: State, name: string | undefined): boolean {
  if (special.key !== '' || callers.some((frame) => frame.special.key !== '')) return true
  return name === undefined || around.makesSpecial(name)
}

/** The caller's state after one of the ends of a function. */
function settle(around: CallSurroundings, state: State, end: End, handed: Handed | undefined): void {
  const living = around.trusting ? livingIn(state) : undefined
  if (handed) comeBack(state, handed, end)
  clobber(around, state, around.movesPacket)
  const { result } = end
  state.registers[0] = result.is === 'scalar' || result.is === 'frame' ? acrossCall(result, -1) : asArgument(result)
  state.lock = end.lock
  state.resources = end.resources
  state.sure &&= end.sure
  if (living) dropGone(state, living)
}

/** The kernel looks at it by itself, if it comes to a call of it, and then knows nothing of what it answers. */
function callGlobal(
  around: CallSurroundings,
  state: State,
  instruction: Instruction,
  fn: FunctionSpec,
): readonly State[] {
  const given = state.registers.slice(1, 6)
  const types = argumentsOf(around.spec, fn)
  const { report, sleepable } = around
  const { sure } = state
  if (report) {
    const complaint = sure ? globalComplaint(around, state, fn, types) : undefined
    if (complaint) report(instruction, complaint)
    const values = given.map((value, at) => globalArgument(value, types[at]))
    around.enterLater(fn.name, { arguments: values, sleepable, sure, ...ALONE })
  }
  if (around.trusting) for (const value of given) forgetWritten(state, value)
  clobber(around, state, around.movesPacket)
  state.registers[0] = scalar()
  return NO_OTHERS
}

function forgetSlots(state: State): void {
  state.slots.clear()
  for (const { slots } of state.callers) slots.clear()
}

/** What a function or helper may have written by a pointer; not over what is special. */
function forgetWritten(state: State, pointer: Value): void {
  if (!maySeeFrame(pointer)) return
  const frame = frameOf(state, pointer)
  if (frame) frame.slots.clear()
  else forgetSlots(state)
}

/** Registers that calls do not keep. */
function clobber(around: CallSurroundings, state: State, movesPacket: boolean): void {
  if (movesPacket) replaceWhere(state, (value) => (isOfPacket(value) ? UNKNOWN : undefined))
  state.registers.fill(around.trusting ? UNSET : UNKNOWN, 0, 6)
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
): readonly State[] {
  if (around.report) {
    const complaint = complaintOf(around, state, signature, callee) ?? heldComplaintOf(around, state, signature, callee)
    if (complaint) around.report(instruction, complaint)
  }
  const others = signature.callback ? calledBack(around, state, signature.callback) : NO_OTHERS
  effect(around, state, instruction, signature, callee)
  for (const other of others) effect(around, other, instruction, signature, callee)
  return others
}

/** Changes `state` to what holds without a turn of the callback; answers with what else may hold after it. */
function calledBack(around: CallSurroundings, state: State, rule: CallbackRule): readonly State[] {
  const [, first = UNKNOWN, second = UNKNOWN, third = UNKNOWN] = state.registers
  const name = second.is === 'function' ? second.name : undefined
  const isLater = rule.kind === 'timer' || rule.kind === 'work'
  const follows = around.trusting && !isLater && isFollowed(around, state, name)
  if (follows && name !== undefined)
    return turnsOf(
      state,
      rule,
      third,
      (from) => callbackEntry(around, from, rule, first, asArgument(third, true)),
      (entry) => around.enterLater(name, entry),
    )
  if (around.report && name !== undefined)
    around.enter(name, callbackEntry(around, state, rule, first, asArgument(third)))
  if (around.trusting && !isLater && maySeeFrame(third)) {
    if (follows) forgetFrame(state)
    else forgetSlots(state)
  }
  return NO_OTHERS
}

function effect(
  around: CallSurroundings,
  state: State,
  instruction: Instruction,
  signature: Signature,
  callee: number | string,
): void {
  const given = state.registers.slice(1, 6)
  const { resource } = signature
  let object = around.trusting && resource ? resourceEffect(state, resource, instruction) : undefined
  if (around.trusting) {
    if (isForgotten(state, callee))
      replaceWhere(state, (value) => (value.is === 'object' && value.ofPacket ? RELEASED : undefined))
    if (signature.dynptrs) object = dynptrEffect(state, signature, instruction)
  }
  const result = object ?? resultOf(around, state, signature, given[0]!)
  if (around.trusting && !signature.quiet)
    // The context of a callback is the callback's.
    given.forEach((value, at) => (signature.callback && at === 2 ? undefined : forgetWritten(state, value)))
  clobber(around, state, typeof callee === 'number' && mayMovePacket(callee))
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
  if (kind === 'loop') return { arguments: fill([scalar(), context]), ...shared }
  if (kind === 'drain') return { arguments: fill([{ is: 'dynptr', min: 0, max: 0 }, context]), ...shared }
  const map = first.is === 'value' || first.is === 'map' ? first.map : undefined
  const given: Value[] =
    map === undefined
      ? [UNKNOWN, UNKNOWN, UNKNOWN]
      : [
          { is: 'map', map },
          { is: 'key', map, min: 0, max: 0 },
          { is: 'value', map, min: 0, max: 0, nullable: false },
        ]
  if (kind === 'element') given.push(context)
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
function nullness({ type, maxEntries }: MapSpec, state: State): Nullable {
  const key = state.registers[2] ?? UNKNOWN
  if (type !== ARRAY && type !== PERCPU_ARRAY) return true
  if (key.is !== 'frame') return key.is === 'unknown' ? 'mixed' : true
  const place = placeIn(state, key)
  const slot = place?.frame.slots.get(place.at)
  // A word that was stored whole is no index of 4 bytes to it.
  if (slot?.bytes === 8 && slot.value.is === 'scalar' && key.min % 8 === 0) return true
  if (slot?.bytes !== 4 || slot.value.is !== 'scalar' || slot.value.precision === LOOSE) return 'mixed'
  // The kernel goes each way with the index of that way: it may know what is several numbers here.
  if (!isConstant(slot.value)) return slot.value.precision === EXACT || 'mixed'
  const { min: index } = slot.value
  return index < 0 || index >= maxEntries || (index !== 0 && key.min % 8 !== 0)
}
