// Ring buffer: records that programs reserve, fill and submit, and that the host consumes in order. No lock, any
// context; reserving is lock-free, all else bounded. Called by the helpers (helper/ring-buffer.ts), the host, and the
// end of runs.
//
// MAP_RING_LAST is the word of the last record; to reserve is to exchange it for the next one. The record's header
// follows from that word alone: whoever reserves the next one writes it, or its owner does when it commits or discards,
// in one step then; mostly nobody comes in between. So only the last record may be without header, and a CPU that stops
// hides nothing.
// The header's owner decides the rest: only the owner commits or discards, and for a dead CPU the repair does.
// The ring waits for a record that stays reserved, as in the kernel; nothing is ever overwritten.
// Position and length are believed from core memory only; the 8 bytes in front of a sample mean nothing.
import { MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF, MAX_MAPS } from '../abi'
import { mapAt } from '../async/slot'
import { MAP_LIVE } from '../async/user-reference'
import { cpuIndex } from '../cpu'
import { compareExchange32, compareExchange64, load32, load64, peek32, poke32, poke64, retry } from '../door'
import {
  HEADER,
  HEADER_MAPS,
  MAP_BYTES,
  MAP_ELEMENTS,
  MAP_RECORDS,
  MAP_RING_CONSUMED,
  MAP_RING_DRAINER,
  MAP_RING_LAST,
  MAP_STATE,
  MAP_TYPE,
} from '../layout'
import { sectionEnter, sectionExit } from '../memory/section'
import { beginOpen, endOpen, forgetOpen, mayBeOpen } from './open-records'
import { commit } from './ring-at-once'
import { ring, wakeConsumer } from './ring-bell'
import {
  LARGEST_SAMPLE,
  POSITIONS,
  RECORD_COMMITTED,
  RECORD_DISCARDED,
  SAMPLE_OFFSET,
  endOf,
  headerOf,
  ownerOf,
  recordWord,
  ringUnits,
  sampleOf,
  sizeOf,
  startOf,
  unitsFor,
  unitsOf,
  vacantWord,
  withOwner,
} from './ring-record'
import { copyPiece } from './value'

/** Lays out a ring at creation: empty, before position 0. */
export function createRing(map: usize, headers: usize): void {
  poke32(map + MAP_RECORDS, <u32>headers)
  poke64(headers, vacantWord(0))
  poke64(map + MAP_RING_LAST, recordWord(POSITIONS, 0, RECORD_DISCARDED))
}

/**
 * Writes the header of the last record if nobody has: it is there, or was consumed already, when this returns. Only
 * another publisher, or the consumer that vacates the place's record of the lap before, comes between.
 */
function publish(map: usize, word: u64): void {
  const header = headerOf(map, startOf(word))
  while (true) {
    retry()
    const seen = load64(header)
    if (startOf(seen) === startOf(word)) return
    // Not between consumed and produced: gone. The consumer moves on before it vacates the place, so this order is
    // safe.
    if (((startOf(word) - load32(map + MAP_RING_CONSUMED)) & POSITIONS) >= ringUnits(map)) return
    if (compareExchange64(header, seen, word) === seen) return
  }
}

/** Reserves a record for a program's sample of `size` bytes: guest address of the sample, 0 if there is no room. */
export function ringReserve(map: usize, size: u64): usize {
  if (size > LARGEST_SAMPLE) return 0
  beginOpen()
  // The last byte of the ring stays free, as in the kernel.
  const sample = takeRecord(map, <u32>size, ringUnits(map) - 1)
  if (!sample) endOpen()
  return sample
}

/** Reserves a record for a sample of `size` bytes in a ring that may hold `most` units: as ringReserve. */
export function takeRecord(map: usize, size: u32, most: u32): usize {
  const word = take(map, size, most)
  return word ? sampleOf(map, startOf(word)) : 0
}

/** The same: the word of the record. */
function take(map: usize, size: u32, most: u32): u64 {
  const units = unitsFor(size)
  if (units > most) return 0
  while (true) {
    retry()
    const last = load64(map + MAP_RING_LAST)
    publish(map, last)
    const start = endOf(last)
    const held = (start - load32(map + MAP_RING_CONSUMED)) & POSITIONS
    // Full only if that was so while `last` was the last.
    if (held + units > most) {
      if (load64(map + MAP_RING_LAST) !== last) continue
      return 0
    }
    const mine = recordWord(start, size, cpuIndex())
    if (compareExchange64(map + MAP_RING_LAST, last, mine) === last) return mine
  }
}

/** The ring whose area a guest pointer to a sample lies in; 0 if it is none's. */
export function ringAt(sample: u64): usize {
  const map = mapAt(sample - SAMPLE_OFFSET)
  return map && peek32(map + MAP_TYPE) === MAP_TYPE_RINGBUF ? map : 0
}

/**
 * Ends the reservation of a sample of this CPU; false if it has reserved none that begins there. `flags`: whether the
 * consumer is woken (ring-bell.ts).
 */
export function ringEnd(map: usize, sample: u32, owner: u32, flags: u64): bool {
  const word = endRecord(map, sample, owner)
  if (!word) return false
  endOpen()
  wakeConsumer(map, startOf(word), flags)
  return true
}

/**
 * Reserves a record, copies a sample into it and commits it, of which nothing stays open; false if there is no room.
 */
export function ringOutput(map: usize, from: usize, size: u64, flags: u64): bool {
  if (size > LARGEST_SAMPLE) return false
  const word = take(map, <u32>size, ringUnits(map) - 1)
  if (!word) return false
  const to = sampleOf(map, startOf(word))
  copyPiece(to, from, <u32>size)
  commit(headerOf(map, startOf(word)), word)
  wakeConsumer(map, startOf(word), flags)
  return true
}

/**
 * Makes `owner` the owner of the record that this CPU has reserved and whose sample begins there: its word before, else
 * 0.
 */
export function endRecord(map: usize, sample: u32, owner: u32): u64 {
  const offset = sample - SAMPLE_OFFSET - peek32(map + MAP_ELEMENTS)
  const place = offset >> 3
  const units = ringUnits(map)
  if (offset & 7 || place >= units) return 0
  const header = headerOf(map, place)
  while (true) {
    retry()
    // The last record before the header: if there is another one by now, the header of ours has been written before.
    const last = load64(map + MAP_RING_LAST)
    const seen = load64(header)
    let word = seen
    if ((startOf(last) & (units - 1)) === place && startOf(last) !== startOf(seen)) {
      // The last one, without header. Unless it is consumed: then it was ended before.
      if (((startOf(last) - load32(map + MAP_RING_CONSUMED)) & POSITIONS) >= units) return 0
      word = last
    }
    if ((startOf(word) & (units - 1)) !== place || ownerOf(word) !== cpuIndex()) return 0
    if (compareExchange64(header, seen, withOwner(word, owner)) === seen) return word
  }
}

/**
 * Bytes that were produced and, at a moment before, not consumed. In this order, as in the kernel: the consumer may be
 * past what was the last record a moment ago, and the difference would wrap.
 */
export function ringHeld(map: usize): u32 {
  const consumed = load32(map + MAP_RING_CONSUMED)
  return ((endOf(load64(map + MAP_RING_LAST)) - consumed) & POSITIONS) << 3
}

/** Moves the consumer past the record; false if another consumer was quicker. */
export function release(map: usize, word: u64): bool {
  const start = startOf(word)
  if (compareExchange32(map + MAP_RING_CONSUMED, start, endOf(word)) !== start) return false
  compareExchange64(headerOf(map, start), word, vacantWord(start))
  return true
}

/**
 * The oldest record if it is committed: {its position : 32, bytes of its sample + 1 : 32}, else 0. Discarded ones in
 * front of it are consumed. It stays in the ring until ring_release. Host.
 */
export function ring_next(map: usize): u64 {
  while (true) {
    retry()
    const position = load32(map + MAP_RING_CONSUMED)
    const word = load64(headerOf(map, position))
    if (startOf(word) !== position || ownerOf(word) < RECORD_COMMITTED) {
      if (load32(map + MAP_RING_CONSUMED) === position) return 0
    } else if (ownerOf(word) === RECORD_COMMITTED) {
      return ((<u64>position) << 32) | (<u64>(sizeOf(word) + 1))
    } else release(map, word)
  }
}

/** Guest address of the sample of the record that ring_next gave. What lies there is its own if ring_release says 1. */
export function ring_sample(map: usize, position: u32): usize {
  return sampleOf(map, position)
}

/**
 * Consumes the record that ring_next gave: 1, or 0 if another consumer has. By its position: while this consumer looked
 * at it others may have gone once around the ring, and another record lie at its place. Host.
 */
export function ring_release(map: usize, position: u32): u32 {
  const word = load64(headerOf(map, position))
  if (startOf(word) !== position || ownerOf(word) !== RECORD_COMMITTED) return 0
  return release(map, word) ? 1 : 0
}

/**
 * Discards what CPU `owner` has reserved in the ring: by the CPU itself, or for a dead one. All of it lies up to the
 * record that is the last now, whose header is there then; records behind it are others'.
 */
function abandonIn(map: usize, owner: u32): void {
  const last = load64(map + MAP_RING_LAST)
  publish(map, last)
  const end = endOf(last)
  const units = ringUnits(map)
  let position = load32(map + MAP_RING_CONSUMED)
  let found = false
  // The consumer may be past the end by now. Each turn passes a record, or follows a consumer that did.
  for (let left = units; left && ((end - position - 1) & POSITIONS) < units; left--) {
    const word = load64(headerOf(map, position))
    if (startOf(word) !== position) {
      // Consumed meanwhile: what lies behind is found from where the consumer is now.
      position = load32(map + MAP_RING_CONSUMED)
      continue
    }
    if (
      ownerOf(word) === owner &&
      compareExchange64(headerOf(map, position), word, withOwner(word, RECORD_DISCARDED)) === word
    )
      found = true
    position = (position + unitsOf(word)) & POSITIONS
  }
  if (found) ring(map)
}

/**
 * Discards every reservation of CPU `index`, and ends its drains: a run that ended without giving its records back, or
 * a dead CPU, which has no samples of user rings any more either. Inside a section. A map that is closed is left alone:
 * nobody consumes it any more, and its grace period may have begun before this section, which then does not keep its
 * memory.
 */
export function abandonReservations(index: u32, dead: bool): void {
  forgetOpen(index)
  for (let at: u32 = 0; at < <u32>MAX_MAPS; at++) {
    const map = <usize>peek32(HEADER + HEADER_MAPS) + <usize>at * MAP_BYTES
    if (load32(map + MAP_STATE) !== MAP_LIVE) continue
    const type = peek32(map + MAP_TYPE)
    if (type === MAP_TYPE_RINGBUF || (type === MAP_TYPE_USER_RINGBUF && dead)) abandonIn(map, index)
    if (type === MAP_TYPE_USER_RINGBUF) compareExchange32(map + MAP_RING_DRAINER, index + 1, 0)
  }
}

/**
 * At the end of a run and of a callback: nothing stays reserved. What interrupts a run counts as part of it as long as
 * the run's section is there, and as a run of its own after that: so the end of the outermost code comes here behind
 * its section, and looks again behind the section of this function.
 */
export function settleReservations(): void {
  while (mayBeOpen()) {
    retry()
    const outermost = sectionEnter()
    abandonReservations(cpuIndex(), false)
    sectionExit(outermost)
  }
}
