// The reading end of the lifecycle event rings (core/memory/events.ts writes them), one ring per CPU. The core records
// only while a reader wants it. Used by lifecycle.ts.
import {
  EVENT_CANCEL,
  EVENT_CANCEL_ASYNC,
  EVENT_FIRE,
  EVENT_FREE,
  EVENT_INIT,
  EVENT_SET_CALLBACK,
  EVENT_START,
  EVENT_WORK_BIT,
} from '../../../core/abi.js'
import {
  CPU_EVENTS,
  CPU_EVENTS_WRITTEN,
  EVENT_ARGUMENT,
  EVENT_ELEMENT,
  EVENT_KIND,
  EVENT_MAP,
  EVENT_RESULT,
  EVENT_SHIFT,
  EVENT_TIME,
  HEADER,
  HEADER_CPUS,
  HEADER_EVENTS,
  HEADER_EVENT_RECORDS,
} from '../../../core/layout.js'
import type { Memory } from '../cpu/memory.js'

/** What happened to a timer or work. */
export type LifecycleKind = 'init' | 'set_callback' | 'start' | 'cancel' | 'cancel_async' | 'fire' | 'free'

/** An event as the core recorded it. */
export interface RawLifecycleEvent {
  /** Nanoseconds since the machine's epoch. */
  readonly time: number
  readonly cpu: number
  readonly kind: LifecycleKind
  readonly of: 'timer' | 'work'
  /** Address of the map in the core; 0 if the pointer was into no map. */
  readonly map: number
  /** Index of the element; -1 if the pointer was to none. */
  readonly element: number
  /** What the operation answered. free: 1 if it was armed; fire: function table index of the callback. */
  readonly result: number
  /** init: flags; set_callback: function table index; start: nsecs; fire: expiry in units of 8 ns; otherwise 0. */
  readonly argument: bigint
}

const KINDS = new Map<number, LifecycleKind>([
  [EVENT_INIT, 'init'],
  [EVENT_SET_CALLBACK, 'set_callback'],
  [EVENT_START, 'start'],
  [EVENT_CANCEL, 'cancel'],
  [EVENT_CANCEL_ASYNC, 'cancel_async'],
  [EVENT_FIRE, 'fire'],
  [EVENT_FREE, 'free'],
])

/** One reader of a machine's rings; a second one would take nothing away from it. */
export class LifecycleReader {
  readonly #memory: Memory
  readonly #records: number
  /** Records read so far, by CPU; as u32, like the core's own count. */
  readonly #read: number[]
  /** Where each CPU's count stood at the last read: what lies before it has been written out by now. */
  readonly #seen: number[]
  /** Records that were overwritten before they were read. */
  lost = 0

  /** Begins with what happens from now on. */
  constructor(memory: Memory) {
    this.#memory = memory
    this.#records = memory.word(HEADER + HEADER_EVENT_RECORDS)
    const cpus = Array.from({ length: memory.word(HEADER + HEADER_CPUS) }, (_, cpu) => cpu)
    this.#read = cpus.map((cpu) => this.#written(cpu))
    this.#seen = [...this.#read]
    memory.setWord(HEADER + HEADER_EVENTS, 1)
  }

  /** Stops the recording. */
  stop(): void {
    this.#memory.setWord(HEADER + HEADER_EVENTS, 0)
  }

  /**
   * Events that were not read yet, in order of time. A record is counted before it is written, so while other threads
   * run only those are taken that were counted at the read before; `all` takes every one, for when they stand still,
   * and every one of the CPU `dead`.
   */
  read(all: boolean, dead?: number): RawLifecycleEvent[] {
    const events: RawLifecycleEvent[] = []
    for (let cpu = 0; cpu < this.#read.length; cpu++) {
      const written = this.#written(cpu)
      const end = all || cpu === dead ? written : this.#seen[cpu]!
      this.#seen[cpu] = written
      const behind = (written - this.#read[cpu]!) >>> 0
      if (behind > this.#records) this.#skip(cpu, behind - this.#records, end)
      for (; this.#read[cpu] !== end; this.#read[cpu] = (this.#read[cpu]! + 1) >>> 0) {
        const event = this.#event(cpu, this.#read[cpu]!)
        // A record is counted before it is written: if it was overwritten while it was read, the count tells.
        if ((this.#written(cpu) - this.#read[cpu]!) >>> 0 > this.#records) this.lost++
        else if (event) events.push(event)
      }
    }
    return events.sort((a, b) => a.time - b.time)
  }

  #skip(cpu: number, count: number, end: number): void {
    const left = (end - this.#read[cpu]!) >>> 0
    const skipped = Math.min(count, left)
    this.lost += skipped
    this.#read[cpu] = (this.#read[cpu]! + skipped) >>> 0
  }

  #written(cpu: number): number {
    return this.#memory.word(this.#memory.cpuArea(cpu) + CPU_EVENTS_WRITTEN)
  }

  #event(cpu: number, position: number): RawLifecycleEvent | undefined {
    const memory = this.#memory
    const ring = memory.word(memory.cpuArea(cpu) + CPU_EVENTS)
    const record = ring + ((position & (this.#records - 1)) << EVENT_SHIFT)
    const word = memory.word(record + EVENT_KIND)
    const kind = KINDS.get(word & ~EVENT_WORK_BIT)
    if (kind === undefined) return undefined
    return {
      time: Number(memory.long(record + EVENT_TIME)),
      cpu,
      kind,
      of: (word & EVENT_WORK_BIT) !== 0 ? 'work' : 'timer',
      map: memory.word(record + EVENT_MAP),
      element: memory.word(record + EVENT_ELEMENT) | 0,
      result: memory.word(record + EVENT_RESULT) | 0,
      argument: memory.long(record + EVENT_ARGUMENT),
    }
  }
}
