// The consuming side of a ring buffer: records in order, as bytes or decoded by BTF. Wake-ups are the core's: the bell
// is rung when a record comes that the consumer has caught up with, so a burst of records costs one; BPF_RB_NO_WAKEUP
// and BPF_RB_FORCE_WAKEUP decide otherwise. Nothing is polled, and waiting keeps no process alive. A record stays in
// the ring until it is asked for: a consumer that is slow fills the ring, and programs are told so. Several consumers
// of one ring share the records: each record goes to one of them.
import { MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import { MAP_RING_BELL, MAP_TYPE } from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import type { Btf } from '../../object/btf.js'
import type { Cpu } from '../cpu/cpu.js'

/** How records are given. */
export interface ConsumeOptions {
  /** Name of a struct in the object's BTF: records come decoded instead of as bytes. */
  as?: string
}

/** A consumer that was started with a listener. */
export interface Consumer {
  /** No further record is taken. */
  close(): void
}

type Decode = (record: Uint8Array) => unknown

/** What an iterator takes records from. */
export interface RecordSource<T> {
  /** Where the bell stands: to be read before the last look. */
  readonly bell: number
  /** Resolves when the bell may have been rung since it stood at `bell`. */
  rung(bell: number): Promise<void>
  /** Lets whoever waits for the bell look at what else may have changed. */
  wake(): void
  /** Takes the next record if it is there. */
  take(): T | undefined
}

export class RingReader implements RecordSource<Uint8Array> {
  readonly #cpu: Cpu
  readonly #address: number
  readonly #name: string
  readonly #btf: Btf | undefined
  readonly #open = new Set<RecordIterator<Uint8Array, unknown>>()

  constructor(cpu: Cpu, address: number, name: string, btf: Btf | undefined) {
    this.#cpu = cpu
    this.#address = address
    this.#name = name
    this.#btf = btf
  }

  /**
   * Every record that is committed now. Throws BAD_MAP for another kind of map, BAD_VALUE for a type that is not there.
   */
  drain(options: ConsumeOptions = {}): unknown[] {
    const decode = this.decoder(options)
    const records: unknown[] = []
    for (let record = this.take(); record; record = this.take()) records.push(decode(record))
    return records
  }

  /** Calls `listener` for each record, now and later, until the consumer is closed. */
  consume(listener: (record: unknown) => unknown, options: ConsumeOptions = {}): Consumer {
    return this.iterate(options).consume(listener)
  }

  /** Records as they come; ends when it, or the handle, is closed. */
  iterate(options: ConsumeOptions = {}): RecordIterator<Uint8Array, unknown> {
    const records = new RecordIterator(this, this.decoder(options), () => this.#open.delete(records))
    this.#open.add(records)
    return records
  }

  /** Ends every consumer; the map may go after this. */
  close(): void {
    for (const records of this.#open) records.close()
  }

  /** Where the bell stands: to be read before the last look at the ring. */
  get bell(): number {
    return this.#cpu.memory.word(this.#address + MAP_RING_BELL)
  }

  /** Resolves when the bell may have been rung since it stood at `bell`. */
  async rung(bell: number): Promise<void> {
    await this.#cpu.memory.whenChanged(this.#address + MAP_RING_BELL, bell | 0)
  }

  /** Lets whoever waits for the bell look at what else may have changed. */
  wake(): void {
    this.#cpu.memory.notify(this.#address + MAP_RING_BELL)
  }

  /** A word of the ring's map in the core. */
  word(field: number): number {
    return this.#cpu.memory.word(this.#address + field)
  }

  /** Takes the oldest record if it is committed. */
  take(): Uint8Array | undefined {
    const { core, memory } = this.#cpu
    for (;;) {
      const record = core.ring_next(this.#address)
      if (record === 0n) return undefined
      const sample = Number(record & 0xffffffffn)
      const bytes = memory.read(sample, Number((record >> 32n) & 0xffffffffn))
      if (core.ring_release(this.#address, sample) !== 0) return bytes
    }
  }

  /** What makes of a record what `options` ask for. Throws BAD_MAP, BAD_VALUE, as `drain`. */
  decoder({ as }: ConsumeOptions): Decode {
    if (this.#cpu.memory.word(this.#address + MAP_TYPE) !== MAP_TYPE_RINGBUF)
      throw new SkepError('BAD_MAP', `map '${this.#name}' is no ring buffer`)
    if (as === undefined) return (record) => record
    const btf = this.#btf
    const type = btf?.find('struct', as) ?? 0
    if (!btf || type === 0)
      throw new SkepError(
        'BAD_VALUE',
        `map '${this.#name}': the object's BTF has no struct '${as}'; the compiler keeps a type of records only if something global has it, such as \`struct ${as} *unused __attribute__((unused));\``,
      )
    return (record) => btf.decode(type, record)
  }
}

/**
 * The records of a ring buffer, or of a perf buffer, as they come. Not an async generator: one that waits cannot be
 * ended by return() before the next record has come. Invariant: no record is taken for a call of next() that is not
 * there, or after the end.
 */
export class RecordIterator<R, T> implements AsyncIterableIterator<T> {
  readonly #source: RecordSource<R>
  readonly #decode: (record: R) => T
  readonly #ended: () => void
  #open = true
  /** Calls of next() are served one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(source: RecordSource<R>, decode: (record: R) => T, ended: () => void) {
    this.#source = source
    this.#decode = decode
    this.#ended = ended
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
      for await (const record of this) await listener(record)
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
    this.#source.wake()
  }

  async #take(): Promise<IteratorResult<T, undefined>> {
    while (this.#open) {
      const bell = this.#source.bell
      const record = this.#source.take()
      if (record !== undefined) return { done: false, value: this.#decode(record) }
      await this.#source.rung(bell)
    }
    return { done: true, value: undefined }
  }
}
