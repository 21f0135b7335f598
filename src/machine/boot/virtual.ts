// A virtual machine: several CPUs on the calling thread, a clock that moves only when it is told to, everything the
// same on every run. Five minutes of timers take milliseconds.
import { CLOCK_END } from '../../../core/abi.js'
import { show, SkepError } from '../../error.js'
import { standingClock } from '../cpu/clock.js'
import { Kernel } from './kernel.js'
import { LocalMachine } from './local.js'
import { refuseUnknown, type OptionNames } from '../options/given-options.js'
import { bootOptions, machineShape, type BootOptions } from '../options/boot-options.js'
import { parseDuration, type Duration } from '../options/units.js'

/** Options of a virtual machine. */
export interface VirtualOptions extends BootOptions {
  /** CPUs, all driven by this thread. Default 1. */
  cpus?: number
  /**
   * What the clock shows at boot. Default '1 h': to programs, which count from the boot of their system, a time of 0
   * (what they have not set yet) is long ago, as on Linux.
   */
  start?: Duration
}

export const virtualOptions = { ...bootOptions, cpus: true, start: true } satisfies OptionNames<VirtualOptions>

const idleOptions = { limit: true } as const

/** Turns at one instant after which a machine is taken for one that never comes to rest. */
const TURNS_AT_ONE_INSTANT = 10_000

/** The clock of a virtual machine. Times are nanoseconds since its epoch (MONOTONIC and BOOTTIME alike). */
export class VirtualClock {
  /** What the clock showed when the machine was booted: the option `start`. */
  readonly start: number
  readonly #machine: VirtualMachine
  #now: number
  #realtime = 0n

  /** @internal */
  constructor(machine: VirtualMachine, start: number) {
    this.#machine = machine
    this.start = this.#now = start
  }

  /** Nanoseconds since the machine's epoch. */
  get now(): number {
    return this.#now
  }

  /** Lets time pass: everything that comes due on the way runs at its own time, in order. '5 min', '10 ms', or ns. */
  advance(duration: Duration): void {
    this.advanceTo(this.#now + parseDuration(duration, 'advance'))
  }

  /** As advance, to a time. Throws BAD_CLOCK for the past and beyond the clock's end (2.28 years). */
  advanceTo(time: Duration): void {
    const target = parseDuration(time, 'advanceTo')
    if (target < this.#now)
      throw new SkepError('BAD_CLOCK', `the clock cannot go back from ${this.#now} ns to ${target} ns`)
    if (target > CLOCK_END)
      throw new SkepError('BAD_CLOCK', `${target} ns is beyond the end of the clock, ${CLOCK_END} ns (2.28 years)`)
    this.#machine.rest()
    for (let next = this.#machine.nextWakeup(); next <= target; next = this.#machine.nextWakeup()) {
      this.#now = Math.max(this.#now, next)
      this.#machine.rest()
    }
    // A listener for faults may have gone further.
    this.#now = Math.max(this.#now, target)
    this.#machine.rest()
    this.#machine.afterAdvance()
  }

  /**
   * Jumps from expiry to expiry until no timer is armed and no work pending, or until `limit` has passed (default one
   * hour): true if the machine came to rest. Timers that re-arm themselves never rest; then the clock ends at the
   * limit.
   */
  runUntilIdle(options: { limit?: Duration } = {}): boolean {
    refuseUnknown(options, idleOptions, 'runUntilIdle')
    const end = this.#now + parseDuration(options.limit ?? '1 h', 'limit')
    this.#machine.rest()
    for (let next = this.#machine.nextWakeup(); next <= end; next = this.#machine.nextWakeup()) {
      this.#now = Math.max(this.#now, next)
      this.#machine.rest()
    }
    const idle = this.#machine.nextWakeup() === Infinity
    if (!idle) this.#now = Math.max(this.#now, Math.min(end, CLOCK_END))
    this.#machine.afterAdvance()
    return idle
  }

  /** When the next armed timer is due (ns since the epoch); undefined if none is armed for a time that comes. */
  nextExpiry(): number | undefined {
    const expiries = this.#machine
      .timers()
      .flatMap(({ expiry }) => (expiry === undefined || expiry === Infinity ? [] : [expiry]))
    return expiries.length === 0 ? undefined : Math.max(this.#now, Math.min(...expiries))
  }

  /** What REALTIME reads now, nanoseconds. */
  get realtime(): bigint {
    return this.#realtime + BigInt(this.#now)
  }

  /**
   * Sets REALTIME; absolute timers on that clock move with it. Throws BAD_CLOCK before the machine's epoch, and for
   * what is no whole number.
   */
  setRealtime(nanoseconds: bigint | number): void {
    this.#machine.kernel.check()
    if (typeof nanoseconds !== 'bigint' && !Number.isInteger(nanoseconds))
      throw new SkepError('BAD_CLOCK', `setRealtime: expected whole nanoseconds, got ${show(nanoseconds)}`)
    const offset = BigInt(nanoseconds) - BigInt(this.#now)
    if (offset < 0n) throw new SkepError('BAD_CLOCK', `REALTIME cannot be before the machine's epoch`)
    this.#realtime = offset
    this.#machine.kernel.host.core.realtime_set(Number(offset & 0xffffffffn) | 0, Number(offset >> 32n) | 0)
  }
}

/** A machine on the calling thread whose time passes only when its clock is told to: `boot.virtual()`. */
export class VirtualMachine extends LocalMachine {
  /** Moves time, and fires what comes due on the way. */
  readonly clock: VirtualClock

  /** Use boot.virtual(). */
  constructor(options: VirtualOptions = {}) {
    const { cpus = 1 } = options
    const start = parseDuration(options.start ?? '1 h', 'start')
    if (start > CLOCK_END)
      throw new SkepError(
        'BAD_OPTION',
        `start: ${start} ns is beyond the end of the clock, ${CLOCK_END} ns (2.28 years)`,
      )
    const holder: { clock?: VirtualClock } = {}
    const kernel = new Kernel(
      machineShape(options, cpus, false, 1),
      standingClock(() => holder.clock?.now ?? start),
      Array.from({ length: cpus }, (_, cpu) => cpu),
    )
    super(kernel)
    holder.clock = this.clock = new VirtualClock(this, start)
  }

  /** Everything that can be done at this instant, on every CPU in turn. @internal */
  rest(): void {
    this.kernel.check()
    if (!this.drain(TURNS_AT_ONE_INSTANT) && !this.drain(this.#controlBlocksInUse()))
      throw new SkepError(
        'NOT_IDLE',
        `the machine does not come to rest at ${this.clock.now} ns: timers or work that start themselves at once, for ever`,
      )
  }

  // A turn runs one work: each that exists may be due at this instant, once.
  #controlBlocksInUse(): number {
    const { core } = this.kernel.host
    return core.control_blocks_total() - core.control_blocks_free()
  }

  /** Time (ns) at which some CPU may have something to do; never late. @internal */
  nextWakeup(): number {
    return Math.min(...this.kernel.local.map((cpu) => cpu.core.cpu_next_expiry()))
  }

  /** @internal */
  afterAdvance(): void {
    this.report()
  }
}
