// The floor under a case with so many timers that none is in the cache when its turn comes: a loop of nothing but the
// loads of a timer's slot and its control block and the compare-and-exchange of the block's state, over the footprint
// that the map and the pool of blocks have, in the case's order.
import { running, type Start } from '../case.js'
import { CONTROL_BLOCK_BYTES } from '../../core/layout.js'
import { medianOf } from '../cases/on-object.js'
import { compile, sharedMemory } from './loop.js'

/** Of a value as in objects/timers.bpf.c: a number, then the slot. */
const VALUE_BYTES = 24
const SLOT = 8

/** Of so many one turn is a figure, of fewer the median of some. */
const MANY = 1_000_000

export interface Footprint {
  /** In which order the timers have their turn; the number of each. */
  readonly order: (count: number) => Uint32Array
  readonly count: number
}

/** One after the other. */
export function inOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, number) => number)
}

/** As objects/timers.bpf.c shuffles: an exchange of each number with one before it. */
export function shuffled(count: number): Uint32Array {
  const order = new Uint32Array(count)
  let random = 0x9e3779b97f4a7c15n
  for (let i = 0; i < count; i++) {
    random = BigInt.asUintN(64, random ^ (random << 13n))
    random ^= random >> 7n
    random = BigInt.asUintN(64, random ^ (random << 17n))
    const other = Number(BigInt.asUintN(32, random >> 16n)) % (i + 1)
    order[i] = order[other]!
    order[other] = i
  }
  return order
}

/** Which timers follow each other when timer i is due at i × 618,033,989 modulo their number (a million). */
export function spread(count: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[(i * 618033989) % count] = i
  return order
}

// A slot holds the address of its block, so the second miss waits for the first, as in the core.
const loop = (order: number, values: number): string => `
export function turns(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const number = <usize>load<u32>(${order} + <usize>i * 4)
    const block = <usize>atomic.load<u32>(${values} + number * ${VALUE_BYTES} + ${SLOT})
    atomic.load<u64>(block, 8)
    atomic.cmpxchg<u64>(block, 0, 0)
  }
}`

/** Nanoseconds of the memory of one operation alone. */
export function memoryAlone({ order, count }: Footprint): Start {
  return async () => {
    const values = 4 * count + 4096
    const blocks = (values + VALUE_BYTES * count + 4095) & ~4095
    const pages = Math.ceil((blocks + CONTROL_BLOCK_BYTES * count) / 65536)
    const memory = sharedMemory(pages)
    new Uint32Array(memory.buffer, 4096, count).set(order(count))
    const words = new Uint32Array(memory.buffer)
    for (let timer = 0; timer < count; timer++)
      words[(values + timer * VALUE_BYTES + SLOT) / 4] = blocks + timer * CONTROL_BLOCK_BYTES
    // Every page is there before it is measured.
    new Uint8Array(memory.buffer, blocks).fill(0)
    const module = await compile(loop(4096, values), pages)
    const instance = new WebAssembly.Instance(module, { env: { memory } })
    const turns = instance.exports['turns'] as unknown as (count: number) => void
    const once = async (): Promise<number> => {
      const begin = process.hrtime.bigint()
      turns(count)
      return Number(process.hrtime.bigint() - begin) / count
    }
    for (let i = 0; i < 3; i++) await once()
    return { ...running(() => medianOf(count < MANY ? 7 : 1, once)), what: 'its memory alone' }
  }
}
