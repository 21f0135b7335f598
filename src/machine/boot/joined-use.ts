// How a thread that joined a machine uses what is of a loaded object, which the machine's thread may close meanwhile:
// each operation is inside a read-side section of the thread's CPU and begins with a look whether the object is open
// (load/closing.ts), so that no memory is taken back under it. What stays beyond an operation, a view or a reserved
// sample, has references of its own, which are given back at the latest when the thread leaves.
import type { Cpu } from '../cpu/cpu.js'
import { checkClosing, closedError, type ClosingWord } from '../load/closing.js'
import type { Use } from '../map/owner.js'

export class JoinedUse {
  readonly #cpu: Cpu
  readonly #closing: ClosingWord
  readonly #name: string
  readonly #check: () => void
  /** What ends each of them. */
  readonly #held = new Map<symbol, () => void>()

  /** `check` throws CLOSED if the thread has left. */
  constructor(cpu: Cpu, closing: ClosingWord, name: string, check: () => void) {
    this.#cpu = cpu
    this.#closing = closing
    this.#name = name
    this.#check = check
  }

  /** Does `work` inside a section. Throws CLOSED if the object, or its machine, is closed, or the thread has left. */
  readonly use: Use = (work) => {
    this.#check()
    const { core } = this.#cpu
    const outermost = core.section_enter()
    try {
      checkClosing(this.#closing, this.#name)
      return work()
    } finally {
      core.section_exit(outermost)
    }
  }

  /** Keeps a program and the maps of its object until what it gives is called. */
  program(address: number): () => void {
    const { core } = this.#cpu
    this.use(() => this.#expect(core.program_get(address)))
    return () => core.program_put(address)
  }

  /**
   * Takes a user reference on a map, and one on its memory, until what it gives is called. `ended` is called when the
   * thread leaves before, and is to give them back.
   */
  map(address: number, ended: () => void): () => void {
    const { core } = this.#cpu
    const held = Symbol()
    this.use(() => {
      this.#expect(core.map_get(address))
      core.map_user_get(address)
    })
    this.#held.set(held, ended)
    return () => {
      this.#held.delete(held)
      core.map_user_put(address)
      core.map_put(address)
    }
  }

  // Closed since the section began: it is there as long as that lasts, but takes no reference any more.
  #expect(taken: number): void {
    if (taken === 0) throw closedError(this.#name)
  }

  /** The thread leaves: everything that is held is given back. */
  end(): void {
    for (const ended of [...this.#held.values()]) ended()
  }
}
