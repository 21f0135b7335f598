// Map operations from JavaScript, on bytes, through one CPU's instance of the core. Used by the host of a machine and by
// threads that joined one. Arguments pass through that CPU's run buffer, which is in the guest window.
import { MAP_TYPE_PERCPU_ARRAY } from '../../core/abi.js'
import {
  HEADER,
  HEADER_CPUS,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../../core/layout.js'
import { SkepError } from '../error.js'
import type { Cpu } from './cpu.js'

/** A place in the guest window for a key and a value. */
export interface Staging {
  readonly address: number
  readonly bytes: number
}

export class MapAccess {
  readonly address: number
  readonly type: number
  readonly keySize: number
  /** Bytes of one value; per-CPU maps have `copies` of it, each rounded up to 8 bytes. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly copies: number
  readonly #cpu: Cpu
  readonly #staging: Staging

  constructor(cpu: Cpu, address: number, name: string, staging: Staging) {
    this.#cpu = cpu
    this.#staging = staging
    this.address = address
    const { memory } = cpu
    this.type = memory.word(address + MAP_TYPE)
    this.keySize = memory.word(address + MAP_KEY_SIZE)
    this.valueSize = memory.word(address + MAP_VALUE_SIZE)
    this.maxEntries = memory.word(address + MAP_MAX_ENTRIES)
    this.flags = memory.word(address + MAP_FLAGS)
    this.copies = this.type === MAP_TYPE_PERCPU_ARRAY ? memory.word(HEADER + HEADER_CPUS) : 1
    if (this.#valueOffset + this.imageSize > staging.bytes)
      throw new SkepError(
        'BAD_VALUE',
        `map '${name}': key and value need ${this.#valueOffset + this.imageSize} bytes, this thread can stage ${staging.bytes}`,
      )
  }

  /** Bytes that a lookup returns and an update takes. */
  get imageSize(): number {
    return this.copies === 1 ? this.valueSize : this.copies * ((this.valueSize + 7) & ~7)
  }

  get #valueOffset(): number {
    return (this.keySize + 7) & ~7
  }

  /** The value's bytes, or undefined for a missing key. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const value = this.#cpu.core.map_lookup(this.address, this.#stageKey(key)) >>> 0
    return value === 0 ? undefined : this.#cpu.memory.read(value, this.imageSize)
  }

  /** 0 or a negative errno. */
  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    const at = this.#stageKey(key)
    const valueAt = at + this.#valueOffset
    this.#cpu.memory.write(valueAt, value)
    return this.#cpu.core.map_update(this.address, at, valueAt, flags)
  }

  /** 0 or a negative errno. */
  delete(key: Uint8Array): number {
    return this.#cpu.core.map_delete(this.address, this.#stageKey(key))
  }

  /** Keys and values; elements that come or go meanwhile may be missed or seen. */
  *elements(): Generator<{ index: number; key: Uint8Array; value: Uint8Array }> {
    const { core, memory } = this.#cpu
    for (let index = core.map_next(this.address, 0); index >= 0; index = core.map_next(this.address, index + 1)) {
      const key = memory.read(core.map_element_key(this.address, index) >>> 0, this.keySize)
      yield { index, key, value: memory.read(core.map_element_value(this.address, index) >>> 0, this.imageSize) }
    }
  }

  /** Guest address of an element's value: arrays and data sections, whose elements never move. */
  valueAddress(index: number): number {
    return this.#cpu.core.map_element_value(this.address, index) >>> 0
  }

  #stageKey(key: Uint8Array): number {
    this.#cpu.memory.write(this.#staging.address, key)
    return this.#staging.address
  }
}
