// A machine whose CPUs are worker threads, on the real clock. The host thread has a CPU of its own (the last), through
// which it enters maps; it runs no programs. Methods answer with promises.
import { CPU_BELL, CPU_LIFE, CPU_SPIN, HEADER, HEADER_REALTIME_OFFSET } from '../../../core/layout.js'
import { EAGAIN } from '../../../core/abi.js'
import { reasonOf, show, SkepError } from '../../error.js'
import { promised } from '../answer.js'
import { realClock, realEpoch, realtimeOffset, type Clock, type RealEpoch } from '../cpu/clock.js'
import { placeRun, repeatOf, type PlacedRun, type RunOptions, type RunResult } from '../run/context.js'
import { refuseUnknown, type OptionNames } from '../options/given-options.js'
import { Kernel } from './kernel.js'
import { prepareObject, type LoadOptions, type LoadOptionsOf, type ObjectSource } from '../load/load.js'
import { MachineBase } from './machine-base.js'
import { LoadedObject } from '../load/object.js'
import type { Runner } from '../run/program.js'
import type { LiveProgram } from '../load/object-table.js'
import type { ObjectTypes } from '../object-types.js'
import { bootOptions, machineShape, type BootOptions, type MachineShape } from '../options/boot-options.js'
import { faultError } from '../observe/fault-report.js'
import { runBufferAt, type RunBuffer } from '../cpu/run-buffer.js'
import { randomSeed } from './seed.js'
import { shareMachine, type MachineShare } from './share.js'
import { WorkerCpu, WorkerThread } from '../cpu/worker-cpu.js'

/** Options of a machine with worker threads. */
export interface ThreadOptions extends BootOptions {
  /** Worker threads; default 1. With `joins`, at most 61. */
  cpus?: number
  /** The only clock that threads can have. For a virtual one: boot.virtual(). */
  clock?: 'real'
  /**
   * How a CPU without work waits. 'sleep': at once, no CPU time, tens of microseconds to wake up; 'hybrid' (default):
   * spins 50 µs first, and is awake again before a timer is due, by as much as its last sleeps have ended late (at
   * least 90 µs where the time is short, at most 1 ms and a quarter of the time to wait); 'spin': never sleeps, a whole
   * core each, wakes up at once.
   */
  wait?: 'sleep' | 'hybrid' | 'spin'
}

const threadOptions = { ...bootOptions, cpus: true, clock: true, wait: true } satisfies OptionNames<ThreadOptions>

const SPIN_NANOSECONDS = { sleep: 0, hybrid: 50_000, spin: 0xffffffff } as const
/** How often (ms) the host looks for printed lines, memory to take back and CPUs that have left. */
const HOUSEKEEPING = 10
/** CPU_LIFE of a joined CPU that its thread has left. */
const LIFE_LEFT = 3
/** How long close() waits for a thread (ms) before it ends it by force. */
const CLOSE_TIMEOUT = 250

/** A machine whose CPUs are worker threads: `await boot({ cpus: 4 })`. Its methods answer with promises. */
export class Machine extends MachineBase<'promised'> {
  readonly #epoch: RealEpoch
  readonly #workers: WorkerCpu[]
  readonly #runBuffers: RunBuffer[] = []
  readonly #housekeeping: NodeJS.Timeout
  /** From the first close() on: resolves when the machine has ended. */
  #ending: Promise<void> | undefined

  /** Boots a machine; use boot(). */
  static async boot(options: ThreadOptions = {}): Promise<Machine> {
    refuseUnknown(options, threadOptions, 'boot')
    const machine = new Machine(options)
    machine.ref()
    try {
      await Promise.all(machine.#workers.map(({ ready }) => ready))
      machine.unref()
    } catch (error) {
      await machine.close()
      throw error
    }
    return machine
  }

  private constructor(options: ThreadOptions) {
    const epoch = realEpoch()
    const clock = realClock(epoch)
    const shape = machineShape(options, options.cpus ?? 1, true, randomSeed())
    const wait = options.wait ?? 'hybrid'
    if (typeof wait !== 'string' || !Object.hasOwn(SPIN_NANOSECONDS, wait))
      throw new SkepError('BAD_OPTION', `wait: expected sleep, hybrid or spin, got ${show(options.wait)}`)
    const threads = startThreads(shape.cpus)
    super(kernelFor(threads, shape, clock), promised)
    const { kernel } = this
    const { memory } = kernel
    this.#epoch = epoch
    memory.setLong(HEADER + HEADER_REALTIME_OFFSET, realtimeOffset(clock))
    kernel.objects.onUninstall = ({ tableFirst, exports }) => {
      kernel.host.uninstall(tableFirst, exports.length)
      for (const worker of this.#workers)
        if (worker.alive) worker.uninstall(tableFirst, exports.length).catch(() => undefined)
    }
    this.#workers = threads.map((thread, cpu) => {
      memory.setWord(memory.cpuArea(cpu) + CPU_SPIN, SPIN_NANOSECONDS[wait])
      const task = { module: kernel.module, memory: memory.shared, epoch, cpu }
      const worker = new WorkerCpu(thread, task, memory, {
        callbackFault: (raw) => {
          // Named before anybody is told of anything: a listener may close the object.
          const error = faultError(kernel, raw)
          kernel.flushTrace()
          if (!kernel.events.has('fault')) process.emitWarning(error.message, { type: 'SkepFault', code: error.code })
          kernel.callbackFault(error)
        },
        exited: (reason) => this.#buryCpu(cpu, reason),
      })
      return worker
    })
    this.#housekeeping = setInterval(() => this.#keepHouse(), HOUSEKEEPING)
    this.#housekeeping.unref()
  }

  /**
   * Loads an object on every CPU: all of it or, if anything is wrong with it, nothing. `T` as for LocalMachine.load.
   */
  async load<T extends ObjectTypes = ObjectTypes>(
    source: ObjectSource,
    options: LoadOptionsOf<T> = {},
  ): Promise<LoadedObject<'promised', T>> {
    const { kernel } = this
    this.#refuseJoined()
    const prepared = prepareObject(kernel, source, options as LoadOptions)
    const { code } = prepared.object
    const live = this.#workers.filter(({ alive }) => alive)
    try {
      // The host's CPU runs no programs, but it inherits the timers when no other CPU is left.
      kernel.host.install(code)
      await Promise.all(live.map((worker) => worker.install(code)))
      kernel.check()
      // A thread that joins reads the count after it has become live.
      Atomics.add(kernel.objects.loads, 0, 1)
      this.#refuseJoined()
      prepared.commit()
    } catch (error) {
      kernel.host.uninstall(code.tableFirst, code.exports.length)
      await Promise.allSettled(live.map((worker) => worker.uninstall(code.tableFirst, code.exports.length)))
      prepared.release()
      throw error
    }
    const runner: Runner<'promised'> = {
      run: (program, run) => this.#run(program, run),
      prepare(program) {
        throw new SkepError(
          'NOT_LOCAL',
          `program '${program.spec.name}': prepared runs are for machines on the calling thread (boot with cpus: 'inline', or ` +
            `boot.virtual); a CPU of this machine is another thread: pass run() a 'repeat', or join the machine`,
        )
      },
    }
    return new LoadedObject<'promised', T>(kernel, prepared, runner, promised)
  }

  /**
   * What another thread of this process needs to join the machine as a CPU of its own: see join(). The handle can be
   * sent by postMessage or as workerData; it names the objects that are loaded now. Throws BAD_OPTION without `joins`.
   */
  share(): MachineShare {
    this.kernel.check()
    if (this.kernel.shape.joins === 0)
      throw new SkepError('BAD_OPTION', `no CPU is kept for threads that join: boot with joins: 1 or more`)
    return shareMachine(this.kernel, this.#epoch)
  }

  /**
   * Ends CPU `cpu` by force, as if its thread had died: its timers and work move to another CPU, its run rejects with
   * CPU_DEAD. For a joined CPU whose thread is gone. Throws BAD_CPU.
   */
  async offline(cpu: number): Promise<void> {
    this.kernel.check()
    const worker = this.#worker(cpu)
    if (worker) {
      await worker.terminate()
      await worker.ended
    } else if (this.kernel.joined().includes(cpu)) this.#buryCpu(cpu, 'taken offline')
    else throw new SkepError('BAD_CPU', `there is no live CPU ${show(cpu)}`)
  }

  /** The worker threads keep the process alive. */
  ref(): this {
    for (const worker of this.#workers) worker.setReferenced(true)
    return this
  }

  /** Only runs that are going on keep the process alive: the default. */
  unref(): this {
    for (const worker of this.#workers) worker.setReferenced(false)
    return this
  }

  /** Ends every thread and frees everything. Runs that have not begun reject with CPU_DEAD. */
  async close(): Promise<void> {
    if (this.kernel.closed) return
    // A listener that is told the last lines may close it again.
    await (this.#ending ??= Promise.resolve().then(() => this.#end()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #end(): Promise<void> {
    clearInterval(this.#housekeeping)
    try {
      this.kernel.flushTrace()
    } finally {
      await Promise.all(this.#workers.map((worker) => endWorker(worker)))
      try {
        this.kernel.flushTrace(true)
      } finally {
        this.kernel.close()
      }
    }
  }

  async #run(program: LiveProgram, options: RunOptions): Promise<RunResult> {
    const { kernel } = this
    kernel.check()
    const worker = this.#workerOf(options.cpu ?? 0)
    const repeat = repeatOf(options)
    const letGo = kernel.objects.hold(program)
    let placed: PlacedRun | undefined
    const place = () => {
      kernel.check()
      placed = placeRun(program.spec, options, this.#runBuffer(worker.index), kernel.maps.named)
      const { contextAddress, context } = placed
      return { program: program.address, contextAddress, context, repeat }
    }
    return worker
      .run(place, (outcome) => {
        kernel.flushTrace()
        if ('fault' in outcome) throw faultError(kernel, outcome.fault)
        return placed!.finish(outcome.retval, outcome.duration)
      })
      .finally(letGo)
  }

  #refuseJoined(): void {
    if (this.kernel.joined().length > 0)
      throw new SkepError('JOINED', 'objects are loaded before other threads join: they would not have the code')
  }

  #runBuffer(cpu: number): RunBuffer {
    const { memory, host } = this.kernel
    return (this.#runBuffers[cpu] ??= runBufferAt(memory, host.core, memory.cpuArea(cpu)))
  }

  #workerOf(cpu: number): WorkerCpu {
    const worker = this.#worker(cpu)
    if (!worker) throw this.noCpu(cpu)
    if (!worker.alive) throw new SkepError('CPU_DEAD', `CPU ${cpu} is dead: its thread has ended`, { cpu })
    return worker
  }

  // An index as it is: `workers['length']` is no CPU, and '0' none either.
  #worker(cpu: number): WorkerCpu | undefined {
    return typeof cpu === 'number' ? this.#workers[cpu] : undefined
  }

  // The repair may have to be tried again while another CPU is at the very timer that the dead one was firing.
  #buryCpu(cpu: number, reason: string): void {
    const { kernel } = this
    if (this.#ending || kernel.closed) return
    if (kernel.host.core.cpu_offline(cpu) === -EAGAIN) {
      setTimeout(() => this.#buryCpu(cpu, reason), 1)
      return
    }
    kernel.memory.ring(kernel.memory.cpuArea(cpu === 0 ? Math.min(1, this.cpus - 1) : 0) + CPU_BELL)
    kernel.settle()
    try {
      kernel.flushTrace(false, cpu)
    } finally {
      kernel.events.emit('cpu-exit', { cpu, reason })
    }
  }

  #keepHouse(): void {
    const { kernel } = this
    if (kernel.closed) return
    if (!this.#workers.some(({ alive }) => alive)) kernel.poll(kernel.host)
    kernel.flushTrace()
    kernel.settle()
    for (let cpu = this.cpus; cpu < this.cpus + kernel.shape.joins; cpu++)
      if (kernel.memory.word(kernel.memory.cpuArea(cpu) + CPU_LIFE) === LIFE_LEFT)
        this.#buryCpu(cpu, 'its thread has left')
  }
}

/** Throws CPU_DEAD if one of them cannot be started; those before it end. */
function startThreads(count: number): WorkerThread[] {
  const threads: WorkerThread[] = []
  try {
    while (threads.length < count) threads.push(new WorkerThread())
    return threads
  } catch (cause) {
    endAll(threads)
    const cpu = threads.length
    throw new SkepError(
      'CPU_DEAD',
      `CPU ${cpu} did not start: no thread for it: ${reasonOf(cause)}`,
      { cpu },
      { cause },
    )
  }
}

function endAll(threads: readonly WorkerThread[]): void {
  for (const { worker } of threads) {
    // What it may still throw is nobody's.
    worker.on('error', () => undefined)
    void worker.terminate()
  }
}

/** The machine's memory and host, made while its threads start; if it cannot be made, they end. */
function kernelFor(threads: readonly WorkerThread[], shape: MachineShape, clock: Clock): Kernel {
  try {
    return new Kernel(shape, clock, [])
  } catch (error) {
    endAll(threads)
    throw error
  }
}

async function endWorker(worker: WorkerCpu): Promise<void> {
  worker.setReferenced(true)
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT)))
  const asked = worker.ask({ kind: 'close' }).then(
    () => worker.ended,
    () => undefined,
  )
  await Promise.race([asked, tooLong])
  clearTimeout(timer)
  if (worker.alive) await worker.terminate()
  await worker.ended
}
