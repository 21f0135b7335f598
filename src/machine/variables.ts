// Global variables of an object by name, read and written in the value of their data section's map.
import { SkepError } from '../error.js'
import type { Answer, Answering, Mode } from './answer.js'
import type { Codec } from './codec.js'
import type { Memory } from './memory.js'

export class VariableHandle<M extends Mode = 'direct'> {
  readonly name: string
  /** '.data', '.bss', '.rodata' … */
  readonly section: string
  /** Bytes. */
  readonly size: number
  readonly #memory: Memory
  readonly #address: number
  readonly #codec: Codec
  readonly #check: () => void
  readonly #answer: Answering<M>

  /** @internal */
  constructor(
    place: { name: string; section: string; address: number; codec: Codec },
    memory: Memory,
    check: () => void,
    answer: Answering<M>,
  ) {
    this.name = place.name
    this.section = place.section
    this.size = place.codec.size
    this.#address = place.address
    this.#codec = place.codec
    this.#memory = memory
    this.#check = check
    this.#answer = answer
  }

  /** The value now. */
  get(): Answer<M, unknown> {
    return this.#do(() => this.#codec.decode(this.#memory.read(this.#address, this.size)))
  }

  /** The value's bytes now. */
  getBytes(): Answer<M, Uint8Array> {
    return this.#do(() => this.#memory.read(this.#address, this.size))
  }

  /** Writes the value. Throws SkepError FROZEN for .rodata, which is set before load (options.variables or the spec). */
  set(value: unknown): Answer<M, void> {
    return this.#do(() => {
      if (this.section.startsWith('.rodata'))
        throw new SkepError('FROZEN', `variable '${this.name}' is in ${this.section}, which is read-only after load`)
      this.#memory.write(this.#address, this.#codec.encode(value))
    })
  }

  #do<T>(work: () => T): Answer<M, T> {
    return this.#answer(() => {
      this.#check()
      return work()
    })
  }
}
