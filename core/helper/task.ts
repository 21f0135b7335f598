// Helpers that tell a program of the task that it runs in and of what it is attached to: the values that the host has
// set for the CPU's current run (src/machine/options/task.ts). Exported to guest programs.
import { BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_SCHED_CLS, EINVAL, EOPNOTSUPP } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, load32, peek32, peek64, peek8, poke32, poke64, poke8 } from '../door'
import { guestAddress } from '../guest'
import { CPU_CURRENT, CPU_PROGRAM, CPU_TASK, PROGRAM_TYPE } from '../layout'
import {
  TASK_ADDRESS,
  TASK_ARGUMENTS,
  TASK_ATTACH_COOKIE,
  TASK_CGROUP_ANCESTORS,
  TASK_CGROUP_ID,
  TASK_CGROUP_LEVELS,
  TASK_CLASSID,
  TASK_COMM,
  TASK_FUNCTION,
  TASK_HAS_RESULT,
  TASK_NAMESPACE_DEVICE,
  TASK_NAMESPACE_INODE,
  TASK_NAMESPACE_PID_TGID,
  TASK_PID_TGID,
  TASK_UID_GID,
} from '../task-record'
import { bpf_skb_cgroup_classid } from './skb-metadata'

/** Bytes of a task's name, its closing 0 included (TASK_COMM_LEN). */
const COMM_BYTES: u32 = 16
/** struct bpf_pidns_info. */
const NAMESPACE_BYTES: u32 = 8

function task(): usize {
  return cpu() + CPU_TASK
}

/** A word (TASK_*) about what the host has put into the run buffer: 0 in a callback, the buffer is the last run's. */
export function inRunBuffer(field: usize): u32 {
  return load32(cpu() + CPU_CURRENT) === 0 ? peek32(task() + field) : 0
}

/** Process (upper half) and thread id. */
export function bpf_get_current_pid_tgid(): u64 {
  return peek64(task() + TASK_PID_TGID)
}

/** Group (upper half) and user id. */
export function bpf_get_current_uid_gid(): u64 {
  return peek64(task() + TASK_UID_GID)
}

/** Copies the task's name, cut to `size` and always closed by a 0; the rest is zeroed. */
export function bpf_get_current_comm(buffer: u64, size: u64): i64 {
  const bytes = <u32>size
  if (bytes === 0) return -EINVAL
  const to = guestAddress(buffer, bytes)
  const length = bytes < COMM_BYTES ? bytes : COMM_BYTES
  copy(to, task() + TASK_COMM, length)
  if (bytes > COMM_BYTES) fill(to + COMM_BYTES, 0, bytes - COMM_BYTES)
  if (peek8(to + length - 1) !== 0) poke8(to + length - 1, 0)
  return 0
}

/** The task's address: a number that the host has set, behind which nothing can be read. */
export function bpf_get_current_task(): u64 {
  return peek64(task() + TASK_ADDRESS)
}

/** The same address, behind which a program reads 0 where nothing is (src/verify/probes.ts). */
export function bpf_get_current_task_btf(): u64 {
  return bpf_get_current_task()
}

/** The task's control group. */
export function bpf_get_current_cgroup_id(): u64 {
  return peek64(task() + TASK_CGROUP_ID)
}

/** Class of the packet's socket in tc programs, in all others the task's, as the host said. */
export function bpf_get_cgroup_classid(context: u64): u64 {
  const type = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE)
  return type === BPF_PROG_TYPE_SCHED_CLS || type === BPF_PROG_TYPE_SCHED_ACT
    ? <u64>bpf_skb_cgroup_classid(context)
    : peek32(task() + TASK_CLASSID)
}

/** The one above it at a level, the root being 0; 0 for a level that is none. */
export function bpf_get_current_ancestor_cgroup_id(level: u64): u64 {
  const wanted = <u32>level
  return wanted < <u32>TASK_CGROUP_LEVELS ? peek64(task() + TASK_CGROUP_ANCESTORS + ((<usize>wanted) << 3)) : 0
}

/** Ids in the task's namespace, if it is the one named. 0, or -EINVAL with the structure zeroed. */
export function bpf_get_ns_current_pid_tgid(device: u64, inode: u64, info: u64, size: u64): i64 {
  const bytes = <u32>size
  const to = guestAddress(info, bytes)
  const here = task()
  if (
    bytes !== NAMESPACE_BYTES ||
    inode === 0 ||
    device !== peek64(here + TASK_NAMESPACE_DEVICE) ||
    inode !== peek64(here + TASK_NAMESPACE_INODE)
  ) {
    fill(to, 0, bytes)
    return -EINVAL
  }
  const ids = peek64(here + TASK_NAMESPACE_PID_TGID)
  poke32(to, <u32>ids)
  poke32(to + 4, <u32>(ids >> 32))
  return 0
}

/** Address of the function that the program is attached to, as the host has set it. */
export function bpf_get_func_ip(_context: u64): u64 {
  return peek64(task() + TASK_FUNCTION)
}

/** The cookie that the program was attached with, as the host has set it. */
export function bpf_get_attach_cookie(_context: u64): u64 {
  return peek64(task() + TASK_ATTACH_COOKIE)
}

/** How many arguments the traced function has: as many as the context of the run was given. */
export function bpf_get_func_arg_cnt(_context: u64): u64 {
  return peek32(task() + TASK_ARGUMENTS)
}

/** Argument `index` of the traced function. 0 or -EINVAL. */
export function bpf_get_func_arg(context: u64, index: u64, value: u64): i64 {
  const to = guestAddress(value, 8)
  if (index >= <u64>peek32(task() + TASK_ARGUMENTS)) return -EINVAL
  poke64(to, peek64(guestAddress(context + (index << 3), 8)))
  return 0
}

/** What the traced function returned, which follows its arguments. 0, or -EOPNOTSUPP in fentry. */
export function bpf_get_func_ret(context: u64, value: u64): i64 {
  const to = guestAddress(value, 8)
  if (peek32(task() + TASK_HAS_RESULT) === 0) return -EOPNOTSUPP
  poke64(to, peek64(guestAddress(context + ((<u64>peek32(task() + TASK_ARGUMENTS)) << 3), 8)))
  return 0
}
