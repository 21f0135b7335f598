// A CPU that dies at a chosen step: the check build of the core on a machine's real memory, whose hook throws instead
// of performing the access. The wasm frames are gone, what they had done stays: as a worker that is terminated.
import { readFileSync } from 'node:fs'
import * as abi from '../../core/abi.js'
import type { Core } from './harness.js'

export class Died extends Error {}

const checkModule = new WebAssembly.Module(readFileSync(new URL('../../core/core.check.wasm', import.meta.url)))

/** `left()` counts down; the access at which it is 0 is never made. */
export function mortalCpu(memory: WebAssembly.Memory, left: () => number): Core {
  const bytes = new Uint8Array(memory.buffer)
  const words = new Int32Array(memory.buffer)
  const longs = new BigInt64Array(memory.buffer)
  const view = new DataView(memory.buffer)
  let highHalf = 0

  const access32 = (code: number, address: number, a: number, b: number): number => {
    const operation = code & 0xff
    if (operation === abi.DOOR_RETRY || operation === abi.DOOR_MAY_FAIL) return 0
    if (left() === 0) throw new Died()
    const width = code >>> 8
    const index = address >>> 2
    switch (operation) {
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
      default:
        return width === 1 ? view.getUint8(address) : width === 2 ? view.getUint16(address, true) : words[index]!
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
    if (left() === 0) throw new Died()
    const a = (BigInt(aHigh) << 32n) | BigInt(aLow >>> 0)
    const b = (BigInt(bHigh) << 32n) | BigInt(bLow >>> 0)
    const index = address >>> 3
    let before: bigint
    switch (code & 0xff) {
      case abi.DOOR_STORE:
        before = Atomics.exchange(longs, index, a)
        break
      case abi.DOOR_COMPARE_EXCHANGE:
        before = Atomics.compareExchange(longs, index, a, b)
        break
      case abi.DOOR_ADD:
        before = Atomics.add(longs, index, a)
        break
      case abi.DOOR_OR:
        before = Atomics.or(longs, index, a)
        break
      case abi.DOOR_AND:
        before = Atomics.and(longs, index, a)
        break
      case abi.DOOR_POKE:
      case abi.DOOR_NOTE:
        before = 0n
        view.setBigInt64(address, a, true)
        break
      default:
        before = view.getBigInt64(address, true)
    }
    highHalf = Number(BigInt.asIntN(32, before >> 32n))
    return Number(BigInt.asIntN(32, before))
  }
  const fault = (): never => {
    throw new Error('fault')
  }
  return new WebAssembly.Instance(checkModule, {
    env: { memory },
    hook: { access32, access64, high: () => highHalf },
    host: { clock: () => 1_000_000, fault },
  }).exports as unknown as Core
}
