// What is known at one place of a function: registers, the slots of its own frame and of those of its callers that it
// may come at, whether a spin lock is held, and what else has to be given back.
// Owned by the walk; an instruction's step works on a copy.
import { UNKNOWN_HELD, type LockState, type Resources } from './resources.js'
import type { Scalar } from './scalar.js'
import {
  isReferencedAmong,
  joinSpecial,
  specialAmong,
  UNKNOWN_SPECIAL_SLOTS,
  withoutSpecial,
  withSpecial,
  type SpecialSlot,
  type SpecialSlots,
} from './special-slots.js'
import { joinValues, RELEASED, UNKNOWN, type Base, type Value } from './value.js'

/** Something stored in the frame: `bytes` wide at its offset from r10. */
export interface Slot {
  readonly bytes: number
  readonly value: Value
}

/** Offsets from a base: [low, high). */
export interface Span {
  readonly low: number
  readonly high: number
}

/** The frame of one function. */
export interface Frame {
  /** Whose; a function is entered once in a chain of calls. */
  readonly fn: string
  slots: Map<number, Slot>
  /** What else is in it. */
  special: SpecialSlots
}

/** Its own frame, and the rest. */
export interface State extends Frame {
  /** r0 to r10. */
  registers: Value[]
  /** Frames of the callers, the nearest first; none if the function got no way to them. */
  callers: Frame[]
  lock: LockState
  resources: Resources
  /** The kernel comes here on each of the ways that are joined: none hung on a branch of which it may know more. */
  sure: boolean
  /** What accesses on all ways to here have shown to lie in guest memory; only where proofs are looked for. */
  checked: Map<Base, Span>
}

export function copyState(state: State): State {
  const { fn, registers, slots, special, callers, lock, resources, sure, checked } = state
  return {
    fn,
    registers: [...registers],
    slots: new Map(slots),
    special,
    callers: callers.length === 0 ? callers : callers.map(copyFrame),
    lock,
    resources,
    sure,
    checked: new Map(checked),
  }
}

export function copyFrame({ fn, slots, special }: Frame): Frame {
  return { fn, slots: new Map(slots), special }
}

/** The frame that a pointer points into, if it is known which. */
export function frameOf(state: State, value: Value): Frame | undefined {
  if (value.is !== 'frame') return undefined
  return value.up === 0 ? state : state.callers[value.up - 1]
}

/** The one place in a frame that a pointer points to; undefined if there is none, or nobody knows. */
export function placeIn(state: State, value: Value): { frame: Frame; at: number } | undefined {
  const frame = value.is === 'frame' && value.min === value.max ? frameOf(state, value) : undefined
  return frame && value.is === 'frame' ? { frame, at: value.min } : undefined
}

/** True if the same is held, lies in all frames besides numbers and pointers, and is as certain. */
export function isAlike(one: State, other: State): boolean {
  return (
    one.resources.key === other.resources.key &&
    one.lock === other.lock &&
    one.sure === other.sure &&
    one.special.key === other.special.key &&
    (one.callers.length === 0 || one.callers.every(({ special }, at) => special.key === other.callers[at]?.special.key))
  )
}

/** Forgets what a store of `bytes` at `offset` overwrites. */
export function overwrite({ slots }: Frame, offset: number, bytes: number): void {
  for (let at = offset - 7; at < offset + bytes; at += 1) {
    const slot = slots.get(at)
    if (slot && at + slot.bytes > offset) slots.delete(at)
  }
}

/** A store, or something new: what it touches of a dynptr, an iterator or saved flags is none any more. */
export function destroySpecial(state: State, frame: Frame, offset: number, bytes: number): void {
  const hit = specialAmong(frame.special, offset, bytes)
  if (hit.length === 0) return
  // That is refused, and the kernel goes no farther.
  if (isReferencedAmong(frame.special, offset, bytes)) state.sure = false
  const gone = new Set(hit.map(([at]) => at))
  const ids = new Set(hit.map(([, slot]) => (slot.what === 'dynptr' ? slot.id : undefined)))
  frame.special = withoutSpecial(frame.special, (_, at) => gone.has(at))
  replaceWhere(state, (value) =>
    value.is === 'object' && value.dynptr !== undefined && ids.has(value.dynptr) ? RELEASED : undefined,
  )
}

/** A dynptr, an iterator or saved flags that a call has made, in place of what was there. */
export function placeSpecial(state: State, frame: Frame, offset: number, slot: SpecialSlot): void {
  destroySpecial(state, frame, offset, slot.bytes)
  overwrite(frame, offset, slot.bytes)
  frame.special = withSpecial(frame.special, offset, slot)
}

/** Somebody may have made, given back or overwritten any of them, in that frame or in all. */
export function forgetSpecial(state: State, frame?: Frame): void {
  const frames = (frame ? [frame] : [state, ...state.callers]).filter(
    ({ special }) => special !== UNKNOWN_SPECIAL_SLOTS,
  )
  if (frames.length === 0) return
  for (const each of frames) each.special = UNKNOWN_SPECIAL_SLOTS
  replaceWhere(state, (value) => (value.is === 'object' && value.dynptr !== undefined ? UNKNOWN : undefined))
}

/** Somebody may have written anything into that frame, or into all. */
export function forgetFrame(state: State, frame?: Frame): void {
  for (const { slots } of frame ? [frame] : [state, ...state.callers]) slots.clear()
  forgetSpecial(state, frame)
}

/** A name for what lies at a fixed place of a frame. */
export function framePlace(state: State, type: string, value: Value): string | undefined {
  const place = placeIn(state, value)
  return place && `${type} ${place.frame.fn} ${place.at}`
}

/** Puts `after` wherever the very object `before` is. */
export function replace(state: State, before: Value, after: Value): void {
  const { registers, callers } = state
  registers.forEach((value, register) => {
    if (value === before) registers[register] = after
  })
  replaceInFrame(state, before, after)
  for (const frame of callers) replaceInFrame(frame, before, after)
}

function replaceInFrame({ slots }: Frame, before: Value, after: Value): void {
  for (const [offset, slot] of slots) if (slot.value === before) slots.set(offset, { ...slot, value: after })
}

/** Puts another value wherever `change` answers one. */
export function replaceWhere(state: State, change: (value: Value) => Value | undefined): void {
  const { registers, callers } = state
  registers.forEach((value, register) => {
    registers[register] = change(value) ?? value
  })
  const inFrame = ({ slots }: Frame): void => {
    for (const [offset, slot] of slots) {
      const value = change(slot.value)
      if (value) slots.set(offset, { ...slot, value })
    }
  }
  inFrame(state)
  callers.forEach(inFrame)
}

/**
 * Joins `other` into `known`; true if that changed it. Places that held one object in both keep one object; those that
 * did so in `known` only get different ones, which is a change as well.
 */
export function joinInto(known: State, other: State, widen: boolean): boolean {
  let changed = false
  // Pairs that were joined, and what came of each: few, and most joins have none.
  const ours: Value[] = []
  const theirs: Value[] = []
  const results: Value[] = []
  const join = (a: Value, b: Value): Value => {
    if (a === b && !linkable(a)) return a
    // One object on both sides stays, unless another place that held it has become something else.
    const first = ours.indexOf(a)
    for (let pair = first; pair >= 0; pair = ours.indexOf(a, pair + 1)) {
      if (theirs[pair] !== b) continue
      const done = results[pair]!
      if (done !== a) changed = true
      return done
    }
    const together = joinValues(a, b, widen)
    const result = first >= 0 && together === a && linkable(a) ? { ...a } : together
    ours.push(a)
    theirs.push(b)
    results.push(result)
    if (result !== a) changed = true
    return result
  }
  const { registers } = known
  for (let register = 0; register < registers.length; register += 1)
    registers[register] = join(registers[register]!, other.registers[register] ?? UNKNOWN)
  changed = joinFrame(known, other, join) || changed
  for (let at = 0; at < known.callers.length; at += 1)
    changed = joinFrame(known.callers[at]!, other.callers[at]!, join) || changed
  if (known.lock !== other.lock && known.lock !== 'unknown') {
    known.lock = 'unknown'
    changed = true
  }
  if (known.resources.key !== other.resources.key && known.resources.known) {
    known.resources = UNKNOWN_HELD
    changed = true
  }
  if (known.sure && !other.sure) {
    known.sure = false
    changed = true
  }
  return intersect(known.checked, other.checked) || changed
}

/** True if a slot or something special was lost; what `join` changes, it notes itself. */
function joinFrame(known: Frame, other: Frame, join: (a: Value, b: Value) => Value): boolean {
  let changed = false
  for (const [offset, slot] of known.slots) {
    const there = other.slots.get(offset)
    if (there?.bytes === slot.bytes) {
      const value = join(slot.value, there.value)
      if (value !== slot.value) known.slots.set(offset, { ...slot, value })
    } else {
      known.slots.delete(offset)
      changed = true
    }
  }
  const { key } = known.special
  if (key === other.special.key) return changed
  known.special = joinSpecial(known.special, other.special)
  return changed || known.special.key !== key
}

function intersect(known: Map<Base, Span>, other: ReadonlyMap<Base, Span>): boolean {
  let changed = false
  for (const [base, span] of known) {
    const there = other.get(base) ?? { low: 0, high: 0 }
    if (there.low <= span.low && there.high >= span.high) continue
    const both = { low: Math.max(span.low, there.low), high: Math.min(span.high, there.high) }
    if (both.low < both.high) known.set(base, both)
    else known.delete(base)
    changed = true
  }
  return changed
}

/** Values that a branch can narrow. */
function linkable(value: Value): value is Scalar | Extract<Value, { is: 'value' | 'object' }> {
  if (value.is === 'scalar') return value.min !== value.max
  return (value.is === 'value' || value.is === 'object') && value.nullable !== false
}
