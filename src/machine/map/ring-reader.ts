// The consuming side of a ring buffer: records in order, as bytes or decoded by BTF. Wake-ups are the core's: the bell
// is rung when a record comes that the consumer has caught up with, so a burst of records costs one; BPF_RB_NO_WAKEUP
// and BPF_RB_FORCE_WAKEUP decide otherwise. Nothing is polled, and waiting keeps no process alive. A record stays in
// the ring until it is asked for: a consumer that is slow fills the ring, and programs are told so. Several consumers
// of one ring share the records: each record goes to one of them.
import { MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import { MAP_RING_BELL, MAP_TYPE } from '../../../core/layout.js'
import { isClosed, show, SkepError } from '../../error.js'
import type { Btf } from '../../object/btf.js'
import { howToKeep } from '../../object/maps.js'
import type { Cpu } from '../cpu/cpu.js'
import type { OptionNames } from '../options/given-options.js'
import type { Use } from './owner.js'
import { badValue, checkOptions } from './options.js'

/** How records are given. */
export interface ConsumeOptions {
  /**
   * Name of a struct in the object's BTF: records come decoded. Left out: as the struct that the map's definition names
   * (`__type(value, struct event)`), or as bytes if it names none.
   */
  as?: string
  /** Records come as bytes all the same. */
  bytes?: boolean
}

/** Their names. */
export const consumeOptions = { as: true, bytes: true } satisfies OptionNames<ConsumeOptions>

/** A consumer that was started with a listener. */
export interface Consumer {
  /** No further record is taken. */
  close(): void
}

/** How the records of a ring are given. */
export interface RecordFormat {
  /** Bytes that each of them has at least. */
  readonly size: number
  decode(record: Uint8Array): unknown
  /** Says that a record of so many bytes is too short. */
  refuse(bytes: number): never
}

/** What a reader knows of its ring besides the address. */
export interface RingDescription {
  readonly name: string
  readonly btf: Btf | undefined
  /** BTF type of its records, 0 if the map's definition names none. */
  readonly recordType: number
}

/** What is rung when there may be a record. */
export interface Bell {
  /** Where it stands: to be read before the last look. */
  readonly bell: number
  /** Resolves when it may have been rung since it stood at `bell`. */
  rung(bell: number): Promise<void>
  /** Lets whoever waits for it look at what else may have changed. */
  wake(): void
}

export class RingReader implements Bell {
  readonly #cpu: Cpu
  readonly #address: number
  readonly #description: RingDescription
  readonly #use: Use
  readonly #open = new Set<RecordIterator<unknown>>()

  constructor(cpu: Cpu, address: number, description: RingDescription, use: Use) {
    this.#cpu = cpu
    this.#address = address
    this.#description = description
    this.#use = use
  }

  /**
   * Every record that is committed now; up to one that is too short, and BAD_VALUE if that is the first. Throws BAD_MAP
   * for another kind of map, BAD_VALUE for a type that is not there.
   */
  drain(options: ConsumeOptions): unknown[] {
    const format = this.format(options)
    return allOf((first) => this.take(format, first))
  }

  /** Calls `listener` for each record, now and later, until the consumer is closed. */
  consume(listener: (record: unknown) => unknown, options: ConsumeOptions): Consumer {
    checkListener(listener, this.#description.name)
    return this.iterate(options).consume(listener)
  }

  /** Records as they come; ends when it, or the handle, is closed. */
  iterate(options: ConsumeOptions): RecordIterator<unknown> {
    const format = this.format(options)
    const records: RecordIterator<unknown> = new RecordIterator(
      this,
      () => this.#takeUntilClosed(format, records),
      () => this.#open.delete(records),
    )
    this.#open.add(records)
    return records
  }

  /** Ends every consumer; the map may go after this. */
  close(): void {
    for (const records of this.#open) records.close()
  }

  get bell(): number {
    return this.#cpu.memory.word(this.#address + MAP_RING_BELL)
  }

  async rung(bell: number): Promise<void> {
    await this.#cpu.memory.whenChanged(this.#address + MAP_RING_BELL, bell | 0)
  }

  wake(): void {
    this.#cpu.memory.notify(this.#address + MAP_RING_BELL)
  }

  /** A word of the ring's map in the core. */
  word(field: number): number {
    return this.#cpu.memory.word(this.#address + field)
  }

  /**
   * Takes the oldest record if it is committed. One that is too short stays: BAD_VALUE if `refuses`, else it is taken
   * for the end.
   */
  take(format: RecordFormat, refuses: boolean): unknown {
    return this.#use(() => this.#takeInside(format, refuses))
  }

  // The end for whoever waits where the object is closed by another thread, as where it is closed by this one.
  #takeUntilClosed(format: RecordFormat, records: RecordIterator<unknown>): unknown {
    try {
      return this.take(format, true)
    } catch (error) {
      if (!isClosed(error)) throw error
      records.close()
      return undefined
    }
  }

  #takeInside(format: RecordFormat, refuses: boolean): unknown {
    const { core, memory } = this.#cpu
    for (;;) {
      const record = core.ring_next(this.#address)
      if (record === 0n) return undefined
      const position = Number(record >> 32n)
      const bytes = memory.read(core.ring_sample(this.#address, position) >>> 0, Number(record & 0xffffffffn) - 1)
      if (bytes.length < format.size) return refuses ? format.refuse(bytes.length) : undefined
      if (core.ring_release(this.#address, position) !== 0) return format.decode(bytes)
    }
  }

  /** What `options` ask for, which may have no others than `names`. Throws BAD_MAP, BAD_VALUE, as `drain`. */
  format(options: ConsumeOptions, names: OptionNames<ConsumeOptions> = consumeOptions): RecordFormat {
    const { name, btf, recordType } = this.#description
    if (this.#cpu.memory.word(this.#address + MAP_TYPE) !== MAP_TYPE_RINGBUF)
      throw new SkepError('BAD_MAP', `map '${name}' is no ring buffer`)
    checkOptions(options, names, name)
    const { as, bytes = false } = options
    if (bytes && as !== undefined) throw new SkepError('BAD_VALUE', `map '${name}': expected bytes or as, found both`)
    const type = as === undefined ? recordType : (btf?.find('struct', as) ?? 0)
    if (type === 0 && as !== undefined)
      throw new SkepError('BAD_VALUE', `map '${name}': the object's BTF has no struct '${as}'; ${howToKeep(as)}`)
    const refuse = (found: number): never => {
      throw new SkepError(
        'BAD_VALUE',
        `map '${name}': expected records of at least ${btf!.sizeOf(type)} bytes, a '${btf!.name(type)}' each, found one of ${found}, which stays; { bytes: true } takes it`,
      )
    }
    if (!btf || bytes || type === 0) return { size: 0, decode: (record) => record, refuse }
    return { size: btf.sizeOf(type), decode: (record) => btf.decode(type, record), refuse }
  }
}

/** Throws BAD_VALUE if records of map `name` cannot be given to it. */
export function checkListener(listener: unknown, name: string): void {
  if (typeof listener !== 'function') badValue(`map '${name}': consume: expected a function, got ${show(listener)}`)
}

/** All that `take` gives now; it is told whether it is asked for the first. */
export function allOf<T>(take: (first: boolean) => T | undefined): T[] {
  const records: T[] = []
  for (let record = take(true); record !== undefined; record = take(false)) records.push(record)
  return records
}

/**
 * The records of a ring buffer, or of a perf buffer, as they come. Not an async generator: one that waits cannot be
 * ended by return() before the next record has come. Invariant: no record is taken for a call of next() that is not
 * there, or after the end.
 */
export class RecordIterator<T> implements AsyncIterableIterator<T> {
  readonly #bell: Bell
  readonly #next: () => T | undefined
  readonly #ended: () => void
  #open = true
  /** Calls of next() are served one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  /** `next` takes the next record if it is there. */
  constructor(bell: Bell, next: () => T | undefined, ended: () => void) {
    this.#bell = bell
    this.#next = next
    this.#ended = ended
  }

  /** @internal */
  get open(): boolean {
    return this.#open
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const result = this.#turn.then(() => this.#take())
    this.#turn = result.catch(() => undefined)
    return result
  }

  /**
   * Calls `listener` for each record until the consumer is closed; if it gives a promise, the next record waits for it.
   */
  consume(listener: (record: T) => unknown): Consumer {
    void (async () => {
      try {
        for await (const record of this) await listener(record)
      } finally {
        // A loop does not end an iterator whose next() rejects.
        this.close()
      }
    })()
    return { close: () => this.close() }
  }

  /** Ends it; calls of next() that wait are answered as done. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** As return(), at once. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#ended()
    this.#bell.wake()
  }

  async #take(): Promise<IteratorResult<T, undefined>> {
    while (this.#open) {
      const { bell } = this.#bell
      const record = this.#next()
      if (record !== undefined) return { done: false, value: record }
      if (this.#open) await this.#bell.rung(bell)
    }
    return { done: true, value: undefined }
  }
}
