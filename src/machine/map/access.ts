// Map operations from JavaScript, on bytes, through one CPU's instance of the core: results are 0 or a negative errno.
// Used by the host of a machine and by threads that joined one. Arguments pass through that CPU's run buffer, which is
// in the guest window. Shares MAP_USE with the other handles on the map: frozen or not, and how many views can write.
import { BPF_F_LOCK, EBUSY, ENOENT, EPERM } from '../../../core/abi.js'
import {
  HEADER,
  HEADER_CPUS,
  MAP_ELEMENTS,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_SPIN_LOCK_OFFSET,
  MAP_STRIDE,
  MAP_TIMER_OFFSET,
  MAP_TYPE,
  MAP_USE,
  MAP_VALUE_SIZE,
  MAP_WORK_OFFSET,
} from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import { recordType } from '../../object/maps.js'
import type { Cpu } from '../cpu/cpu.js'
import type { MapDescription, Use } from './owner.js'
import { mapType } from './types.js'
import type { Memory } from '../cpu/memory.js'
import { RingReader } from './ring-reader.js'
import { UserRing, type RingOwner } from './user-ring.js'

/** A place in the guest window for a key and a value. */
export interface Staging {
  readonly address: number
  readonly bytes: number
}

/** MAP_USE: frozen; else this much for each view that can write. */
const FROZEN = 1
const WRITER = 2
/** An offset in the core: no such field. */
const NONE = 0xffffffff

/** Freezes the map at an address of the core: 0, -EPERM if it is frozen already, -EBUSY while a view can write it. */
export function freezeMap(memory: Memory, address: number): number {
  const use = memory.compareExchange(address + MAP_USE, 0, FROZEN)
  return use === 0 ? 0 : use === FROZEN ? -EPERM : -EBUSY
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
  /** Values hold a spin lock. */
  readonly hasLock: boolean
  /** Values hold a timer, work or a spin lock. */
  readonly hasFields: boolean
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
    this.perCpu = mapType(this.type).perCpu ?? false
    this.copies = this.perCpu ? programCpus : 1
    const has = (field: number): boolean => memory.word(address + field) !== NONE
    this.hasLock = has(MAP_SPIN_LOCK_OFFSET)
    this.hasFields = this.hasLock || has(MAP_TIMER_OFFSET) || has(MAP_WORK_OFFSET)
    const needed = 2 * this.#valueOffset + this.#coreImageSize + 8
    if (needed > staging.bytes)
      throw new SkepError(
        'BAD_VALUE',
        `map '${name}': key and value need ${needed} bytes, this thread can stage ${staging.bytes}`,
      )
  }

  /** Bytes that a lookup returns and an update takes. */
  get imageSize(): number {
    return this.perCpu ? this.copies * this.#paddedValue : this.valueSize
  }

  /** The map's records, if it is a ring buffer, or those of another ring. */
  ring({ name, btf, valueType }: MapDescription, use: Use, address = this.address): RingReader {
    return new RingReader(this.#cpu, address, { name, btf, recordType: recordType(btf, this.type, valueType) }, use)
  }

  /** The map's producer, if it is a user ring buffer. */
  userRing(name: string, owner: RingOwner, released: () => void): UserRing {
    return new UserRing(this.#cpu, this.address, name, owner, released)
  }

  get #paddedValue(): number {
    return (this.valueSize + 7) & ~7
  }

  // The core has a value for the host's own CPU as well.
  get #coreImageSize(): number {
    return this.perCpu ? this.#cpu.memory.word(HEADER + HEADER_CPUS) * this.#paddedValue : this.valueSize
  }

  get #valueOffset(): number {
    return (this.keySize + 7) & ~7
  }

  get #valueAddress(): number {
    return this.#staging.address + this.#valueOffset
  }

  /** The value's bytes or a negative errno; with `lock`, read under the element's spin lock. */
  lookup(key: Uint8Array, lock = false): Uint8Array | number {
    const { core } = this.#cpu
    return this.#image(
      core.map_lookup_copy(this.address, this.#stageKey(key), this.#valueAddress, lock ? BPF_F_LOCK : 0),
    )
  }

  /** Deletes the key: the bytes that its value had last, or a negative errno. */
  lookupAndDelete(key: Uint8Array): Uint8Array | number {
    return this.#image(this.#cpu.core.map_lookup_and_delete(this.address, this.#stageKey(key), this.#valueAddress))
  }

  /** The value of one CPU goes into a per-CPU map, or, without `cpu`, the whole image. */
  update(key: Uint8Array, value: Uint8Array, flags: number, cpu?: number): number {
    const { core, memory } = this.#cpu
    const at = this.#stageKey(key)
    const to = this.#valueAddress
    memory.write(to, value)
    memory.fill(to + value.length, this.#coreImageSize - value.length)
    return cpu === undefined
      ? core.map_update(this.address, at, to, flags)
      : core.map_update_cpu(this.address, at, to, flags, cpu)
  }

  delete(key: Uint8Array): number {
    return this.#cpu.core.map_delete(this.address, this.#stageKey(key))
  }

  /** The key after `key`, or the first; a negative errno at the end. */
  nextKey(key: Uint8Array | undefined): Uint8Array | number {
    const next = this.#valueAddress
    const result = this.#cpu.core.map_next_key(this.address, key ? this.#stageKey(key) : 0, next)
    return result < 0 ? result : this.#cpu.memory.read(next, this.keySize)
  }

  /** Queue, stack, bloom filter: adds a value. 0 or a negative errno. */
  push(value: Uint8Array, flags: number): number {
    this.#cpu.memory.write(this.#staging.address, value)
    return this.#cpu.core.map_push(this.address, this.#staging.address, flags)
  }

  /** Queue, stack: the next value's bytes, which is taken out unless `stays`; or a negative errno. */
  take(stays: boolean): Uint8Array | number {
    const { core, memory } = this.#cpu
    const { address } = this.#staging
    const result = stays ? core.map_peek(this.address, address) : core.map_pop(this.address, address)
    return result < 0 ? result : memory.read(address, this.valueSize)
  }

  /** Bloom filter: 0 if the value may be in it, or a negative errno. */
  ask(value: Uint8Array): number {
    this.#cpu.memory.write(this.#staging.address, value)
    return this.#cpu.core.map_peek(this.address, this.#staging.address)
  }

  /** Keys and values: each key that stays in the map meanwhile exactly once, others perhaps. Or a negative errno. */
  elements(): { key: Uint8Array; value: Uint8Array }[] | number {
    const found = []
    let key = this.nextKey(undefined)
    for (; typeof key !== 'number'; key = this.nextKey(key)) {
      const value = this.lookup(key)
      if (typeof value !== 'number') found.push({ key, value })
      else if (value !== -ENOENT) return value
    }
    return key === -ENOENT ? found : key
  }

  get frozen(): boolean {
    return this.#cpu.memory.word(this.address + MAP_USE) === FROZEN
  }

  /** Forbids the host's writes from now on: -EPERM if that is so already, -EBUSY while a view can write. */
  freeze(): number {
    return freezeMap(this.#cpu.memory, this.address)
  }

  /** Enters a view that can write: -EPERM if the map is frozen. */
  addWriter(): number {
    const { memory } = this.#cpu
    for (let use = memory.word(this.address + MAP_USE); use !== FROZEN;) {
      const seen = memory.compareExchange(this.address + MAP_USE, use, use + WRITER)
      if (seen === use) return 0
      use = seen
    }
    return -EPERM
  }

  /** A view that can write has gone. */
  removeWriter(): void {
    this.#cpu.memory.add(this.address + MAP_USE, -WRITER)
  }

  /** All values in a row, each padded to 8 bytes, in the shared memory itself. */
  get values(): Uint8Array {
    const { memory } = this.#cpu
    const start = memory.word(this.address + MAP_ELEMENTS)
    return memory.bytes.subarray(start, start + this.maxEntries * memory.word(this.address + MAP_STRIDE))
  }

  #image(result: number): Uint8Array | number {
    return result < 0 ? result : this.#cpu.memory.read(this.#valueAddress, this.imageSize)
  }

  #stageKey(key: Uint8Array): number {
    this.#cpu.memory.write(this.#staging.address, key)
    return this.#staging.address
  }
}
