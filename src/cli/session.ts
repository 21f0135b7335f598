// A machine with one loaded object, as `skep run` drives it: the same steps on a virtual clock and on threads.
import { MAP_TYPE_PERF_EVENT_ARRAY } from '../../core/abi.js'
import { SkepError } from '../error.js'
import { boot } from '../machine/boot/boot.js'
import type { RunOptions, RunResult } from '../machine/run/context.js'
import type { TimerInfo } from '../machine/observe/control-blocks.js'
import type { MachineEvents } from '../machine/boot/kernel.js'
import type { LoadOptions } from '../machine/load/load.js'
import type { MapHandle } from '../machine/map/handle.js'
import type { LoadedObject } from '../machine/load/object.js'
import type { BootOptions } from '../machine/options/boot-options.js'
import type { PerfBuffer } from '../machine/map/perf-buffer.js'
import type { MachineStatistics } from '../machine/observe/statistics.js'
import type { Machine } from '../machine/boot/threads.js'
import type { VirtualMachine } from '../machine/boot/virtual.js'
import type { ObjectSpec } from '../object/spec.js'
import type { RunReport } from '../report/run-report.js'
import type { Interrupt } from './interrupt.js'
import { PerfReader, type PerfRecords } from './perf-records.js'

/** How to boot and load. */
export interface SessionOptions {
  readonly cpus: number
  readonly boot: BootOptions
  readonly load: LoadOptions
}

export interface Session {
  readonly clock: RunReport['clock']
  /** Lifecycle events that came too fast to be shown. */
  readonly lost: number
  /** NOT_IDLE: timers or work that start themselves at once, for ever; nothing more can be done on a virtual clock. */
  readonly restless: SkepError | undefined
  now(): number
  /** What the clock read when the machine was booted. */
  readonly start: number
  on<Name extends keyof MachineEvents>(name: Name, listener: (event: MachineEvents[Name]) => void): void
  run(program: string, options: RunOptions): Promise<RunResult>
  /** Lets a virtual clock come to a time; real time passes by itself. */
  reach(time: number): Promise<void>
  /** After the last run: lets time pass until nothing is armed, or for `duration` nanoseconds. */
  finish(duration: number | undefined, say: (now: number) => void): Promise<RunReport['ended']>
  mapEntries(name: string): Promise<[key: unknown, value: unknown][]>
  /** Takes everything out of a queue or a stack, in its order. */
  mapValues(name: string): Promise<unknown[]>
  /** Takes every record out of a ring buffer. */
  records(name: string): Promise<Uint8Array[]>
  /** What came out of a perf event array; undefined if it is none. */
  readonly perf: { of(name: string): PerfRecords | undefined }
  variable(name: string): Promise<unknown>
  timers(): Promise<TimerInfo[]>
  statistics(): Promise<MachineStatistics>
  close(): Promise<void>
}

export async function openSession(
  clock: RunReport['clock'],
  spec: ObjectSpec,
  options: SessionOptions,
  interrupt: Interrupt,
): Promise<Session> {
  const { cpus, boot: bootOptions, load } = options
  if (clock === 'virtual') {
    const machine = boot.virtual({ ...bootOptions, cpus })
    const object = machine.load(spec, load)
    const buffers = perfArrays(spec).map((name) => [name, object.maps[name]!.perfBuffer({ bytes: true })] as const)
    return new VirtualSession(machine, object, new PerfReader(new Map(buffers)), interrupt)
  }
  const machine = await boot({ ...bootOptions, cpus })
  try {
    const object = await machine.load(spec, load)
    const buffers = new Map<string, PerfBuffer<Uint8Array>>()
    for (const name of perfArrays(spec))
      buffers.set(name, await (object.maps[name] as MapHandle<'promised'>).perfBuffer({ bytes: true }))
    return new RealSession(machine, object, new PerfReader(buffers), interrupt)
  } catch (error) {
    await machine.close()
    throw error
  }
}

function perfArrays({ maps }: ObjectSpec): string[] {
  return [...maps.values()].filter(({ type }) => type === MAP_TYPE_PERF_EVENT_ARRAY).map(({ name }) => name)
}

/** Turns of a virtual clock after which a machine is taken for one whose timers arm themselves for ever. */
const MOST_TURNS = 100_000
/** How long (ms) a virtual machine works before the event loop gets a turn: Ctrl-C must be heard. */
const BREATH = 20

/** What both kinds of machine do alike: what the one answers at once is awaited all the same. */
abstract class OpenSession implements Pick<Session, 'start' | 'lost' | 'perf' | 'now' | 'on' | 'close'> {
  readonly perf: PerfReader
  protected readonly interrupt: Interrupt
  readonly #machine: Machine | VirtualMachine
  readonly #object: LoadedObject<'promised'>

  constructor(
    machine: Machine | VirtualMachine,
    object: LoadedObject<'direct'> | LoadedObject<'promised'>,
    perf: PerfReader,
    interrupt: Interrupt,
  ) {
    this.#machine = machine
    this.#object = object as LoadedObject<'promised'>
    this.perf = perf
    this.interrupt = interrupt
  }

  get start(): number {
    return 'clock' in this.#machine ? this.#machine.clock.start : 0
  }

  get lost(): number {
    return this.#machine.kernel.lifecycleLost
  }

  now(): number {
    return this.#machine.now()
  }

  on<Name extends keyof MachineEvents>(name: Name, listener: (event: MachineEvents[Name]) => void): void {
    this.#machine.on(name, listener)
  }

  async mapEntries(name: string): Promise<[unknown, unknown][]> {
    return await this.#object.maps[name]!.entries()
  }

  async mapValues(name: string): Promise<unknown[]> {
    const values: unknown[] = []
    for (let value; (value = await this.#object.maps[name]!.pop()) !== undefined;) values.push(value)
    return values
  }

  async records(name: string): Promise<Uint8Array[]> {
    return await this.#object.maps[name]!.drain({ bytes: true })
  }

  async variable(name: string): Promise<unknown> {
    return await this.#object.variables[name]!.get()
  }

  async timers(): Promise<TimerInfo[]> {
    return await this.#machine.timers()
  }

  async statistics(): Promise<MachineStatistics> {
    return await this.#machine.stats()
  }

  async close(): Promise<void> {
    await this.#machine.close()
  }
}

class VirtualSession extends OpenSession implements Session {
  readonly clock = 'virtual'
  restless: SkepError | undefined
  readonly #machine: VirtualMachine
  readonly #object: LoadedObject
  #breathed = performance.now()

  constructor(machine: VirtualMachine, object: LoadedObject, perf: PerfReader, interrupt: Interrupt) {
    super(machine, object, perf, interrupt)
    this.#machine = machine
    this.#object = object
  }

  async run(program: string, options: RunOptions): Promise<RunResult> {
    await this.#breathe()
    const result = this.#object.programs[program]!.run(options)
    // Work that the run has queued, and timers that are due at once.
    this.#rest(() => this.#machine.poll())
    return result
  }

  async reach(time: number): Promise<void> {
    await this.#walk(time, Infinity, () => {})
    if (!this.#stopped) this.#rest(() => this.#machine.clock.advanceTo(Math.max(time, this.now())))
  }

  async finish(duration: number | undefined, say: (now: number) => void): Promise<RunReport['ended']> {
    const { clock } = this.#machine
    const armed = this.#machine.timers().length
    const end = duration === undefined ? Infinity : clock.now + duration
    const rested = await this.#walk(end, duration === undefined ? MOST_TURNS + 10 * armed : Infinity, say)
    if (this.interrupt.requested) return 'interrupted'
    if (this.restless) return 'limit'
    if (duration === undefined) return rested ? 'idle' : 'limit'
    this.#rest(() => clock.advanceTo(end))
    return this.restless ? 'limit' : 'time'
  }

  /** From expiry to expiry, so that everything is reported when it happens; false if there were more than `turns`. */
  async #walk(end: number, turns: number, say: (now: number) => void): Promise<boolean> {
    const { clock } = this.#machine
    this.#rest(() => this.#machine.poll())
    for (let turn = 0; !this.#stopped; turn++) {
      const next = this.#machine.nextWakeup()
      if (next === Infinity || next > end) return true
      if (turn >= turns) return false
      this.#rest(() => clock.advanceTo(Math.max(next, clock.now)))
      say(clock.now)
      await this.#breathe()
    }
    return false
  }

  get #stopped(): boolean {
    return this.interrupt.requested || this.restless !== undefined
  }

  #rest(work: () => unknown): void {
    if (this.restless) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof SkepError) || error.code !== 'NOT_IDLE') throw error
      this.restless = error
    }
    this.perf.collect()
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathed < BREATH) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#breathed = performance.now()
  }
}

/** How often (ms) a waiting session looks whether anything is still armed. */
const LOOK = 100

class RealSession extends OpenSession implements Session {
  readonly clock = 'real'
  readonly restless = undefined
  readonly #object: LoadedObject<'promised'>

  constructor(machine: Machine, object: LoadedObject<'promised'>, perf: PerfReader, interrupt: Interrupt) {
    super(machine, object, perf, interrupt)
    this.#object = object
  }

  async run(program: string, options: RunOptions): Promise<RunResult> {
    const result = await this.#object.programs[program]!.run(options)
    this.perf.collect()
    return result
  }

  reach(): Promise<void> {
    return Promise.resolve()
  }

  async finish(duration: number | undefined, say: (now: number) => void): Promise<RunReport['ended']> {
    const end = duration === undefined ? Infinity : this.now() + duration
    while (!this.interrupt.requested) {
      const left = end - this.now()
      if (left <= 0) return 'time'
      if (duration === undefined && !(await this.#busy())) return 'idle'
      await pause(Math.min(LOOK, left / 1e6), this.interrupt.signal)
      this.perf.collect()
      say(this.now())
    }
    return 'interrupted'
  }

  async #busy(): Promise<boolean> {
    const timers = await this.timers()
    return timers.some(({ state, expiry }) => state !== 'idle' && expiry !== Infinity)
  }
}

/** Waits, or returns early when interrupted. Keeps the process alive. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, milliseconds)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
