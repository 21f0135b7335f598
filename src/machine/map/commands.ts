// The kernel's map commands for one handle: who may do what (the flags of the handle, a frozen map, the type of the
// map), errors by the kernel's names, references of programs and inner maps. What meets a spin lock in another CPU's
// hands gives AGAIN, and is then to be called again. Used by handle.ts, which is their public face.
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_MMAPABLE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_NOEXIST,
  EACCES,
  EAGAIN,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EPERM,
  MAP_TYPE_ARRAY,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_USER_RINGBUF,
} from '../../../core/abi.js'
import { show, SkepError, type ErrorDetails } from '../../error.js'
import { AGAIN } from '../answer.js'
import { errnoError } from '../errno.js'
import type { MapAccess } from './access.js'
import { readBatch, writeBatch, type BatchProgress } from './batch.js'
import type { MapDescription, MapOwner } from './owner.js'
import { MapMemory, memoryOptions, type MemoryOptions } from './memory.js'
import {
  badValue,
  batchOptions,
  checkOptions,
  deletingBatchOptions,
  lookupOptions,
  updateOptions,
  writingBatchOptions,
  type Batch,
  type BatchOptions,
  type LookupOptions,
  type UpdateFlag,
  type UpdateOptions,
} from './options.js'
import { reasonOf } from './reasons.js'
import { mapType, type BatchOperation } from './types.js'
import type { MapTypes } from '../object-types.js'
import { PerfBuffer, type PerfBufferOptions } from './perf-buffer.js'
import { MapValues, type WhichCpu } from './values.js'
import type { OptionNames } from '../options/given-options.js'
import type { UserRing } from './user-ring.js'

const updateFlags: Record<UpdateFlag, number> = { any: BPF_ANY, noexist: BPF_NOEXIST, exist: BPF_EXIST }

/** A key and a value as bytes. */
type Element = { key: Uint8Array; value: Uint8Array }

/** A variable in the value of a data section. */
export interface MemoryPiece {
  /** For messages. */
  readonly name: string
  readonly offset: number
  readonly size: number
}

/** A batch of updates or deletes: all its items, and how many are done. */
export interface Writes<T> {
  items?: readonly T[]
  count: number
}

export class MapCommands {
  readonly values: MapValues
  readonly #access: MapAccess
  readonly #description: MapDescription
  readonly #owner: MapOwner

  constructor(access: MapAccess, description: MapDescription, owner: MapOwner) {
    this.#access = access
    this.#description = description
    this.#owner = owner
    this.values = new MapValues(access, description, owner)
  }

  lookup(
    key: unknown,
    options: LookupOptions,
    names: OptionNames<LookupOptions> | OptionNames<Pick<LookupOptions, 'lock'>> = lookupOptions,
  ): Uint8Array | undefined | typeof AGAIN {
    this.#checkOptions(options, names)
    const { lock = false, cpu } = options
    this.values.checkCpu(cpu)
    this.#mayRead('lookup')
    return this.#found(this.#access.lookup(this.values.encodeKey(key), lock), 'lookup')
  }

  update(key: unknown, value: unknown, given: UpdateFlag | UpdateOptions): void | typeof AGAIN {
    const options = typeof given === 'object' ? given : { flag: given }
    this.#checkOptions(options, updateOptions)
    const { flag = 'any', lock = false, cpu } = options
    const flags = this.#flagNumber(flag) | (lock ? BPF_F_LOCK : 0)
    this.values.checkCpu(cpu)
    this.#mayWrite('update')
    const result = this.#update(this.values.encodeKey(key), value, flags, cpu)
    if (result === -EAGAIN) return AGAIN
    this.#expect(result, 'update')
  }

  /** True if the key was there. */
  delete(key: unknown): boolean {
    this.#mayWrite('delete')
    const result = this.#delete(this.values.encodeKey(key))
    if (result !== -ENOENT) this.#expect(result, 'delete')
    return result === 0
  }

  lookupAndDelete(key: unknown): Uint8Array | undefined | typeof AGAIN {
    this.#mayRead('lookup and delete')
    this.#mayWrite('lookup and delete')
    return this.#found(this.#access.lookupAndDelete(this.values.encodeKey(key)), 'lookup and delete')
  }

  /** Queue, stack, bloom filter. */
  push(value: unknown, flag: 'any' | 'exist'): void {
    const flags = this.#flagNumber(flag)
    if (!mapType(this.#access.type).push) this.#expect(-ENOTSUPP, 'push')
    this.#mayWrite('push')
    this.#expect(this.#access.push(this.values.encode(value), flags), 'push')
  }

  /** Queue, stack: the next value, which is taken out unless it `stays`. */
  take(stays: boolean): Uint8Array | undefined {
    const operation = stays ? 'peek' : 'pop'
    this.#mayRead(operation)
    if (!stays) this.#mayWrite(operation)
    const value = this.#access.take(stays)
    if (typeof value !== 'number') return value
    if (value !== -ENOENT) this.#expect(value, operation)
    return undefined
  }

  /** Bloom filter. */
  mayHold(value: unknown): boolean {
    if (this.#access.type !== MAP_TYPE_BLOOM_FILTER)
      throw new SkepError('BAD_MAP', `map '${this.#description.name}' is no bloom filter`)
    this.#mayRead('lookup')
    const result = this.#access.ask(this.values.encode(value))
    if (result !== -ENOENT) this.#expect(result, 'lookup')
    return result === 0
  }

  nextKey(key: unknown): unknown {
    this.#mayRead('next key')
    const next = this.#access.nextKey(key === undefined ? undefined : this.values.encodeKey(key))
    if (typeof next !== 'number') return this.values.decodeKey(next)
    if (next !== -ENOENT) this.#expect(next, 'next key')
    return undefined
  }

  elements(operation: 'entries' | 'keys'): Element[] {
    this.#mayRead('lookup')
    const elements = this.#access.elements()
    if (typeof elements === 'number') throw this.#failure(elements, operation)
    return elements
  }

  decodeElement({ key, value }: Element): [key: unknown, value: unknown] {
    return [this.values.decodeKey(key), this.values.decode(value)]
  }

  /** A view of all values, or of a variable among them. */
  memory(options: MemoryOptions, piece?: MemoryPiece): MapMemory {
    this.#checkOptions(options, memoryOptions)
    const { readOnly = false } = options
    const { name, access } = this.#description
    const refuse = (errno: number): void => this.#expect(errno, 'memory')
    if (access & BPF_F_WRONLY || (access & BPF_F_RDONLY && !readOnly)) refuse(-EACCES)
    if (this.#access.hasFields || this.#access.type !== MAP_TYPE_ARRAY) refuse(-ENOTSUPP)
    if (!readOnly && this.#access.frozen) refuse(-EPERM)
    if (!readOnly && this.#access.flags & BPF_F_RDONLY_PROG) refuse(-EACCES)
    if (!(this.#access.flags & BPF_F_MMAPABLE)) refuse(-EINVAL)
    if (!readOnly) refuse(this.#access.addWriter())
    const release = this.#owner.hold(() => view.unmap())
    const { values } = this.#access
    const bytes = piece ? values.subarray(piece.offset, piece.offset + piece.size) : values
    const view = new MapMemory(piece?.name ?? `map '${name}'`, bytes, readOnly, () => {
      if (!readOnly) this.#access.removeWriter()
      release()
    })
    return view
  }

  /** Buffers of a perf event array; `closed` is called when they are. */
  userRing(closed: () => void): UserRing {
    const { name } = this.#description
    if (this.#access.type !== MAP_TYPE_USER_RINGBUF)
      throw new SkepError('BAD_MAP', `map '${name}' is no user ring buffer`)
    this.#mayWrite('user ring')
    return this.#access.userRing(name, this.#owner, closed)
  }

  perfBuffer(bytes: number, options: PerfBufferOptions, closed: () => void): PerfBuffer {
    const { name } = this.#description
    if (this.#access.type !== MAP_TYPE_PERF_EVENT_ARRAY)
      throw new SkepError('BAD_MAP', `map '${name}' is no perf event array`)
    this.#mayWrite('perf buffer')
    const open = this.#owner.perfEvents
    if (!open) this.#refuse('perf buffer', 'it is opened by the thread that booted the machine only')
    const events = open(bytes)
    const release = this.#owner.hold(() => close())
    const close = (): void => {
      events.close()
      release()
    }
    try {
      const { use } = this.#owner
      const rings = events.rings.map((ring) => this.#access.ring(this.#description, use, ring))
      const source = { name, bell: this.#access.ring(this.#description, use), rings, close: () => (closed(), close()) }
      return new PerfBuffer(source, options)
    } catch (error) {
      close()
      throw error
    }
  }

  freeze(): void {
    if (this.#access.hasFields) this.#expect(-ENOTSUPP, 'freeze')
    this.#mayWrite('freeze')
    this.#expect(this.#access.freeze(), 'freeze')
  }

  readBatch<T extends MapTypes>(
    operation: 'lookup' | 'lookup-and-delete',
    count: number,
    options: BatchOptions,
    progress: BatchProgress,
  ): Batch<T> | typeof AGAIN {
    const what = `${operation} batch`
    this.#checkOptions(options, operation === 'lookup' ? batchOptions : deletingBatchOptions)
    const { cursor, lock = false } = options
    if (cursor !== undefined && !(cursor instanceof Uint8Array && cursor.length === this.#access.keySize))
      badValue(`map '${this.#description.name}': cursor: expected the one of the batch before, got ${show(cursor)}`)
    if (!Number.isInteger(count) || count < 0)
      throw new SkepError('BAD_VALUE', `count: expected a whole number, got ${show(count)}`)
    this.#mayRead(what)
    if (operation === 'lookup-and-delete') this.#mayWrite(what)
    this.#hasBatch(operation)
    if (lock && !this.#access.hasLock) this.#expect(-EINVAL, what)
    if (cursor) progress.cursor ??= cursor
    const result = readBatch(this.#access, { count, lock, deletes: operation === 'lookup-and-delete' }, progress)
    if (result === AGAIN) return AGAIN
    if (result !== -ENOENT) this.#expect(result, what)
    const entries = progress.found.map((element) => this.decodeElement(element))
    return { entries, cursor: progress.cursor, end: result === -ENOENT }
  }

  updateBatch(
    entries: Iterable<readonly [key: unknown, value: unknown]>,
    options: Pick<BatchOptions, 'lock'>,
    writes: Writes<{ key: Uint8Array; value: unknown }>,
  ): number | typeof AGAIN {
    this.#checkOptions(options, writingBatchOptions)
    const { lock = false } = options
    if (lock && !this.#access.hasLock) this.#expect(-EINVAL, 'update batch')
    const flags = lock ? BPF_F_LOCK : 0
    const prepare = () =>
      Array.from(this.#listed(entries, 'entries'), (entry: unknown, at) => {
        if (Array.isArray(entry)) return { key: this.values.encodeKey(entry[0]), value: entry[1] as unknown }
        return badValue(`map '${this.#description.name}': entries[${at}]: expected [key, value], got ${show(entry)}`)
      })
    return this.#writeBatch('update', writes, prepare, ({ key, value }) => this.#update(key, value, flags, undefined))
  }

  deleteBatch(keys: Iterable<unknown>, writes: Writes<Uint8Array>): number | typeof AGAIN {
    const prepare = () => Array.from(this.#listed(keys, 'keys'), (key) => this.values.encodeKey(key))
    return this.#writeBatch('delete', writes, prepare, (key) => this.#delete(key))
  }

  #writeBatch<T>(
    operation: 'update' | 'delete',
    writes: Writes<T>,
    prepare: () => T[],
    one: (item: T) => number,
  ): number | typeof AGAIN {
    this.#mayWrite(`${operation} batch`)
    this.#hasBatch(operation)
    writes.items ??= prepare()
    const result = writeBatch(writes.items, one, writes)
    if (result === AGAIN) return AGAIN
    if (result < 0) throw this.#failure(result, `${operation} batch`, { count: writes.count })
    return writes.count
  }

  #found(image: Uint8Array | number, operation: string): Uint8Array | undefined | typeof AGAIN {
    if (image === -EAGAIN) return AGAIN
    if (typeof image !== 'number') return image
    if (image !== -ENOENT) this.#expect(image, operation)
    return undefined
  }

  #update(key: Uint8Array, value: unknown, flags: number, cpu: WhichCpu): number {
    const { references } = this.#owner
    if (!references)
      return this.#access.update(key, this.values.encode(value, cpu), flags, cpu === 'all' ? undefined : cpu)
    const held = references.take(value)
    const result = this.#access.update(key, new Uint8Array(Uint32Array.of(held.address).buffer), flags)
    if (result === 0) references.hold(key, held)
    else held.release()
    return result
  }

  #delete(key: Uint8Array): number {
    const result = this.#access.delete(key)
    if (result === 0) this.#owner.references?.hold(key, undefined)
    return result
  }

  #expect(result: number, operation: string): void {
    if (result < 0) throw this.#failure(result, operation)
  }

  #failure(result: number, operation: string, details?: ErrorDetails): SkepError {
    const reason = reasonOf(result, operation, this.#access)
    return errnoError(result, `map '${this.#description.name}': ${operation}`, details, reason)
  }

  #checkOptions(given: unknown, names: Readonly<Record<string, true>>): void {
    checkOptions(given, names, this.#description.name)
  }

  #flagNumber(flag: UpdateFlag): number {
    if (typeof flag === 'string' && Object.hasOwn(updateFlags, flag)) return updateFlags[flag]
    return badValue(`map '${this.#description.name}': flag ${show(flag)} is none of any, noexist, exist`)
  }

  #listed<T>(given: Iterable<T>, what: string): Iterable<T> {
    const { [Symbol.iterator]: iterator } = (given ?? {}) as Partial<Iterable<T>>
    if (typeof iterator === 'function') return given
    return badValue(`map '${this.#description.name}': ${what}: expected a list, got ${show(given)}`)
  }

  #mayRead(operation: string): void {
    if (this.#description.access & BPF_F_WRONLY) this.#refuse(operation, 'the handle is write-only (BPF_F_WRONLY)')
  }

  #mayWrite(operation: string): void {
    if (this.#access.frozen) this.#refuse(operation, 'the map is frozen')
    if (this.#description.access & BPF_F_RDONLY) this.#refuse(operation, 'the handle is read-only (BPF_F_RDONLY)')
    // A thread that joined does not keep the references of programs and inner maps.
    if (mapType(this.#access.type).references && !this.#owner.references)
      this.#refuse(operation, 'it is written by the thread that booted the machine only')
  }

  #refuse(operation: string, why: string): never {
    throw new SkepError('EPERM', `map '${this.#description.name}': ${operation}: EPERM: ${why}`)
  }

  #hasBatch(operation: BatchOperation): void {
    if (!mapType(this.#access.type).batch.includes(operation)) this.#expect(-ENOTSUPP, `${operation} batch`)
  }
}
