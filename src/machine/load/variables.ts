// Global variables of an object by name, read and written in the value of their data section's map.
import { SkepError } from '../../error.js'
import type { Answer, Answering, Mode } from '../answer.js'
import type { Codec } from '../map/codec.js'
import type { MapHandle } from '../map/handle.js'
import type { MapMemory, MemoryOptions } from '../map/memory.js'
import type { Use } from '../map/owner.js'
import type { Memory } from '../cpu/memory.js'
import type { Given } from '../object-types.js'

/** `T` is what get() gives; see load(). */
export class VariableHandle<M extends Mode = 'direct', T = unknown> {
  /** As in the C source. */
  readonly name: string
  /** '.data', '.bss', '.rodata' … */
  readonly section: string
  /** Bytes. */
  readonly size: number
  readonly #memory: Memory
  readonly #address: number
  readonly #offset: number
  /** The handle on the map of its section. */
  readonly #map: MapHandle<M>
  readonly #codec: Codec
  readonly #use: Use
  readonly #answer: Answering<M>

  /** @internal */
  constructor(
    place: { name: string; section: string; address: number; codec: Codec },
    offset: number,
    map: MapHandle<M>,
    memory: Memory,
    use: Use,
    answer: Answering<M>,
  ) {
    this.name = place.name
    this.section = place.section
    this.size = place.codec.size
    this.#address = place.address
    this.#offset = offset
    this.#map = map
    this.#codec = place.codec
    this.#memory = memory
    this.#use = use
    this.#answer = answer
  }

  /** The value now. */
  get(): Answer<M, T> {
    return this.#do(() => this.#codec.decode(this.#memory.read(this.#address, this.size)) as T)
  }

  /** The value's bytes now. */
  getBytes(): Answer<M, Uint8Array> {
    return this.#do(() => this.#memory.read(this.#address, this.size))
  }

  /**
   * Writes the value. Throws SkepError FROZEN for .rodata, which is set before load (options.variables or the spec),
   * EPERM if the map of its section was frozen.
   */
  set(value: Given<T>): Answer<M, void> {
    return this.#do(() => {
      if (this.section.startsWith('.rodata'))
        throw new SkepError('FROZEN', `variable '${this.name}' is in ${this.section}, which is read-only after load`)
      if (this.#map.frozen)
        throw new SkepError('EPERM', `variable '${this.name}': EPERM: the map of ${this.section} is frozen`)
      this.#memory.write(this.#address, this.#codec.encode(value))
    })
  }

  /**
   * The variable as memory: see MapMemory, and unmap it. It can be read without a copy while programs write it, for
   * example `counters.memory().as(BigUint64Array)`. Throws SkepError as MapHandle.memory of its section's map.
   */
  memory(options: MemoryOptions = {}): Answer<M, MapMemory> {
    return this.#do(() => this.#map.memoryAt(`variable '${this.name}'`, this.#offset, this.size, options))
  }

  #do<T>(work: () => T): Answer<M, T> {
    return this.#answer(() => this.#use(work))
  }
}
