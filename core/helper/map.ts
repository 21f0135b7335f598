// The map helpers by the kernel's names. Called by guest programs, inside a section. Map pointers, key and value
// pointers are checked here, then the map's kind decides.
import { EINVAL, ENOTSUPP, MAP_TYPE_ARRAY_OF_MAPS, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../abi'
import { cpuCount, cpuIndex } from '../cpu'
import { peek32 } from '../door'
import { guestAddress } from '../guest'
import { MAP_KEY_SIZE, MAP_MAX_ENTRIES, MAP_SHORT, MAP_TYPE, MAP_VALUE_SIZE } from '../layout'
import { arrayLookup, arrayLookupOn, arrayUpdate, arrayValue } from '../map/array'
import { callbackKey } from '../map/callback-key'
import { hashDelete, hashLookup, hashLookupOn, hashUpdate } from '../map/hash'
import { hashForEach, visit } from '../map/iterate'
import { mapAddress } from '../map/map'
import { perCpuHashUpdate } from '../map/percpu-hash'
import { referenceOf } from '../map/reference'
import { roomsTaken } from '../map/room'
import { holdsReferences, isArray, isHash, isPerCpu, isReferenceArray, isTarget, isTrie } from '../map/shape'
import { deleteShort, updateShort } from '../map/short'
import { targetLookup } from '../map/target'
import { trieDelete, trieLookup, trieUpdate } from '../map/trie'
import { calleeFrame, callbackOf } from '../callback'

/** True for the kinds that programs only look into. */
function hostWrites(type: u32): bool {
  return holdsReferences(type) || isTarget(type)
}

/** Address of the value or 0; for a per-CPU map that of the own CPU; for a map of maps the inner map's pointer. */
export function bpf_map_lookup_elem(mapPointer: u64, keyPointer: u64): u64 {
  const map = mapAddress(mapPointer)
  const key = guestAddress(keyPointer, peek32(map + MAP_KEY_SIZE))
  const type = peek32(map + MAP_TYPE)
  if (isReferenceArray(type) && type !== MAP_TYPE_ARRAY_OF_MAPS) return 0
  if (holdsReferences(type)) return <u64>referenceOf(map, key)
  if (isTarget(type)) return <u64>targetLookup(map, key)
  if (isHash(type)) return <u64>hashLookup(map, key)
  if (isArray(type)) return <u64>arrayLookup(map, key)
  return isTrie(type) ? <u64>trieLookup(map, key) : 0
}

/** 0, or a negative errno: see hashUpdate, perCpuHashUpdate, arrayUpdate and trieUpdate. */
export function bpf_map_update_elem(mapPointer: u64, keyPointer: u64, valuePointer: u64, flags: u64): i64 {
  const map = mapAddress(mapPointer)
  const short = peek32(map + MAP_SHORT) !== 0 ? updateShort(map, keyPointer, valuePointer, flags) : 0
  if (short !== 0) return short - 1
  return map_update_in(mapPointer, keyPointer, valuePointer, flags, map)
}

/** The same, of a map that the compiler knows, which has tried the short way; so is the one of `map_delete_in`. */
export function map_update_in(_: u64, keyPointer: u64, valuePointer: u64, flags: u64, map: usize): i64 {
  const key = guestAddress(keyPointer, peek32(map + MAP_KEY_SIZE))
  const value = guestAddress(valuePointer, peek32(map + MAP_VALUE_SIZE))
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_HASH || type === MAP_TYPE_LRU_HASH) return hashUpdate(map, key, value, flags, true)
  if (hostWrites(type)) return -ENOTSUPP
  if (isTrie(type)) return trieUpdate(map, key, value, flags)
  if (!isHash(type)) return isArray(type) ? arrayUpdate(map, key, value, flags, true) : -ENOTSUPP
  return perCpuHashUpdate(map, key, value, flags, cpuIndex())
}

/** 0, -ENOENT; -EINVAL for arrays, whose elements cannot go; -ENOTSUPP for kinds without keys and
 *  those that only the host writes. */
export function bpf_map_delete_elem(mapPointer: u64, keyPointer: u64): i64 {
  const map = mapAddress(mapPointer)
  if (peek32(map + MAP_SHORT) !== 0 && deleteShort(map, keyPointer) !== 0) return 0
  return map_delete_in(mapPointer, keyPointer, map)
}

export function map_delete_in(_: u64, keyPointer: u64, map: usize): i64 {
  const key = guestAddress(keyPointer, peek32(map + MAP_KEY_SIZE))
  const type = peek32(map + MAP_TYPE)
  if (hostWrites(type)) return -ENOTSUPP
  if (isHash(type)) return hashDelete(map, key, 0)
  if (isTrie(type)) return trieDelete(map, key)
  return isArray(type) ? -EINVAL : -ENOTSUPP
}

/**
 * Per-CPU maps: address of the value of CPU `on`, 0 if there is no such key or CPU, or the map is of another
 * kind.
 */
export function bpf_map_lookup_percpu_elem(mapPointer: u64, keyPointer: u64, on: u64): u64 {
  const map = mapAddress(mapPointer)
  const key = guestAddress(keyPointer, peek32(map + MAP_KEY_SIZE))
  const type = peek32(map + MAP_TYPE)
  if (!isPerCpu(type) || <u32>on >= cpuCount()) return 0
  return <u64>(isHash(type) ? hashLookupOn(map, key, <u32>on) : arrayLookupOn(map, key, <u32>on))
}

/**
 * Calls fn(map, key, value, ctx) for each element until it returns other than 0: the number of calls, -EINVAL for
 * any flag.
 */
export function bpf_for_each_map_elem(mapPointer: u64, fn: u64, context: u64, flags: u64, frame: i32): i64 {
  const map = mapAddress(mapPointer)
  if (flags) return -EINVAL
  const type = peek32(map + MAP_TYPE)
  if (hostWrites(type)) return -ENOTSUPP
  if (isHash(type)) return hashForEach(map, fn, context, <usize>frame)
  return isArray(type) ? <i64>arrayForEach(map, fn, context, <usize>frame) : -ENOTSUPP
}

function arrayForEach(map: usize, fn: u64, context: u64, frame: usize): u32 {
  const index = callbackOf(fn)
  const callee = calleeFrame(frame)
  const entries = peek32(map + MAP_MAX_ENTRIES)
  for (let element: u32 = 0; element < entries; element++) {
    const key = callbackKey(map, element, callee)
    if (visit(map, key, arrayValue(map, element, cpuIndex()), index, context, callee)) return element + 1
  }
  return entries
}

/** Elements of a hash map; 0 for other kinds, which do not count them. */
export function bpf_map_sum_elem_count(mapPointer: u64): i64 {
  const map = mapAddress(mapPointer)
  const type = peek32(map + MAP_TYPE)
  return isHash(type) && !isTarget(type) ? roomsTaken(map) : 0
}
