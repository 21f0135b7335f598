// The values of a map, or a global variable, as memory: a view of the shared memory itself, where programs write
// meanwhile. What BPF_F_MMAPABLE maps are for: no command for each value. Given by map handles and variables.
// Until `unmap` a view is a user reference on its map and, if it can write, keeps the map from being frozen.
import { SkepError } from '../../error.js'
import type { OptionNames } from '../options/given-options.js'

/** One of the typed arrays of JavaScript. */
export interface TypedArray<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, offset: number, length: number): T
}

/** What a view of a map may do. */
export interface MemoryOptions {
  /** A view for reading only: also of frozen maps, .rodata among them. */
  readOnly?: boolean
}

/** Their names. */
export const memoryOptions = { readOnly: true } satisfies OptionNames<MemoryOptions>

/** A view of a map's values, or of a global variable, in the machine's memory; unmap it. */
export class MapMemory {
  /** Bytes. */
  readonly size: number
  /** True: `read()` only. */
  readonly readOnly: boolean
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly #unmap: () => void
  #mapped = true

  /** @internal */
  constructor(name: string, bytes: Uint8Array, readOnly: boolean, unmap: () => void) {
    this.#name = name
    this.#bytes = bytes
    this.size = bytes.length
    this.readOnly = readOnly
    this.#unmap = unmap
  }

  /**
   * The memory itself. A map's elements stand in a row, each rounded up to 8 bytes; the first is at the start of a
   * page.
   * After `unmap`, and after the machine's close(), the memory may be another map's: do not use what was taken before.
   * Throws SkepError EACCES if the view is for reading only, CLOSED after `unmap`.
   */
  get bytes(): Uint8Array {
    return this.as(Uint8Array)
  }

  /** As bytes, for larger elements: `as(BigUint64Array)`. What is left of fewer bytes at the end is not in it. */
  as<T>(type: TypedArray<T>): T {
    const bytes = this.#mine()
    if (this.readOnly) throw new SkepError('EACCES', `${this.#name}: EACCES: the view is for reading only; use read()`)
    return new type(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / type.BYTES_PER_ELEMENT))
  }

  /**
   * A copy of some bytes, of all without arguments. Throws SkepError BAD_VALUE outside of the view, CLOSED after
   * `unmap`.
   */
  read(offset = 0, length = this.size - offset): Uint8Array {
    const bytes = this.#mine()
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
      throw new SkepError(
        'BAD_VALUE',
        `${this.#name}: ${length} bytes at ${offset} are not in its ${bytes.length} bytes`,
      )
    return bytes.slice(offset, offset + length)
  }

  /** Ends the view. */
  unmap(): void {
    if (!this.#mapped) return
    this.#mapped = false
    this.#unmap()
  }

  [Symbol.dispose](): void {
    this.unmap()
  }

  #mine(): Uint8Array {
    if (!this.#mapped) throw new SkepError('CLOSED', `${this.#name}: the view is unmapped`)
    return this.#bytes
  }
}
