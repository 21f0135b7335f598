// Bytes that a map takes, in core memory (slots, buckets, records, pools) and in the guest window (its elements): pure
// arithmetic on the attributes, which are checked first. Called by create.ts and, through the exports, by the host.
import { E2BIG, ENOMEM, MAP_TYPE_BLOOM_FILTER, MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF } from '../abi'
import { cpuCount } from '../cpu'
import { peek32 } from '../door'
import { BITMAP_BYTES, HEADER, HEADER_CPUS, SHARE_BYTES } from '../layout'
import { bitmapBytes } from '../memory/bitmap'
import { checkAttributes, MOST_ELEMENTS } from './attributes'
import { bloomBytes } from './bloom'
import {
  bucketsOf,
  cpuStrideOf,
  elementsOf,
  holdsReferences,
  isHash,
  isPerCpu,
  isQueue,
  isRing,
  isTrie,
  powerOfTwoFrom,
  recordsBytes,
  roundUp,
  slotBytes,
  strideOf,
} from './shape'
import { stepBytes } from './step'
import { trieBytes } from './trie'

const MOST_BYTES: u64 = 0x7fff0000

function asResult(bytes: u64): i32 {
  return bytes > MOST_BYTES ? -ENOMEM : <i32>bytes
}

/** Bytes of core memory that the map takes (64-aligned), or a negative errno for attributes that the kernel refuses. */
export function map_bytes_core(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  hasTimer: u32,
  hasWork: u32,
  extra: u32,
): i32 {
  const refused = checkAttributes(type, keySize, valueSize, maxEntries, flags, extra)
  if (refused) return refused
  if ((hasTimer | hasWork) !== 0 && <u64>maxEntries > MOST_ELEMENTS) return -E2BIG
  let bytes: u64 = 0
  if (hasTimer) bytes += slotBytes(type, maxEntries)
  if (hasWork) bytes += slotBytes(type, maxEntries)
  if (isHash(type)) {
    bytes += bucketBytes(maxEntries) + recordsBytes(type, keySize, maxEntries)
    bytes += poolBytes(type, maxEntries) + <u64>cpuCount() * SHARE_BYTES
  }
  if (holdsReferences(type)) bytes += roundUp(strideOf(type, keySize, valueSize) * elementsOf(type, maxEntries), 64)
  // A header word for every 8 bytes (ring-record.ts).
  if (isRing(type)) bytes += maxEntries
  if (isQueue(type)) bytes += placesBytes(maxEntries) + poolBytes(type, maxEntries) + stepBytes()
  if (isTrie(type)) bytes += trieBytes(type, keySize, maxEntries)
  if (type === MAP_TYPE_BLOOM_FILTER) bytes += bloomBytes(maxEntries, extra)
  return asResult(bytes)
}

/** Bytes of the links of a hash map's buckets. */
export function bucketBytes(maxEntries: u32): u64 {
  return roundUp(8 * bucketsOf(maxEntries), 64)
}

/** Bytes of the links of a queue's places. */
export function placesBytes(maxEntries: u32): u64 {
  return roundUp(8 * powerOfTwoFrom(maxEntries), 64)
}

/** Bytes of the pool of free elements: the bitmap's head and its words. */
export function poolBytes(type: u32, maxEntries: u32): u64 {
  return roundUp(BITMAP_BYTES + <u64>bitmapBytes(<u32>elementsOf(type, maxEntries)), 64)
}

/** Bytes of the guest window that the map takes (whole guest pages), or a negative errno as `map_bytes_core`. */
export function map_bytes_guest(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  _hasTimer: u32,
  _hasWork: u32,
  extra: u32,
): i32 {
  const refused = checkAttributes(type, keySize, valueSize, maxEntries, flags, extra)
  if (refused) return refused
  if (holdsReferences(type)) return 0
  // Samples lie in one piece: what passes the ring's end goes on behind it.
  if (type === MAP_TYPE_RINGBUF) return asResult(2 * <u64>maxEntries)
  // And behind them a dynptr (user-ring.ts).
  if (type === MAP_TYPE_USER_RINGBUF) return asResult(2 * <u64>maxEntries + 4096)
  const bytes = isPerCpu(type)
    ? cpuStrideOf(type, keySize, valueSize, maxEntries) * <u64>peek32(HEADER + HEADER_CPUS)
    : strideOf(type, keySize, valueSize) * elementsOf(type, maxEntries)
  return asResult(roundUp(bytes, 4096))
}
