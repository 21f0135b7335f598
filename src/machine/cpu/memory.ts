// The shared memory of a machine as the host sees it: views, and where the structures lie. The layout is the core's
// (core/layout.ts); the core writes nearly all of it, the host only the words that are the host's.
import { HEADER, HEADER_CPU_AREAS, CPU_BYTES, HEADER_GUEST_BASE, HEADER_GUEST_END } from '../../../core/layout.js'

// The published declarations name these; neither Node's types nor a library without the DOM has them.
/* eslint-disable @typescript-eslint/no-empty-object-type, @typescript-eslint/no-namespace -- merged with others' */
declare global {
  namespace WebAssembly {
    interface Module {}
    interface Instance {}
    interface Memory {}
    interface Table {}
    interface CompileError {}
  }
}
/* eslint-enable @typescript-eslint/no-empty-object-type, @typescript-eslint/no-namespace */

/** Views of one machine's memory; made once per thread. The memory never grows, so they stay whole. */
export class Memory {
  readonly shared: WebAssembly.Memory
  readonly bytes: Uint8Array
  readonly #u32: Uint32Array
  readonly #i32: Int32Array
  readonly #u64: BigUint64Array

  constructor(shared: WebAssembly.Memory) {
    this.shared = shared
    this.bytes = new Uint8Array(shared.buffer)
    this.#u32 = new Uint32Array(shared.buffer)
    this.#i32 = new Int32Array(shared.buffer)
    this.#u64 = new BigUint64Array(shared.buffer)
  }

  /** The u32 at a 4-aligned address. */
  word(address: number): number {
    return Atomics.load(this.#u32, address >>> 2)
  }

  setWord(address: number, value: number): void {
    Atomics.store(this.#u32, address >>> 2, value)
  }

  /** Stores `value` if the word is `expected`; the old value. */
  compareExchange(address: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#u32, address >>> 2, expected, value)
  }

  /** Adds to the u32 at a 4-aligned address. */
  add(address: number, value: number): void {
    Atomics.add(this.#u32, address >>> 2, value)
  }

  /** The u64 at an 8-aligned address. */
  long(address: number): bigint {
    return Atomics.load(this.#u64, address >>> 3)
  }

  setLong(address: number, value: bigint): void {
    Atomics.store(this.#u64, address >>> 3, BigInt.asUintN(64, value))
  }

  /** Adds to the u64 at an 8-aligned address; what it was. */
  addLong(address: number, value: bigint): bigint {
    return Atomics.add(this.#u64, address >>> 3, value)
  }

  /** Adds 1 to the word and wakes whoever sleeps on it. */
  ring(address: number): void {
    Atomics.add(this.#u32, address >>> 2, 1)
    Atomics.notify(this.#i32, address >>> 2)
  }

  /** Wakes whoever sleeps on the word. */
  notify(address: number): void {
    Atomics.notify(this.#i32, address >>> 2)
  }

  /** Resolves once the word may differ from `value`, or after some time; undefined if it differs already. */
  whenChanged(address: number, value: number, milliseconds = Infinity): Promise<unknown> | undefined {
    const wait = (Atomics as unknown as AtomicsWithWaitAsync).waitAsync(this.#i32, address >>> 2, value, milliseconds)
    return wait.async ? wait.value : undefined
  }

  /** A copy of [address, address + length). */
  read(address: number, length: number): Uint8Array {
    return this.bytes.slice(address, address + length)
  }

  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address)
  }

  fill(address: number, length: number): void {
    this.bytes.fill(0, address, address + length)
  }

  /** Address of a CPU's area. */
  cpuArea(index: number): number {
    return this.word(HEADER + HEADER_CPU_AREAS) + index * CPU_BYTES
  }

  get guestBase(): number {
    return this.word(HEADER + HEADER_GUEST_BASE)
  }

  get guestEnd(): number {
    return this.word(HEADER + HEADER_GUEST_END)
  }
}

interface AtomicsWithWaitAsync {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
    milliseconds: number,
  ): { async: true; value: Promise<string> } | { async: false; value: string }
}
