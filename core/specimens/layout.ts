// Structures of the specimens: the three older designs and the small kernel below them (core/specimens/base).
// Plain constants, read by AssemblyScript and by the explorer's subjects. The machine header and the CPU areas of
// core/layout.ts lie before these (sections and grace periods are the shipped ones). Widths: u32 unless said.
/**
 * Address of the specimens' header, behind the machine header (1024, 256 bytes); written at boot but for the last two
 * lines.
 */
export const SPECIMENS = 1280
export const SPECIMENS_SLOTS = 0
export const SPECIMENS_SLOT_COUNT = 4
export const SPECIMENS_BLOCKS = 8
export const SPECIMENS_BLOCK_COUNT = 12
export const SPECIMENS_PROGRAMS = 16
export const SPECIMENS_PROGRAM_COUNT = 20
export const SPECIMENS_COMMANDS = 24
export const SPECIMENS_CPUS = 28
/**
 * Bitmaps: free blocks, blocks and programs that wait for a grace period, programs to be put by a worker, free
 * commands.
 */
export const SPECIMENS_BLOCK_POOL = 32
export const SPECIMENS_BLOCKS_WAITING = 64
export const SPECIMENS_PROGRAMS_WAITING = 96
export const SPECIMENS_PROGRAMS_DYING = 128
export const SPECIMENS_COMMAND_POOL = 160
/** Own line: user references of the one map. */
export const SPECIMENS_USERS = 192
/** Own line: the workqueue's lock and list. */
export const SPECIMENS_WORK_LOCK = 256
export const SPECIMENS_WORK_FIRST = 260
export const SPECIMENS_WORK_LAST = 264
export const SPECIMENS_BYTES = 320

/** Slot: address of the block or 0; the lock is the locked design's. */
export const SLOT_BLOCK = 0
export const SLOT_LOCK = 4
export const SLOT_SHIFT = 3

/** Control block, the fields of all designs. */
export const BLOCK_SHIFT = 7
export const BLOCK_BYTES = 128
/** rfc-v1, merged: 1 for the map. */
export const BLOCK_REFERENCES = 0
/** rfc-v1: READY, BUSY, FREED. */
export const BLOCK_STATE = 4
export const BLOCK_PROGRAM = 8
/** Address of the bound function's text, 0 none. */
export const BLOCK_CALLBACK = 12
/** Written before publication. */
export const BLOCK_KIND = 16
export const BLOCK_SLOT = 20
/** 1: merged, whose last step after a grace period is not only to free. */
export const BLOCK_CANCELS_LAST = 24
/** Callbacks that wait for this timer's callback. */
export const BLOCK_CANCELLING = 28
/** u64: written by whoever starts its grace period. */
export const BLOCK_GRACE_PERIOD = 32
/** Timer: u64 expiry; links and expiry under the base's lock, base (CPU or MIGRATING) and queued read by anyone. */
export const TIMER_EXPIRES = 40
export const TIMER_BASE = 48
export const TIMER_QUEUED = 52
export const TIMER_NEXT = 56
export const TIMER_PREVIOUS = 60
/** Work items (WORK_*), of the bpf_wq and of the deletion. */
export const BLOCK_WORK = 64
export const BLOCK_DELETE = 80
/** merged: list of deferred commands (any CPU pushes), irq_work: pending flag and link. */
export const BLOCK_COMMANDS = 96
export const BLOCK_IRQ_WORK = 100
export const BLOCK_IRQ_WORK_NEXT = 104

/** Work item: pending (read by anyone, written under the lock), link, what to do, the block. */
export const WORK_PENDING = 0
export const WORK_NEXT = 4
export const WORK_KIND = 8
export const WORK_BLOCK = 12
/** WORK_KIND. */
export const WORK_IS_CALLBACK = 1
export const WORK_IS_DELETION = 2

/**
 * Program: sticky references, state, grace period (u64), then text: one word per function, its table index (0: empty
 * body).
 */
export const PROGRAM_SHIFT = 6
export const PROGRAM_BYTES = 64
export const PROGRAM_REFERENCES = 0
export const PROGRAM_STATE = 4
export const PROGRAM_GRACE_PERIOD = 8
export const PROGRAM_TEXT = 16
/** PROGRAM_STATE. */
export const PROGRAM_LOADED = 1
export const PROGRAM_UNLOADED = 2

/** merged: deferred command. */
export const COMMAND_SHIFT = 5
export const COMMAND_NEXT = 0
export const COMMAND_OPERATION = 4
export const COMMAND_NSECS = 8
export const COMMAND_FLAGS = 16
export const COMMAND_START = 1
export const COMMAND_CANCEL = 2

/** Per CPU, 256 bytes. First line, hrtimer base: lock, sequence, timer whose callback runs, list under the lock. */
export const SPECIMEN_CPU_SHIFT = 8
export const BASE_LOCK = 0
export const BASE_SEQUENCE = 4
export const BASE_RUNNING = 8
export const BASE_FIRST = 12
export const BASE_LAST = 16
/**
 * Second line, private to the CPU: interrupts off (1), the timer whose BPF callback runs, the block whose commands it
 * drains.
 */
export const CPU_INTERRUPTS_OFF = 64
export const CPU_HRTIMER_RUNNING = 68
export const CPU_DRAINING = 72
/** Third line: the work item that runs here (read by other CPUs); raised irq_works. */
export const CPU_CURRENT_WORK = 128
export const CPU_IRQ_WORKS = 132
