// An inline machine: one CPU on the calling thread, the real clock, driven by poll() or by the event loop.
import { HEADER, HEADER_REALTIME_OFFSET } from '../../core/layout.js'
import { realClock, realEpoch, realtimeOffset } from './clock.js'
import { Kernel } from './kernel.js'
import { LocalMachine } from './local.js'
import { machineShape, type BootOptions } from './options.js'
import { randomSeed } from './seed.js'

/** setTimeout's longest time. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

export class InlineMachine extends LocalMachine {
  #timeout: NodeJS.Timeout | undefined
  #polling = false
  #referenced = false

  /** Use boot({ cpus: 'inline' }). */
  constructor(options: BootOptions = {}) {
    const clock = realClock(realEpoch())
    super(new Kernel(machineShape(options, 1, false, randomSeed()), clock, [0]))
    this.kernel.memory.setLong(HEADER + HEADER_REALTIME_OFFSET, realtimeOffset(clock))
  }

  /** Nanoseconds since the machine's epoch. */
  now(): number {
    return Math.floor(this.kernel.clock())
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

  #schedule(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
    const cpu = this.kernel.host
    const next = Math.min(
      cpu.core.cpu_next_expiry(),
      cpu.core.cpu_reclaim_pending() === 0 ? Infinity : this.now() + 1e6,
    )
    if (next === Infinity && this.idle()) return
    const milliseconds = this.idle() ? Math.min(LONGEST_TIMEOUT, Math.max(0, Math.ceil((next - this.now()) / 1e6))) : 0
    this.#timeout = setTimeout(() => {
      if (this.closed) return
      this.poll()
      this.#schedule()
    }, milliseconds)
    if (!this.#referenced) this.#timeout.unref()
  }
}
