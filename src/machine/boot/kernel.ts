// A machine as the host thread owns it: its memory, allocators, the CPUs that this thread drives, its maps and loaded
// objects. The two front ends (local.ts, threads.ts) are built on it and add how the other CPUs are reached.
import {
  CPU_LIFE,
  CPU_RANDOM,
  HEADER,
  HEADER_CORE_HEAP,
  HEADER_CORE_HEAP_END,
  HEADER_GUEST_HEAP,
  HEADER_LOOP_BUDGET,
  HEADER_ONE_THREAD,
  HEADER_RANDOM_SEED,
  HEADER_WORKERS,
} from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import type { Clock } from '../cpu/clock.js'
import { coreModule } from '../cpu/core-module.js'
import { coreExports, instantiateCore } from '../cpu/core.js'
import { Cpu, CpuFault } from '../cpu/cpu.js'
import { Emitter } from '../observe/events.js'
import { Lifecycle, type LifecycleEvent } from '../observe/lifecycle.js'
import { MapTable } from '../map/table.js'
import { Memory } from '../cpu/memory.js'
import { MACHINE_CLOSED, tellClosed } from '../load/closing.js'
import { NO_MORE_LOADS, ObjectTable } from '../load/object-table.js'
import { programCpusOf, type MachineShape } from '../options/boot-options.js'
import { writeNetwork } from '../options/network.js'
import { RangeAllocator } from '../cpu/ranges.js'
import { faultError } from '../observe/fault-report.js'
import type { OptionNames } from '../options/given-options.js'
import { setMachineTask } from '../options/task.js'
import { TraceReader, type TraceLine } from '../observe/trace.js'

/** Events of a machine. */
export interface MachineEvents {
  /** A fault in a timer or work callback: a SkepError as run() would throw it. */
  fault: SkepError
  /** A line that a program printed. */
  trace: TraceLine
  /** A CPU whose thread has ended; its timers and work have moved to another CPU. */
  'cpu-exit': { cpu: number; reason: string }
  /**
   * An operation on a timer or work, a firing, an end. Recorded from the first listener on, for as long as one listens.
   */
  lifecycle: LifecycleEvent
}

/** Their names. */
export const machineEvents = {
  fault: true,
  trace: true,
  'cpu-exit': true,
  lifecycle: true,
} satisfies OptionNames<MachineEvents>

/** Guest addresses [start, end), and what lies there in words. */
export interface GuestPlace {
  readonly start: number
  readonly end: number
  readonly what: string
}

/** Function table slots that the host hands out; 0 is never a function. */
const TABLE_SLOTS = 1 << 20

export class Kernel {
  readonly shape: MachineShape
  readonly module: WebAssembly.Module
  readonly memory: Memory
  readonly clock: Clock
  readonly events = new Emitter<MachineEvents>()
  /** CPUs driven by this thread, in order of their index. */
  readonly local: readonly Cpu[]
  /** The CPU through which the host itself enters the core. */
  readonly host: Cpu
  readonly guest: RangeAllocator
  readonly heap: RangeAllocator
  readonly table: RangeAllocator
  readonly maps: MapTable
  readonly objects: ObjectTable
  /** What lies in the guest window besides maps and what every CPU has there; for the places of faults. */
  readonly places = new Set<GuestPlace>()
  readonly #trace: TraceReader
  #lifecycle: Lifecycle | undefined
  /** Faults in callbacks that nobody listened for. */
  readonly #unheard: SkepError[] = []
  faults = 0
  #open = true

  /** Boots a machine whose CPUs `localCpus` (and the host's own, if it has one) run on this thread. */
  constructor(shape: MachineShape, clock: Clock, localCpus: readonly number[]) {
    this.shape = shape
    this.clock = clock
    this.module = coreModule()
    const pages = shape.memoryBytes / 65536
    this.memory = new Memory(allocate(pages, shape))
    const total = programCpusOf(shape) + (shape.hostCpu ? 1 : 0)
    const instance = (): WebAssembly.Instance => instantiateCore(this.module, this.memory.shared, clock)
    const first = instance()
    if (coreExports(first).machine_boot(shape.memoryBytes, total, shape.controlBlocks, shape.coreBytes) !== 0)
      throw new SkepError(
        'BAD_OPTION',
        `memory: ${shape.memoryBytes} bytes are too few for ${total} CPUs, ${shape.controlBlocks} timers and ` +
          `${shape.coreBytes} bytes of core memory; raise 'memory' or lower 'timers'`,
      )
    this.#configure(total)
    const { memory } = this
    // The instance that has laid out the memory becomes the host's CPU.
    const hostIndex = shape.hostCpu ? total - 1 : localCpus[0]!
    this.host = new Cpu(first, memory, hostIndex)
    this.local = localCpus.map((index) => (index === hostIndex ? this.host : new Cpu(instance(), memory, index)))
    const page = 4096
    this.guest = new RangeAllocator(memory.word(HEADER + HEADER_GUEST_HEAP), memory.guestEnd, page)
    this.heap = new RangeAllocator(
      memory.word(HEADER + HEADER_CORE_HEAP),
      memory.word(HEADER + HEADER_CORE_HEAP_END),
      64,
    )
    writeNetwork(memory, this.heap, this.guest, shape.network)
    this.table = new RangeAllocator(Math.max(1, this.host.core.table.length), TABLE_SLOTS, 1)
    this.maps = new MapTable(this)
    this.objects = new ObjectTable(this)
    this.#trace = new TraceReader(this.memory)
  }

  /** Throws CLOSED after close(). */
  check(): void {
    if (!this.#open) throw new SkepError('CLOSED', 'the machine is closed')
  }

  get closed(): boolean {
    return !this.#open
  }

  /** One turn of a CPU of this thread; true if there is more to do. A fault in a callback becomes an event. */
  poll(cpu: Cpu): boolean {
    try {
      return cpu.poll()
    } catch (error) {
      if (!(error instanceof CpuFault)) throw error
      this.callbackFault(faultError(this, error.raw))
      return true
    }
  }

  /** Reports a fault of a callback; one that nobody listens for is kept for `throwUnheard`. */
  callbackFault(error: SkepError): void {
    this.faults++
    if (this.events.has('fault')) this.events.emit('fault', error)
    else if (this.#unheard.length < 100) this.#unheard.push(error)
  }

  /** Throws the first fault of a callback that nobody listened for, if there was one. */
  throwUnheard(): void {
    if (this.#unheard.length > 0) throw this.#unheard.splice(0)[0]!
  }

  /**
   * True if a run may be followed by something beside frees of its CPU: somebody listens, a fault was not heard, memory
   * of maps or objects is to be taken back. For hot loops, in place of flushTrace(), settle(false) and throwUnheard().
   */
  get unsettled(): boolean {
    return this.events.heard || this.#unheard.length > 0 || this.maps.dying || this.objects.dying
  }

  /** Begins or ends the recording of lifecycle events, by whether anyone listens. */
  watchLifecycle(): void {
    if (this.events.has('lifecycle')) this.#lifecycle ??= new Lifecycle(this)
    else {
      this.#lifecycle?.stop()
      this.#lifecycle = undefined
    }
  }

  /** Lifecycle events that were overwritten before anyone read them. */
  get lifecycleLost(): number {
    return this.#lifecycle?.lost ?? 0
  }

  /**
   * Reports printed lines and lifecycle events. `still`: no other thread runs any more; `dead`: this CPU's does not.
   */
  flushTrace(still = !this.shape.hostCpu && this.shape.joins === 0, dead?: number): void {
    if (dead !== undefined) this.#trace.died()
    if (!this.events.heard) return
    try {
      if (this.#lifecycle) this.events.emitAll('lifecycle', this.#lifecycle.read(still, dead))
    } finally {
      if (this.events.has('trace')) this.events.emitAll('trace', this.#trace.read(still))
    }
  }

  /**
   * Lets the host's CPU return what it has freed, and takes back the memory of maps and objects that are gone.
   * `pending`:
   * whether there is anything of the first, if the caller knows.
   */
  settle(pending = this.host.core.cpu_reclaim_pending() !== 0): void {
    if (pending) this.#turn()
    if (this.maps.dying || this.objects.dying) this.reclaim()
  }

  /**
   * Takes back the memory of maps and objects whose grace period is over; before, events are read that name them by
   * address.
   */
  reclaim(): void {
    try {
      if (this.#lifecycle) this.flushTrace()
    } finally {
      this.objects.reclaim()
      this.maps.reclaim()
    }
  }

  /**
   * What `attempt` gives; if that is undefined, what it gives once everything has been taken back that is closed and
   * waits for grace periods only.
   */
  withRoom<T>(attempt: () => T | undefined): T | undefined {
    const given = attempt()
    if (given !== undefined || !(this.maps.dying || this.objects.dying)) return given
    this.#reclaimClosed()
    return attempt()
  }

  // Two grace periods each, which one turn begins and a later one finds over; maps that only the code of closed objects
  // has held begin theirs when that has gone.
  #reclaimClosed(): void {
    for (let round = 0; round < 2 && (this.maps.dying || this.objects.dying); round++) {
      for (let turn = 0; turn < 5; turn++) this.poll(this.host)
      this.reclaim()
    }
  }

  // A grace period takes two turns: one starts it, one finds it over.
  #turn(): void {
    for (let turn = 0; turn < 2; turn++) this.poll(this.host)
  }

  /** True while the CPU is driven by a live thread. */
  alive(cpu: number): boolean {
    return this.memory.word(this.memory.cpuArea(cpu) + CPU_LIFE) === 1
  }

  /** CPUs of threads that have joined, and are live. */
  joined(): number[] {
    const { cpus, joins } = this.shape
    return Array.from({ length: joins }, (_, index) => cpus + index).filter((cpu) => this.alive(cpu))
  }

  /** Marks the machine closed; everything is garbage once the threads have ended. */
  close(): void {
    this.#open = false
    Atomics.store(this.objects.loads, 0, NO_MORE_LOADS)
    for (const object of this.objects.live) tellClosed(this.memory, object, MACHINE_CLOSED)
    this.maps.endConsumers()
  }

  #configure(total: number): void {
    const { memory, shape } = this
    memory.setWord(HEADER + HEADER_RANDOM_SEED, shape.seed)
    for (let cpu = 0; cpu < total; cpu++)
      memory.setWord(memory.cpuArea(cpu) + CPU_RANDOM, mix(shape.seed + 0x9e3779b9 * (cpu + 1)) || 1)
    // Threads have a CPU of the host's, through which it enters maps.
    memory.setWord(HEADER + HEADER_ONE_THREAD, shape.hostCpu ? 0 : 1)
    // Those of threads that join are polled when their threads like, the host's when no other is left.
    memory.setWord(HEADER + HEADER_WORKERS, shape.cpus)
    setMachineTask(memory.bytes, shape.task)
    if (shape.loopBudget !== undefined) memory.setWord(HEADER + HEADER_LOOP_BUDGET, shape.loopBudget)
  }
}

function allocate(pages: number, shape: MachineShape): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch (cause) {
    throw new SkepError('NO_MEMORY', `memory: the system gives no ${shape.memoryBytes} bytes`, {}, { cause })
  }
}

/** Spreads the bits of a number so that neighbouring inputs give unrelated outputs. */
function mix(input: number): number {
  let word = input >>> 0
  word = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return (word ^ (word >>> 16)) >>> 0
}
