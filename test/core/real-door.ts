// The hooks of the core's check build on real memory: each access is performed as the shipped build performs it, after
// `before` was called. So a test can stop a CPU at any access for ever, or make threads meet at any access; the
// benchmark lets a thread stand still inside an operation (bench/threads/hook.ts) and counts the atomic operations of
// one (bench/floor/accesses.ts).
import * as abi from '../../core/abi.js'

/** Told of an access before it is made: its operation (core/abi.ts), its width in bytes, where. */
export type Before = (operation: number, width: number, address: number) => void

/**
 * The import object `hook` of a check build. `clock` in nanoseconds; `sleep` is told how long (ns) and says how it
 * ended.
 */
export function realDoor(
  memory: WebAssembly.Memory,
  before: Before,
  clock: () => number,
  sleep?: (nanoseconds: number) => number,
) {
  const bytes = new Uint8Array(memory.buffer)
  const words = new Int32Array(memory.buffer)
  const longs = new BigInt64Array(memory.buffer)
  const view = new DataView(memory.buffer)
  let highHalf = 0

  const access32 = (code: number, address: number, a: number, b: number): number => {
    const operation = code & 0xff
    if (operation === abi.DOOR_RETRY || operation === abi.DOOR_MAY_FAIL) return 0
    const width = code >>> 8
    before(operation, width, address)
    const index = address >>> 2
    switch (operation) {
      case abi.DOOR_LOAD:
        return Atomics.load(words, index)
      case abi.DOOR_STORE:
        return Atomics.store(words, index, a)
      case abi.DOOR_EXCHANGE:
        return Atomics.exchange(words, index, a)
      case abi.DOOR_COMPARE_EXCHANGE:
        return Atomics.compareExchange(words, index, a, b)
      case abi.DOOR_ADD:
        return Atomics.add(words, index, a)
      case abi.DOOR_OR:
        return Atomics.or(words, index, a)
      case abi.DOOR_AND:
        return Atomics.and(words, index, a)
      case abi.DOOR_XOR:
        return Atomics.xor(words, index, a)
      case abi.DOOR_WAIT_WHILE:
        while (Atomics.load(words, index) === a) Atomics.wait(words, index, a, 0.05)
        return 0
      case abi.DOOR_WAKE:
        return Atomics.notify(words, index)
      case abi.DOOR_FILL:
        bytes.fill(a, address, address + b)
        return 0
      case abi.DOOR_COPY:
        bytes.copyWithin(address, a, a + b)
        return 0
      case abi.DOOR_POKE:
      case abi.DOOR_NOTE:
        if (width === 1) view.setUint8(address, a)
        else if (width === 2) view.setUint16(address, a, true)
        else view.setUint32(address, a, true)
        return 0
      case abi.DOOR_PEEK:
      case abi.DOOR_GLANCE:
        return width === 1
          ? view.getUint8(address)
          : width === 2
            ? view.getUint16(address, true)
            : view.getInt32(address, true)
      default:
        if (operation === abi.DOOR_SLEEP && sleep) return sleep(b)
        throw new Error(`no CPU of a test sleeps: door operation ${operation}`)
    }
  }

  const wide = (operation: number, address: number, a: bigint, b: bigint): bigint => {
    const index = address >>> 3
    switch (operation) {
      case abi.DOOR_NOW:
        return BigInt(clock())
      case abi.DOOR_LOAD:
        return Atomics.load(longs, index)
      case abi.DOOR_STORE:
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
      case abi.DOOR_POKE:
      case abi.DOOR_NOTE:
        view.setBigInt64(address, a, true)
        return 0n
      default:
        return view.getBigInt64(address, true)
    }
  }

  const access64 = (
    code: number,
    address: number,
    aLow: number,
    aHigh: number,
    bLow: number,
    bHigh: number,
  ): number => {
    before(code & 0xff, code >>> 8, address)
    const a = (BigInt(aHigh) << 32n) | BigInt(aLow >>> 0)
    const b = (BigInt(bHigh) << 32n) | BigInt(bLow >>> 0)
    const found = wide(code & 0xff, address, a, b)
    highHalf = Number(BigInt.asIntN(32, found >> 32n))
    return Number(BigInt.asIntN(32, found))
  }
  return { access32, access64, high: () => highHalf }
}
