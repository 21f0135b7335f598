// Array and per-CPU array: the elements are always there. Called by the helpers and the host. An update writes in
// place and then tears the element's timer and work down; nothing here retries, and only BPF_F_LOCK waits.
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, MAP_TYPE_PERCPU_ARRAY } from '../abi'
import { resetElement } from '../async/element'
import { cpuCount, cpuIndex } from '../cpu'
import { glance32, peek32 } from '../door'
import { MAP_CPU_STRIDE, MAP_ELEMENTS, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_TYPE, MAP_VALUE_SIZE } from '../layout'
import { refuseLock, writeLocked } from './locked'
import { roundUp } from './shape'
import { hasSlots, writeValue } from './value'

/** Guest address of the value at the index that `key` points to, on CPU `on` for a per-CPU array; 0 out of range. */
export function arrayLookupOn(map: usize, key: usize, on: u32): usize {
  const index = glance32(key)
  if (index >= peek32(map + MAP_MAX_ENTRIES)) return 0
  return arrayValue(map, index, on)
}

/** As `arrayLookupOn`, on the own CPU. */
export function arrayLookup(map: usize, key: usize): usize {
  return arrayLookupOn(map, key, cpuIndex())
}

/** Guest address of the value at an index in range. In a plain array the stride between CPUs is 0. */
export function arrayValue(map: usize, index: u32, on: u32): usize {
  const first = peek32(map + MAP_ELEMENTS) + on * peek32(map + MAP_CPU_STRIDE)
  return <usize>(first + index * peek32(map + MAP_STRIDE))
}

function refuse(map: usize, index: u32, flags: u64): i32 {
  if (peek32(map + MAP_TYPE) === MAP_TYPE_PERCPU_ARRAY) {
    if (flags > <u64>BPF_EXIST) return -EINVAL
  } else if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  if (index >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  if (flags & BPF_NOEXIST) return -EEXIST
  return refuseLock(map, flags)
}

/**
 * Updates the element at the index that `key` points to from the value at `value` (the own CPU's in a per-CPU
 * array). 0, -EINVAL (flags), -E2BIG (index), -EEXIST (BPF_NOEXIST: every element exists). A refused update changes
 * nothing.
 */
export function arrayUpdate(map: usize, key: usize, value: usize, flags: u64): i32 {
  const index = glance32(key)
  const refused = refuse(map, index, flags)
  if (refused) return refused
  const to = arrayValue(map, index, cpuIndex())
  if (flags & BPF_F_LOCK) writeLocked(map, to, value)
  else writeValue(map, to, value)
  if (hasSlots(map)) resetElement(map, index)
  return 0
}

/** Per-CPU array, from the host: `value` points to one value for each CPU, each padded to 8 bytes, in order. */
export function arrayUpdateAll(map: usize, key: usize, value: usize, flags: u64): i32 {
  const index = glance32(key)
  const refused = refuse(map, index, flags)
  if (refused) return refused
  const bytes = <usize>roundUp(peek32(map + MAP_VALUE_SIZE), 8)
  for (let i: u32 = 0; i < cpuCount(); i++) writeValue(map, arrayValue(map, index, i), value + <usize>i * bytes)
  return 0
}
