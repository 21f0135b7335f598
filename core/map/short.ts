// The common way of an update and of a delete: a hash map whose keys are one word each and whose values have no special
// fields (MAP_SHORT), and a bucket that nobody else is changing. The same steps as in hash.ts and list.ts, in one
// function each: there they are a dozen calls, which take longer than the steps. Whatever is rare is left to hash.ts,
// before anything was changed: a list that changes, nested code, a lookup that waits for help, an element or a room
// that is not at hand. An insertion that has evicted and then finds its place changed goes on there with what it has.
// What is fixed of a map is passed, to be constant: where the code names the map, the module has these functions for
// itself, with what they call, but for exports, written in place (src/jit/in-place.ts). Called by the helpers.
import { BPF_EXIST, BPF_NOEXIST } from '../abi'
import { cpu, cpuIndex } from '../cpu'
import { compareExchange64, glance32, glance64, load64, note32, note64, peek32, peek64, poke32 } from '../door'
import { inGuestWindow } from '../guest'
import {
  CPU_MAP_OPERATIONS,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_BUCKET_SHIFT,
  MAP_ELEMENTS,
  MAP_ELEMENT_COUNT,
  MAP_HAND,
  MAP_KEY_SIZE,
  MAP_MULTIPLIER,
  MAP_RECORDS,
  MAP_RECORD_BYTES,
  MAP_SHARES,
  MAP_SLOW_LOOKUPS,
  MAP_STRIDE,
  MAP_TYPE,
  MAP_VALUE_SIZE,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_ORDER,
  RECORD_REFERENCED,
  SHARE_BYTES,
  SHARE_SPARE,
} from '../layout'
import { publish } from './hash'
import { ABSENT, SWEEP, TAKEN_LINKED, act, takenElement } from './list'
import { evict } from './lru'
import { bucketAt, keepBehind, linkAfter, nextOf } from './record'
import { RESERVED, isFull, reserveOwn, unreserve } from './room'
import { isLru } from './shape'
import { giveElement } from './spare'
import { copyShort } from './value'

/** As hashUpdate without BPF_F_LOCK, and 1 more; 0 if nothing has changed and the long way is to be gone. */
export function updateShort(map: usize, key: u64, value: u64, flags: u64): i64 {
  return map_update_at_once(
    0,
    key,
    value,
    flags,
    map,
    peek32(map + MAP_BUCKETS),
    peek32(map + MAP_BUCKET_MASK),
    peek64(map + MAP_MULTIPLIER),
    peek32(map + MAP_BUCKET_SHIFT),
    peek32(map + MAP_RECORDS),
    peek32(map + MAP_RECORD_BYTES),
    peek32(map + MAP_ELEMENTS),
    peek32(map + MAP_STRIDE),
    peek32(map + MAP_SHARES),
    peek32(map + MAP_KEY_SIZE),
    peek32(map + MAP_VALUE_SIZE),
    u32(isLru(peek32(map + MAP_TYPE))),
  )
}

/** Deletes the key: 1, or 0 as updateShort. */
export function deleteShort(map: usize, key: u64): i64 {
  return map_delete_at_once(
    0,
    key,
    map,
    peek32(map + MAP_BUCKETS),
    peek32(map + MAP_BUCKET_MASK),
    peek64(map + MAP_MULTIPLIER),
    peek32(map + MAP_BUCKET_SHIFT),
    peek32(map + MAP_RECORDS),
    peek32(map + MAP_RECORD_BYTES),
    peek32(map + MAP_SHARES),
    peek32(map + MAP_KEY_SIZE),
  )
}

/** The order word of a key (record.ts has it for keys of other sizes, too). */
function keyAt(key: usize, keySize: u32): u64 {
  return keySize === 8 ? glance64(key) : <u64>glance32(key)
}

/** Walks to the place of the key, as `act` does, and changes it. */
export function map_update_at_once(
  _: u64,
  keyPointer: u64,
  valuePointer: u64,
  flags: u64,
  map: usize,
  buckets: usize,
  mask: u32,
  multiplier: u64,
  shift: u32,
  records: usize,
  recordBytes: u32,
  values: usize,
  stride: u32,
  shares: usize,
  keySize: u32,
  valueSize: u32,
  lru: u32,
): i64 {
  if (flags > <u64>BPF_EXIST || !inGuestWindow(keyPointer, keySize) || !inGuestWindow(valuePointer, valueSize)) return 0
  const operations = cpu() + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return 0
  const order = keyAt(<usize>keyPointer, keySize)
  let link = bucketAt(buckets, mask, multiplier, shift, order)
  let word = load64(link)
  let current = nextOf(word)
  if (load64(map + MAP_SLOW_LOOKUPS) !== 0) return 0
  let record: usize = 0
  let its: u64 = 0
  while (current) {
    record = records + (current - 1) * recordBytes
    its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    if (load64(link) !== word || its & RECORD_MARK) return 0
    if (place === order) break
    if (place > order) current = 0
    else {
      link = record + RECORD_LINK
      word = its
      current = nextOf(its)
    }
  }
  if (flags & (current ? <u64>BPF_NOEXIST : <u64>BPF_EXIST)) return 0
  // From here to the end nested code leaves the spare element alone (spare.ts).
  poke32(operations, 1)
  const share = shares + <usize>cpuIndex() * SHARE_BYTES
  const full = lru !== 0 && !current
  // Of a full LRU map one that it evicts, in that one's room; else the CPU's spare one, a new one in a room of its own.
  const mine = full ? evicted(map, buckets, mask, multiplier, shift, records, recordBytes) : spareOf(share, current)
  let done: i64 = 0
  if (mine) {
    const own = records + (mine - 1) * recordBytes
    const was = keepBehind(own)
    note64(own + RECORD_ORDER, order)
    writeShort(values + (mine - 1) * stride, <usize>valuePointer, valueSize)
    note64(own + RECORD_LINK, linkAfter(was, 0, nextOf(current ? its : word)))
    if (lru) note32(own + recordBytes - RECORD_REFERENCED, u32(current !== 0))
    if (current) done = replace(map, order, link, word, record, its, share, mine)
    else if (compareExchange64(link, word, linkAfter(word, 0, mine)) === word) done = 1
    // The place has changed; by the eviction itself, if that was here.
    else if (lru) done = <i64>publish(map, mine - 1, order, <u32>flags, true) + 1
    else {
      unreserve(map)
      poke32(share + SHARE_SPARE, mine)
    }
  }
  poke32(operations, 0)
  return done
}

/** Takes the CPU's spare element, for a new one with a room of its own; 0 if one of both is not there. */
function spareOf(share: usize, current: u32): u32 {
  const spare = peek32(share + SHARE_SPARE)
  if (!spare || (!current && reserveOwn(share) !== RESERVED)) return 0
  poke32(share + SHARE_SPARE, 0)
  return spare
}

/** Writes a value; of 64 bytes at most. */
function writeShort(to: usize, value: usize, size: u32): void {
  if (size === 64) {
    copyShort(to, value, 32)
    copyShort(to + 32, value + 32, 32)
  } else copyShort(to, value, size)
}

/** The caller's element for that of the key, which `link` leads to: 1, or 0 and the element is the spare one again. */
function replace(
  map: usize,
  order: u64,
  link: usize,
  word: u64,
  record: usize,
  its: u64,
  share: usize,
  mine: u32,
): i64 {
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, mine)) !== its) {
    poke32(share + SHARE_SPARE, mine)
    return 0
  }
  if (compareExchange64(link, word, linkAfter(word, 0, mine)) !== word) act(map, SWEEP, order, 0, 0, 0)
  poke32(share + SHARE_SPARE, nextOf(word))
  return 1
}

/** An element of a full map that is out of it and the caller's, with its room: index + 1; 0 if there is none. */
function evicted(
  map: usize,
  buckets: usize,
  mask: u32,
  multiplier: u64,
  shift: u32,
  records: usize,
  recordBytes: u32,
): u32 {
  if (!isFull(map)) return 0
  const taken = takeAtHand(map, buckets, mask, multiplier, shift, records, recordBytes)
  if (taken) return taken
  const result = evict(map)
  if (result === ABSENT) return 0
  const mine = takenElement(result) + 1
  if ((result & 0xff) === TAKEN_LINKED)
    act(map, SWEEP, load64(records + (mine - 1) * recordBytes + RECORD_ORDER), 0, 0, 0)
  return mine
}

/**
 * What `evict` mostly does: the element at the hand has no mark and is where its key belongs, in a bucket that nobody
 * changes. Its index + 1; 0: it is still there.
 */
function takeAtHand(
  map: usize,
  buckets: usize,
  mask: u32,
  multiplier: u64,
  shift: u32,
  records: usize,
  recordBytes: u32,
): u32 {
  const next = glance32(map + MAP_HAND)
  const mine = next < peek32(map + MAP_ELEMENT_COUNT) ? next + 1 : 1
  const record = records + (mine - 1) * recordBytes
  if (glance32(record + recordBytes - RECORD_REFERENCED)) return 0
  const order = load64(record + RECORD_ORDER)
  let link = bucketAt(buckets, mask, multiplier, shift, order)
  let word = load64(link)
  while (nextOf(word) !== mine) {
    if (!nextOf(word)) return 0
    const before = records + (nextOf(word) - 1) * recordBytes
    const its = load64(before + RECORD_LINK)
    if (load64(link) !== word || its & RECORD_MARK) return 0
    link = before + RECORD_LINK
    word = its
  }
  const its = load64(record + RECORD_LINK)
  if (load64(link) !== word || its & RECORD_MARK) return 0
  note32(map + MAP_HAND, mine)
  const successor = nextOf(its)
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, successor)) !== its) return 0
  // By now it may be another key's than when the walk began.
  if (compareExchange64(link, word, linkAfter(word, 0, successor)) !== word)
    act(map, SWEEP, load64(record + RECORD_ORDER), 0, 0, 0)
  return mine
}

export function map_delete_at_once(
  _: u64,
  keyPointer: u64,
  map: usize,
  buckets: usize,
  mask: u32,
  multiplier: u64,
  shift: u32,
  records: usize,
  recordBytes: u32,
  shares: usize,
  keySize: u32,
): i64 {
  if (!inGuestWindow(keyPointer, keySize)) return 0
  const operations = cpu() + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return 0
  const order = keyAt(<usize>keyPointer, keySize)
  let link = bucketAt(buckets, mask, multiplier, shift, order)
  let word = load64(link)
  if (load64(map + MAP_SLOW_LOOKUPS) !== 0) return 0
  while (nextOf(word)) {
    const record = records + (nextOf(word) - 1) * recordBytes
    const its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    if (load64(link) !== word || its & RECORD_MARK || place > order) return 0
    if (place === order) {
      poke32(operations, 1)
      const done = unlink(map, order, link, word, record, its, shares + <usize>cpuIndex() * SHARE_BYTES)
      poke32(operations, 0)
      return done
    }
    link = record + RECORD_LINK
    word = its
  }
  return 0
}

/** The element of the key, which `link` leads to. */
function unlink(map: usize, order: u64, link: usize, word: u64, record: usize, its: u64, share: usize): i64 {
  const successor = nextOf(its)
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, successor)) !== its) return 0
  if (compareExchange64(link, word, linkAfter(word, 0, successor)) !== word) act(map, SWEEP, order, 0, 0, 0)
  unreserve(map)
  if (peek32(share + SHARE_SPARE)) giveElement(map, nextOf(word) - 1)
  else poke32(share + SHARE_SPARE, nextOf(word))
  return 1
}
