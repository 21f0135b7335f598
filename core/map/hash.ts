// Hash and LRU hash: lookup, update and delete, without a lock, in any context. Lookup is wait-free, the others are
// lock-free. Called by the helpers and the host, inside a section. list.ts has the proof; here is who owns an element:
//  - out of the pool: in the hands of the one operation that took it, until it publishes it in its bucket or gives it
//    back, or the spare of a CPU (spare.ts);
//  - marked: in the hands of the operation that set the mark. It closes the element's timers and work before it
//    returns, makes sure that the element is unlinked, and gives it back. The element may be handed out again at once.
// An operation holds at most one element at any step, so a CPU that stops strands one for each nesting level, and its
// spare; there are max_entries elements and one more for every level of every CPU and for its spare, so the pool always
// has one for whoever asks.
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../abi'
import { closeElement, openElement } from '../async/element'
import { cpuIndex } from '../cpu'
import { glance32, glance64, load64, peek32, retry } from '../door'
import { MAP_KEY_SIZE, MAP_TYPE, RECORD_KEY, RECORD_LINK, RECORD_ORDER } from '../layout'
import { answerLookups, findSurely } from './announce'
import { beginWrite, endWrite } from './element-write'
import { FIND_DISTURBED, find, findAtHead } from './find'
import {
  ABSENT,
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
import { lockValue, refuseLock, unlockValue } from './locked'
import { clearReferenced, evict, markReferenced } from './lru'
import { valueAddress, valueAddressOn } from './map'
import { isLong, orderOf, recordOf, writeKey } from './record'
import { isFull, unreserve } from './room'
import { isLru, isPerCpu } from './shape'
import { NO_ELEMENT, giveElement, takeElement } from './spare'
import { begin, end } from './under-way'
import { hasSlots, readElement, readValue, writeCpuValues, writeValue } from './value'

/** Tries to insert into an LRU map before -ENOMEM: others were quicker at each. */
const EVICTIONS: u32 = 4

/** The element of the key at a guest address: index + 1, or 0. Wait-free. */
export function hashFind(map: usize, key: usize): u32 {
  const order = orderOf(map, key)
  const found = find(map, order, isLong(map) ? key : 0)
  return found === FIND_DISTURBED ? findSurely(map, order, key) : found
}

/**
 * Guest address of the value of the key at a guest address, 0 if absent: the program's lookup, a use in the sense of
 * LRU.
 */
export function hashLookup(map: usize, key: usize): usize {
  const size = peek32(map + MAP_KEY_SIZE)
  let found = FIND_DISTURBED
  if (size === 4 || size === 8) found = findAtHead(map, size === 4 ? <u64>glance32(key) : glance64(key))
  if (found === FIND_DISTURBED) found = hashFind(map, key)
  if (!found) return 0
  const type = peek32(map + MAP_TYPE)
  if (isLru(type)) markReferenced(map, found - 1)
  return isPerCpu(type) ? valueAddressOn(map, found - 1, cpuIndex()) : valueAddress(map, found - 1)
}

/** No record's link. */
const ELSEWHERE = u64.MAX_VALUE

/**
 * For whoever reads the element `found` (of hashFind), which may be handed out for another key at any step: the link of
 * its record while it was the key's, ELSEWHERE if it is not any more. What is read afterwards is the key's if
 * `isStill` says so behind it: a link changes whenever its record leaves the map.
 */
export function linkOfKey(map: usize, key: usize, found: u32): u64 {
  const link = load64(recordOf(map, found - 1) + RECORD_LINK)
  return hashFind(map, key) === found ? link : ELSEWHERE
}

/** True if the element `found` has been the key's since linkOfKey gave `link`. */
export function isStill(map: usize, found: u32, link: u64): bool {
  return load64(recordOf(map, found - 1) + RECORD_LINK) === link
}

/**
 * The first 8 bytes of the value of the key at a guest address, read in one step while they were that key's; 0 if
 * absent. Lock-free: each further turn follows a change of the bucket.
 */
export function hashWord(map: usize, key: usize): u64 {
  while (true) {
    retry()
    const found = hashFind(map, key)
    if (!found) return 0
    const link = linkOfKey(map, key, found)
    const word = load64(valueAddress(map, found - 1))
    if (isStill(map, found, link)) return word
  }
}

/** As hashLookup; the value of CPU `on` in a per-CPU map. */
export function hashLookupOn(map: usize, key: usize, on: u32): usize {
  const found = hashFind(map, key)
  if (!found) return 0
  if (isLru(peek32(map + MAP_TYPE))) markReferenced(map, found - 1)
  return valueAddressOn(map, found - 1, on)
}

function evicts(map: usize): bool {
  return isLru(peek32(map + MAP_TYPE))
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
  if (evicts(map)) return flags > <u64>BPF_EXIST ? -EINVAL : 0
  if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  return refuseLock(map, flags)
}

/**
 * Makes room for one element in a full LRU map by evicting one. The evicted element's room is then the caller's, and
 * so is the element, free: its index + 1. 0 if others were always quicker.
 */
function evictForRoom(map: usize): u32 {
  const evicted = evict(map)
  return evicted === ABSENT ? 0 : retire(map, evicted) + 1
}

/**
 * True if an insertion of the key would have to evict: then it takes the evicted element, which the hand has just
 * passed, or in a per-CPU map one from the pool in its room.
 */
function mustEvict(map: usize, key: usize, flags: u64): bool {
  if (flags & BPF_EXIST || !isFull(map)) return false
  const order = orderOf(map, key)
  return find(map, order, isLong(map) ? key : 0) === 0
}

/**
 * BPF_F_LOCK on a key that is present: its value is written in place from `value`, and timers and work stay, as in the
 * kernel; or it is read (readValue) to there. 0, -ENOENT if the key is absent, or what lockValue answers. An element
 * that leaves the map while we wait for its lock is not used, and one that leaves it afterwards is not handed out until
 * we are done: the kernel writes into another key's element then.
 */
export function hashLocked(map: usize, key: usize, value: usize, reads: bool, waits: bool): i32 {
  while (true) {
    retry()
    const found = hashFind(map, key)
    if (!found) return -ENOENT
    const at = valueAddress(map, found - 1)
    const held = lockValue(map, at, waits)
    if (held) return held
    // There is a word for it: nested code, for which there might be none, may have no lock (spin-lock.ts).
    const word = beginWrite(map, found - 1)
    const still = hashFind(map, key) === found
    if (still) {
      if (reads) readValue(map, at, value)
      else writeValue(map, at, value)
    }
    endWrite(word)
    unlockValue(map, at)
    if (still) return 0
  }
}

/**
 * Inserts or replaces the element of the key at `key` with the value at `value` (guest addresses). 0; -EINVAL
 * (flags); -EEXIST, -ENOENT (BPF_NOEXIST, BPF_EXIST); -E2BIG if the map is full; -ENOMEM if no element could be got.
 * A replaced or evicted element's timers and work are freed before this returns; a refused update changes nothing. For
 * BPF_F_LOCK also what lockValue answers.
 */
export function hashUpdate(map: usize, key: usize, value: usize, flags: u64, waits: bool): i32 {
  const refused = refuse(map, flags)
  if (refused) return refused
  if (!(flags & BPF_F_LOCK) || flags & BPF_NOEXIST) return insertHash(map, key, value, flags, 0)
  while (true) {
    retry()
    const written = hashLocked(map, key, value, false, waits)
    if (written !== -ENOENT || flags & BPF_EXIST) return written
    // An element that somebody has inserted by now stays, with its timers: it is written in place.
    const inserted = insertHash(map, key, value, BPF_NOEXIST, 0)
    if (inserted !== -EEXIST) return inserted
  }
}

/** As hashUpdate, its flags checked already; a per-CPU map takes values as writeCpuValues. */
export function insertHash(map: usize, key: usize, value: usize, flags: u64, which: u32): i32 {
  begin()
  let result = put(map, key, value, flags, which)
  // An LRU map is full only for one who found it full and nothing to evict, or whose room others took: they make room.
  for (let turn: u32 = 1; result === -E2BIG && evicts(map); turn++) {
    result = turn < EVICTIONS ? put(map, key, value, flags, which) : -ENOMEM
  }
  end()
  return result
}

function put(map: usize, key: usize, value: usize, flags: u64, which: u32): i32 {
  answerLookups(map)
  const lru = evicts(map)
  const perCpu = isPerCpu(peek32(map + MAP_TYPE))
  const evicted = lru && mustEvict(map, key, flags) ? evictForRoom(map) : 0
  // Somebody may still be writing into it (element-write.ts): whoever takes from the pool passes over such an element.
  if (evicted && perCpu) giveElement(map, evicted - 1)
  const mine = evicted && !perCpu ? evicted - 1 : takeElement(map)
  if (mine === NO_ELEMENT) {
    if (evicted) unreserve(map)
    return -ENOMEM
  }
  const order = writeKey(map, recordOf(map, mine), key)
  if (perCpu) writeCpuValues(map, mine, value, which, true)
  else writeValue(map, valueAddress(map, mine), value)
  if (hasSlots(map)) openElement(map, mine)
  if (lru) clearReferenced(map, mine)
  return publish(map, mine, order, <u32>flags, evicted !== 0)
}

/**
 * Brings an element in the caller's hands, whose key and value are written, into the map, or gives it back: as
 * hashUpdate, but -E2BIG also if an LRU map is full. `reserved`: the caller has the room, too.
 */
export function publish(map: usize, mine: u32, order: u64, flags: u32, reserved: bool): i32 {
  const result = act(map, reserved ? PUT_RESERVED : PUT, order, ownKey(map, mine), mine, flags)
  if (result === INSERTED) return 0
  if (reserved) unreserve(map)
  if ((result & 0xff) >= TAKEN) {
    if (evicts(map)) markReferenced(map, mine)
    giveElement(map, retire(map, result))
    return 0
  }
  // A stale pointer may have been used to initialise a timer in it meanwhile.
  if (hasSlots(map)) closeElement(map, mine)
  giveElement(map, mine)
  if (result === PRESENT) return -EEXIST
  return result === ABSENT ? -ENOENT : -E2BIG
}

/**
 * Deletes the element of the key at a guest address: 0 or -ENOENT. Its timers and work are freed before this returns.
 * What it held is copied to guest memory at `into` unless that is 0 (readElement).
 */
export function hashDelete(map: usize, key: usize, into: usize): i32 {
  begin()
  const result = remove(map, key, into)
  end()
  return result
}

function remove(map: usize, key: usize, into: usize): i32 {
  answerLookups(map)
  // The walk may compare with the guest's own bytes: a guest that changes them meanwhile deletes some key of its map.
  const result = act(map, REMOVE, orderOf(map, key), isLong(map) ? key : 0, 0, 0)
  if (result === ABSENT) return -ENOENT
  unreserve(map)
  const index = retire(map, result)
  if (into) readElement(map, index, into)
  giveElement(map, index)
  return 0
}
