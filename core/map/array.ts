// Array and per-CPU array: the elements are always there. Called by the helpers and the host. An update writes in
// place and then tears the element's timer and work down; nothing here retries, and only BPF_F_LOCK waits.
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, MAP_TYPE_PERCPU_ARRAY } from '../abi'
import { resetElement } from '../async/element'
import { cpuIndex } from '../cpu'
import { glance32, peek32 } from '../door'
import { MAP_CPU_STRIDE, MAP_ELEMENTS, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_TYPE } from '../layout'
import { refuseLock, writeLocked } from './locked'
import { hasSlots, writeCpuValues, writeValue } from './value'

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
 * array). 0, -EINVAL (flags), -E2BIG (index), -EEXIST (BPF_NOEXIST: every element exists); for BPF_F_LOCK also what
 * lockValue answers. A refused update changes nothing.
 */
export function arrayUpdate(map: usize, key: usize, value: usize, flags: u64, waits: bool): i32 {
  const index = glance32(key)
  const refused = refuse(map, index, flags)
  if (refused) return refused
  const to = arrayValue(map, index, cpuIndex())
  if (flags & BPF_F_LOCK) {
    const held = writeLocked(map, to, value, waits)
    if (held) return held
  } else writeValue(map, to, value)
  if (hasSlots(map)) resetElement(map, index)
  return 0
}

/** Per-CPU array, from the host: a value for each CPU, or that of CPU `which` (writeCpuValues). */
export function arrayUpdateOn(map: usize, key: usize, value: usize, flags: u64, which: u32): i32 {
  const index = glance32(key)
  const refused = refuse(map, index, flags)
  if (!refused) writeCpuValues(map, index, value, which, false)
  return refused
}
