// Map operations of the host: as a user-space program's, on behalf of the CPU that this instance is. The host passes
// map addresses and staging memory of its own, so nothing is checked; each call enters a section itself. Values are
// read through addresses: they hold zeros where timers and work are.
import { EINVAL, ENOENT, ENOTSUPP, MAP_TYPE_PERCPU_ARRAY } from '../abi'
import { cpuIndex } from '../cpu'
import { glance32, note32, peek32 } from '../door'
import { MAP_MAX_ENTRIES, MAP_TYPE } from '../layout'
import { sectionEnter, sectionExit } from '../memory/section'
import { arrayLookupOn, arrayUpdate, arrayUpdateAll, arrayValue } from './array'
import { hashDelete, hashFind, hashUpdate } from './hash'
import { hashNextElement, hashNextKey } from './iterate'
import { elementAddress, valueAddressOn } from './map'
import { perCpuHashUpdate } from './percpu-hash'
import { referenceClear, referenceSet } from './reference'
import { isArray, isHash, isPerCpu, isReferenceArray } from './shape'

/** Guest address of the value of the key at `key`, 0 if absent. No use in the sense of LRU. */
export function map_lookup(map: usize, key: usize): usize {
  return map_lookup_cpu(map, key, cpuIndex())
}

/** As map_lookup; in a per-CPU map the value of CPU `on`. */
export function map_lookup_cpu(map: usize, key: usize, on: u32): usize {
  const type = peek32(map + MAP_TYPE)
  if (!isHash(type)) return isArray(type) ? arrayLookupOn(map, key, on) : 0
  const outermost = sectionEnter()
  const found = hashFind(map, key)
  sectionExit(outermost)
  return found ? valueAddressOn(map, found - 1, on) : 0
}

/** 0 or a negative errno. A per-CPU map takes a value for each CPU, each padded to 8 bytes. */
export function map_update(map: usize, key: usize, value: usize, flags: u32): i32 {
  const outermost = sectionEnter()
  const type = peek32(map + MAP_TYPE)
  let result: i32
  if (isReferenceArray(type)) result = referenceSet(map, key, value, flags)
  else if (isHash(type))
    result = isPerCpu(type) ? perCpuHashUpdate(map, key, value, flags, true) : hashUpdate(map, key, value, flags)
  else if (type === MAP_TYPE_PERCPU_ARRAY) result = arrayUpdateAll(map, key, value, flags)
  else result = isArray(type) ? arrayUpdate(map, key, value, flags) : -ENOTSUPP
  sectionExit(outermost)
  return result
}

/** 0, -ENOENT; -EINVAL for arrays, -ENOTSUPP for kinds without keys. */
export function map_delete(map: usize, key: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (isReferenceArray(type)) return referenceClear(map, key)
  if (!isHash(type)) return isArray(type) ? -EINVAL : -ENOTSUPP
  const outermost = sectionEnter()
  const result = hashDelete(map, key)
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
 * bytes: 0, or -ENOENT at the end. The key need not be in the map any more. Each key that stays in the map from the
 * first call to the last is met exactly once, replaced or not.
 */
export function map_next_key(map: usize, key: usize, next: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (!isHash(type)) {
    if (!isArray(type)) return -ENOTSUPP
    const index = key ? glance32(key) + 1 : 0
    if (index >= peek32(map + MAP_MAX_ENTRIES)) return -ENOENT
    note32(next, index)
    return 0
  }
  const outermost = sectionEnter()
  const found = hashNextKey(map, key, next)
  sectionExit(outermost)
  return found ? 0 : -ENOENT
}

/** Guest address of the key of an element of a hash map: a copy for reading, which guests may have scribbled on. */
export function map_element_key(map: usize, index: u32): usize {
  return elementAddress(map, index)
}

/** Guest address of the value of an element; in a per-CPU map of the own CPU's. */
export function map_element_value(map: usize, index: u32): usize {
  return isHash(peek32(map + MAP_TYPE)) ? valueAddressOn(map, index, cpuIndex()) : arrayValue(map, index, cpuIndex())
}
