// Map operations from JavaScript, on bytes, through one CPU's instance of the core. Used by the host of a machine and by
// threads that joined one. Arguments pass through that CPU's run buffer, which is in the guest window.
import { MAP_TYPE_LRU_PERCPU_HASH, MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_PERCPU_HASH } from '../../core/abi.js'
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
import type { Btf } from '../object/btf.js'
import type { Cpu } from './cpu.js'
import { RingReader } from './ring-reader.js'

/** A place in the guest window for a key and a value. */
export interface Staging {
  readonly address: number
  readonly bytes: number
}

export class MapAccess {
  readonly address: number
  readonly type: number
  readonly keySize: number
  /** Bytes of one value; per-CPU maps have one for each CPU that runs programs, each rounded up to 8 bytes. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly copies: number
  /** Values are one for each CPU. */
  readonly perCpu: boolean
  readonly #cpu: Cpu
  readonly #staging: Staging

  constructor(cpu: Cpu, address: number, name: string, staging: Staging, programCpus: number) {
    this.#cpu = cpu
    this.#staging = staging
    this.address = address
    const { memory } = cpu
    this.type = memory.word(address + MAP_TYPE)
    this.keySize = memory.word(address + MAP_KEY_SIZE)
    this.valueSize = memory.word(address + MAP_VALUE_SIZE)
    this.maxEntries = memory.word(address + MAP_MAX_ENTRIES)
    this.flags = memory.word(address + MAP_FLAGS)
    this.perCpu = [MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_PERCPU_HASH, MAP_TYPE_LRU_PERCPU_HASH].includes(this.type)
    this.copies = this.perCpu ? programCpus : 1
    const needed = 2 * this.#valueOffset + this.#coreImageSize + 8
    if (needed > staging.bytes)
      throw new SkepError(
        'BAD_VALUE',
        `map '${name}': key and value need ${needed} bytes, this thread can stage ${staging.bytes}`,
      )
  }

  /** Bytes that a lookup returns and an update takes. */
  get imageSize(): number {
    return this.perCpu ? this.copies * ((this.valueSize + 7) & ~7) : this.valueSize
  }

  /** The map's records, if it is a ring buffer. */
  ring(name: string, btf: Btf | undefined): RingReader {
    return new RingReader(this.#cpu, this.address, name, btf)
  }

  // The core has a value for the host's own CPU as well.
  get #coreImageSize(): number {
    if (!this.perCpu) return this.valueSize
    return this.#cpu.memory.word(HEADER + HEADER_CPUS) * ((this.valueSize + 7) & ~7)
  }

  get #valueOffset(): number {
    return (this.keySize + 7) & ~7
  }

  /** The value's bytes, or undefined for a missing key. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const { core, memory } = this.#cpu
    const at = this.#stageKey(key)
    if (!this.perCpu) {
      const value = core.map_lookup(this.address, at) >>> 0
      return value === 0 ? undefined : memory.read(value, this.valueSize)
    }
    const image = new Uint8Array(this.imageSize)
    for (let cpu = 0; cpu < this.copies; cpu++) {
      const value = core.map_lookup_cpu(this.address, at, cpu) >>> 0
      if (value === 0) return undefined
      image.set(memory.read(value, this.valueSize), (cpu * this.imageSize) / this.copies)
    }
    return image
  }

  /** 0 or a negative errno. */
  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    const at = this.#stageKey(key)
    const valueAt = at + this.#valueOffset
    this.#cpu.memory.write(valueAt, value)
    this.#cpu.memory.fill(valueAt + value.length, this.#coreImageSize - value.length)
    return this.#cpu.core.map_update(this.address, at, valueAt, flags)
  }

  /** 0 or a negative errno. */
  delete(key: Uint8Array): number {
    return this.#cpu.core.map_delete(this.address, this.#stageKey(key))
  }

  /** Keys and values: each key that stays in the map meanwhile exactly once, others perhaps. */
  *elements(): Generator<{ key: Uint8Array; value: Uint8Array }> {
    const { core, memory } = this.#cpu
    const next = this.#staging.address + this.#valueOffset
    let previous: Uint8Array | undefined
    for (;;) {
      const at = previous ? this.#stageKey(previous) : 0
      if (core.map_next_key(this.address, at, next) < 0) return
      const key = memory.read(next, this.keySize)
      const value = this.lookup(key)
      if (value) yield { key, value }
      previous = key
    }
  }

  #stageKey(key: Uint8Array): number {
    this.#cpu.memory.write(this.#staging.address, key)
    return this.#staging.address
  }
}
