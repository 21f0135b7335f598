// Addresses that nobody knows, as far as proofs need them: which registers hold the same one, and which bytes around it
// an access has already shown to be guest memory. An address that was in guest memory once always is, whatever happens
// to what lies there; so is everything between two such addresses. Used by step.ts, and only where proofs are looked
// for.
import type { Instruction } from '../isa/decode.js'
import type { ProgramSpec } from '../object/spec.js'
import { contextField } from './context.js'
import { isConstant } from './scalar.js'
import { replaceWhere, type State } from './state.js'
import { ownOffset, UNKNOWN, type Base, type Place, type Value } from './value.js'

/** The address that a base stands for is about to be another one. */
export function forget(state: State, base: Base): void {
  state.checked.delete(base)
  replaceWhere(state, (value) =>
    (value.is === 'packet' || value.is === 'place') && value.base === base ? UNKNOWN : undefined,
  )
}

/** After an access through `register`, which was not proved: what it touched is guest memory from now on. */
export function noteAccess(state: State, { index, offset }: Instruction, register: number, bytes: number): void {
  let place = state.registers[register] ?? UNKNOWN
  if (place.is === 'unknown' || (place.is === 'scalar' && !isConstant(place))) {
    forget(state, index)
    place = placeAt(index, 0, false)
    state.registers[register] = place
  }
  if (place.is !== 'place' && place.is !== 'packet') return
  const low = place.offset + offset
  const before = state.checked.get(place.base) ?? { low, high: low }
  if (low >= before.low && low + bytes <= before.high) return
  state.checked.set(place.base, { low: Math.min(low, before.low), high: Math.max(low + bytes, before.high) })
}

/** True if all ways to here have accessed bytes on both sides of, or among, these. */
export function isChecked(state: State, base: Value, offset: number, bytes: number): boolean {
  if (base.is !== 'place' && base.is !== 'packet') return false
  const span = state.checked.get(base.base)
  const low = base.offset + offset
  return span !== undefined && span.low <= low && low + bytes <= span.high
}

/** What a load gives: the packet's borders, taken for that because they are compared when they are loaded (a guard). */
export function loadedPlace(
  program: ProgramSpec | undefined,
  state: State,
  { form, offset, index }: Instruction,
  base: Value,
): Value | undefined {
  if (form.narrow !== 0) return undefined
  if (base.is === 'place' && base.context) {
    const field = contextField(program?.type, base.offset + offset, form.width)
    if (field.is === 'packet-end') return field
    if (field.is !== 'packet') return undefined
    forget(state, index)
    return { ...field, base: index }
  }
  const at = ownOffset(base)
  const slot = at === undefined ? undefined : state.slots.get(at + offset)
  if (slot?.value.is !== 'place' || slot.bytes !== form.width / 8) return undefined
  const kept = slot.value
  forget(state, index)
  return placeAt(index, kept.offset, kept.context)
}

export function placeAt(base: Base, offset: number, context: boolean): Place {
  return { is: 'place', base, offset, context }
}
