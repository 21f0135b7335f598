// The task that programs find themselves in, and what they are attached to: the values behind bpf_get_current_pid_tgid
// and its kin. One for the machine (boot and setTask), and for a run what its options say besides.
import { HEADER, HEADER_TASK } from '../../../core/layout.js'
import {
  TASK_ADDRESS,
  TASK_ARGUMENTS,
  TASK_ATTACH_COOKIE,
  TASK_BYTES,
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
} from '../../../core/task-record.js'
import { show } from '../../error.js'
import { badOption, refuseUnknown, type Fail, type OptionNames } from './given-options.js'

/** What the kernel would know of the task that runs a program. What is left out stays as it was. */
export interface TaskIdentity {
  /** Process and thread id, as bpf_get_current_pid_tgid gives them. Default: this process. */
  pid?: number
  tid?: number
  /** At most 15 bytes, as bpf_get_current_comm gives them. Default 'skep'. */
  comm?: string
  /** As bpf_get_current_uid_gid gives them. Default 0. */
  uid?: number
  gid?: number
  /** What bpf_get_current_task gives: a number behind which nothing can be read. Default 0. */
  address?: number | bigint
  /** Control groups from the root down to the task's own, at most eight: bpf_get_current_cgroup_id and _ancestor_. */
  cgroups?: readonly (number | bigint)[]
  /** What bpf_get_cgroup_classid gives, but in tc programs. Default 0. */
  classid?: number
  /** The pid namespace and the ids in it, for bpf_get_ns_current_pid_tgid. */
  namespace?: { device: number | bigint; inode: number | bigint; pid: number; tid: number }
}

/** What a run's program is attached to. */
export interface Attachment {
  /** What bpf_get_attach_cookie gives. Default 0. */
  cookie?: number | bigint
  /** What bpf_get_func_ip gives. Default 0. */
  address?: number | bigint
}

const taskFields = {
  pid: true,
  tid: true,
  comm: true,
  uid: true,
  gid: true,
  address: true,
  cgroups: true,
  classid: true,
  namespace: true,
} satisfies OptionNames<TaskIdentity>
const namespaceFields = {
  device: true,
  inode: true,
  pid: true,
  tid: true,
} satisfies OptionNames<NonNullable<TaskIdentity['namespace']>>
const attachFields = { cookie: true, address: true } satisfies OptionNames<Attachment>

/** Writes what `task` says into the structure at `address`. */
function writeTask(bytes: Uint8Array, address: number, task: TaskIdentity, fail: Fail): void {
  refuseUnknown(task, taskFields, 'task', fail)
  const view = new DataView(bytes.buffer, bytes.byteOffset + address, TASK_BYTES)
  const pair = (field: number, upper: number | undefined, lower: number | undefined, names: string): void => {
    if (upper !== undefined) view.setUint32(field + 4, word(upper, names, fail), true)
    if (lower !== undefined) view.setUint32(field, word(lower, names, fail), true)
  }
  pair(TASK_PID_TGID, task.pid, task.tid ?? task.pid, 'task: pid and tid')
  pair(TASK_UID_GID, task.gid, task.uid, 'task: uid and gid')
  if (task.comm !== undefined) {
    if (typeof task.comm !== 'string') fail(`task.comm: expected a text, got ${show(task.comm)}`)
    const name = new TextEncoder().encode(task.comm).subarray(0, 15)
    bytes.fill(0, address + TASK_COMM, address + TASK_COMM + 16)
    bytes.set(name, address + TASK_COMM)
  }
  if (task.classid !== undefined) view.setUint32(TASK_CLASSID, word(task.classid, 'task.classid', fail), true)
  if (task.address !== undefined) view.setBigUint64(TASK_ADDRESS, long(task.address, 'task.address', fail), true)
  if (task.cgroups !== undefined) {
    if (!Array.isArray(task.cgroups) || task.cgroups.length > TASK_CGROUP_LEVELS)
      fail(`task.cgroups: expected at most ${TASK_CGROUP_LEVELS} ids, got ${show(task.cgroups)}`)
    const ids = task.cgroups.map((id) => long(id as number | bigint, 'task.cgroups', fail))
    for (let level = 0; level < TASK_CGROUP_LEVELS; level++)
      view.setBigUint64(TASK_CGROUP_ANCESTORS + 8 * level, ids[level] ?? 0n, true)
    view.setBigUint64(TASK_CGROUP_ID, ids.at(-1) ?? 0n, true)
  }
  if (task.namespace !== undefined) {
    refuseUnknown(task.namespace, namespaceFields, 'task.namespace', fail)
    const { device, inode, pid, tid } = task.namespace
    view.setBigUint64(TASK_NAMESPACE_DEVICE, long(device, 'task.namespace.device', fail), true)
    view.setBigUint64(TASK_NAMESPACE_INODE, long(inode, 'task.namespace.inode', fail), true)
    pair(TASK_NAMESPACE_PID_TGID, pid, tid, 'task.namespace: pid and tid')
  }
}

/** Changes the machine's task, from the next run on. Throws BAD_OPTION. */
export function setMachineTask(bytes: Uint8Array, task: TaskIdentity): void {
  const address = new DataView(bytes.buffer).getUint32(HEADER + HEADER_TASK, true)
  // Of what is refused nothing stays.
  const changed = bytes.slice(address, address + TASK_BYTES)
  writeTask(changed, 0, task, badOption)
  bytes.set(changed, address)
}

/**
 * Adds to the task of a CPU's next run at `address`, which is the machine's, what the run says. `arguments`: words of
 * the context of a traced function; `returns`: the last is what the function returned.
 */
export function placeTask(
  bytes: Uint8Array,
  address: number,
  run: { task?: TaskIdentity; attach?: Attachment },
  traced: { readonly arguments: number; readonly returns: boolean } | undefined,
  fail: Fail,
): void {
  if (run.task === undefined && run.attach === undefined && traced === undefined) return
  if (run.task !== undefined) writeTask(bytes, address, run.task, fail)
  const view = new DataView(bytes.buffer, bytes.byteOffset + address, TASK_BYTES)
  view.setUint32(TASK_ARGUMENTS, traced?.arguments ?? 0, true)
  view.setUint32(TASK_HAS_RESULT, traced?.returns ? 1 : 0, true)
  if (run.attach === undefined) return
  refuseUnknown(run.attach, attachFields, 'attach', fail)
  view.setBigUint64(TASK_ATTACH_COOKIE, long(run.attach.cookie ?? 0, 'attach.cookie', fail), true)
  view.setBigUint64(TASK_FUNCTION, long(run.attach.address ?? 0, 'attach.address', fail), true)
}

function word(value: number, name: string, fail: Fail): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    fail(`${name}: expected whole numbers from 0 to 4294967295, got ${show(value)}`)
  return value
}

function long(value: number | bigint, name: string, fail: Fail): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
    fail(`${name}: expected a whole number or a bigint, got ${show(value)}`)
  return BigInt.asUintN(64, BigInt(value))
}
