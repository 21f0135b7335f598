// An inline machine: one CPU on the calling thread, the real clock, driven by poll() or by the event loop.
import { HEADER, HEADER_REALTIME_OFFSET } from '../../../core/layout.js'
import { realClock, realEpoch, realtimeOffset } from '../cpu/clock.js'
import { Kernel } from './kernel.js'
import { LocalMachine } from './local.js'
import { machineShape, type BootOptions } from '../options/boot-options.js'
import { randomSeed } from './seed.js'

/** setTimeout's longest time. */
const LONGEST_TIMEOUT = 2 ** 31 - 1
/** While objects wait for a grace period, the next poll is due after this time (ns). */
const RECLAIM_INTERVAL = 1e6

/** A machine with one CPU, the calling thread, on the real clock: `boot({ cpus: 'inline' })`. */
export class InlineMachine extends LocalMachine {
  #timeout: NodeJS.Timeout | undefined
  /** What the timeout was set for (ns); Infinity while there is none. */
  #due = Infinity
  #polling = false
  #referenced = false

  /** Use boot({ cpus: 'inline' }). */
  constructor(options: BootOptions = {}) {
    const clock = realClock(realEpoch())
    super(new Kernel(machineShape(options, 1, false, randomSeed()), clock, [0]))
    this.kernel.memory.setLong(HEADER + HEADER_REALTIME_OFFSET, realtimeOffset(clock))
  }

  /** Lets the event loop fire what is due, until close(). Does not keep the process alive without ref(). */
  keepPolling(): this {
    this.kernel.check()
    this.#polling = true
    this.#schedule()
    return this
  }

  /** Armed timers keep the process alive (while the machine keeps polling). */
  ref(): this {
    this.#referenced = true
    this.#timeout?.ref()
    return this
  }

  /** Armed timers do not keep the process alive: the default. */
  unref(): this {
    this.#referenced = false
    this.#timeout?.unref()
    return this
  }

  override close(): void {
    clearTimeout(this.#timeout)
    this.#polling = false
    super.close()
  }

  protected override afterRun(): void {
    if (this.#polling) this.#schedule()
  }

  // When there is something to do (ns), Infinity for never, 0 for now.
  #nextTurn(): number {
    if (!this.idle()) return 0
    const { core } = this.kernel.host
    const next = core.cpu_next_expiry()
    return core.cpu_reclaim_pending() === 0 ? next : Math.min(next, this.now() + RECLAIM_INTERVAL)
  }

  // After every run: what comes early enough already is left as it is.
  #schedule(): void {
    const due = this.#nextTurn()
    if (due >= this.#due && due !== Infinity) return
    clearTimeout(this.#timeout)
    this.#due = due
    if (due === Infinity) return
    const milliseconds = Math.min(LONGEST_TIMEOUT, Math.max(0, Math.ceil((due - this.now()) / 1e6)))
    this.#timeout = setTimeout(() => {
      this.#due = Infinity
      if (this.closed) return
      try {
        this.poll()
      } finally {
        // A fault that nobody listens for is thrown: what is due later still fires, if the process goes on.
        if (this.#polling) this.#schedule()
      }
    }, milliseconds)
    if (!this.#referenced) this.#timeout.unref()
  }
}
