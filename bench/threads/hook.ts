// The hook of the check builds (docs/explorer-hook.md) on real shared memory, at one access of which the thread stands
// still. So a thread can be stopped inside an operation, between any two of its steps, while others run the shipped
// build on the same memory.
import { realDoor } from '../../test/core/real-door.js'

export class StoppingHook {
  /** The module's imports. */
  readonly imports: Record<string, unknown>
  #count = 0
  #stopAt = 0
  #stop: () => void = () => {}

  constructor(memory: WebAssembly.Memory, now: () => number) {
    const step = (): void => {
      if (++this.#count === this.#stopAt) this.#stop()
    }
    this.imports = realDoor(memory, step, now)
  }

  /**
   * Runs an operation; just before its access number `access` (from 1; 0: never) `stop` is called. The accesses it
   * made.
   */
  run(access: number, stop: () => void, operation: () => void): number {
    this.#count = 0
    this.#stopAt = access
    this.#stop = stop
    operation()
    return this.#count
  }
}
