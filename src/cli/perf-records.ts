// What programs put into the perf event arrays of an object: `skep run` opens a buffer for each CPU, as a program that
// watches them would, and takes records out as it goes, so that a long run loses none. Used by session.ts.
import type { PerfBuffer } from '../machine/map/perf-buffer.js'

/** What came out of one perf event array. */
export interface PerfRecords {
  /** Of one CPU in order; of different CPUs as they were taken. */
  readonly records: readonly Uint8Array[]
  /** Records that found a full buffer. */
  readonly lost: number
}

export class PerfReader {
  readonly #buffers: ReadonlyMap<string, PerfBuffer<Uint8Array>>
  readonly #records = new Map<string, Uint8Array[]>()

  /** By the name of the array. */
  constructor(buffers: ReadonlyMap<string, PerfBuffer<Uint8Array>>) {
    this.#buffers = buffers
    for (const name of buffers.keys()) this.#records.set(name, [])
  }

  /** Takes every record that is there now. */
  collect(): void {
    for (const [name, buffer] of this.#buffers)
      for (const { data } of buffer.drain()) this.#records.get(name)!.push(data)
  }

  /** All that came out of an array so far; undefined if it is none. */
  of(name: string): PerfRecords | undefined {
    this.collect()
    const records = this.#records.get(name)
    return records && { records, lost: this.#buffers.get(name)!.lost.reduce((sum, count) => sum + count, 0) }
  }
}
