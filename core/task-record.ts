// What a program is told of its task and of what it is attached to: a structure of the machine (HEADER_TASK) that is
// copied to each CPU's area (CPU_TASK) for a run. Written by the host (src/machine/options/task.ts), read by the
// helpers. Plain constants for both languages.

/** u64 unless the comment says other. */
export const TASK_PID_TGID = 0
export const TASK_UID_GID = 8
/** 16 bytes. */
export const TASK_COMM = 16
export const TASK_ADDRESS = 32
export const TASK_CGROUP_ID = 40
/** u64 for each level of the hierarchy, from the root (1) on; 0 behind the last. */
export const TASK_CGROUP_ANCESTORS = 48
export const TASK_CGROUP_LEVELS = 8
export const TASK_NAMESPACE_DEVICE = 112
export const TASK_NAMESPACE_INODE = 120
export const TASK_NAMESPACE_PID_TGID = 128
export const TASK_ATTACH_COOKIE = 136
export const TASK_FUNCTION = 144
/** u32: arguments of the traced function, and 1 if what it returned follows them. */
export const TASK_ARGUMENTS = 152
export const TASK_HAS_RESULT = 156
/** u32. */
export const TASK_CLASSID = 160
/**
 * Addresses of the kernel's and the user's stack that the host has set for a run; they lie at the end of the run
 * buffer.
 */
export const TASK_KERNEL_DEPTH = 164
export const TASK_USER_DEPTH = 168
/**
 * u32: of a tracing program's run, bytes of the packet that its buffers have; it lies where a packet lies in the run
 * buffer.
 */
export const TASK_PACKET_BYTES = 172
export const TASK_BYTES = 176
