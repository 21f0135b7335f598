// The numbers that both languages must agree on: door operations, errno, map types, contexts, event kinds.
// Owns nothing in memory. Written so that AssemblyScript and TypeScript read the same file: plain constants only.

/** Door operations as the check build reports them to its hook: `operation | width << 8` (width in bytes). */
export const DOOR_LOAD = 1
export const DOOR_STORE = 2
export const DOOR_EXCHANGE = 3
export const DOOR_COMPARE_EXCHANGE = 4
export const DOOR_ADD = 5
export const DOOR_OR = 6
export const DOOR_AND = 7
/** Plain accesses that are claimed not to race: the explorer checks the claim. */
export const DOOR_PEEK = 8
export const DOOR_POKE = 9
/** Plain accesses that may race: the value is advice only, any mixture of writers is acceptable. */
export const DOOR_GLANCE = 10
export const DOOR_NOTE = 11
/** fill(address, length, byte) and copy(to, from, length): element values, racy by the kernel's own semantics. */
export const DOOR_FILL = 12
export const DOOR_COPY = 13
export const DOOR_NOW = 14
export const DOOR_SLEEP = 15
export const DOOR_WAKE = 16
export const DOOR_WAIT_WHILE = 17
export const DOOR_RETRY = 18
export const DOOR_XOR = 19
/** No access: whether the allocation that follows fails; 0 no, 1 yes. */
export const DOOR_MAY_FAIL = 20

/** errno values, positive; helpers return them negated. */
export const EPERM = 1
export const ENOENT = 2
export const E2BIG = 7
export const EBADF = 9
export const EAGAIN = 11
export const ENOMEM = 12
export const EACCES = 13
export const EFAULT = 14
export const EBUSY = 16
export const EEXIST = 17
export const ENODEV = 19
export const EINVAL = 22
export const ENOSPC = 28
export const ERANGE = 34
export const EDEADLK = 35
export const ENAMETOOLONG = 36
export const EPROTO = 71
export const EOVERFLOW = 75
export const EOPNOTSUPP = 95
export const EAFNOSUPPORT = 97
export const EALREADY = 114
export const ENOTSUPP = 524

/**
 * Entries of a stack that a run can have, and what two of them take at the end of the run buffer, with zeros behind
 * each.
 */
export const DEEPEST_STACK = 127
export const STACK_AREA_BYTES = 2048
export const STACKS_BYTES = 4096

/** enum bpf_map_type (those that this machine has). */
export const MAP_TYPE_HASH = 1
export const MAP_TYPE_ARRAY = 2
export const MAP_TYPE_PROG_ARRAY = 3
export const MAP_TYPE_PERF_EVENT_ARRAY = 4
export const MAP_TYPE_PERCPU_HASH = 5
export const MAP_TYPE_PERCPU_ARRAY = 6
export const MAP_TYPE_STACK_TRACE = 7
export const MAP_TYPE_CGROUP_ARRAY = 8
export const MAP_TYPE_LRU_HASH = 9
export const MAP_TYPE_LRU_PERCPU_HASH = 10
export const MAP_TYPE_LPM_TRIE = 11
export const MAP_TYPE_ARRAY_OF_MAPS = 12
export const MAP_TYPE_HASH_OF_MAPS = 13
export const MAP_TYPE_DEVMAP = 14
export const MAP_TYPE_CPUMAP = 16
export const MAP_TYPE_XSKMAP = 17
export const MAP_TYPE_QUEUE = 22
export const MAP_TYPE_STACK = 23
export const MAP_TYPE_DEVMAP_HASH = 25
export const MAP_TYPE_RINGBUF = 27
export const MAP_TYPE_BLOOM_FILTER = 30
export const MAP_TYPE_USER_RINGBUF = 31

/** Map creation flags of the kernel. */
export const BPF_F_NO_PREALLOC = 1
export const BPF_F_NO_COMMON_LRU = 2
export const BPF_F_NUMA_NODE = 4
export const BPF_F_RDONLY = 8
export const BPF_F_WRONLY = 16
export const BPF_F_STACK_BUILD_ID = 32
export const BPF_F_ZERO_SEED = 64
export const BPF_F_RDONLY_PROG = 128
export const BPF_F_WRONLY_PROG = 256
export const BPF_F_MMAPABLE = 1024
export const BPF_F_PRESERVE_ELEMS = 2048
export const BPF_F_INNER_MAP = 4096

/** Update flags. */
export const BPF_ANY = 0
export const BPF_NOEXIST = 1
export const BPF_EXIST = 2
export const BPF_F_LOCK = 4

/** bpf_ringbuf_submit, _discard and _output flags, and what bpf_ringbuf_query answers. */
export const BPF_RB_NO_WAKEUP = 1
export const BPF_RB_FORCE_WAKEUP = 2
export const BPF_RB_AVAIL_DATA = 0
export const BPF_RB_RING_SIZE = 1
export const BPF_RB_CONS_POS = 2
export const BPF_RB_PROD_POS = 3

/** enum bpf_prog_type (those that this machine runs). */
export const BPF_PROG_TYPE_SOCKET_FILTER = 1
export const BPF_PROG_TYPE_KPROBE = 2
export const BPF_PROG_TYPE_SCHED_CLS = 3
export const BPF_PROG_TYPE_SCHED_ACT = 4
export const BPF_PROG_TYPE_TRACEPOINT = 5
export const BPF_PROG_TYPE_XDP = 6
export const BPF_PROG_TYPE_PERF_EVENT = 7
export const BPF_PROG_TYPE_CGROUP_SKB = 8
export const BPF_PROG_TYPE_RAW_TRACEPOINT = 17
export const BPF_PROG_TYPE_TRACING = 26
export const BPF_PROG_TYPE_SYSCALL = 31

/** What a program of these types returns to drop a packet, and to send it where its redirect helper said. */
export const XDP_ABORTED = 0
export const XDP_REDIRECT = 4
export const TC_ACT_SHOT = 2
export const TC_ACT_REDIRECT = 7

/** Flag of the redirect helpers; flags of bpf_redirect_map for maps of devices, above the action for a missing key. */
export const BPF_F_INGRESS = 1
export const BPF_F_BROADCAST = 8
export const BPF_F_EXCLUDE_INGRESS = 16

/** Tail calls that one run may make, as in the kernel. */
export const MAX_TAIL_CALLS = 33

/** bpf_timer_start flags and clocks. */
export const BPF_F_TIMER_ABS = 1
export const BPF_F_TIMER_CPU_PIN = 2
export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1
export const CLOCK_BOOTTIME = 7

/** What a CPU is doing (docs/contract.md). */
export const CONTEXT_TASK = 0
export const CONTEXT_SOFTIRQ = 1
export const CONTEXT_WORKQUEUE = 2
export const CONTEXT_NMI = 3

/** Kinds of control block. */
export const KIND_TIMER = 1
export const KIND_WORK = 2

/** Fault kinds that core and compiled programs raise (the host turns them into SkepError codes). */
export const FAULT_BAD_ACCESS = 1
export const FAULT_STACK_OVERFLOW = 2
export const FAULT_LOOP_BUDGET = 3
export const FAULT_CALLBACK_RESULT = 4
export const FAULT_BAD_CALLBACK = 5
export const FAULT_SPIN_LOCK = 6
export const FAULT_UNREACHABLE = 7
export const FAULT_MISALIGNED_ATOMIC = 8
/** The machine has run for longer than deadlines can say (more than two years): every run ends like this. */
export const FAULT_CLOCK_RANGE = 9

/** Nanoseconds from the machine's epoch at which its clock ends: 2^53 deadline units of 8 ns, 2.28 years. */
export const CLOCK_END = 72057594037927000

/** Guest pages: the unit in which map values are laid out; one page belongs to one map. */
export const GUEST_PAGE_SHIFT = 12
/** One BPF frame, and the frames a call chain may have. A stack is FRAME_BYTES * FRAMES bytes and aligned to it. */
export const FRAME_BYTES = 512
export const FRAMES = 8
/** Registers of one frame in the interpreter: r0 to r10, padded to 16. */
export const FRAME_REGISTER_BYTES = 128
/** Stacks per CPU: one for programs and callbacks, two for nested NMI programs. */
export const STACKS_PER_CPU = 3

/** Most CPUs of one machine: the target field of a timer's state word has 6 bits, two values are taken. */
export const MAX_CPUS = 62
/** Most maps and programs of one machine. */
export const MAX_MAPS = 1024
export const MAX_PROGRAMS = 4096

/** Lifecycle events (HEADER_EVENTS on): kind of block in bit 3 (set for work). */
export const EVENT_INIT = 1
export const EVENT_SET_CALLBACK = 2
export const EVENT_START = 3
export const EVENT_CANCEL = 4
export const EVENT_CANCEL_ASYNC = 5
export const EVENT_FIRE = 6
export const EVENT_FREE = 7
export const EVENT_WORK_BIT = 8

/** Bits that cpu_poll returns, and reasons for which cpu_loop returns. */
export const POLL_MORE = 1
export const LOOP_CONTROL = 1
/** CPU_REQUEST: nothing asked, the host asks for a run and looks for the answer, the CPU has answered. */
export const REQUEST_NONE = 0
export const REQUEST_RUN = 1
export const REQUEST_DONE = 2
/** CPU_REQUEST: the host asked for a run, and sleeps until it is woken for the answer. */
export const REQUEST_AWAITED = 4

// A run's buffer: context, record, headroom, packet, room behind it (src/machine/run/packet.ts lays it out, helpers
// move in it; the record: run-record.ts).
export const RUN_CONTEXT_BYTES = 4096
export const RUN_HEADROOM_BYTES = 256
/** As in the kernel: room for a skb_shared_info. */
export const RUN_TAILROOM_BYTES = 320
