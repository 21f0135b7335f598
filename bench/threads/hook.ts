// The hook of the check builds (docs/explorer-hook.md) on real shared memory: each access is performed as the shipped
// build performs it, and at one of them the thread stands still. So a thread can be stopped inside an operation, between
// any two of its steps, while others run the shipped build on the same memory.
import * as abi from '../../core/abi.js'

export class StoppingHook {
  readonly #bytes: Uint8Array
  readonly #halves: Uint16Array
  readonly #words: Int32Array
  readonly #longs: BigInt64Array
  readonly #now: () => number
  #high = 0
  #count = 0
  #stopAt = 0
  #stop: () => void = () => {}

  constructor(memory: WebAssembly.Memory, now: () => number) {
    this.#bytes = new Uint8Array(memory.buffer)
    this.#halves = new Uint16Array(memory.buffer)
    this.#words = new Int32Array(memory.buffer)
    this.#longs = new BigInt64Array(memory.buffer)
    this.#now = now
  }

  /** Runs an operation; just before its access number `access` (from 1; 0: never) `stop` is called. The accesses it made. */
  run(access: number, stop: () => void, operation: () => void): number {
    this.#count = 0
    this.#stopAt = access
    this.#stop = stop
    operation()
    return this.#count
  }

  /** The module's imports. */
  get imports(): Record<string, unknown> {
    return {
      access32: (code: number, address: number, a: number, b: number) => this.#access(code, address >>> 0, a, b),
      access64: (code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number) => {
        const old = this.#wide(code & 0xff, address >>> 0, join(aLow, aHigh), join(bLow, bHigh))
        this.#high = Number(BigInt.asIntN(32, old >> 32n))
        return Number(BigInt.asIntN(32, old))
      },
      high: () => this.#high,
    }
  }

  #step(): void {
    if (++this.#count === this.#stopAt) this.#stop()
  }

  #access(code: number, address: number, a: number, b: number): number {
    const operation = code & 0xff
    if (operation === abi.DOOR_RETRY || operation === abi.DOOR_MAY_FAIL) return 0
    this.#step()
    const width = code >>> 8
    if (width === 1) return narrow(this.#bytes, operation, address, a)
    if (width === 2) return narrow(this.#halves, operation, address >>> 1, a)
    return this.#word(operation, address, a, b)
  }

  #word(operation: number, address: number, a: number, b: number): number {
    const words = this.#words
    const index = address >>> 2
    switch (operation) {
      case abi.DOOR_COMPARE_EXCHANGE:
        return Atomics.compareExchange(words, index, a, b)
      case abi.DOOR_FILL:
        this.#bytes.fill(a, address, address + b)
        return 0
      case abi.DOOR_COPY:
        this.#bytes.copyWithin(address, a >>> 0, (a >>> 0) + b)
        return 0
      case abi.DOOR_SLEEP:
      case abi.DOOR_WAIT_WHILE:
        while (Atomics.load(words, index) === a) Atomics.wait(words, index, a, 1)
        return 0
      case abi.DOOR_WAKE:
        return Atomics.notify(words, index)
      default:
        return update(words, operation, index, a)
    }
  }

  #wide(operation: number, address: number, a: bigint, b: bigint): bigint {
    this.#step()
    const longs = this.#longs
    const index = address >>> 3
    switch (operation) {
      case abi.DOOR_NOW:
        return BigInt(Math.floor(this.#now()))
      case abi.DOOR_LOAD:
      case abi.DOOR_PEEK:
      case abi.DOOR_GLANCE:
        return Atomics.load(longs, index)
      case abi.DOOR_STORE:
      case abi.DOOR_POKE:
      case abi.DOOR_NOTE:
        return Atomics.store(longs, index, a)
      case abi.DOOR_EXCHANGE:
        return Atomics.exchange(longs, index, a)
      case abi.DOOR_COMPARE_EXCHANGE:
        return Atomics.compareExchange(longs, index, a, b)
      case abi.DOOR_ADD:
        return Atomics.add(longs, index, a)
      case abi.DOOR_OR:
        return Atomics.or(longs, index, a)
      case abi.DOOR_AND:
        return Atomics.and(longs, index, a)
      case abi.DOOR_XOR:
        return Atomics.xor(longs, index, a)
      default:
        throw new Error(`the hook knows no 64-bit operation ${operation}`)
    }
  }
}

function join(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}

type Words = Int32Array | Uint16Array | Uint8Array

/** Of one and two bytes there are plain accesses only. */
function narrow(words: Words, operation: number, index: number, a: number): number {
  if (operation === abi.DOOR_POKE || operation === abi.DOOR_NOTE) return Atomics.store(words, index, a)
  return Atomics.load(words, index)
}

function update(words: Int32Array, operation: number, index: number, a: number): number {
  switch (operation) {
    case abi.DOOR_LOAD:
    case abi.DOOR_PEEK:
    case abi.DOOR_GLANCE:
      return Atomics.load(words, index)
    case abi.DOOR_STORE:
    case abi.DOOR_POKE:
    case abi.DOOR_NOTE:
      return Atomics.store(words, index, a)
    case abi.DOOR_EXCHANGE:
      return Atomics.exchange(words, index, a)
    case abi.DOOR_ADD:
      return Atomics.add(words, index, a)
    case abi.DOOR_OR:
      return Atomics.or(words, index, a)
    case abi.DOOR_AND:
      return Atomics.and(words, index, a)
    case abi.DOOR_XOR:
      return Atomics.xor(words, index, a)
    default:
      throw new Error(`the hook knows no operation ${operation}`)
  }
}
