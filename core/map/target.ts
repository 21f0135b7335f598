// Maps whose values say where packets go: device maps (an interface), CPU maps (a CPU, by its key, and the size of its
// queue), socket maps (a number that the host has for an AF_XDP socket). The first word of a value is never 0; in the
// kinds of array 0 is an empty place. A value may have a second word: the number of a program that is run at the
// target. Only the host writes, in one step of 8 bytes or of 4; programs look values up and send packets to them
// (helper/redirect-map.ts).
// Called by the helpers and the host.
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EINVAL,
  ENOENT,
  EOPNOTSUPP,
  EOVERFLOW,
  MAP_TYPE_CPUMAP,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_XSKMAP,
} from '../abi'
import { compareExchange32, glance32, glance64, load32, note32, note64, peek32, retry } from '../door'
import { MAP_MAX_ENTRIES, MAP_TYPE, MAP_VALUE_SIZE } from '../layout'
import { arrayValue } from './array'
import { hashLookup, hashUpdate, hashWord } from './hash'
import { readValue, writeValue } from './value'

/** As the kernel bounds the queue of a CPU. */
const LONGEST_QUEUE: u32 = 16384

/** Kinds of array: address of the place at the index at a guest address, which may be empty; 0 out of range. */
function placeAt(map: usize, key: usize): usize {
  const index = glance32(key)
  return index < peek32(map + MAP_MAX_ENTRIES) ? arrayValue(map, index, 0) : 0
}

/** Address of the value under the key at a guest address, 0 if there is none. */
function targetOf(map: usize, key: usize): usize {
  if (peek32(map + MAP_TYPE) === MAP_TYPE_DEVMAP_HASH) return hashLookup(map, key)
  const place = placeAt(map, key)
  return place !== 0 && glance32(place) !== 0 ? place : 0
}

/**
 * What stands under the key at a guest address, in one read: the target, above it the program's number; 0 if there is
 * none. The host may replace it at any step.
 */
export function targetWord(map: usize, key: usize): u64 {
  if (peek32(map + MAP_TYPE) === MAP_TYPE_DEVMAP_HASH) return hashWord(map, key)
  const place = placeAt(map, key)
  const word = place === 0 ? 0 : glance64(place)
  return <u32>word ? word : 0
}

/** As targetOf, for a program's lookup: CPU maps show it nothing. */
export function targetLookup(map: usize, key: usize): usize {
  return peek32(map + MAP_TYPE) === MAP_TYPE_CPUMAP ? 0 : targetOf(map, key)
}

/** Host, kinds of array: copies the value to guest memory at `into`: 0, -ENOENT; -EOPNOTSUPP for socket maps. */
export function targetCopy(map: usize, key: usize, into: usize): i32 {
  if (peek32(map + MAP_TYPE) === MAP_TYPE_XSKMAP) return -EOPNOTSUPP
  const value = targetOf(map, key)
  if (!value) return -ENOENT
  readValue(map, value, into)
  return 0
}

/**
 * Host: sets the value under the key at a guest address. 0, -EINVAL (flags; a device map that is a hash takes no
 * interface 0, none takes a program without an interface), -E2BIG (index, or full), -EEXIST, -EOVERFLOW (queue),
 * -EOPNOTSUPP (0 is no socket). In an array of devices or CPUs 0 empties the place; the first word alone decides
 * between that and a value.
 */
export function targetUpdate(map: usize, key: usize, value: usize, flags: u64): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  const type = peek32(map + MAP_TYPE)
  const target = glance32(value)
  if (type === MAP_TYPE_DEVMAP_HASH) {
    if (!target) return -EINVAL
    // As the kernel: BPF_EXIST does not ask whether the key is there.
    return hashUpdate(map, key, value, flags === BPF_NOEXIST ? BPF_NOEXIST : BPF_ANY, false)
  }
  const place = placeAt(map, key)
  if (place === 0) return -E2BIG
  if (type === MAP_TYPE_XSKMAP) return setSocket(place, target, flags)
  if (flags === BPF_NOEXIST) return -EEXIST
  if (type === MAP_TYPE_CPUMAP && target > LONGEST_QUEUE) return -EOVERFLOW
  if (target) writeValue(map, place, value)
  else if (type !== MAP_TYPE_CPUMAP && hasProgram(map, value)) return -EINVAL
  else empty(map, place)
  return 0
}

/** In one step, as a place is read. */
function empty(map: usize, place: usize): void {
  if (peek32(map + MAP_VALUE_SIZE) === 8) note64(place, 0)
  else note32(place, 0)
}

function hasProgram(map: usize, value: usize): bool {
  return peek32(map + MAP_VALUE_SIZE) === 8 && <i32>glance32(value + 4) > 0
}

function setSocket(place: usize, socket: u32, flags: u64): i32 {
  if (!socket) return -EOPNOTSUPP
  while (true) {
    retry()
    const old = load32(place)
    if (old === socket) return 0
    if (old && flags === BPF_NOEXIST) return -EEXIST
    if (!old && flags === BPF_EXIST) return -ENOENT
    if (compareExchange32(place, old, socket) === old) return 0
  }
}

/** Host, kinds of array: empties the place at the index at a guest address, which may be empty: 0, -EINVAL (index). */
export function targetDelete(map: usize, key: usize): i32 {
  const place = placeAt(map, key)
  if (place === 0) return -EINVAL
  empty(map, place)
  return 0
}
