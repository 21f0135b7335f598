// A handle on a map: one user reference until it is closed. Keys and values by BTF, or raw bytes on request.
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_NOEXIST,
  ENOENT,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_PROG_ARRAY,
} from '../../core/abi.js'
import { SkepError } from '../error.js'
import type { Answer, Answering, Mode } from './answer.js'
import { codec, type Codec } from './codec.js'
import { errnoError } from './errno.js'
import type { MapAccess } from './map-access.js'
import type { MapReferences } from './map-references.js'
import type { Consumer, ConsumeOptions, RingReader } from './ring-reader.js'
import type { Btf } from '../object/btf.js'

/** When an update may happen: always, only for a new key, only for an existing one. */
export type UpdateFlag = 'any' | 'noexist' | 'exist'

/** Their values are programs or maps. */
const REFERENCE_TYPES = new Set([MAP_TYPE_PROG_ARRAY, MAP_TYPE_ARRAY_OF_MAPS, MAP_TYPE_HASH_OF_MAPS])

const updateFlags: Record<UpdateFlag, number> = { any: BPF_ANY, noexist: BPF_NOEXIST, exist: BPF_EXIST }

/** What a handle needs to know about its map. */
export interface MapDescription {
  /** Stays the same as long as the map lives; machine.map(id) gives another handle. */
  readonly id: number
  readonly name: string
  readonly btf: Btf | undefined
  readonly keyType: number
  readonly valueType: number
  /** False for a frozen data section (.rodata after load). */
  readonly writable: boolean
}

/** What a handle asks of its machine. */
export interface MapOwner {
  /** Throws CLOSED if the machine is closed. */
  check(): void
  /** Called once when the handle is closed. */
  release(): void
  /** After operations that may have freed something. */
  settle(): void
  pin(name: string): void
  /** Of a map whose values are programs or maps. */
  readonly references?: MapReferences | undefined
}

export class MapHandle<M extends Mode = 'direct'> {
  readonly id: number
  readonly name: string
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly #access: MapAccess
  readonly #description: MapDescription
  readonly #owner: MapOwner
  readonly #answer: Answering<M>
  readonly #key: Codec
  readonly #value: Codec
  readonly #ring: RingReader
  #open = true

  /** @internal */
  constructor(access: MapAccess, description: MapDescription, owner: MapOwner, answer: Answering<M>) {
    const { name, btf, keyType, valueType } = description
    this.#access = access
    this.#description = description
    this.#owner = owner
    this.#answer = answer
    this.id = description.id
    this.name = name
    this.type = access.type
    this.keySize = access.keySize
    this.valueSize = access.valueSize
    this.maxEntries = access.maxEntries
    this.flags = access.flags
    this.#key = codec(btf, keyType, access.keySize, `key of map '${name}'`)
    this.#ring = access.ring(name, btf)
    this.#value = codec(btf, valueType, access.valueSize, `value of map '${name}'`)
  }

  /**
   * The value, or undefined if the key is not there. Per-CPU maps: an array with one value per CPU. Program arrays: the
   * program's name; maps of maps: the inner map's id.
   */
  get(key: unknown): Answer<M, unknown> {
    return this.#do(() => {
      const image = this.#access.lookup(this.#key.encode(key))
      return image && this.#decode(image)
    })
  }

  /** As get, as bytes. Per-CPU maps: all values in a row, each padded to 8 bytes. */
  getBytes(key: unknown): Answer<M, Uint8Array | undefined> {
    return this.#do(() => this.#access.lookup(this.#key.encode(key)))
  }

  /**
   * Sets a value (bytes are accepted as well; per-CPU maps take an array with one value per CPU). Throws SkepError
   * EEXIST ('noexist' and the key is there), ENOENT ('exist' and it is not), E2BIG (full, or no such index), BAD_VALUE.
   * A successful set stops the element's timers and work and leaves its spin lock alone.
   */
  set(key: unknown, value: unknown, flag: UpdateFlag = 'any'): Answer<M, void> {
    return this.#do(() => {
      const flags = updateFlags[flag]
      if (flags === undefined) throw new SkepError('BAD_VALUE', `flag '${String(flag)}' is none of any, noexist, exist`)
      if (!this.#description.writable) throw new SkepError('FROZEN', `map '${this.name}' is read-only after load`)
      this.#refuseForeign()
      if (this.#owner.references) this.#setReference(this.#owner.references, this.#key.encode(key), value, flags)
      else this.#expect(this.#access.update(this.#key.encode(key), this.#encode(value), flags), 'update')
    })
  }

  /** Deletes a key; true if it was there. Throws SkepError EINVAL for arrays, whose elements cannot be deleted. */
  delete(key: unknown): Answer<M, boolean> {
    return this.#do(() => {
      this.#refuseForeign()
      const bytes = this.#key.encode(key)
      const result = this.#access.delete(bytes)
      if (result === -ENOENT) return false
      this.#expect(result, 'delete')
      this.#owner.references?.hold(bytes, undefined)
      return true
    })
  }

  /** True if the key is there. */
  has(key: unknown): Answer<M, boolean> {
    return this.#do(() => this.#access.lookup(this.#key.encode(key)) !== undefined)
  }

  /** Keys and values at about this moment: what changes meanwhile may be in it or not. */
  entries(): Answer<M, [key: unknown, value: unknown][]> {
    return this.#do(() =>
      Array.from(this.#access.elements(), ({ key, value }): [unknown, unknown] => [
        this.#key.decode(key),
        this.#decode(value),
      ]),
    )
  }

  /** As entries, as bytes. */
  entriesBytes(): Answer<M, [key: Uint8Array, value: Uint8Array][]> {
    return this.#do(() =>
      Array.from(this.#access.elements(), ({ key, value }): [Uint8Array, Uint8Array] => [key, value]),
    )
  }

  /** The keys at about this moment. */
  keys(): Answer<M, unknown[]> {
    return this.#do(() => Array.from(this.#access.elements(), ({ key }) => this.#key.decode(key)))
  }

  /** Ring buffer: every record that is committed now, as bytes, or decoded `as` a struct of the object. */
  drain(options: ConsumeOptions = {}): Answer<M, unknown[]> {
    return this.#do(() => this.#ring.drain(options))
  }

  /**
   * Ring buffer: calls `listener` for each record, now and later, in order; a burst of records costs one wake-up. Each
   * record goes to one consumer. Ends with the consumer's or this handle's close(). Keeps no process alive.
   */
  consume(listener: (record: unknown) => void, options: ConsumeOptions = {}): Consumer {
    this.#check()
    return this.#ring.consume(listener, options)
  }

  /** Ring buffer: records as they come, as `consume`: `for await (const record of map.records())`. */
  records(options: ConsumeOptions = {}): AsyncGenerator<unknown, void, void> {
    this.#check()
    return this.#ring.iterate(options)
  }

  /** Ring buffer: records as bytes. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, void> {
    return this.records()
  }

  /** A name in the machine that keeps the map, its elements and its timers alive; see machine.pins. */
  pin(name: string): Answer<M, void> {
    return this.#do(() => this.#owner.pin(name))
  }

  /** Drops this handle's user reference; the last one of a map stops all of its timers and work. */
  close(): Answer<M, void> {
    return this.#answer(() => this.closeNow())
  }

  /** @internal */
  closeNow(): void {
    if (!this.#open) return
    this.#open = false
    this.#ring.close()
    this.#owner.release()
  }

  /** @internal */
  get access(): MapAccess {
    return this.#access
  }

  #do<T>(work: () => T): Answer<M, T> {
    return this.#answer(() => {
      this.#check()
      const result = work()
      this.#owner.settle()
      return result
    })
  }

  #check(): void {
    this.#owner.check()
    if (!this.#open) throw new SkepError('CLOSED', `the handle on map '${this.name}' is closed`)
  }

  #expect(result: number, operation: string): void {
    if (result < 0) throw errnoError(result, `map '${this.name}': ${operation}`)
  }

  // A thread that joined does not keep the references of programs and inner maps: only the machine's own handles write.
  #refuseForeign(): void {
    if (REFERENCE_TYPES.has(this.type) && !this.#owner.references)
      throw new SkepError('EPERM', `map '${this.name}' is written by the thread that booted the machine only`)
  }

  #setReference(references: MapReferences, key: Uint8Array, value: unknown, flags: number): void {
    const held = references.take(value)
    const result = this.#access.update(key, new Uint8Array(Uint32Array.of(held.address).buffer), flags)
    if (result === 0) references.hold(key, held)
    else held.release()
    this.#expect(result, 'update')
  }

  #decode(image: Uint8Array): unknown {
    if (this.#owner.references)
      return this.#owner.references.show(new DataView(image.buffer, image.byteOffset).getUint32(0, true))
    const { copies, perCpu } = this.#access
    if (!perCpu) return this.#value.decode(image)
    const stride = image.length / copies
    return Array.from({ length: copies }, (_, cpu) =>
      this.#value.decode(image.slice(cpu * stride, cpu * stride + this.valueSize)),
    )
  }

  #encode(value: unknown): Uint8Array {
    const { copies, imageSize, perCpu } = this.#access
    if (!perCpu) return this.#value.encode(value)
    if (value instanceof Uint8Array && value.length === imageSize) return value
    if (!Array.isArray(value) || value.length !== copies)
      throw new SkepError('BAD_VALUE', `value of map '${this.name}' must be an array of ${copies}, one for each CPU`)
    const image = new Uint8Array(imageSize)
    value.forEach((one, cpu) => image.set(this.#value.encode(one), (cpu * imageSize) / copies))
    return image
  }
}
