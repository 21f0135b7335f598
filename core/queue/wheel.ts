// The timer wheel: entries beyond the slot that has been reached, six levels of 256 slots; the narrowest slot is 2^12
// deadline units (33 µs). Owner only, outermost code only. A slot is a list of control blocks, its length, and the last
// four that came: each entry names the one that came four before it, so that four chains lead through a long list and
// bring its blocks into the cache side by side. The chains are advice: one that has left its slot leads elsewhere, to
// blocks too.
// Invariant: an entry lies at the level of the highest byte in which its slot time differs from the base's, so every
// occupied slot begins after the base, and the lowest occupied level holds the earliest slot.
import { cpu } from '../cpu'
import { glance32, note32, peek16, peek32, peek64, poke16, poke32, poke64 } from '../door'
import {
  CB_BEFORE,
  CB_NEXT,
  CB_PLACE,
  CB_PREVIOUS,
  CPU_TOUCHED,
  CPU_WHEEL_BASE,
  CPU_WHEEL_BITS,
  CPU_WHEEL_SLOTS,
  WHEEL_COUNT,
  WHEEL_LAST,
  WHEEL_LEVELS,
  WHEEL_NEWER,
  WHEEL_OLDER,
  WHEEL_SLOT_BYTES,
} from '../layout'
import { entryDeadline } from './entry'

/** Deadline units of the narrowest slot, as a shift. */
export const WHEEL_SHIFT: u64 = 12
/** No slot is occupied. */
const WHEEL_EMPTY: u64 = u64.MAX_VALUE
/** No entry. */
export const NO_EXPIRY: u64 = u64.MAX_VALUE
/** Entries of a slot among which the earliest is looked for. */
const FEW_ENTRIES: u32 = 8
/** Entries of a slot whose control blocks fit into a cache (1 MiB). */
const MANY_ENTRIES: u32 = 16384
/** CB_PLACE of an entry in slot s is PLACE_WHEEL + s. */
const PLACE_WHEEL: u32 = 16

function slotAddress(slot: u32): usize {
  return cpu() + CPU_WHEEL_SLOTS + <usize>slot * WHEEL_SLOT_BYTES
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
  const last = <usize>peek32(address + WHEEL_LAST)
  const newer: u64 = last === 0 ? 0 : peek64(address + WHEEL_NEWER)
  const older: u64 = last === 0 ? 0 : peek64(address + WHEEL_OLDER)
  poke64(address + WHEEL_NEWER, (newer << 32) | (<u64>entry))
  poke64(address + WHEEL_OLDER, (older << 32) | (newer >> 32))
  poke32(address + WHEEL_COUNT, peek32(address + WHEEL_COUNT) + 1)
  poke32(entry + CB_BEFORE, <u32>(older >> 32))
  poke32(entry + CB_NEXT, 0)
  poke32(entry + CB_PREVIOUS, <u32>last)
  poke16(entry + CB_PLACE, <u16>(PLACE_WHEEL + slot))
  if (last === 0) {
    poke32(address, <u32>entry)
    const bits = bitsAddress(slot)
    poke32(bits, peek32(bits) | ((<u32>1) << (slot & 31)))
  } else poke32(last + CB_NEXT, <u32>entry)
  poke32(address + WHEEL_LAST, <u32>entry)
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
  if (next === 0) poke32(address + WHEEL_LAST, <u32>previous)
  else poke32(next + CB_PREVIOUS, <u32>previous)
  poke32(address + WHEEL_COUNT, peek32(address + WHEEL_COUNT) - 1)
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

/**
 * Deadline (units) of the earliest entry, NO_EXPIRY if there is none. In a slot that holds more entries than a few it
 * is not looked for: the start of the slot, before which none is due.
 */
export function wheelNextDeadline(): u64 {
  const slot = firstSlot()
  if (slot < 0) return NO_EXPIRY
  let least = NO_EXPIRY
  let entry = <usize>peek32(slotAddress(<u32>slot))
  for (let count: u32 = 0; count < FEW_ENTRIES && entry !== 0; count++) {
    least = min<u64>(least, entryDeadline(entry))
    entry = <usize>peek32(entry + CB_NEXT)
  }
  return entry === 0 ? least : slotStart(<u32>slot) << WHEEL_SHIFT
}

// Brings the control blocks of a slot into the cache: four chains of loads that do not wait for each other. A list that
// is too long for the cache is left alone.
function bring(address: usize): void {
  const count = peek32(address + WHEEL_COUNT)
  if (count > MANY_ENTRIES) return
  let a = peek32(address + WHEEL_NEWER)
  let b = peek32(address + WHEEL_NEWER + 4)
  let c = peek32(address + WHEEL_OLDER)
  let d = peek32(address + WHEEL_OLDER + 4)
  for (let left = count >> 2; left > 0 && d !== 0; left--) {
    a = glance32(<usize>a + CB_BEFORE)
    b = glance32(<usize>b + CB_BEFORE)
    c = glance32(<usize>c + CB_BEFORE)
    d = glance32(<usize>d + CB_BEFORE)
  }
  note32(cpu() + CPU_TOUCHED, a ^ b ^ c ^ d)
}

/**
 * Takes the list of the earliest slot (linked by CB_NEXT, in the order of insertion) and moves the base to its start.
 */
export function wheelTake(): usize {
  const slot = <u32>firstSlot()
  const address = slotAddress(slot)
  const first = <usize>peek32(address)
  bring(address)
  wheelMoveBase(slotStart(slot))
  poke32(address, 0)
  poke32(address + WHEEL_LAST, 0)
  poke32(address + WHEEL_COUNT, 0)
  clearBit(slot)
  return first
}
