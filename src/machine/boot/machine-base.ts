// What every machine has, whatever drives its CPUs: events, maps by id and pin, the list of timers, statistics.
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../../../core/abi.js'
import { show, SkepError } from '../../error.js'
import type { Answer, Answering, Mode } from '../answer.js'
import { controlBlocks, type TimerInfo } from '../observe/control-blocks.js'
import { machineEvents, type Kernel, type MachineEvents } from './kernel.js'
import type { MapHandle } from '../map/handle.js'
import { setMachineTask, type TaskIdentity } from '../options/task.js'
import { badOption, refuseUnknown, suggestion, type OptionNames } from '../options/given-options.js'
import { machineStatistics, type MachineStatistics } from '../observe/statistics.js'

/** What a handle on a map may do; without these all. */
export interface OpenOptions {
  /** BPF_F_RDONLY: its writes are EPERM. */
  readOnly?: boolean
  /** BPF_F_WRONLY: its reads are EPERM. */
  writeOnly?: boolean
}

const openOptions = { readOnly: true, writeOnly: true } satisfies OptionNames<OpenOptions>

function checkEvent(method: string, name: unknown, listener: unknown): void {
  if (typeof name !== 'string' || !Object.hasOwn(machineEvents, name)) {
    const meant = suggestion(typeof name === 'string' ? name : '', Object.keys(machineEvents))
    badOption(`${method}: there is no event ${show(name)}; ${meant}`)
  }
  if (typeof listener !== 'function') badOption(`${method}: ${name}: expected a function, got ${show(listener)}`)
}

/** What every machine has; `M` says whether its methods answer at once or with promises. */
export abstract class MachineBase<M extends Mode> {
  /** @internal */
  readonly kernel: Kernel
  readonly #answer: Answering<M>

  /** @internal */
  constructor(kernel: Kernel, answer: Answering<M>) {
    this.kernel = kernel
    // Not to be seen where a machine is printed.
    Object.defineProperty(this, 'kernel', { enumerable: false })
    this.#answer = answer
  }

  /** What is wrong with a run on a CPU that is none of the machine's own threads. */
  protected noCpu(cpu: number): SkepError {
    const { cpus, joins } = this.kernel.shape
    return new SkepError(
      'BAD_CPU',
      typeof cpu === 'number' && cpu >= cpus && cpu < cpus + joins
        ? `CPU ${cpu} belongs to a thread that joins; programs are run on it there`
        : `there is no CPU ${show(cpu)}; this machine has 0 to ${cpus - 1}`,
    )
  }

  /** Nanoseconds since the machine's epoch, by its clock. */
  now(): number {
    return this.kernel.clock.read()
  }

  /** CPUs that run programs. */
  get cpus(): number {
    return this.kernel.shape.cpus
  }

  /** True after close(). */
  get closed(): boolean {
    return this.kernel.closed
  }

  /**
   * Registers a listener: 'fault' (in a callback), 'trace' (a printed line), 'lifecycle' (of timers and work),
   * 'cpu-exit'. What it throws, the method throws that told it, once everything is told. Throws BAD_OPTION for any
   * other name.
   */
  on<Name extends keyof MachineEvents>(name: Name, listener: (event: MachineEvents[Name]) => void): this {
    checkEvent('on', name, listener)
    this.kernel.events.on(name, listener)
    if (name === 'lifecycle') this.kernel.watchLifecycle()
    return this
  }

  /** Removes a listener. */
  off<Name extends keyof MachineEvents>(name: Name, listener: (event: MachineEvents[Name]) => void): this {
    checkEvent('off', name, listener)
    this.kernel.events.off(name, listener)
    if (name === 'lifecycle') this.kernel.watchLifecycle()
    return this
  }

  /**
   * Changes the task that programs find themselves in, from the next run on; what is left out stays. For one run: its
   * `task` option. Callbacks see the task of their CPU's last run. Throws BAD_OPTION.
   */
  setTask(task: TaskIdentity): void {
    this.kernel.check()
    setMachineTask(this.kernel.memory.bytes, task)
    for (const cpu of this.kernel.local) cpu.taskOf = undefined
  }

  /**
   * Another handle on a map, by its id or the name of its pin: a user reference of its own, also on a map that had lost
   * its last one. Throws ENOENT, BAD_OPTION.
   */
  map(which: number | string, options: OpenOptions = {}): Answer<M, MapHandle<M>> {
    return this.#answer(() => {
      this.kernel.check()
      refuseUnknown(options, openOptions, 'map')
      const { readOnly = false, writeOnly = false } = options
      if (readOnly && writeOnly) throw new SkepError('EINVAL', 'map: EINVAL: readOnly and writeOnly at once')
      const { maps } = this.kernel
      const map = typeof which === 'number' ? maps.byId(which) : maps.pinned(which)
      return maps.handle<M>(map, this.#answer, readOnly ? BPF_F_RDONLY : writeOnly ? BPF_F_WRONLY : 0)
    })
  }

  /** Names under which maps are pinned. */
  get pins(): string[] {
    return this.kernel.maps.pins
  }

  /** Takes a pin away: if it was the map's last user reference, its timers and work are gone. Throws ENOENT. */
  unpin(name: string): Answer<M, void> {
    return this.#answer(() => {
      this.kernel.check()
      this.kernel.maps.unpin(name)
    })
  }

  /** Every timer and work item that exists at about this moment. */
  timers(): Answer<M, TimerInfo[]> {
    return this.#answer(() => {
      this.kernel.check()
      return controlBlocks(this.kernel)
    })
  }

  /** Counts of runs, firings, references and memory at about this moment. */
  stats(): Answer<M, MachineStatistics> {
    return this.#answer(() => {
      this.kernel.check()
      return machineStatistics(this.kernel)
    })
  }
}
