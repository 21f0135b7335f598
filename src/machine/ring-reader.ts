// The consuming side of a ring buffer: records in order, as bytes or decoded by BTF. Wake-ups are the core's: the bell is
// rung when a record comes that the consumer has caught up with, so a burst of records costs one. Waiting keeps no
// process alive. Several consumers of one ring share the records: each record goes to one of them.
import { MAP_TYPE_RINGBUF } from '../../core/abi.js'
import { MAP_RING_BELL, MAP_TYPE } from '../../core/layout.js'
import { SkepError } from '../error.js'
import type { Btf } from '../object/btf.js'
import type { Cpu } from './cpu.js'

export interface ConsumeOptions {
  /** Name of a struct in the object's BTF: records come decoded instead of as bytes. */
  as?: string
}

/** A consumer that was started with a listener. */
export interface Consumer {
  /** No further record is taken. */
  close(): void
}

export class RingReader {
  readonly #cpu: Cpu
  readonly #address: number
  readonly #name: string
  readonly #btf: Btf | undefined
  readonly #open = new Set<() => void>()

  constructor(cpu: Cpu, address: number, name: string, btf: Btf | undefined) {
    this.#cpu = cpu
    this.#address = address
    this.#name = name
    this.#btf = btf
  }

  /** Every record that is committed now. Throws BAD_MAP for another kind of map, BAD_VALUE for a type that is not there. */
  drain(options: ConsumeOptions = {}): unknown[] {
    const decode = this.#decoder(options)
    const records: unknown[] = []
    for (let record = this.#next(); record; record = this.#next()) records.push(decode(record))
    return records
  }

  /** Calls `listener` for each record, now and later, until the consumer is closed. */
  consume(listener: (record: unknown) => void, options: ConsumeOptions = {}): Consumer {
    const decode = this.#decoder(options)
    const state = { open: true }
    const close = (): void => {
      state.open = false
      this.#open.delete(close)
      this.#cpu.memory.notify(this.#address + MAP_RING_BELL)
    }
    this.#open.add(close)
    void (async () => {
      while (state.open) {
        const bell = this.#bell()
        for (let record = this.#next(); record; record = this.#next()) {
          listener(decode(record))
          if (!state.open) return
        }
        await this.#rung(bell)
      }
    })()
    return { close }
  }

  /** Records as they come; ends when the handle is closed. */
  async *iterate(options: ConsumeOptions = {}): AsyncGenerator<unknown, void, void> {
    const decode = this.#decoder(options)
    const state = { open: true }
    const close = (): void => {
      state.open = false
      this.#cpu.memory.notify(this.#address + MAP_RING_BELL)
    }
    this.#open.add(close)
    try {
      while (state.open) {
        const bell = this.#bell()
        for (let record = this.#next(); record; record = this.#next()) {
          yield decode(record)
          if (!state.open) return
        }
        await this.#rung(bell)
      }
    } finally {
      this.#open.delete(close)
    }
  }

  /** Ends every consumer; the map may go after this. */
  close(): void {
    for (const close of this.#open) close()
    this.#open.clear()
  }

  #bell(): number {
    return this.#cpu.memory.word(this.#address + MAP_RING_BELL)
  }

  async #rung(bell: number): Promise<void> {
    await this.#cpu.memory.whenChanged(this.#address + MAP_RING_BELL, bell | 0)
  }

  #next(): Uint8Array | undefined {
    const { core, memory } = this.#cpu
    for (;;) {
      const record = core.ring_next(this.#address)
      if (record === 0n) return undefined
      const sample = Number(record & 0xffffffffn)
      const bytes = memory.read(sample, Number((record >> 32n) & 0xffffffffn))
      if (core.ring_release(this.#address, sample) !== 0) return bytes
    }
  }

  #decoder({ as }: ConsumeOptions): (record: Uint8Array) => unknown {
    if (this.#cpu.memory.word(this.#address + MAP_TYPE) !== MAP_TYPE_RINGBUF)
      throw new SkepError('BAD_MAP', `map '${this.#name}' is no ring buffer`)
    if (as === undefined) return (record) => record
    const btf = this.#btf
    const type = btf?.find('struct', as) ?? 0
    if (!btf || type === 0) throw new SkepError('BAD_VALUE', `map '${this.#name}': the object has no struct '${as}'`)
    return (record) => btf.decode(type, record)
  }
}
