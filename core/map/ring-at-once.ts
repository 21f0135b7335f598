// What reserving and ending a record mostly are, without a loop before anything is decided: the compiler writes what is
// made of these in place of calls (helper/ring-at-once.ts). The same steps as in ring.ts, which has the proof and all
// that is rare. What is fixed of a ring is passed, so that it can be constant: where its headers begin, and its units
// less 1 (`mask`). Called by helper/ring-at-once.ts; `commit` by ring.ts.
import { cpuIndex } from '../cpu'
import { compareExchange64, load32, load64, retry } from '../door'
import { MAP_RING_CONSUMED, MAP_RING_LAST } from '../layout'
import { endOpen } from './open-records'
import { POSITIONS, RECORD_COMMITTED, endOf, ownerOf, recordWord, startOf, unitsFor, withOwner } from './ring-record'

/** Address of the header of the record at a position. */
export function headerAt(headers: usize, mask: u32, position: u32): usize {
  return headers + ((<usize>(position & mask)) << 3)
}

/**
 * Reserves a record for a sample of `size` bytes: its word. 0 if the last record has no header and is not consumed, if
 * there may be no room, or if another was quicker: nothing has changed.
 */
export function takeAtOnce(map: usize, headers: usize, mask: u32, size: u32): u64 {
  const last = load64(map + MAP_RING_LAST)
  const header = load64(headerAt(headers, mask, startOf(last)))
  const start = endOf(last)
  const held = (start - load32(map + MAP_RING_CONSUMED)) & POSITIONS
  // The last byte of the ring stays free, as in the kernel.
  if ((startOf(header) !== startOf(last) && held !== 0) || held + unitsFor(size) > mask) return 0
  const mine = recordWord(start, size, cpuIndex())
  return compareExchange64(map + MAP_RING_LAST, last, mine) === last ? mine : 0
}

/**
 * Commits a record of this CPU if it is the last one, without header, at `place` (its position in the ring): its
 * position; else NOT_LAST, and nothing has changed.
 */
export function commitLast(map: usize, headers: usize, mask: u32, place: u64): u32 {
  const last = load64(map + MAP_RING_LAST)
  const start = startOf(last)
  if (<u64>(start & mask) !== place) return NOT_LAST
  // In this order: endRecord.
  const header = headerAt(headers, mask, start)
  const seen = load64(header)
  if (start === startOf(seen) || ownerOf(last) !== cpuIndex()) return NOT_LAST
  if (((start - load32(map + MAP_RING_CONSUMED)) & POSITIONS) > mask) return NOT_LAST
  if (compareExchange64(header, seen, withOwner(last, RECORD_COMMITTED)) !== seen) return NOT_LAST
  endOpen()
  return start
}

/** No position. */
export const NOT_LAST: u32 = 0xffffffff

/**
 * Commits the record `word`, which this CPU has just reserved and nobody else ends. Meanwhile the consumer may vacate
 * the place's record of the lap before, and whoever reserves the next record may write the header: a third attempt
 * succeeds.
 */
export function commit(header: usize, word: u64): void {
  while (true) {
    retry()
    const seen = load64(header)
    if (compareExchange64(header, seen, withOwner(word, RECORD_COMMITTED)) === seen) return
  }
}
