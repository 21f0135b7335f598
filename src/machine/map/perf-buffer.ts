// The consuming side of a perf event array, as libbpf's perf_buffer: a buffer for each CPU, whose records come in
// order; of different CPUs' records the order is not kept. A full buffer loses records and counts them. Waits as a ring
// buffer's consumer does (ring-reader.ts): the buffers ring one bell, the array's.
import { MAP_RING_LOST } from '../../../core/layout.js'
import { show, SkepError } from '../../error.js'
import {
  allOf,
  checkListener,
  consumeOptions,
  RecordIterator,
  RingReader,
  type Bell,
  type Consumer,
  type ConsumeOptions,
  type RecordFormat,
} from './ring-reader.js'
import { badValue } from './options.js'
import type { OptionNames } from '../options/given-options.js'

const PAGE = 4096
const DEFAULT_PAGES = 8
const MOST_PAGES = 32768

/** How the buffers of a perf event array are opened. */
export interface PerfBufferOptions extends ConsumeOptions {
  /** Pages of 4096 bytes for each CPU, a power of two; default 8. */
  pages?: number
  /**
   * Called when records of a CPU were lost, before its next record or the next drain(): how many. What it throws, those
   * throw; it takes no record with it.
   */
  lost?: (cpu: number, count: number) => void
}

const perfBufferOptions = { ...consumeOptions, pages: true, lost: true } satisfies OptionNames<PerfBufferOptions>

/** A record that a program put with bpf_perf_event_output: without the bytes that perf fills it up with. */
export interface PerfRecord<T = unknown> {
  /** CPU on which the program ran. */
  readonly cpu: number
  /** As the options of the perf buffer ask for. */
  readonly data: T
}

/** Bytes of a buffer. Throws BAD_VALUE. */
export function perfBufferBytes({ pages = DEFAULT_PAGES }: PerfBufferOptions): number {
  if (Number.isInteger(pages) && pages > 0 && pages <= MOST_PAGES && (pages & (pages - 1)) === 0) return pages * PAGE
  throw new SkepError('BAD_VALUE', `pages: expected a power of two up to ${MOST_PAGES}, got ${show(pages)}`)
}

/** What a perf buffer reads. */
export interface PerfSource {
  /** Of the array. */
  readonly name: string
  /** The array, whose bell is rung. */
  readonly bell: RingReader
  /** By CPU. */
  readonly rings: readonly RingReader[]
  /** Gives the buffers back. */
  close(): void
}

/** The open buffers of a perf event array, one for each CPU: map.perfBuffer(). */
export class PerfBuffer<T = unknown> implements Bell, AsyncIterable<PerfRecord<T>> {
  readonly #source: PerfSource
  readonly #format: RecordFormat
  readonly #onLost: PerfBufferOptions['lost']
  readonly #told: number[]
  readonly #iterators = new Set<RecordIterator<PerfRecord<T>>>()
  #next = 0
  #open = true

  /** @internal Use map.perfBuffer(). */
  constructor(source: PerfSource, options: PerfBufferOptions) {
    const { lost } = options
    if (lost !== undefined && typeof lost !== 'function')
      badValue(`map '${source.name}': lost: expected a function, got ${show(lost)}`)
    this.#source = source
    this.#format = source.rings[0]!.format(options, perfBufferOptions)
    this.#onLost = lost
    this.#told = source.rings.map(() => 0)
  }

  /**
   * Every record that is there now. Throws CLOSED; BAD_VALUE for one that is shorter than its struct, which stays: what
   * came before it is given first.
   */
  drain(): PerfRecord<T>[] {
    if (!this.#open) throw new SkepError('CLOSED', `the perf buffer of map '${this.#source.name}' is closed`)
    for (let cpu = 0; cpu < this.#source.rings.length && this.#open; cpu++) this.#tellLost(cpu)
    return allOf((first) => this.#take(first, () => this.#open))
  }

  /** Calls `listener` for each record, now and later; if it gives a promise, the next record waits for it. */
  consume(listener: (record: PerfRecord<T>) => unknown): Consumer {
    checkListener(listener, this.#source.name)
    return this.#iterate().consume(listener)
  }

  /** Records as they come, until the buffer is closed. Keeps no process alive. */
  [Symbol.asyncIterator](): AsyncIterableIterator<PerfRecord<T>> {
    return this.#iterate()
  }

  /** Records that each CPU has lost since the buffer was opened; wraps at 2^32. */
  get lost(): number[] {
    return this.#source.rings.map((ring) => (this.#open ? ring.word(MAP_RING_LOST) : 0))
  }

  /** Programs get ENOENT from now on; what was not taken is gone. Ends every consumer. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const records of this.#iterators) records.close()
    this.#source.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** @internal */
  get bell(): number {
    return this.#source.bell.bell
  }

  /** @internal */
  rung(bell: number): Promise<void> {
    return this.#source.bell.rung(bell)
  }

  /** @internal */
  wake(): void {
    this.#source.bell.wake()
  }

  /** The next record, of one CPU after the other; undefined if there is none, or `goesOn` says so before a CPU's. */
  #take(refuses: boolean, goesOn: (cpu: number) => boolean): PerfRecord<T> | undefined {
    for (let turn = 0; turn < this.#source.rings.length; turn++) {
      const cpu = this.#next
      this.#next = (cpu + 1) % this.#source.rings.length
      if (!goesOn(cpu)) return undefined
      const data = this.#source.rings[cpu]!.take(this.#format, refuses)
      if (data !== undefined) return { cpu, data: data as T }
    }
    return undefined
  }

  #tellLost(cpu: number): void {
    const lost = this.#source.rings[cpu]!.word(MAP_RING_LOST)
    const count = (lost - this.#told[cpu]!) >>> 0
    if (count === 0) return
    this.#told[cpu] = lost
    this.#onLost?.(cpu, count)
  }

  #iterate(): RecordIterator<PerfRecord<T>> {
    if (!this.#open) throw new SkepError('CLOSED', `the perf buffer of map '${this.#source.name}' is closed`)
    // Who is told may close the buffer or the iterator: then none is taken any more.
    const tell = (cpu: number): boolean => {
      this.#tellLost(cpu)
      return this.#open && records.open
    }
    const records: RecordIterator<PerfRecord<T>> = new RecordIterator(
      this,
      () => this.#take(true, tell),
      () => this.#iterators.delete(records),
    )
    this.#iterators.add(records)
    return records
  }
}
