// The reading end of the trace ring (core/helper/trace-ring.ts has the record's form): lines that programs printed.
// A record that a dead CPU had begun is never completed. It is told from those that live CPUs are writing by a grace
// period (core/memory/section.ts), for programs print inside their sections.
import {
  CPU_SECTION,
  HEADER,
  HEADER_CPUS,
  HEADER_GRACE_PERIOD,
  HEADER_TRACE_HEAD,
  HEADER_TRACE_RING,
  HEADER_TRACE_RING_BYTES,
} from '../../../core/layout.js'
import type { Memory } from '../cpu/memory.js'

/** A line printed by bpf_trace_printk. */
export interface TraceLine {
  /** Nanoseconds since the machine's epoch. */
  readonly time: number
  /** CPU that printed it. */
  readonly cpu: number
  /** Without the newline at its end. */
  readonly text: string
}

const RECORD_HEADER = 24

/** One reader of a machine's ring. Lines older than the ring is large are lost. */
export class TraceReader {
  readonly #memory: Memory
  readonly #ring: number
  readonly #bytes: number
  #position = 0
  /** Since a CPU died: what it had begun lies before `end`, beside what live CPUs complete before `grace` is over. */
  #death: { readonly end: number; readonly grace: bigint } | undefined

  constructor(memory: Memory) {
    this.#memory = memory
    this.#ring = memory.word(HEADER + HEADER_TRACE_RING)
    this.#bytes = memory.word(HEADER + HEADER_TRACE_RING_BYTES)
  }

  /** A CPU has died, and has been repaired: it may have begun a record. */
  died(): void {
    const end = this.#head()
    this.#death = { end, grace: this.#memory.addLong(HEADER + HEADER_GRACE_PERIOD, 1n) + 1n }
  }

  /**
   * Complete lines that were not read yet, oldest first. Stops before a record that is still being written; goes on
   * behind it if that is a dead CPU's, and if no thread runs any more (`still`).
   */
  read(still = false): TraceLine[] {
    const lines: TraceLine[] = []
    for (;;) {
      const head = this.#head()
      if (head - this.#position > this.#bytes) this.#skipTo(head - this.#bytes, head)
      if (this.#position >= head) return lines
      if (!this.#complete(this.#position)) {
        const end = still ? head : this.#abandoned()
        if (this.#position >= end) return lines
        this.#skipTo(this.#position, end)
        continue
      }
      const line = this.#line(this.#position)
      const next = this.#position + RECORD_HEADER + ((line.bytes + 7) & ~7)
      // Overwritten while it was read: the next turn skips.
      if (this.#head() - this.#position > this.#bytes) continue
      this.#position = next
      lines.push({ time: line.time, cpu: line.cpu, text: line.text.replace(/\n$/, '') })
    }
  }

  // Where the records end of which those that are not complete are dead CPUs'; 0 if that is not known yet.
  #abandoned(): number {
    if (!this.#death) return 0
    const memory = this.#memory
    for (let cpu = 0; cpu < memory.word(HEADER + HEADER_CPUS); cpu++) {
      const section = memory.long(memory.cpuArea(cpu) + CPU_SECTION)
      if (section !== 0n && section < this.#death.grace) return 0
    }
    return this.#death.end
  }

  #head(): number {
    return Number(this.#memory.long(HEADER + HEADER_TRACE_HEAD))
  }

  #address(position: number): number {
    return this.#ring + (position % this.#bytes)
  }

  #complete(position: number): boolean {
    return this.#memory.long(this.#address(position)) === BigInt(position + 1)
  }

  // The next position at or after `first` where a record begins: only a record's first word holds its own position.
  #skipTo(first: number, head: number): void {
    let position = Math.ceil(first / 8) * 8
    while (position < head && !this.#complete(position)) position += 8
    this.#position = position
  }

  #line(position: number): { time: number; cpu: number; bytes: number; text: string } {
    const memory = this.#memory
    const bytes = Math.min(memory.word(this.#address(position + 16)), this.#bytes)
    const start = this.#address(position + RECORD_HEADER)
    const untilEnd = Math.min(bytes, this.#ring + this.#bytes - start)
    const text = new Uint8Array(bytes)
    text.set(memory.read(start, untilEnd))
    text.set(memory.read(this.#ring, bytes - untilEnd), untilEnd)
    return {
      time: Number(memory.long(this.#address(position + 8))),
      cpu: memory.word(this.#address(position + 20)),
      bytes,
      text: new TextDecoder('latin1').decode(text),
    }
  }
}
