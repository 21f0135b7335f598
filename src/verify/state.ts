// What is known at one place of a function: registers, the slots of its own frame, whether a spin lock is held, and
// what else has to be given back.
// Owned by the walk; an instruction's step works on a copy.
import { UNKNOWN_HELD, type LockState, type Resources } from './resources.js'
import type { Scalar } from './scalar.js'
import {
  joinSpecial,
  specialAmong,
  UNKNOWN_SPECIAL_SLOTS,
  withoutSpecial,
  withSpecial,
  type SpecialSlot,
  type SpecialSlots,
} from './special-slots.js'
import { joinValues, ownOffset, RELEASED, UNKNOWN, type Base, type Value } from './value.js'

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

export interface State {
  /** r0 to r10. */
  registers: Value[]
  slots: Map<number, Slot>
  /** What else is in the frame. */
  special: SpecialSlots
  lock: LockState
  resources: Resources
  /** The kernel comes here on each of the ways that are joined: none hung on a branch of which it may know more. */
  sure: boolean
  /** What accesses on all ways to here have shown to lie in guest memory; only where proofs are looked for. */
  checked: Map<Base, Span>
}

export function copyState({ registers, slots, special, lock, resources, sure, checked }: State): State {
  return { registers: [...registers], slots: new Map(slots), special, lock, resources, sure, checked: new Map(checked) }
}

/** Forgets what a store of `bytes` at `offset` overwrites. */
export function overwrite({ slots }: State, offset: number, bytes: number): void {
  for (let at = offset - 7; at < offset + bytes; at += 1) {
    const slot = slots.get(at)
    if (slot && at + slot.bytes > offset) slots.delete(at)
  }
}

/** A store, or something new: what it touches of a dynptr, an iterator or saved flags is none any more. */
export function destroySpecial(state: State, offset: number, bytes: number): void {
  const hit = specialAmong(state.special, offset, bytes)
  if (hit.length === 0) return
  const gone = new Set(hit.map(([at]) => at))
  const ids = new Set(hit.map(([, slot]) => (slot.what === 'dynptr' ? slot.id : undefined)))
  state.special = withoutSpecial(state.special, (_, at) => gone.has(at))
  replaceWhere(state, (value) =>
    value.is === 'object' && value.dynptr !== undefined && ids.has(value.dynptr) ? RELEASED : undefined,
  )
}

/** A dynptr, an iterator or saved flags that a call has made, in place of what was there. */
export function placeSpecial(state: State, offset: number, slot: SpecialSlot): void {
  destroySpecial(state, offset, slot.bytes)
  overwrite(state, offset, slot.bytes)
  state.special = withSpecial(state.special, offset, slot)
}

/** Somebody may have made, given back or overwritten any of them. */
export function forgetSpecial(state: State): void {
  if (state.special === UNKNOWN_SPECIAL_SLOTS) return
  state.special = UNKNOWN_SPECIAL_SLOTS
  replaceWhere(state, (value) => (value.is === 'object' && value.dynptr !== undefined ? UNKNOWN : undefined))
}

/** A name for what lies at a fixed place of the own frame of `fn`. */
export function framePlace(fn: string, type: string, value: Value): string | undefined {
  const offset = ownOffset(value)
  return offset === undefined ? undefined : `${type} ${fn} ${offset}`
}

/** Puts `after` wherever the very object `before` is. */
export function replace({ registers, slots }: State, before: Value, after: Value): void {
  registers.forEach((value, register) => {
    if (value === before) registers[register] = after
  })
  for (const [offset, slot] of slots) if (slot.value === before) slots.set(offset, { ...slot, value: after })
}

/** Puts another value wherever `change` answers one. */
export function replaceWhere({ registers, slots }: State, change: (value: Value) => Value | undefined): void {
  registers.forEach((value, register) => {
    registers[register] = change(value) ?? value
  })
  for (const [offset, slot] of slots) {
    const value = change(slot.value)
    if (value) slots.set(offset, { ...slot, value })
  }
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
  if (known.lock !== other.lock && known.lock !== 'unknown') {
    known.lock = 'unknown'
    changed = true
  }
  if (known.resources.key !== other.resources.key && known.resources.known) {
    known.resources = UNKNOWN_HELD
    changed = true
  }
  if (known.special.key !== other.special.key) {
    const { key } = known.special
    known.special = joinSpecial(known.special, other.special)
    changed ||= known.special.key !== key
  }
  if (known.sure && !other.sure) {
    known.sure = false
    changed = true
  }
  return intersect(known.checked, other.checked) || changed
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
