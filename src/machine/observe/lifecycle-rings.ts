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
  EVENT_NUMBER_SHIFT,
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

const KIND_MASK = (1 << EVENT_NUMBER_SHIFT) - 1

/** One reader of a machine's rings; a second one would take nothing away from it. */
export class LifecycleReader {
  readonly #memory: Memory
  readonly #records: number
  /** Records read so far, by CPU; as u32, like the core's own count. */
  readonly #read: number[]
  /** Records that were overwritten before they were read, or never completed by a CPU that died. */
  lost = 0

  /** Begins with what happens from now on. */
  constructor(memory: Memory) {
    this.#memory = memory
    this.#records = memory.word(HEADER + HEADER_EVENT_RECORDS)
    const cpus = Array.from({ length: memory.word(HEADER + HEADER_CPUS) }, (_, cpu) => cpu)
    this.#read = cpus.map((cpu) => this.#written(cpu))
    memory.setWord(HEADER + HEADER_EVENTS, 1)
  }

  /** Stops the recording. */
  stop(): void {
    this.#memory.setWord(HEADER + HEADER_EVENTS, 0)
  }

  /**
   * Events that were not read yet, in order of time. A record is counted before it is written: what a CPU is writing
   * now, and what lies behind it, is read later. `all`: no thread runs any more, so what is not complete never will be;
   * `dead`: the same of this CPU.
   */
  read(all: boolean, dead?: number): RawLifecycleEvent[] {
    const events: RawLifecycleEvent[] = []
    for (let cpu = 0; cpu < this.#read.length; cpu++) {
      const written = this.#written(cpu)
      const behind = (written - this.#read[cpu]!) >>> 0
      if (behind > this.#records) this.#skip(cpu, behind - this.#records)
      for (; this.#read[cpu] !== written; this.#skip(cpu, 1, 0)) {
        const number = this.#read[cpu]!
        const event = this.#event(cpu, number)
        // If it was overwritten while it was read, the count tells.
        const overwritten = (this.#written(cpu) - number) >>> 0 > this.#records
        if (event && !overwritten) events.push(event)
        else if (overwritten || all || cpu === dead) this.lost++
        else break
      }
    }
    return events.sort((a, b) => a.time - b.time)
  }

  #skip(cpu: number, count: number, lost = count): void {
    this.lost += lost
    this.#read[cpu] = (this.#read[cpu]! + count) >>> 0
  }

  #written(cpu: number): number {
    return this.#memory.word(this.#memory.cpuArea(cpu) + CPU_EVENTS_WRITTEN)
  }

  // The event of that number; undefined if it is not complete.
  #event(cpu: number, number: number): RawLifecycleEvent | undefined {
    const memory = this.#memory
    const ring = memory.word(memory.cpuArea(cpu) + CPU_EVENTS)
    const record = ring + ((number & (this.#records - 1)) << EVENT_SHIFT)
    const word = memory.word(record + EVENT_KIND)
    const kind = KINDS.get(word & KIND_MASK & ~EVENT_WORK_BIT)
    if (kind === undefined || (word & ~KIND_MASK) !== number << EVENT_NUMBER_SHIFT) return undefined
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
