// Map operations of the host: as a user-space program's, on behalf of the CPU that this instance is. The host passes
// map addresses and staging memory of its own, so nothing is checked; each call enters a section itself.
import {
  BPF_F_LOCK,
  E2BIG,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  ERANGE,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_CGROUP_ARRAY,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_STACK_TRACE,
} from '../abi'
import { cpuCount, cpuIndex } from '../cpu'
import { glance32, note32, peek32, retry } from '../door'
import { MAP_MAX_ENTRIES, MAP_TYPE } from '../layout'
import { sectionEnter, sectionExit } from '../memory/section'
import { arrayLookupOn, arrayUpdate, arrayUpdateOn, arrayValue } from './array'
import { hashDelete, hashFind, hashLocked, hashUpdate, isStill, linkOfKey } from './hash'
import { hashNextElement, hashNextKey } from './iterate'
import { lockValue, refuseLock, unlockValue } from './locked'
import { valueAddress, valueAddressOn } from './map'
import { perCpuHashUpdate } from './percpu-hash'
import { keyAddress } from './record'
import { referenceClear, referenceId, referenceSet } from './reference'
import {
  holdsReferences,
  isArray,
  isHash,
  isPerCpu,
  isQueue,
  isReferenceArray,
  isTarget,
  isTargetArray,
  isTrie,
  powerOfTwoFrom,
} from './shape'
import { targetCopy, targetDelete, targetUpdate } from './target'
import { trieDelete, trieFind, trieNextKey, trieUpdate } from './trie'
import { EVERY_CPU, readElement, readValue } from './value'

/** Guest address of the value of the key at `key`, 0 if absent. No use in the sense of LRU. */
export function map_lookup(map: usize, key: usize): usize {
  return map_lookup_cpu(map, key, cpuIndex())
}

/** As map_lookup; in a per-CPU map the value of CPU `on`. */
export function map_lookup_cpu(map: usize, key: usize, on: u32): usize {
  const type = peek32(map + MAP_TYPE)
  if (!isHash(type) && !isTrie(type)) return isArray(type) ? arrayLookupOn(map, key, on) : 0
  const outermost = sectionEnter()
  const found = isTrie(type) ? trieFind(map, key) : hashFind(map, key)
  sectionExit(outermost)
  return found ? valueAddressOn(map, found - 1, on) : 0
}

/**
 * Copies what the element of the key at `key` holds to guest memory at `into` (readElement; of a program or an inner
 * map its id): 0; -ENOENT; -ENOTSUPP for
 * kinds without keys; -EINVAL for BPF_F_LOCK where values have no lock, and -EAGAIN, -EDEADLK if the lock cannot be had
 * now (trySpinLock). No use in the sense of LRU.
 */
export function map_lookup_copy(map: usize, key: usize, into: usize, flags: u32): i32 {
  const refused = refuseLock(map, flags)
  if (refused) return refused
  const outermost = sectionEnter()
  const result = lookupCopy(map, key, into, flags)
  sectionExit(outermost)
  return result
}

/**
 * Of a hash map: copies what the element of the key at `key` holds, while it was that key's: 0, -ENOENT. Lock-free:
 * each further turn follows a change of the bucket.
 */
function copyElement(map: usize, key: usize, into: usize): i32 {
  while (true) {
    retry()
    const found = hashFind(map, key)
    if (!found) return -ENOENT
    const link = linkOfKey(map, key, found)
    readElement(map, found - 1, into)
    if (isStill(map, found, link)) return 0
  }
}

function lookupCopy(map: usize, key: usize, into: usize, flags: u32): i32 {
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_PERF_EVENT_ARRAY || type === MAP_TYPE_CGROUP_ARRAY) return -ENOTSUPP
  if (holdsReferences(type)) {
    const id = referenceId(map, key)
    if (!id) return -ENOENT
    note32(into, id)
    return 0
  }
  if (isTargetArray(type)) return targetCopy(map, key, into)
  let index: u32
  if (isHash(type)) {
    return flags & BPF_F_LOCK ? hashLocked(map, key, into, true, false) : copyElement(map, key, into)
  } else if (isTrie(type)) {
    const found = trieFind(map, key)
    if (!found) return -ENOENT
    index = found - 1
  } else if (isArray(type)) {
    index = glance32(key)
    if (index >= peek32(map + MAP_MAX_ENTRIES)) return -ENOENT
  } else return -ENOTSUPP
  if (!(flags & BPF_F_LOCK)) {
    readElement(map, index, into)
    return 0
  }
  const value = valueAddress(map, index)
  const held = lockValue(map, value, false)
  if (held) return held
  readValue(map, value, into)
  unlockValue(map, value)
  return 0
}

/**
 * 0 or a negative errno, for BPF_F_LOCK also -EAGAIN and -EDEADLK (trySpinLock). A per-CPU map takes a value for each
 * CPU, each padded to 8 bytes.
 */
export function map_update(map: usize, key: usize, value: usize, flags: u32): i32 {
  const refused = refuseLock(map, flags)
  if (refused) return refused
  const outermost = sectionEnter()
  const type = peek32(map + MAP_TYPE)
  let result: i32
  if (type === MAP_TYPE_PERF_EVENT_ARRAY) result = -ENOTSUPP
  else if (type === MAP_TYPE_STACK_TRACE) result = -EINVAL
  else if (isReferenceArray(type)) result = referenceSet(map, key, value, flags)
  else if (isTarget(type)) result = targetUpdate(map, key, value, flags)
  else if (isPerCpu(type)) result = updateOn(map, key, value, flags, EVERY_CPU)
  else if (isHash(type)) result = hashUpdate(map, key, value, flags, false)
  else if (isTrie(type)) result = trieUpdate(map, key, value, flags)
  else result = isArray(type) ? arrayUpdate(map, key, value, flags, false) : -ENOTSUPP
  sectionExit(outermost)
  return result
}

function updateOn(map: usize, key: usize, value: usize, flags: u32, which: u32): i32 {
  return peek32(map + MAP_TYPE) === MAP_TYPE_PERCPU_ARRAY
    ? arrayUpdateOn(map, key, value, flags, which)
    : perCpuHashUpdate(map, key, value, flags, which)
}

/** As map_update of a per-CPU map, for the value of CPU `on` only; -EINVAL for another map, -ERANGE for no such CPU. */
export function map_update_cpu(map: usize, key: usize, value: usize, flags: u32, on: u32): i32 {
  if (!isPerCpu(peek32(map + MAP_TYPE))) return -EINVAL
  if (on >= cpuCount()) return -ERANGE
  const outermost = sectionEnter()
  const result = updateOn(map, key, value, flags, on)
  sectionExit(outermost)
  return result
}

/**
 * 0, -ENOENT; -EINVAL for arrays and queues, -E2BIG for what can be no stack's id, -EOPNOTSUPP for bloom filters,
 * -ENOTSUPP for ring buffers.
 */
export function map_delete(map: usize, key: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (isReferenceArray(type)) return referenceClear(map, key)
  if (isTargetArray(type)) return targetDelete(map, key)
  if (type === MAP_TYPE_BLOOM_FILTER) return -EOPNOTSUPP
  if (!isHash(type) && !isTrie(type)) return isArray(type) || isQueue(type) ? -EINVAL : -ENOTSUPP
  if (type === MAP_TYPE_STACK_TRACE && <u64>glance32(key) >= powerOfTwoFrom(peek32(map + MAP_MAX_ENTRIES)))
    return -E2BIG
  return deleteInto(map, key, 0)
}

/**
 * Deletes the element of the key at `key` and copies what it held last to guest memory at `into` (readElement): 0,
 * -ENOENT; -ENOTSUPP for what is no hash map of values.
 */
export function map_lookup_and_delete(map: usize, key: usize, into: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  return isHash(type) && !holdsReferences(type) && !isTarget(type) ? deleteInto(map, key, into) : -ENOTSUPP
}

function deleteInto(map: usize, key: usize, into: usize): i32 {
  const outermost = sectionEnter()
  const result = isTrie(peek32(map + MAP_TYPE)) ? trieDelete(map, key) : hashDelete(map, key, into)
  sectionExit(outermost)
  return result
}

/** Index of the first element at or after `cursor` that is in the map, -1 at the end. A key whose element is replaced
 *  meanwhile may be missed or met twice: map_next_key does neither. */
export function map_next(map: usize, cursor: u32): i32 {
  const type = peek32(map + MAP_TYPE)
  if (!isHash(type)) return isArray(type) && cursor < peek32(map + MAP_MAX_ENTRIES) ? <i32>cursor : -1
  const outermost = sectionEnter()
  const index = hashNextElement(map, cursor)
  sectionExit(outermost)
  return index
}

/**
 * Writes the key after the key at `key` in the order of the map (the first for 0) to `next`, in whole words of 8
 * bytes: 0, or -ENOENT at the end. The key need not be in the map any more; an array starts again behind an index that
 * it does not have, as in the kernel. Each key that stays in the map from the
 * first call to the last is met exactly once, replaced or not.
 */
export function map_next_key(map: usize, key: usize, next: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (!isHash(type) && !isTrie(type)) {
    if (isQueue(type)) return -EINVAL
    if (!isArray(type)) return type === MAP_TYPE_BLOOM_FILTER ? -EOPNOTSUPP : -ENOTSUPP
    const entries = peek32(map + MAP_MAX_ENTRIES)
    const index = key ? glance32(key) + 1 : 0
    if (index === entries) return -ENOENT
    note32(next, index < entries ? index : 0)
    return 0
  }
  const outermost = sectionEnter()
  const found = isTrie(type) ? trieNextKey(map, key, next) : hashNextKey(map, key, next)
  sectionExit(outermost)
  return found ? 0 : -ENOENT
}

/** Address, in core memory, of the key of an element of a hash map. For reading. */
export function map_element_key(map: usize, index: u32): usize {
  return keyAddress(map, index)
}

/** Guest address of the value of an element; in a per-CPU map of the own CPU's. */
export function map_element_value(map: usize, index: u32): usize {
  return isHash(peek32(map + MAP_TYPE)) ? valueAddressOn(map, index, cpuIndex()) : arrayValue(map, index, cpuIndex())
}
