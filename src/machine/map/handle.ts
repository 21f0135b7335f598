// A handle on a map: one user reference until it is closed. Keys and values by BTF, or raw bytes on request. Operations
// and their errors are those of the kernel's map commands; what may be done is decided by the type of the map
// (types.ts), by the flags of the handle (BPF_F_RDONLY, BPF_F_WRONLY) and by whether the map is frozen.
import { SkepError } from '../../error.js'
import { AGAIN, type Answer, type Answering, type Mode } from '../answer.js'
import type { MapAccess } from './access.js'
import type { BatchProgress } from './batch.js'
import { MapCommands, type Writes } from './commands.js'
import { lookupBytesOptions, type Batch, type BatchOptions } from './options.js'
import type { LookupOptions, UpdateFlag, UpdateOptions } from './options.js'
import type { MapMemory, MemoryOptions } from './memory.js'
import type { MapDescription, MapOwner, MapPins } from './owner.js'
import type { Given, GivenValue, MapTypes, NoOptions, OneValue, RecordOf } from '../object-types.js'
import { PerfBuffer, perfBufferBytes, type PerfBufferOptions } from './perf-buffer.js'
import type { Consumer, ConsumeOptions, RecordIterator, RingReader } from './ring-reader.js'
import type { UserRing } from './user-ring.js'

/** `T` says what keys and values are; see load(). */
export class MapHandle<M extends Mode = 'direct', T extends MapTypes = MapTypes> {
  /** As the kernel's map id: machine.map(id) gives another handle. */
  readonly id: number
  /** The definition's name in the object that made the map. */
  readonly name: string
  /** BPF_MAP_TYPE_*. */
  readonly type: number
  /** Bytes; 0 for maps without keys. */
  readonly keySize: number
  /** Bytes of one CPU's value. */
  readonly valueSize: number
  /** Elements that fit; of rings their bytes. */
  readonly maxEntries: number
  /** BPF_F_* of the map. */
  readonly flags: number
  readonly #access: MapAccess
  readonly #owner: MapOwner
  readonly #answer: Answering<M>
  readonly #commands: MapCommands
  readonly #accessFlags: number
  readonly #ring: RingReader
  readonly #perfBuffers = new Set<PerfBuffer>()
  readonly #userRings = new Set<UserRing>()
  #open = true

  /** @internal */
  constructor(access: MapAccess, description: MapDescription, owner: MapOwner, answer: Answering<M>) {
    this.#access = access
    this.#owner = owner
    this.#answer = answer
    this.id = description.id
    this.name = description.name
    this.type = access.type
    this.keySize = access.keySize
    this.valueSize = access.valueSize
    this.maxEntries = access.maxEntries
    this.flags = access.flags
    this.#commands = new MapCommands(access, description, owner)
    this.#accessFlags = description.access
    this.#ring = access.ring(description, owner.use)
  }

  /**
   * The value, or undefined if the key is not there. Per-CPU maps: an array with one value per CPU. Program arrays: the
   * program's name; maps of maps: the inner map's id. Throws SkepError EPERM (BPF_F_WRONLY), EINVAL, ERANGE (options).
   */
  get(key: Given<T['key']>, options: LookupOptions & { cpu: number }): Answer<M, OneValue<T> | undefined>
  get(key: Given<T['key']>, options?: LookupOptions): Answer<M, T['value'] | undefined>
  get(key: unknown, options: LookupOptions = {}): Answer<M, unknown> {
    return this.#do(() => {
      const image = this.#commands.lookup(key, options)
      return image instanceof Uint8Array ? this.#commands.values.decode(image, options.cpu) : image
    })
  }

  /** As get, as bytes. Per-CPU maps: all values in a row, each padded to 8 bytes. */
  getBytes(key: Given<T['key']>, options: Omit<LookupOptions, 'cpu'> = {}): Answer<M, Uint8Array | undefined> {
    return this.#do(() => this.#commands.lookup(key, options, lookupBytesOptions))
  }

  /**
   * Sets a value (bytes are accepted as well; per-CPU maps take an array with one value per CPU). Throws SkepError
   * EEXIST ('noexist' and the key is there), ENOENT ('exist' and it is not), E2BIG (full, or no such index), EINVAL,
   * ERANGE (options), EPERM (frozen, BPF_F_RDONLY), BAD_VALUE. A successful set stops the element's timers and work and
   * leaves its spin lock alone.
   */
  set(
    key: Given<T['key']>,
    value: Given<OneValue<T>>,
    options: UpdateOptions & { cpu: number | 'all' },
  ): Answer<M, void>
  set(key: Given<T['key']>, value: GivenValue<T>, options?: UpdateFlag | UpdateOptions): Answer<M, void>
  set(key: unknown, value: unknown, options: UpdateFlag | UpdateOptions = {}): Answer<M, void> {
    return this.#do(() => this.#commands.update(key, value, options))
  }

  /**
   * Deletes a key; true if it was there. Throws SkepError EINVAL for arrays, whose elements cannot be deleted, EPERM.
   */
  delete(key: Given<T['key']>): Answer<M, boolean> {
    return this.#do(() => this.#commands.delete(key))
  }

  /**
   * Deletes a key and gives the value that it had last, or undefined if it is not there: what programs have written
   * until then is in it. Its timers and work are stopped. Throws SkepError ENOTSUPP for other maps than hash maps,
   * EPERM.
   */
  lookupAndDelete(key: Given<T['key']>): Answer<M, T['value'] | undefined> {
    return this.#do(() => {
      const image = this.#commands.lookupAndDelete(key)
      return image instanceof Uint8Array ? this.#commands.values.decode(image) : image
    })
  }

  /** As lookupAndDelete, as bytes. */
  lookupAndDeleteBytes(key: Given<T['key']>): Answer<M, Uint8Array | undefined> {
    return this.#do(() => this.#commands.lookupAndDelete(key))
  }

  /** True if the key is there. */
  has(key: Given<T['key']>): Answer<M, boolean> {
    return this.#do(() => this.#commands.lookup(key, {}) !== undefined)
  }

  /**
   * The key after `key` in the order of the map, or the first; undefined at the end. The key need not be in a hash map
   * any more: deleting each key that was met visits every other one all the same. Throws SkepError ENOTSUPP, EPERM.
   */
  nextKey(key?: Given<T['key']>): Answer<M, T['key'] | undefined> {
    return this.#do(() => this.#commands.nextKey(key))
  }

  /**
   * Queue, stack, bloom filter: adds a value. Throws SkepError E2BIG if a queue or stack is full; with 'exist' the
   * oldest value goes then, as with BPF_EXIST.
   */
  push(value: Given<T['value']>, flag: 'any' | 'exist' = 'any'): Answer<M, void> {
    return this.#do(() => this.#commands.push(value, flag))
  }

  /** Queue, stack: takes the next value out; undefined if there is none. */
  pop(): Answer<M, T['value'] | undefined> {
    return this.#do(() => this.#decodeTaken(this.#commands.take(false)))
  }

  /** Queue, stack: the value that `pop` would take; undefined if there is none. */
  peek(): Answer<M, T['value'] | undefined> {
    return this.#do(() => this.#decodeTaken(this.#commands.take(true)))
  }

  /** As pop, as bytes. */
  popBytes(): Answer<M, Uint8Array | undefined> {
    return this.#do(() => this.#commands.take(false))
  }

  /** As peek, as bytes. */
  peekBytes(): Answer<M, Uint8Array | undefined> {
    return this.#do(() => this.#commands.take(true))
  }

  /** Bloom filter: true if the value may have been added, false if it certainly was not. */
  mayHold(value: Given<T['value']>): Answer<M, boolean> {
    return this.#do(() => this.#commands.mayHold(value))
  }

  /**
   * Keys and values at about this moment: what changes meanwhile may be in it or not. Throws SkepError EINVAL (queue,
   * stack), EOPNOTSUPP (bloom filter), ENOTSUPP (rings and other maps that cannot be looked up), as nextKey; EPERM.
   */
  entries(): Answer<M, [key: T['key'], value: T['value']][]> {
    return this.#do(() => this.#commands.elements('entries').map((element) => this.#commands.decodeElement(element)))
  }

  /** As entries, as bytes. */
  entriesBytes(): Answer<M, [key: Uint8Array, value: Uint8Array][]> {
    return this.#do(() =>
      this.#commands.elements('entries').map(({ key, value }): [Uint8Array, Uint8Array] => [key, value]),
    )
  }

  /** The keys at about this moment. Throws as entries. */
  keys(): Answer<M, T['key'][]> {
    return this.#do(() => this.#commands.elements('keys').map(({ key }) => this.#commands.values.decodeKey(key)))
  }

  /**
   * Up to `count` elements, from the first or from where `cursor` says; each key that stays in the map from the first
   * batch to the last is met exactly once. Throws SkepError ENOTSUPP for a map that has no batches, EINVAL (lock),
   * EPERM.
   */
  lookupBatch(count: number, options: BatchOptions = {}): Answer<M, Batch<T>> {
    const progress: BatchProgress = { found: [] }
    return this.#do(() => this.#commands.readBatch<T>('lookup', count, options, progress))
  }

  /** As lookupBatch, and deletes what it has met, as lookupAndDelete. Hash maps only. */
  lookupAndDeleteBatch(count: number, options: Pick<BatchOptions, 'cursor'> = {}): Answer<M, Batch<T>> {
    const progress: BatchProgress = { found: [] }
    return this.#do(() => this.#commands.readBatch<T>('lookup-and-delete', count, options, progress))
  }

  /**
   * Sets each of the entries in turn, as set with 'any': how many. At the first that fails it ends with that error,
   * and `details.count` says how many were set before it.
   */
  updateBatch(
    entries: Iterable<readonly [key: Given<T['key']>, value: GivenValue<T>]>,
    options: Pick<BatchOptions, 'lock'> = {},
  ): Answer<M, number> {
    const writes: Writes<{ key: Uint8Array; value: unknown }> = { count: 0 }
    return this.#do(() => this.#commands.updateBatch(entries, options, writes))
  }

  /** Deletes each of the keys in turn: how many. Ends at the first that is not there, or fails, as updateBatch. */
  deleteBatch(keys: Iterable<Given<T['key']>>): Answer<M, number> {
    const writes: Writes<Uint8Array> = { count: 0 }
    return this.#do(() => this.#commands.deleteBatch(keys, writes))
  }

  /**
   * From now on no handle writes the map (EPERM); programs go on. Throws SkepError ENOTSUPP if values hold timers, work
   * or a spin lock, EBUSY while a view of the map can be written, EPERM if it is frozen already or by BPF_F_RDONLY.
   */
  freeze(): Answer<M, void> {
    return this.#do(() => this.#commands.freeze())
  }

  /** True if the map is frozen. */
  get frozen(): boolean {
    return this.#owner.use(() => this.#access.frozen)
  }

  /**
   * Ring buffer: every record that is committed now, decoded as the struct that its definition names, or that `as`
   * names; else as bytes. Throws SkepError BAD_MAP, BAD_VALUE (no such struct or option; a record that is shorter,
   * which stays in the ring: what came before it is given first).
   */
  drain<const Options extends ConsumeOptions = NoOptions>(options?: Options): Answer<M, RecordOf<T, Options>[]> {
    return this.#do(() => this.#ring.drain(options ?? {}) as RecordOf<T, Options>[])
  }

  /**
   * Ring buffer: calls `listener` for each record, now and later, in order; if it gives a promise, the next record
   * waits for it. A burst of records costs one wake-up. Each record goes to one consumer. Ends with the consumer's,
   * this handle's or the machine's close(), and when the listener throws or a record is too short (which is an
   * unhandled rejection). Keeps no process alive.
   */
  consume<const Options extends ConsumeOptions = NoOptions>(
    listener: (record: RecordOf<T, Options>) => unknown,
    options?: Options,
  ): Consumer {
    return this.#use(() => this.#ring.consume(listener as (record: unknown) => unknown, options ?? {}))
  }

  /**
   * Ring buffer: records as they come: `for await (const record of map.records())`. A record stays in the ring until it
   * is asked for, so whoever is slow makes programs see a full ring. Ends with its return(), and as `consume`;
   * next() rejects for a record that is too short, and goes on once that was taken.
   */
  records<const Options extends ConsumeOptions = NoOptions>(
    options?: Options,
  ): AsyncIterableIterator<RecordOf<T, Options>> {
    return this.#use(() => this.#ring.iterate(options ?? {}) as RecordIterator<RecordOf<T, Options>>)
  }

  /** As records(). */
  [Symbol.asyncIterator](): AsyncIterableIterator<RecordOf<T, NoOptions>> {
    return this.records<NoOptions>()
  }

  /**
   * Perf event array: opens a buffer for each CPU, as libbpf's perf_buffer__new; programs put records there with
   * bpf_perf_event_output. Closed with this handle. Throws SkepError BAD_MAP, EBUSY (one is open), BAD_VALUE,
   * NO_MEMORY, EPERM.
   */
  perfBuffer<const Options extends PerfBufferOptions = NoOptions>(
    // By itself Options gives the parameters of a function in it no types.
    options?: Options & PerfBufferOptions,
  ): Answer<M, PerfBuffer<RecordOf<T, Options>>> {
    return this.#do(() => {
      const given: PerfBufferOptions = options ?? {}
      const bytes = perfBufferBytes(given)
      const buffer: PerfBuffer = this.#commands.perfBuffer(bytes, given, () => this.#perfBuffers.delete(buffer))
      this.#perfBuffers.add(buffer)
      return buffer as PerfBuffer<RecordOf<T, Options>>
    })
  }

  /**
   * User ring buffer: the side that produces, as libbpf's user_ring_buffer__new. Closed with this handle. Throws
   * SkepError BAD_MAP, EPERM.
   */
  userRing(): Answer<M, UserRing> {
    return this.#do(() => {
      const ring: UserRing = this.#commands.userRing(() => this.#userRings.delete(ring))
      this.#userRings.add(ring)
      return ring
    })
  }

  /**
   * The values of a BPF_F_MMAPABLE array as memory: see MapMemory, and unmap it. Throws SkepError ENOTSUPP if values
   * hold timers, work or a spin lock or the map is no array, EINVAL without BPF_F_MMAPABLE; for a view that can write
   * EPERM if the map is frozen, EACCES if it is BPF_F_RDONLY_PROG; EACCES if the handle is BPF_F_RDONLY or
   * BPF_F_WRONLY.
   */
  memory(options: MemoryOptions = {}): Answer<M, MapMemory> {
    return this.#do(() => this.#commands.memory(options))
  }

  /** @internal A piece of it, for a global variable. */
  memoryAt(name: string, offset: number, size: number, options: MemoryOptions): MapMemory {
    return this.#use(() => this.#commands.memory(options, { name, offset, size }))
  }

  /** A name in the machine that keeps the map, its elements and its timers alive; see machine.pins. Throws EEXIST. */
  pin(name: string): Answer<M, void> {
    return this.#do(() => this.#pins().add(name))
  }

  /** Takes a pin of this map away, or all of them. Throws ENOENT. The map lives on by its handles. */
  unpin(name?: string): Answer<M, void> {
    return this.#do(() => {
      const pins = this.#pins()
      for (const pin of name === undefined ? pins.names() : [name]) pins.remove(pin)
    })
  }

  /** The names under which the map is pinned. */
  get pins(): string[] {
    return this.#use(() => this.#owner.pins?.names() ?? [])
  }

  /** Drops this handle's user reference; the last one of a map stops all of its timers and work. */
  close(): Answer<M, void> {
    return this.#answer(() => this.closeNow())
  }

  /** As close(). */
  [Symbol.dispose](): void {
    this.closeNow()
  }

  /** @internal */
  closeNow(): void {
    if (!this.#open) return
    this.#open = false
    this.endConsumers()
    this.#owner.release()
  }

  /** @internal The map's memory goes: nobody waits for records any more. */
  endConsumers(): void {
    this.#ring.close()
    for (const open of [...this.#perfBuffers, ...this.#userRings]) open.close()
  }

  /** @internal */
  get access(): MapAccess {
    return this.#access
  }

  /** @internal True until close(). */
  get open(): boolean {
    return this.#open
  }

  /** @internal BPF_F_RDONLY, BPF_F_WRONLY. */
  get accessFlags(): number {
    return this.#accessFlags
  }

  #decodeTaken(value: Uint8Array | undefined): unknown {
    return value && this.#commands.values.decode(value)
  }

  #pins(): MapPins {
    if (this.#owner.pins) return this.#owner.pins
    throw new SkepError('EPERM', `map '${this.name}' is pinned by the thread that booted the machine only`)
  }

  #do<T>(work: () => T | typeof AGAIN): Answer<M, T> {
    return this.#answer.again(() => {
      const result = this.#use(work)
      this.#owner.settle()
      return result
    })
  }

  #use<R>(work: () => R): R {
    return this.#owner.use(this.#open ? work : () => this.#refuseClosed())
  }

  #refuseClosed(): never {
    throw new SkepError('CLOSED', `the handle on map '${this.name}' is closed`)
  }
}
