// The timer wheel: entries beyond the slot that has been reached, six levels of 256 slots; the narrowest slot is 2^12
// deadline units (33 µs). Owner only, outermost code only.
// Invariant: an entry lies at the level of the highest byte in which its slot time differs from the base's, so every
// occupied slot begins after the base, and the lowest occupied level holds the earliest slot.
import { cpu } from '../cpu'
import { peek16, peek32, peek64, poke16, poke32, poke64 } from '../door'
import {
  CB_NEXT,
  CB_PLACE,
  CB_PREVIOUS,
  CPU_WHEEL_BASE,
  CPU_WHEEL_BITS,
  CPU_WHEEL_SLOTS,
  WHEEL_LEVELS,
} from '../layout'
import { entryDeadline } from './entry'

/** Deadline units of the narrowest slot, as a shift. */
export const WHEEL_SHIFT: u64 = 12
/** No slot is occupied. */
export const WHEEL_EMPTY: u64 = u64.MAX_VALUE
/** CB_PLACE of an entry in slot s is PLACE_WHEEL + s. */
export const PLACE_WHEEL: u32 = 16

function slotAddress(slot: u32): usize {
  return cpu() + CPU_WHEEL_SLOTS + ((<usize>slot) << 3)
}

function bitsAddress(slot: u32): usize {
  return cpu() + CPU_WHEEL_BITS + ((<usize>(slot >> 5)) << 2)
}

/** The base: slot time of the slot that has been reached. */
export function wheelBase(): u64 {
  return peek64(cpu() + CPU_WHEEL_BASE)
}

/** Moves the base forward to slot time `base`; no occupied slot may begin at or before it. */
export function wheelMoveBase(base: u64): void {
  poke64(cpu() + CPU_WHEEL_BASE, base)
}

/** Links an entry at the end of its slot; false if that slot has been reached already: it belongs into the due heap. */
export function wheelInsert(entry: usize): bool {
  const time = entryDeadline(entry) >> WHEEL_SHIFT
  const base = wheelBase()
  if (time <= base) return false
  const level = (<u32>(63 - clz(time ^ base))) >> 3
  const slot = (level << 8) | ((<u32>(time >> ((<u64>level) << 3))) & 255)
  const address = slotAddress(slot)
  const last = <usize>peek32(address + 4)
  poke32(entry + CB_NEXT, 0)
  poke32(entry + CB_PREVIOUS, <u32>last)
  poke16(entry + CB_PLACE, <u16>(PLACE_WHEEL + slot))
  if (last === 0) {
    poke32(address, <u32>entry)
    const bits = bitsAddress(slot)
    poke32(bits, peek32(bits) | ((<u32>1) << (slot & 31)))
  } else poke32(last + CB_NEXT, <u32>entry)
  poke32(address + 4, <u32>entry)
  return true
}

function clearBit(slot: u32): void {
  const bits = bitsAddress(slot)
  poke32(bits, peek32(bits) & ~((<u32>1) << (slot & 31)))
}

/** Unlinks an entry. */
export function wheelRemove(entry: usize): void {
  const slot = <u32>peek16(entry + CB_PLACE) - PLACE_WHEEL
  const address = slotAddress(slot)
  const previous = <usize>peek32(entry + CB_PREVIOUS)
  const next = <usize>peek32(entry + CB_NEXT)
  if (previous === 0) poke32(address, <u32>next)
  else poke32(previous + CB_NEXT, <u32>next)
  if (next === 0) poke32(address + 4, <u32>previous)
  else poke32(next + CB_PREVIOUS, <u32>previous)
  if (peek32(address) === 0) clearBit(slot)
}

// The earliest occupied slot, or -1.
function firstSlot(): i32 {
  for (let level: u32 = 0; level < <u32>WHEEL_LEVELS; level++)
    for (let word: u32 = 0; word < 8; word++) {
      const slot = (level << 8) | (word << 5)
      const bits = peek32(bitsAddress(slot))
      if (bits !== 0) return <i32>(slot | ctz(bits))
    }
  return -1
}

function slotStart(slot: u32): u64 {
  const level = <u64>(slot >> 8)
  const above = (level + 1) << 3
  return ((wheelBase() >> above) << above) | ((<u64>(slot & 255)) << (level << 3))
}

/** Slot time at which the earliest occupied slot begins (no entry is due before), or WHEEL_EMPTY. */
export function wheelNext(): u64 {
  const slot = firstSlot()
  return slot < 0 ? WHEEL_EMPTY : slotStart(<u32>slot)
}

/** Takes the list of the earliest slot (linked by CB_NEXT, in the order of insertion) and moves the base to its start. */
export function wheelTake(): usize {
  const slot = <u32>firstSlot()
  const address = slotAddress(slot)
  const first = <usize>peek32(address)
  wheelMoveBase(slotStart(slot))
  poke32(address, 0)
  poke32(address + 4, 0)
  clearBit(slot)
  return first
}
