// A machine whose CPUs run on the calling thread: methods answer directly. Inline (one CPU, real clock, driven by poll
// or the event loop) and virtual (many CPUs, a clock that moves when told to, everything deterministic).
import { SkepError } from '../../error.js'
import { direct } from '../answer.js'
import { placeRun, repeatOf, type PlacedRun, type RunOptions, type RunResult } from '../run/context.js'
import type { Cpu } from '../cpu/cpu.js'
import { CpuFault } from '../cpu/cpu.js'
import type { Kernel } from './kernel.js'
import { MachineBase } from './machine-base.js'
import { prepareObject, type LoadOptions, type LoadOptionsOf, type ObjectSource } from '../load/load.js'
import { LoadedObject } from '../load/object.js'
import type { Runner } from '../run/program.js'
import type { LiveProgram } from '../load/object-table.js'
import type { ObjectTypes } from '../object-types.js'
import { PreparedRun, type PrepareOptions } from '../run/prepared.js'
import { faultError } from '../observe/fault-report.js'

/** Runs between which a CPU takes a turn: timers that are due, work, frees. */
const RUNS_PER_TURN = 64

/** Turns that poll() gives a CPU before it returns to the caller, work that starts itself for ever or not. */
const TURNS_PER_POLL = 1000

/** The last return value of some runs, and the nanoseconds that they took together. */
interface Ran {
  readonly retval: number
  readonly duration: number
}

/** What inline and virtual machines have in common. */
export abstract class LocalMachine extends MachineBase<'direct'> {
  /** @internal */
  constructor(kernel: Kernel) {
    super(kernel, direct)
  }

  /**
   * Loads an object: all of it or, if anything is wrong with it, nothing. In TypeScript `T` says what its names and
   * types are: an interface that `skep types` has written.
   */
  load<T extends ObjectTypes = ObjectTypes>(
    source: ObjectSource,
    options: LoadOptionsOf<T> = {},
  ): LoadedObject<'direct', T> {
    const { kernel } = this
    const prepared = prepareObject(kernel, source, options as LoadOptions)
    try {
      for (const cpu of kernel.local) cpu.install(prepared.object.code)
      prepared.commit()
    } catch (error) {
      const { tableFirst, exports } = prepared.object.code
      for (const cpu of kernel.local) cpu.uninstall(tableFirst, exports.length)
      prepared.release()
      throw error
    }
    const runner: Runner<'direct'> = {
      run: (program, run) => this.run(program, run),
      prepare: (program, run) => this.#prepare(program, run),
    }
    return new LoadedObject<'direct', T>(kernel, prepared, runner, direct)
  }

  /**
   * Fires what is due now on every CPU and runs pending work; returns when the next timer may be due (ns since the
   * machine's epoch, never late), undefined if none is armed.
   */
  poll(): number | undefined {
    this.kernel.check()
    this.drain(TURNS_PER_POLL)
    this.report()
    const next = Math.min(...this.kernel.local.map((cpu) => cpu.core.cpu_next_expiry()))
    return next === Infinity ? undefined : next
  }

  /** Ends the machine; every handle answers CLOSED from now on. */
  close(): void {
    try {
      this.kernel.flushTrace()
    } finally {
      this.kernel.close()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Lets every CPU of this thread do what is due, at most `turns` turns each; true if nothing is left to do now. */
  protected drain(turns: number): boolean {
    for (let turn = 0; turn < turns; turn++) {
      let more = false
      for (const cpu of this.kernel.local) if (this.kernel.poll(cpu)) more = true
      if (!more) return true
    }
    return false
  }

  /** True if no inbox, work list or due timer waits for this thread's CPUs. */
  protected idle(): boolean {
    return this.kernel.local.every((cpu) => cpu.core.cpu_idle() !== 0)
  }

  /**
   * Reports what callbacks left behind: printed lines, freed memory (`pending`: settle()), faults that nobody listened
   * for.
   */
  protected report(pending?: boolean): void {
    this.kernel.flushTrace()
    this.kernel.settle(pending)
    this.kernel.throwUnheard()
  }

  protected cpuOf(index: number): Cpu {
    for (const cpu of this.kernel.local) if (cpu.index === index) return cpu
    throw this.noCpu(index)
  }

  protected run(program: LiveProgram, options: RunOptions): RunResult {
    const { kernel } = this
    kernel.check()
    const cpu = this.cpuOf(options.cpu ?? 0)
    const repeat = repeatOf(options)
    cpu.taskOf = undefined
    const placed = placeRun(program.spec, options, cpu.runBuffer, kernel.maps.named)
    const { retval, duration } =
      repeat > RUNS_PER_TURN ? this.#runInTurns(cpu, program, placed, repeat) : this.#runs(cpu, program, placed, repeat)
    const result = placed.finish(retval, duration / repeat)
    this.afterRun()
    this.report()
    return result
  }

  // A listener for faults in callbacks, which fire between the turns, may close the object.
  #runInTurns(cpu: Cpu, program: LiveProgram, placed: PlacedRun, repeat: number): Ran {
    const letGo = this.kernel.objects.hold(program)
    try {
      let ran: Ran = { retval: 0, duration: 0 }
      for (let left = repeat; left > 0; left -= RUNS_PER_TURN) {
        if (left < repeat) this.kernel.poll(cpu)
        const { retval, duration } = this.#runs(cpu, program, placed, Math.min(left, RUNS_PER_TURN))
        ran = { retval, duration: ran.duration + duration }
      }
      return ran
    } finally {
      letGo()
    }
  }

  #runs(cpu: Cpu, program: LiveProgram, placed: PlacedRun, runs: number): Ran {
    try {
      const retval = cpu.runRepeat(program.address, placed.contextAddress, placed.context, runs)
      return { retval, duration: cpu.lastDuration * runs }
    } catch (error) {
      return this.#fault(error)
    }
  }

  /** Called after every run; an inline machine tells the event loop of new timers. */
  protected afterRun(): void {}

  #prepare(program: LiveProgram, options: PrepareOptions): PreparedRun {
    if ((options as RunOptions).repeat !== undefined)
      throw new SkepError('BAD_RUN', `program '${program.spec.name}': a prepared run takes no repeat: call run() again`)
    const cpu = this.cpuOf(options.cpu ?? 0)
    return new PreparedRun(this.kernel, cpu, program, options, {
      fault: (error) => this.#fault(error),
      after: (pending) => {
        this.afterRun()
        if (pending !== false || this.kernel.unsettled) this.report(pending)
      },
    })
  }

  #fault(error: unknown): never {
    if (!(error instanceof CpuFault)) throw error
    // Named before anybody is told of anything: a listener may close the object.
    const fault = faultError(this.kernel, error.raw)
    this.kernel.flushTrace()
    throw fault
  }
}
