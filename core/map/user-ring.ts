// User ring buffer: a ring (ring.ts) with its sides exchanged. The host reserves, fills and submits samples, on behalf
// of the CPU that its instance is; a program drains them (helper/user-ring.ts), one at a time, as long as it is the one
// that drains:
// MAP_RING_DRAINER. Whoever drains and ends in a fault, or stops for ever, is made to let go (abandonReservations).
// Headers lie in core memory: unlike the kernel's, no producer can write a position or a length that is wrong.
import { cpuIndex } from '../cpu'
import { compareExchange32, load32, load64, peek32 } from '../door'
import { MAP_ELEMENTS, MAP_MAX_ENTRIES, MAP_RING_CONSUMED, MAP_RING_DRAINER } from '../layout'
import { beginOpen, endOpen } from './open-records'
import { endRecord, release, takeRecord } from './ring'
import {
  RECORD_COMMITTED,
  RECORD_DISCARDED,
  SAMPLE_OFFSET,
  headerOf,
  ownerOf,
  ringUnits,
  sampleOf,
  sizeOf,
  startOf,
} from './ring-record'

/** What userRingNext answers for a sample that was given up. */
export const GIVEN_UP: u64 = 1

/**
 * Host: reserves a sample of `size` bytes (30 bits): its guest address, 0 if there is no room. All of the ring may be
 * used.
 */
export function user_ring_reserve(map: usize, size: u32): usize {
  return takeRecord(map, size, ringUnits(map))
}

/** Host: submits a sample that this CPU has reserved, or gives it up. */
export function user_ring_end(map: usize, sample: u32, submit: u32): void {
  endRecord(map, sample, submit ? RECORD_COMMITTED : RECORD_DISCARDED)
}

/** Makes this CPU the one that drains; false if there is one. */
export function beginDrain(map: usize): bool {
  beginOpen()
  if (compareExchange32(map + MAP_RING_DRAINER, 0, cpuIndex() + 1) === 0) return true
  endOpen()
  return false
}

/** The drain is over: anyone may begin another. */
export function endDrain(map: usize): void {
  compareExchange32(map + MAP_RING_DRAINER, cpuIndex() + 1, 0)
  endOpen()
}

/**
 * The oldest sample: {bytes : 32, guest address : 32} if it is submitted, GIVEN_UP if it was and is consumed now, 0 if
 * there is none or it is still reserved. By whoever drains.
 */
export function userRingNext(map: usize): u64 {
  const position = load32(map + MAP_RING_CONSUMED)
  const word = load64(headerOf(map, position))
  if (startOf(word) !== position || ownerOf(word) < RECORD_COMMITTED) return 0
  if (ownerOf(word) === RECORD_COMMITTED) return ((<u64>sizeOf(word)) << 32) | (<u64>sampleOf(map, position))
  release(map, word)
  return GIVEN_UP
}

/** Consumes the sample that userRingNext gave. By whoever drains. */
export function userRingRelease(map: usize): void {
  release(map, load64(headerOf(map, load32(map + MAP_RING_CONSUMED))))
}

/** Where the dynptr lies over the sample that is drained: behind all samples. */
export function drainedDynptr(map: usize): usize {
  return <usize>peek32(map + MAP_ELEMENTS) + ((<usize>peek32(map + MAP_MAX_ENTRIES)) << 1) + SAMPLE_OFFSET
}
