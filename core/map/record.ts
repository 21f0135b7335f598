// The record of a hash element, in core memory where no guest can scribble: all that decides membership and order.
//   +0  link   u64 {version : 39, mark : 1, next : 24}; next is the following element's index + 1, 0 at the end.
//   +8  order  u64: the key itself, zero-extended, up to 8 bytes; for longer keys a 64-bit hash of it.
//   +16 the words of a key of more than 8 bytes, the last one padded with zeros.
//   end reference mark of an LRU map (u32, advice).
// The version grows with every change of the word and is never reset, so a word that is seen twice has not changed
// between. A marked record is not in the map. An unmarked one is in the map, or prepared to be, or free after it was
// prepared in vain: only the walk to its key tells. Guest memory has the values alone.
// Called by the files of this folder.
import { glance32, glance64, glance8, load64, note64, peek32, peek64 } from '../door'
import {
  BUCKET_LINE,
  BUCKET_LINE_BITS,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_BUCKET_SHIFT,
  MAP_KEY_SIZE,
  MAP_MULTIPLIER,
  MAP_RECORDS,
  MAP_RECORD_BYTES,
  MAP_SEED,
  RECORD_KEY,
  RECORD_LINK,
  RECORD_NEXT,
  RECORD_ORDER,
} from '../layout'

const VERSION: u64 = 1 << 25

/** Address of the record of an element. */
export function recordOf(map: usize, index: u32): usize {
  return <usize>(peek32(map + MAP_RECORDS) + index * peek32(map + MAP_RECORD_BYTES))
}

/** The word that follows `word` in a link: a new version, leading to `next` (index + 1), marked or not. */
export function linkAfter(word: u64, mark: u64, next: u32): u64 {
  return ((word & ~(VERSION - 1)) + VERSION) | mark | (<u64>next)
}

/** Address of an element's key: of its first byte, whole words, little endian. */
export function keyAddress(map: usize, index: u32): usize {
  return recordOf(map, index) + (isLong(map) ? RECORD_KEY : RECORD_ORDER)
}

/** What `word` leads to: index + 1, or 0. */
export function nextOf(word: u64): u32 {
  return (<u32>word) & RECORD_NEXT
}

/** Spreads the bits of a number. */
export function mix(value: u64): u64 {
  const product = value * (((<u64>0x9e3779b9) << 32) | 0x7f4a7c15)
  return product ^ (product >> 32)
}

/** The bytes of guest memory from `address` on, at most 8, as a number. */
function tail(address: usize, bytes: u32): u64 {
  let word: u64 = 0
  for (let i: u32 = 0; i < bytes; i++) word |= (<u64>glance8(address + i)) << ((<u64>i) << 3)
  return word
}

/** The order word of the key at a guest address. It is read once or, for long keys, again for comparing; a guest that
 *  changes it meanwhile gets an answer for some key. */
export function orderOf(map: usize, key: usize): u64 {
  const size = peek32(map + MAP_KEY_SIZE)
  if (size === 4) return <u64>glance32(key)
  if (size === 8) return glance64(key)
  return size < 8 ? tail(key, size) : hashOf(peek32(map + MAP_SEED), key, size)
}

/** A hash of the bytes at an address: two chains side by side, for each multiplication waits for the one before it. */
export function hashOf(seed: u32, address: usize, size: u32): u64 {
  let hash = ((<u64>seed) << 32) ^ (<u64>size)
  let other = ~hash
  let at: u32 = 0
  for (; at + 16 <= size; at += 16) {
    hash = mix(hash ^ glance64(address + at))
    other = mix(other ^ glance64(address + at + 8))
  }
  if (at + 8 <= size) {
    hash = mix(hash ^ glance64(address + at))
    at += 8
  }
  if (at < size) other = mix(other ^ tail(address + at, size - at))
  return mix(hash ^ rotl(other, 32))
}

/** The bucket that keys with this order word belong to: address of its link. */
export function bucketOf(map: usize, order: u64): usize {
  return bucketAt(
    peek32(map + MAP_BUCKETS),
    peek32(map + MAP_BUCKET_MASK),
    peek64(map + MAP_MULTIPLIER),
    peek32(map + MAP_BUCKET_SHIFT),
    order,
  )
}

/**
 * The same of a map with these numbers. One multiplication (multiplier.ts). Eight keys that differ in their last three
 * bits only have the eight buckets of one cache line.
 */
export function bucketAt(buckets: usize, mask: u32, multiplier: u64, shift: u32, order: u64): usize {
  const line = <u32>(((order >> BUCKET_LINE_BITS) * multiplier) >> (<u64>shift))
  return buckets + ((<usize>((line ^ ((<u32>order) & BUCKET_LINE)) & mask)) << 3)
}

/** True for keys of more than 8 bytes, whose order word does not identify them. */
export function isLong(map: usize): bool {
  return peek32(map + MAP_KEY_SIZE) > 8
}

/** True if the key words of `record` are those of the long key at a guest address (or at another record's words). */
export function sameKey(map: usize, record: usize, key: usize): bool {
  const size = peek32(map + MAP_KEY_SIZE)
  let at: u32 = 0
  for (; at + 8 <= size; at += 8) if (load64(record + RECORD_KEY + at) !== glance64(key + at)) return false
  return at === size || load64(record + RECORD_KEY + at) === tail(key + at, size - at)
}

/**
 * For whoever has just unlinked the element of `record` and writes into it: the plain stores that follow are not seen
 * before the exchange that unlinked it. On machines that reorder stores they might pass the exchange, but not a load
 * that comes after it. The word of the link.
 */
export function keepBehind(record: usize): u64 {
  return load64(record + RECORD_LINK)
}

/**
 * Writes the key into the record of an element that is in the caller's hands. Returns the order word of what was
 * written, whatever a guest does to its key meanwhile. Plain stores: a walk that still comes by the element's old place
 * finds afterwards that the link to it has changed (list.ts), and the exchange that publishes the element orders them
 * for all others.
 */
export function writeKey(map: usize, record: usize, key: usize): u64 {
  const size = peek32(map + MAP_KEY_SIZE)
  keepBehind(record)
  if (size <= 8) {
    const order = orderOf(map, key)
    note64(record + RECORD_ORDER, order)
    return order
  }
  for (let at: u32 = 0; at < size; at += 8) {
    note64(record + RECORD_KEY + at, at + 8 <= size ? glance64(key + at) : tail(key + at, size - at))
  }
  const order = hashOf(peek32(map + MAP_SEED), record + RECORD_KEY, size)
  note64(record + RECORD_ORDER, order)
  return order
}

/**
 * Where the key of `record` stands to the key at `key`, both of equal order word: below 0 if it comes first, 0 the
 * same. `key` is as for `sameKey`, or 0 for keys that their order word identifies.
 */
export function compareKey(map: usize, record: usize, key: usize): i32 {
  if (!key) return 0
  const size = peek32(map + MAP_KEY_SIZE)
  for (let at: u32 = 0; at < size; at += 8) {
    const theirs = load64(record + RECORD_KEY + at)
    const mine = at + 8 <= size ? glance64(key + at) : tail(key + at, size - at)
    if (theirs !== mine) return theirs < mine ? -1 : 1
  }
  return 0
}

/** Copies the key of a record to guest memory, in whole words. */
export function copyKey(map: usize, record: usize, into: usize): void {
  const size = peek32(map + MAP_KEY_SIZE)
  if (size <= 8) note64(into, load64(record + RECORD_ORDER))
  else for (let at: u32 = 0; at < size; at += 8) note64(into + at, load64(record + RECORD_KEY + at))
}
