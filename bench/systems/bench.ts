// What the cases are measured on: opened when the first case wants it, closed at the end, absent with a reason.
import { machineKernel } from './kernel.js'
import { Native } from './native.js'
import { skepSystem, type Skep } from './skep.js'
import type { System } from './system.js'

export class Bench {
  #skep: Promise<Skep> | undefined
  #kernel: Promise<System | string> | undefined
  #native: Promise<Native | string> | undefined

  /** One machine with one worker CPU, for all cases that need nothing else. */
  skep(): Promise<Skep> {
    return (this.#skep ??= skepSystem())
  }

  /** The machine's own kernel, or why it cannot be measured. */
  kernel(): Promise<System | string> {
    return (this.#kernel ??= machineKernel())
  }

  /** The computations as a native program, or why there is none. */
  native(): Promise<Native | string> {
    return (this.#native ??= Native.build())
  }

  async close(): Promise<void> {
    for (const opened of [this.#skep, this.#kernel, this.#native]) {
      const system = await opened
      if (system && typeof system !== 'string') await system.close()
    }
  }
}
