// Every structure in shared memory outside the guest window: field, offset, width, who writes it.
// Plain constants, read by AssemblyScript and by TypeScript (the explorer and the host name fields by them).
// A structure is an address; a field is `address + FIELD`, accessed through the door with the width given here.
// Widths: u32 unless the comment says u64. "owner" = the CPU that owns the area or holds the entry.

/** Address of the machine header. Below it nothing is ever stored, so small numbers are never valid addresses. */
export const HEADER = 1024
/** Written once at boot. */
export const HEADER_MAGIC = 0
export const HEADER_CPUS = 4
export const HEADER_CPU_AREAS = 8
export const HEADER_CONTROL_BLOCKS = 12
export const HEADER_CONTROL_BLOCK_COUNT = 16
export const HEADER_MAPS = 20
export const HEADER_PROGRAMS = 24
export const HEADER_GUEST_BASE = 28
export const HEADER_GUEST_END = 32
/** One u16 per guest page: index + 1 of the map whose values lie there, 0 none. Written by the host at map creation. */
export const HEADER_PAGE_MAP = 36
/** The core heap (hash links, slots, bitmaps): bump allocation by the host; freed ranges are the host's to reuse. */
export const HEADER_CORE_HEAP = 40
export const HEADER_CORE_HEAP_END = 44
/** Bitmap of free control blocks. */
export const HEADER_CONTROL_BLOCK_POOL = 48
export const HEADER_TRACE_RING = 52
export const HEADER_TRACE_RING_BYTES = 56
/** u64: nanoseconds to add to MONOTONIC for REALTIME; host. */
export const HEADER_REALTIME_OFFSET = 64
/** Loop iterations that one run may make; host. */
export const HEADER_LOOP_BUDGET = 72
/** 1 while lifecycle events (init, start, cancel, fire, free) are recorded; host. */
export const HEADER_EVENTS = 76
/** The CPU that takes over what a dead one held; written by offline repair. */
export const HEADER_HEIR = 80
/** Records that each CPU's lifecycle event ring holds (a power of two). */
export const HEADER_EVENT_RECORDS = 60
export const HEADER_RANDOM_SEED = 84
/** Address of the machine's TASK: what a CPU's task is unless its run says otherwise; host. */
export const HEADER_TASK = 88
/** Address of the table of interfaces; host. */
export const HEADER_INTERFACES = 92
/** Addresses and lengths of the tables of routes and neighbours, in the core heap; host, before anything runs. */
export const HEADER_ROUTES = 96
export const HEADER_ROUTE_COUNT = 100
export const HEADER_NEIGHBORS = 104
export const HEADER_NEIGHBOR_COUNT = 108
/** Address of the table of sockets, 0 if there is none; host, before anything runs. */
export const HEADER_SOCKETS = 112
/** Changes of maps that CPUs had under way when they died: each may have taken one element with it, or none (contract
 *  G9). Written by repair. What else is lost: core/run/audit.ts. */
export const HEADER_UNFINISHED_CHANGES = 116
/** u64 for each control block: absolute REALTIME expiry + 1, 0 for every other arming; of timers on that clock only.
 *  Advice, moves the timer when REALTIME is set. */
export const HEADER_REALTIME_EXPIRIES = 120
/** First guest page that maps may use (before it: stacks, run buffers and scratch pages of the CPUs). */
export const HEADER_GUEST_HEAP = 124
/** u64, own cache line: the grace-period sequence. Any CPU adds 1 when it starts a grace period. */
export const HEADER_GRACE_PERIOD = 128
/** 1 if all CPUs run on one thread; host, before anything runs. */
export const HEADER_ONE_THREAD = 136
/** CPU that repairs a dead one, +1; 0 = none. CPUs that take their turns by themselves: those below; host. */
export const HEADER_REPAIRER = 140
export const HEADER_WORKERS = 144
/** u64, own cache line: bytes ever written to the trace ring; reservation by add. */
export const HEADER_TRACE_HEAD = 192
export const HEADER_BYTES = 256
export const MAGIC = 0x70656b73

/** Lifecycle event: u64 time, {number : 24, kind : 8}, map, element, result, u64 argument. */
export const EVENT_TIME = 0
export const EVENT_KIND = 8
export const EVENT_MAP = 12
export const EVENT_ELEMENT = 16
export const EVENT_RESULT = 20
export const EVENT_ARGUMENT = 24
export const EVENT_SHIFT = 5
/** Of the number in the word at EVENT_KIND: how many events its CPU had recorded before, as far as it fits. */
export const EVENT_NUMBER_SHIFT = 8

/** A bitmap over the control blocks (or the elements of a map): levels of u32 words, leaf first. */
export const BITMAP_BITS = 0
export const BITMAP_LEVELS = 4
/** Address of level 0 … 3, u32 each; unused levels are 0. */
export const BITMAP_LEVEL = 8
export const BITMAP_BYTES = 32
export const BITMAP_MAX_LEVELS = 4

/** Control block: 64 bytes, one cache line; type-stable. */
export const CONTROL_BLOCK_BYTES = 64
/** u64 {deadline+1 : 53, target : 6, run : 2, generation : 3}; see async/state.ts. Any CPU, compare-and-exchange. */
export const CB_STATE = 0
/** u64 {function : 24, serial : 24, program : 12, present : 1, generation : 3}; see async/binding.ts. Any CPU. */
export const CB_BINDING = 8
/** u64 {deadline : 53, owner+1 : 8}; 0 = in no queue. Claimed from 0 by anyone, then only its owner writes;
 *  queue/entry.ts. */
export const CB_QUEUED = 16
/** Reference count: 1 for the slot, 1 while queued or firing; REFERENCES_DEAD for ever once 0. */
export const CB_REFERENCES = 24
/** Callback runs so far; the CPU that fires. */
export const CB_RUNS = 28
/** Order of arming on the CPU that armed; advice (equal expiries only). */
export const CB_STAMP = 32
/** {address of the map : 26, clock : 3, kind : 2}, see OWNER_*; written before publication; async/owner.ts. */
export const CB_MAP = 36
/** Index of the element; written before publication. */
export const CB_ELEMENT = 40
/** Deferred frees: the next one. In the place of a queue link: a dead block is in no queue. */
export const CB_DEFERRED_NEXT = 44
/** Queue links, written by the owner of the entry only. */
export const CB_NEXT = 44
export const CB_PREVIOUS = 48
/** In the due heap: the first child. In the wheel: the entry of the slot that came four before; advice. */
export const CB_CHILD = 52
export const CB_BEFORE = 52
export const CB_ENTRY_STAMP = 56
/** u16: where the entry is linked: 0 nowhere, else see queue/. Owner of the entry. */
export const CB_PLACE = 60
/** u8: CPU + 1 that holds it in its list of deferred frees. */
export const CB_DEFERRED_BY = 62
/** u8: CPU + 1 that took it from the pool and has not published it; repair gives it back. */
export const CB_HOLDER = 63
/** In CB_MAP: kind, clock, and what is not the address of the map. */
export const OWNER_KIND = 3
export const OWNER_CLOCK_SHIFT = 2
export const OWNER_CLOCK = 7
export const OWNER_LOW = 63

/** Map: 256 bytes. A guest's map pointer is this address (outside the window: unreadable for guests). */
export const MAP_SHIFT = 8
export const MAP_BYTES = 256
/** Written at creation. State: 0 free, 1 live, 2 waiting for a grace period, 3 to be reclaimed, 4 being created. */
export const MAP_STATE = 0
export const MAP_TYPE = 4
export const MAP_KEY_SIZE = 8
export const MAP_VALUE_SIZE = 12
export const MAP_MAX_ENTRIES = 16
export const MAP_FLAGS = 20
/** Offset of the slot in a value, -1 none. */
export const MAP_TIMER_OFFSET = 24
export const MAP_WORK_OFFSET = 28
export const MAP_SPIN_LOCK_OFFSET = 32
/** Guest address of the value of element 0, bytes from one to the next, elements. */
export const MAP_ELEMENTS = 36
export const MAP_STRIDE = 40
export const MAP_ELEMENT_COUNT = 48
/** Hash maps: 1 if keys are one word and values have no special fields (map/short.ts). Written at creation. */
export const MAP_SHORT = 44
/** Per-CPU maps: bytes from one CPU's values to the next CPU's. */
export const MAP_CPU_STRIDE = 52
/** u64: 2^40 / stride rounded up, so that an offset becomes an index without a division. */
export const MAP_RECIPROCAL = 56
/** Core-side slot words: the timer slot of element i lies 4 i further on; 0 without such a field. */
export const MAP_TIMER_SLOTS = 64
export const MAP_WORK_SLOTS = 68
/** Hash maps: buckets (u64 links), mask, records of the elements, free-element bitmap, evict hand. Queues and stacks:
 *  their places (u64 links) and mask. Bloom filters: their bits and mask. LPM tries: the link to the root; MAP_RECORDS
 *  are the grace periods of free elements (u64 each). */
export const MAP_BUCKETS = 72
export const MAP_BUCKET_MASK = 76
export const MAP_RECORDS = 80
export const MAP_POOL = 84
export const MAP_SEED = 88
export const MAP_DEFERRED_NEXT = 92
export const MAP_DEFERRED_BY = 96
/** Hash maps: bytes of a record; restarts that a lookup suffers before it asks the mutators for help. */
export const MAP_RECORD_BYTES = 100
export const MAP_PATIENCE = 104
/** Queues, stacks, tries: the records of steps (map/step.ts) and the bitmap of free ones. */
export const MAP_STEPS = 108
export const MAP_STEP_POOL = 112
/** Hash maps: what each CPU keeps of the map (SHARE_*), how many rooms it keeps at most. Written at creation. */
export const MAP_SHARES = 108
export const MAP_ROOMS_KEPT = 112
/** map_extra, as given. */
export const MAP_EXTRA = 116
/** Which bucket an order word belongs to (record.ts); the u64 factor stands at 144. */
export const MAP_BUCKET_SHIFT = 120
export const BUCKET_LINE_BITS = 3
export const BUCKET_LINE = 7
/** The host's: 1 if the map is frozen, so that only programs write it; else 2 for each writing view of the host. */
export const MAP_USE = 124
/** Own cache line: user references (open handles and pins), not sticky. */
export const MAP_USER_REFERENCES = 128
/** References that keep the memory: handles, programs; sticky. */
export const MAP_REFERENCES = 132
/** Ring buffers: position up to which records are consumed (units of 8 bytes, 31 bits); bumped to wake the consumer. */
export const MAP_RING_CONSUMED = 136
export const MAP_RING_BELL = 140
/** Hash maps, u64: the factor that spreads order words over buckets (map/multiplier.ts). Written at creation. */
export const MAP_MULTIPLIER = 144
/** LPM tries: nodes (map/trie-node.ts), bytes of one, bitmap of free ones. */
export const MAP_NODES = 152
export const MAP_NODE_BYTES = 156
export const MAP_NODE_POOL = 160
/** Ring buffers: the perf event array that the ring is a buffer of (0 none), the CPU that puts records there, how many
 *  it could not (map/perf-event.ts). */
export const MAP_RING_ARRAY = 164
export const MAP_RING_CPU = 168
export const MAP_RING_LOST = 172
/** User ring buffers: the CPU that drains, + 1; 0 none (map/user-ring.ts). Of every map its id; host. */
export const MAP_RING_DRAINER = 176
export const MAP_ID = 180
/** u64: CPUs with an announced lookup (bit set). */
export const MAP_SLOW_LOOKUPS = 184
/** Own cache line: u64 {version : 32, rooms of elements that are not the map's own : 32} (map/room.ts); LRU hand. */
export const MAP_COUNT = 192
export const MAP_HAND = 200
/** u64 each. Rings: the last record (map/ring-record.ts); queues, stacks, tries: the current step (map/step.ts). */
export const MAP_RING_LAST = 208
export const MAP_STEP = 216

/** Record of a hash element (map/record.ts): u64 link {version : 39, mark : 1, next : 24}, u64 order, words of long
 *  keys. */
export const RECORD_LINK = 0
export const RECORD_ORDER = 8
export const RECORD_KEY = 16
/** From the end of an LRU record. */
export const RECORD_REFERENCED = 8
/** In the link. */
export const RECORD_NEXT = 0xffffff
export const RECORD_MARK = 0x1000000

/** What a CPU keeps of a hash map, in a cache line of its own: a spare element (index + 1, 0 none), where it looks
 *  first for a free one (map/spare.ts), u64 {version : 48, rooms : 16} (map/room.ts; any CPU, compare-and-exchange). */
export const SHARE_SPARE = 0
export const SHARE_HINT = 4
export const SHARE_ROOMS = 8
export const SHARE_BYTES = 64

/** Slot word (core-side, one per special field of an element): address of the control block, or one of these; closed:
 *  the element has left its map, and init answers -ENOENT until it is handed out again. */
export const SLOT_EMPTY = 0
export const SLOT_CLOSED = 1

/** Program: 64 bytes. */
export const PROGRAM_SHIFT = 6
export const PROGRAM_BYTES = 64
/** 0 free, 1 loaded, 2 waiting for a grace period, 3 unloaded: the host may reuse its table range. */
export const PROGRAM_STATE = 0
export const PROGRAM_REFERENCES = 4
/** Entry function and the range of table indices that are callbacks of this program's object. */
export const PROGRAM_ENTRY = 8
export const PROGRAM_TABLE_FIRST = 12
export const PROGRAM_TABLE_END = 16
export const PROGRAM_DEFERRED_NEXT = 20
export const PROGRAM_DEFERRED_BY = 24
/** BPF_PROG_TYPE_*, and the program's id; host, at load. */
export const PROGRAM_TYPE = 28
export const PROGRAM_ID = 56
/** Runs and nanoseconds, for statistics (u64 each, advice). */
export const PROGRAM_RUNS = 32
export const PROGRAM_NANOSECONDS = 40
/** u64: bit i = function `tableFirst + i` uses `now` only after its own reading of the clock, or never; host. */
export const PROGRAM_NEEDS_NO_READING = 48
/** 1 until its object is closed: what cancels make void may be kept (async/kept.ts). */
export const PROGRAM_OPEN = 60

/** Sticky reference counts: this bit means dead for ever. */
export const REFERENCES_DEAD = 0x40000000

/** CPU area. First line: read by other CPUs. u64: grace period seen when the current section began; 0 = quiescent. */
export const CPU_SECTION = 0
/** 0 unused, 1 live, 2 declared dead. */
export const CPU_LIFE = 8
/** Bumped by every poster; the CPU sleeps on it. */
export const CPU_BELL = 12
/** 1 while the CPU sleeps or is about to. */
export const CPU_SLEEPING = 16
/** The control block whose callback this CPU runs or is about to run. */
export const CPU_CURRENT = 20
/** The timer that a callback on this CPU waits for (0 none), and {number : 30, its run : 2}; async/deadlock.ts. */
export const CPU_EDGE_TIMER = 24
export const CPU_EDGE_RUN = 28
/** Address of the inbox bitmap. */
export const CPU_INBOX = 32
/** Address of the spin lock word held by a program on this CPU; 0 none. */
export const CPU_LOCK = 36
/** Second line: private to the CPU (repair reads it when the CPU is dead). */
export const CPU_INDEX = 64
/** CONTEXT_*. */
export const CPU_CONTEXT = 68
/** Program that runs now (address) and its binding's table range come from it. */
export const CPU_PROGRAM = 72
/** Tail calls that the run has made. Not on the line of CPU_REQUEST: the host looks at that while runs go on. */
export const CPU_TAIL_CALLS = 76
/** u64: `now` in nanoseconds and its uses since the clock was read. */
export const CPU_NOW = 80
export const CPU_NOW_USES = 88
export const CPU_STAMP = 92
/** Loop iterations left in this run. */
export const CPU_BUDGET = 96
/** Phase of firing, so that an unwind or a repair knows what is owed; see run/fire.ts. */
export const CPU_FIRING = 100
export const CPU_NESTED = 104
export const CPU_RANDOM = 108
/** Deferred frees: newly dead (pushed by exchange), waiting, u64 grace period that these need, number of both. */
export const CPU_DEFERRED_NEW = 112
export const CPU_DEFERRED_WAITING = 116
export const CPU_DEFERRED_UNTIL = 120
export const CPU_DEFERRED_COUNT = 128
/** Guest addresses: top of stack 0, run buffer (context and data of runs), scratch page (key cells of helpers). */
export const CPU_STACKS = 132
export const CPU_RUN_BUFFER = 136
export const CPU_RUN_BUFFER_BYTES = 140
export const CPU_SCRATCH = 144
/** Depth of read-side sections and preempt_disable that a program opened, checked at its end. */
export const CPU_READ_DEPTH = 148
export const CPU_PREEMPT_DEPTH = 152
/** Work list: first, last. */
export const CPU_WORK_FIRST = 156
export const CPU_WORK_LAST = 160
/** Root of the due heap; entries in the whole timer queue; starts by nested code (queue/stamp.ts). */
export const CPU_DUE_ROOT = 164
export const CPU_QUEUE_LENGTH = 168
export const CPU_NESTED_STAMPS = 172
/** u64: the wheel's base, in deadline units. */
export const CPU_WHEEL_BASE = 176
/** The due list: first, last. */
export const CPU_DUE_FIRST = 184
export const CPU_DUE_LAST = 188
/** Statistics: u64 each, written by the CPU, read by the host. */
export const CPU_RUNS = 192
export const CPU_FIRINGS = 200
export const CPU_WORKS = 208
export const CPU_LATENESS = 216
export const CPU_MAX_LATENESS = 224
export const CPU_POSTS = 232
/** Advice: where this CPU looks first for a free control block; how many elements it has looked for in LPM tries. */
export const CPU_POOL_HINT = 240
export const CPU_TRIE_HAND = 244
/** Updates and deletes under way on hash maps, one for each nesting level; repair counts what they held as lost. */
export const CPU_MAP_OPERATIONS = 248
/** Lookups that ask for help (map/announce.ts), one request of 16 bytes per nesting level: map, guest address of the
 *  key, u64 {ticket : 32, answer : 32}. The CPU writes them; mutators write the answer by compare-and-exchange. */
export const CPU_LOOKUPS = 256
export const LOOKUP_MAP = 0
export const LOOKUP_KEY = 4
export const LOOKUP_ANSWER = 8
export const LOOKUP_BYTES = 16
export const LOOKUP_LEVELS = 4
/** Run mailbox: request word and arguments; written by the host, answered by the CPU (run/loop.ts). */
export const CPU_REQUEST = 320
export const CPU_REQUEST_PROGRAM = 324
export const CPU_REQUEST_CONTEXT_ADDRESS = 328
export const CPU_REQUEST_CONTEXT = 332
export const CPU_REQUEST_REPEAT = 336
export const CPU_REQUEST_RESULT = 340
/** u64 nanoseconds. */
export const CPU_REQUEST_DURATION = 344
/** 1 = the host wants the CPU's loop to return to JavaScript (load, unload, close). */
export const CPU_CONTROL = 352
/** Lifecycle event ring: records of 32 bytes, count of records ever written (u32). */
export const CPU_EVENTS = 356
export const CPU_EVENTS_WRITTEN = 360
/** Nanoseconds that the CPU spins before it sleeps; host. */
export const CPU_SPIN = 364
/** Registers of the interpreter: 16 u64 for each frame of each of the CPU's stacks. */
export const CPU_REGISTERS = 368
/** Address of the instruction that the interpreter is at (core heap); 0 while none runs. */
export const CPU_INSTRUCTION = 372
/** What this CPU has open in rings (map/open-records.ts): records and drains that programs have not given back, and 1
 *  if code that had interrupted them has begun any since the end of the last run. One u64 for who asks whether there is
 *  anything. */
export const CPU_RESERVED = 376
export const CPU_RESERVED_NESTED = 380
/** Timer wheel: bitmaps (8 u32 per level); the slots are at the end. */
export const CPU_WHEEL_BITS = 384
export const WHEEL_LEVELS = 6
/** Elements of per-CPU hash maps that the CPU writes into (map/element-write.ts), one u64 {map : 32, index + 1 : 32}
 *  per nesting level; 0 none. */
export const CPU_ELEMENT_WRITES = 576
/** u64: expiry + 1 (ns) of the callback that runs and has yet to read the clock, to tell how late it began. 0 none. */
export const CPU_LATE_SINCE = 608
/** u64: where the host writes the time when the CPU asks for it (host.ts). */
export const CPU_CLOCK = 616
/** What the values and control blocks held that were brought into the cache ahead of their turn; nobody reads it. */
export const CPU_TOUCHED = 624
/** 1 once the CPU's run has moved its packet forward or recorded a redirect; for prepared runs (run/prepared.ts). */
export const CPU_BUFFER_USED = 628
/** Stacks of programs that a subprogram's tail call has begun (core/frame.ts), MAX_TAIL_CALLS for each nesting level,
 *  then places of keys (guest address); the interpreter's registers of their frames. 0: none yet. */
export const CPU_TAIL_STACKS = 632
export const CPU_TAIL_REGISTERS = 636
/** TASK of the CPU's current or last run; host, between runs. */
export const CPU_TASK = 640
/** u32 nanoseconds for each length of sleep (run/margin.ts); 0 nothing learned yet. */
export const CPU_MARGINS = 832
export const MARGIN_CLASSES = 8
/** Entries that the wheel brings, while they are sorted: 64 u64 keys, 64 u32 control blocks (queue/due-batch.ts). */
export const CPU_BATCH_KEYS = 896
export const CPU_BATCH_BLOCKS = 1408
/** Timer wheel, 256 slots for each level: first and last entry, the last four that came (u64 each of two, the newest in
 *  the low half of NEWER), entries. */
export const CPU_WHEEL_SLOTS = 1664
export const WHEEL_LAST = 4
export const WHEEL_NEWER = 8
export const WHEEL_OLDER = 16
export const WHEEL_COUNT = 24
export const WHEEL_SLOT_BYTES = 32
export const CPU_BYTES = 50816
