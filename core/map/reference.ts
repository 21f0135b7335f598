// Values that are addresses: of a program in a program array, of an inner map in a map of maps; or, in a cgroup array,
// the id of a control group. 0 is an empty place. Only
// the host writes them, and it holds a reference on whatever stands there until the place has changed, so a program
// inside its section can use what it read. Called by the helpers and the host.
import { E2BIG, EBADF, EINVAL, ENOENT, MAP_TYPE_CGROUP_ARRAY, MAP_TYPE_PROG_ARRAY } from '../abi'
import { exchange32, glance32, load32, peek32, store32 } from '../door'
import { MAP_ID, MAP_MAX_ENTRIES, MAP_TYPE, PROGRAM_ID } from '../layout'
import { arrayValue } from './array'
import { hashWord } from './hash'
import { isHash } from './shape'

/** What stands at index `at` of a program array or an array of maps; 0 none or out of range. */
export function referenceAt(map: usize, at: u32): u32 {
  return at < peek32(map + MAP_MAX_ENTRIES) ? load32(arrayValue(map, at, 0)) : 0
}

/** What stands under the key at a guest address; 0 none. */
export function referenceOf(map: usize, key: usize): u32 {
  return isHash(peek32(map + MAP_TYPE)) ? <u32>hashWord(map, key) : referenceAt(map, glance32(key))
}

/** Host: the id of the program or map that stands under the key at a guest address; 0 none. Inside a section. */
export function referenceId(map: usize, key: usize): u32 {
  const found = <usize>referenceOf(map, key)
  if (!found) return 0
  return peek32(found + (peek32(map + MAP_TYPE) === MAP_TYPE_PROG_ARRAY ? PROGRAM_ID : MAP_ID))
}

/**
 * Host: sets a place of an array to the address at `value`: 0, -EINVAL (any flag), -E2BIG (index), -EBADF (0 is no
 * cgroup).
 */
export function referenceSet(map: usize, key: usize, value: usize, flags: u64): i32 {
  const at = glance32(key)
  if (flags) return -EINVAL
  if (at >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  if (peek32(map + MAP_TYPE) === MAP_TYPE_CGROUP_ARRAY && glance32(value) === 0) return -EBADF
  store32(arrayValue(map, at, 0), glance32(value))
  return 0
}

/** Host: empties a place of an array: 0, -E2BIG (index), -ENOENT if it is empty. */
export function referenceClear(map: usize, key: usize): i32 {
  const at = glance32(key)
  if (at >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  return exchange32(arrayValue(map, at, 0), 0) ? 0 : -ENOENT
}
