// Writes a value into an element, and copies it out for the host. The bytes of a timer and of work become zero, those
// of a spin lock stay as they are: the state behind a special field is core memory's (async/), and no value that a
// program or a user writes ever reaches it. Called by array.ts and hash.ts. Readers may see a mixture of old and new
// bytes, as in the kernel.
import { cpuCount } from '../cpu'
import { copy, fill, glance16, glance32, glance64, glance8, note16, note32, note64, note8, peek32 } from '../door'
import { MAP_SPIN_LOCK_OFFSET, MAP_TIMER_OFFSET, MAP_TYPE, MAP_VALUE_SIZE, MAP_WORK_OFFSET } from '../layout'
import { valueAddress, valueAddressOn } from './map'
import { isPerCpu, roundUp } from './shape'

const SLOT_BYTES: u32 = 16
const LOCK_BYTES: u32 = 4
const NONE: u32 = 0xffffffff

/** True if values of the map hold a timer or work: their elements have slots that must be closed and opened. */
export function hasSlots(map: usize): bool {
  return (peek32(map + MAP_TIMER_OFFSET) & peek32(map + MAP_WORK_OFFSET)) !== NONE
}

/** Copies a value from guest memory at `from` to the element's value at `to`. */
export function writeValue(map: usize, to: usize, from: usize): void {
  const size = peek32(map + MAP_VALUE_SIZE)
  const timer = peek32(map + MAP_TIMER_OFFSET)
  const work = peek32(map + MAP_WORK_OFFSET)
  const lock = peek32(map + MAP_SPIN_LOCK_OFFSET)
  if ((timer & work & lock) === NONE) {
    copyPiece(to, from, size)
    return
  }
  let at: u32 = 0
  while (at < size) {
    // The next special field at or after `at`: an absent one is at the greatest offset.
    let end = size
    let hole: u32 = 0
    if (timer >= at && timer < end) {
      end = timer
      hole = SLOT_BYTES
    }
    if (work >= at && work < end) {
      end = work
      hole = SLOT_BYTES
    }
    if (lock >= at && lock < end) {
      end = lock
      hole = LOCK_BYTES
    }
    copyPiece(to + at, from + at, end - at)
    if (hole === SLOT_BYTES) fill(to + end, 0, SLOT_BYTES)
    at = end + hole
  }
}

/** Copies guest memory. Short pieces word by word: a call of the engine's bulk copy costs more than such a piece. */
export function copyPiece(to: usize, from: usize, bytes: u32): void {
  if (bytes < 64) copyShort(to, from, bytes)
  else copy(to, from, bytes)
}

/** Copies less than 64 bytes of guest memory. Without a loop: where `bytes` is constant, nothing is asked. */
export function copyShort(to: usize, from: usize, bytes: u32): void {
  let at: u32 = 0
  if (bytes & 32) {
    copyWord(to, from)
    copyWord(to + 8, from + 8)
    copyWord(to + 16, from + 16)
    copyWord(to + 24, from + 24)
    at = 32
  }
  if (bytes & 16) {
    copyWord(to + at, from + at)
    copyWord(to + at + 8, from + at + 8)
    at += 16
  }
  if (bytes & 8) {
    copyWord(to + at, from + at)
    at += 8
  }
  if (bytes & 4) {
    note32(to + at, glance32(from + at))
    at += 4
  }
  if (bytes & 2) {
    note16(to + at, glance16(from + at))
    at += 2
  }
  if (bytes & 1) note8(to + at, glance8(from + at))
}

function copyWord(to: usize, from: usize): void {
  note64(to, glance64(from))
}

/** Of writeCpuValues and its callers: a value for every CPU, each padded to 8 bytes, in order. */
export const EVERY_CPU: u32 = 0xffffffff

/**
 * Writes values into an element of a per-CPU map: one for each CPU (`which` EVERY_CPU), or that of CPU `which`, and for
 * a `fresh` element zeros on every other.
 */
export function writeCpuValues(map: usize, index: u32, from: usize, which: u32, fresh: bool): void {
  const size = peek32(map + MAP_VALUE_SIZE)
  for (let on: u32 = 0; on < cpuCount(); on++) {
    const to = valueAddressOn(map, index, on)
    if (which === EVERY_CPU) writeValue(map, to, from + <usize>on * <usize>roundUp(size, 8))
    else if (on === which) writeValue(map, to, from)
    else if (fresh) fill(to, 0, size)
  }
}

/**
 * Copies the value at `from` to guest memory as user space sees it: zeros where timers, work and the spin lock are,
 * whatever a program has written there.
 */
export function readValue(map: usize, from: usize, into: usize): void {
  copy(into, from, peek32(map + MAP_VALUE_SIZE))
  clearField(into, peek32(map + MAP_TIMER_OFFSET), SLOT_BYTES)
  clearField(into, peek32(map + MAP_WORK_OFFSET), SLOT_BYTES)
  clearField(into, peek32(map + MAP_SPIN_LOCK_OFFSET), LOCK_BYTES)
}

function clearField(value: usize, offset: u32, bytes: u32): void {
  if (offset !== NONE) fill(value + offset, 0, bytes)
}

/** Copies what an element holds: one value, or one for each CPU, each padded to 8 bytes, in order. */
export function readElement(map: usize, index: u32, into: usize): void {
  if (!isPerCpu(peek32(map + MAP_TYPE))) {
    readValue(map, valueAddress(map, index), into)
    return
  }
  const bytes = <usize>roundUp(peek32(map + MAP_VALUE_SIZE), 8)
  for (let on: u32 = 0; on < cpuCount(); on++) readValue(map, valueAddressOn(map, index, on), into + <usize>on * bytes)
}
