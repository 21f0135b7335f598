// Keys and values of one map between a user and bytes: by BTF, as an array with one value for each CPU, as programs and
// ids of inner maps. Used by the handles.
import {
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_QUEUE,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_STACK,
  MAP_TYPE_USER_RINGBUF,
} from '../../../core/abi.js'
import { show, SkepError } from '../../error.js'
import { codec, type Codec } from './codec.js'
import type { MapAccess } from './access.js'
import type { MapDescription, MapOwner } from './owner.js'
import { mapType } from './types.js'

/** Of an update: a value of one CPU, or one value for all of them. */
export type WhichCpu = number | 'all' | undefined

/** What stands in place of a key, by BPF_MAP_TYPE_*. */
const KEYLESS: ReadonlyMap<number, string> = new Map([
  [MAP_TYPE_RINGBUF, ': use drain(), consume() or records()'],
  [MAP_TYPE_USER_RINGBUF, ': use userRing()'],
  [MAP_TYPE_QUEUE, ': use push(), pop() or peek()'],
  [MAP_TYPE_STACK, ': use push(), pop() or peek()'],
  [MAP_TYPE_BLOOM_FILTER, ': use push() or mayHold()'],
])

export class MapValues {
  readonly #access: MapAccess
  readonly #name: string
  readonly #owner: MapOwner
  readonly #key: Codec
  readonly #value: Codec

  constructor(access: MapAccess, { name, btf, keyType, valueType }: MapDescription, owner: MapOwner) {
    this.#access = access
    this.#name = name
    this.#owner = owner
    this.#key = codec(btf, keyType, access.keySize, `key of map '${name}'`)
    this.#value = codec(btf, valueType, access.valueSize, `value of map '${name}'`)
  }

  encodeKey(key: unknown): Uint8Array {
    if (this.#access.keySize === 0 && !(key instanceof Uint8Array))
      throw new SkepError('BAD_MAP', `map '${this.#name}' has no keys${KEYLESS.get(this.#access.type) ?? ''}`)
    return this.#key.encode(key)
  }

  decodeKey(bytes: Uint8Array): unknown {
    return this.#key.decode(bytes)
  }

  /** What a lookup gave: a value, an array of values, a program's name, an inner map's id. */
  decode(image: Uint8Array, cpu?: number): unknown {
    const { copies, perCpu, type } = this.#access
    if (mapType(type).references) {
      const id = new DataView(image.buffer, image.byteOffset).getUint32(0, true)
      return type === MAP_TYPE_PROG_ARRAY ? this.#owner.programNamed(id) : id
    }
    if (!perCpu) return this.#value.decode(image)
    if (cpu !== undefined) return this.#decodeOne(image, cpu)
    return Array.from({ length: copies }, (_, each) => this.#decodeOne(image, each))
  }

  /** What an update takes. */
  encode(value: unknown, cpu?: WhichCpu): Uint8Array {
    const { copies, imageSize, perCpu } = this.#access
    if (!perCpu || typeof cpu === 'number') return this.#value.encode(value)
    if (value instanceof Uint8Array && value.length === imageSize && cpu === undefined) return value
    const values = cpu === 'all' ? Array.from({ length: copies }, () => value) : value
    if (!Array.isArray(values) || values.length !== copies)
      throw new SkepError(
        'BAD_VALUE',
        `value of map '${this.#name}' must be an array of ${copies}, one for each CPU; or say which: { cpu: 0 }, { cpu: 'all' }`,
      )
    const image = new Uint8Array(imageSize)
    values.forEach((one, each) => image.set(this.#value.encode(one), (each * imageSize) / copies))
    return image
  }

  /** Throws EINVAL if the map has one value for all CPUs, ERANGE if there is no such CPU. */
  checkCpu(cpu: WhichCpu): void {
    if (cpu === undefined) return
    const { copies, perCpu } = this.#access
    if (!perCpu) throw new SkepError('EINVAL', `map '${this.#name}' has no values by CPU: EINVAL`)
    if (cpu !== 'all' && !(Number.isInteger(cpu) && cpu >= 0 && cpu < copies))
      throw new SkepError('ERANGE', `map '${this.#name}': cpu must be 0 to ${copies - 1} or 'all', got ${show(cpu)}`)
  }

  #decodeOne(image: Uint8Array, cpu: number): unknown {
    const stride = image.length / this.#access.copies
    return this.#value.decode(image.slice(cpu * stride, cpu * stride + this.#access.valueSize))
  }
}
