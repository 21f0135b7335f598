// Whether the task, or the packet's socket, is in a control group that stands in a cgroup array, or below it: by the
// ids that the host has set, from the root down. Exported to guest programs.
import { E2BIG, EAGAIN, ENOENT, FAULT_BAD_ACCESS, MAP_TYPE_CGROUP_ARRAY } from '../abi'
import { cpu } from '../cpu'
import { peek32, peek64 } from '../door'
import { fault } from '../host'
import { CPU_TASK, MAP_MAX_ENTRIES, MAP_TYPE } from '../layout'
import { TASK_CGROUP_ANCESTORS, TASK_CGROUP_ID, TASK_CGROUP_LEVELS } from '../task-record'
import { mapAddress } from '../map/map'
import { referenceAt } from '../map/reference'
import { CGROUP_LEVELS, RECORD_CGROUP_ANCESTORS, RECORD_CGROUP_ID } from '../run-record'
import { recordOf } from './skb'

/**
 * 1 if the group at an index of the array is the one whose id is at `own`, or above it, else 0; -E2BIG, -EAGAIN (none
 * there).
 */
function isUnder(mapPointer: u64, index: u32, own: usize, ancestors: usize, levels: u32): i64 {
  const map = mapAddress(mapPointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_CGROUP_ARRAY) fault(FAULT_BAD_ACCESS, mapPointer)
  if (index >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  const group = <u64>referenceAt(map, index)
  if (group === 0) return -EAGAIN
  if (peek64(own) === group) return 1
  for (let level: u32 = 0; level < levels; level++) if (peek64(ancestors + ((<usize>level) << 3)) === group) return 1
  return 0
}

/** 1 if the task is in the control group at an index of the array or below it, else 0; -E2BIG, -EAGAIN. */
export function bpf_current_task_under_cgroup(map: u64, index: u64): i64 {
  const task = cpu() + CPU_TASK
  return isUnder(map, <u32>index, task + TASK_CGROUP_ID, task + TASK_CGROUP_ANCESTORS, TASK_CGROUP_LEVELS)
}

/** The same of the packet's socket; -ENOENT if it has none, which is so if the host has set no control groups. */
export function bpf_skb_under_cgroup(context: u64, map: u64, index: u64): i64 {
  const record = recordOf(context)
  if (peek64(record + RECORD_CGROUP_ID) === 0) return -ENOENT
  return isUnder(map, <u32>index, record + RECORD_CGROUP_ID, record + RECORD_CGROUP_ANCESTORS, CGROUP_LEVELS)
}
