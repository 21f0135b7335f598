// Hash and LRU hash: lookup, update and delete, without a lock, in any context. Lookup is wait-free, the others lock-free.
// Called by the helpers and the host, inside a section. list.ts has the proof; here is who owns an element when:
//  - out of the pool (bitmap): in the hands of the one operation that took it, until it publishes it in its bucket or
//    gives it back;
//  - marked: in the hands of the operation that set the mark. It closes the element's timers and work before it returns,
//    makes sure that the element is unlinked, and gives it to the pool. The element may be handed out again at once.
// An operation holds at most one element at any step, so a CPU that stops strands one for each nesting level, and the pool,
// which has max_entries and one for every level of every CPU, always has one for whoever asks.
import { BPF_EXIST, BPF_F_LOCK, E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, MAP_TYPE_LRU_HASH } from '../abi'
import { closeElement, openElement } from '../async/element'
import { glance32, glance64, load64, peek32 } from '../door'
import { MAP_KEY_SIZE, MAP_POOL, MAP_SPIN_LOCK_OFFSET, MAP_TYPE } from '../layout'
import { bitmapGive, bitmapTake } from '../memory/bitmap'
import { answerLookups, findSurely } from './announce'
import { FIND_DISTURBED, find, findAtHead } from './find'
import {
  ABSENT,
  FULL,
  INSERTED,
  PRESENT,
  PUT,
  PUT_RESERVED,
  REMOVE,
  SWEEP,
  TAKEN,
  TAKEN_LINKED,
  act,
  takenElement,
} from './list'
import { clearReferenced, evict, markReferenced } from './lru'
import { elementAddress, valueAddress } from './map'
import { RECORD_KEY, RECORD_ORDER, isLong, orderOf, recordOf, writeKey } from './record'
import { isFull, reserve, unreserve } from './room'
import { hasSlots, writeValue } from './value'

const NONE: u32 = 0xffffffff
/** Tries to get a free element, and to make room in an LRU map, before -ENOMEM: each failure needs others to be quicker. */
const TRIES: u32 = 64
const EVICTIONS: u32 = 4

/** The element of the key at a guest address: index + 1, or 0. Wait-free. */
export function hashFind(map: usize, key: usize): u32 {
  const order = orderOf(map, key)
  const found = find(map, order, isLong(map) ? key : 0)
  return found === FIND_DISTURBED ? findSurely(map, order, key) : found
}

/** Guest address of the value of the key at a guest address, 0 if absent: the program's lookup, a use in the sense of LRU. */
export function hashLookup(map: usize, key: usize): usize {
  const size = peek32(map + MAP_KEY_SIZE)
  let found = FIND_DISTURBED
  if (size === 4 || size === 8) found = findAtHead(map, size === 4 ? <u64>glance32(key) : glance64(key))
  if (found === FIND_DISTURBED) found = hashFind(map, key)
  if (!found) return 0
  if (peek32(map + MAP_TYPE) === MAP_TYPE_LRU_HASH) markReferenced(map, found - 1)
  return valueAddress(map, found - 1)
}

function isLru(map: usize): bool {
  return peek32(map + MAP_TYPE) === MAP_TYPE_LRU_HASH
}

/** A free element, or NONE. */
function take(map: usize): u32 {
  const pool = <usize>peek32(map + MAP_POOL)
  for (let turn: u32 = 0; turn < TRIES; turn++) {
    const index = bitmapTake(pool, 0)
    if (index >= 0) return <u32>index
  }
  return NONE
}

function give(map: usize, index: u32): void {
  bitmapGive(<usize>peek32(map + MAP_POOL), index)
}

/** The words of the key of an element in the caller's hands, as `act` wants them. */
function ownKey(map: usize, index: u32): usize {
  return isLong(map) ? recordOf(map, index) + RECORD_KEY : 0
}

/** Ends the life of an element that `act` gave to the caller: its timers and work, and the last link to it. */
function retire(map: usize, result: u32): u32 {
  const index = takenElement(result)
  if (hasSlots(map)) closeElement(map, index)
  if ((result & 0xff) === TAKEN_LINKED) {
    act(map, SWEEP, load64(recordOf(map, index) + RECORD_ORDER), ownKey(map, index), 0, 0)
  }
  return index
}

function refuse(map: usize, flags: u64): i32 {
  if (isLru(map)) return flags > <u64>BPF_EXIST ? -EINVAL : 0
  if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  if (!(flags & BPF_F_LOCK)) return 0
  return peek32(map + MAP_SPIN_LOCK_OFFSET) === NONE ? -EINVAL : -EOPNOTSUPP
}

/** Makes room for one element in a full LRU map by evicting one. The evicted element's room is then the caller's, and so
 *  is the element, free: its index + 1. 0 if others were always quicker. */
function evictForRoom(map: usize): u32 {
  const evicted = evict(map)
  return evicted === ABSENT ? 0 : retire(map, evicted) + 1
}

/** True if an insertion of the key would have to evict: then it takes the evicted element, which the hand has just passed. */
function mustEvict(map: usize, key: usize, flags: u64): bool {
  if (flags & BPF_EXIST || !isFull(map)) return false
  const order = orderOf(map, key)
  return find(map, order, isLong(map) ? key : 0) === 0
}

/** Room in an LRU map for one whose PUT found it full: reserved or taken from an evicted element. */
function makeRoom(map: usize): bool {
  for (let turn: u32 = 0; turn < EVICTIONS; turn++) {
    if (reserve(map)) return true
    const evicted = evictForRoom(map)
    if (evicted) {
      give(map, evicted - 1)
      return true
    }
  }
  return false
}

/**
 * Inserts or replaces the element of the key at `key` with the value at `value` (guest addresses). 0; -EINVAL (flags);
 * -EEXIST, -ENOENT (BPF_NOEXIST, BPF_EXIST); -E2BIG if the map is full; -ENOMEM if no element could be got. A replaced or
 * evicted element's timers and work are freed before this returns; a refused update changes nothing.
 */
export function hashUpdate(map: usize, key: usize, value: usize, flags: u64): i32 {
  const refused = refuse(map, flags)
  if (refused) return refused
  answerLookups(map)
  const lru = isLru(map)
  const evicted = lru && mustEvict(map, key, flags) ? evictForRoom(map) : 0
  const mine = evicted ? evicted - 1 : take(map)
  if (mine === NONE) return -ENOMEM
  let room = evicted !== 0
  const order = writeKey(map, recordOf(map, mine), elementAddress(map, mine), key)
  writeValue(map, valueAddress(map, mine), value)
  const slots = hasSlots(map)
  if (slots) openElement(map, mine)
  if (lru) clearReferenced(map, mine)
  const words = ownKey(map, mine)
  let result = act(map, room ? PUT_RESERVED : PUT, order, words, mine, <u32>flags)
  if (result === FULL && lru && makeRoom(map)) {
    room = true
    result = act(map, PUT_RESERVED, order, words, mine, <u32>flags)
  }
  if (result === INSERTED) return 0
  if (room) unreserve(map)
  if ((result & 0xff) >= TAKEN) {
    if (lru) markReferenced(map, mine)
    give(map, retire(map, result))
    return 0
  }
  // A stale pointer may have been used to initialise a timer in it meanwhile.
  if (slots) closeElement(map, mine)
  give(map, mine)
  if (result === PRESENT) return -EEXIST
  if (result === ABSENT) return -ENOENT
  return lru ? -ENOMEM : -E2BIG
}

/** Deletes the element of the key at a guest address: 0, -ENOENT; -ENOMEM as hashUpdate. Its timers and work are freed
 *  before this returns. */
export function hashDelete(map: usize, key: usize): i32 {
  answerLookups(map)
  let scratch = NONE
  let words: usize = 0
  let order: u64
  if (isLong(map)) {
    // A walk that writes must not compare with bytes that a guest can change: the key goes into a free element's record.
    scratch = take(map)
    if (scratch === NONE) return -ENOMEM
    order = writeKey(map, recordOf(map, scratch), elementAddress(map, scratch), key)
    words = ownKey(map, scratch)
  } else order = orderOf(map, key)
  const result = act(map, REMOVE, order, words, 0, 0)
  if (scratch !== NONE) give(map, scratch)
  if (result === ABSENT) return -ENOENT
  unreserve(map)
  give(map, retire(map, result))
  return 0
}
