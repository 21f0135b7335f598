// What stands in compiled programs in place of the ring buffer helpers: beside the helpers alone, the same answers and
// the same ring; what it leaves to them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAP_TYPE_RINGBUF } from '../../core/abi.js'
import {
  CPU_NESTED,
  CPU_RESERVED,
  CPU_RESERVED_NESTED,
  MAP_ELEMENTS,
  MAP_RECORDS,
  MAP_RING_BELL,
} from '../../core/layout.js'
import { Machine, u64, type Core } from './harness.js'

interface RingCore extends Core {
  bpf_ringbuf_reserve(ring: bigint, size: bigint, flags: bigint): bigint
  bpf_ringbuf_submit(sample: bigint, flags: bigint): void
  bpf_ringbuf_output(ring: bigint, data: bigint, size: bigint, flags: bigint): bigint
  ringbuf_reserve_at_once(ring: bigint, size: bigint, flags: bigint, ...constants: number[]): bigint
  ringbuf_submit_at_once(sample: bigint, flags: bigint, ...constants: number[]): bigint
  ringbuf_output_at_once(ring: bigint, data: bigint, size: bigint, flags: bigint, ...constants: number[]): bigint
  ring_next(ring: number): bigint
  ring_sample(ring: number, position: number): number
  ring_release(ring: number, position: number): number
}

class Ring {
  readonly machine = new Machine({ cpus: 2 })
  readonly map = this.machine.create({ type: MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 })
  readonly constants = [this.map, this.word(MAP_RECORDS), this.word(MAP_ELEMENTS), 511]
  /** Calls that were made at once. */
  done = 0

  constructor(readonly atOnce: boolean) {}

  word(field: number): number {
    return this.machine.word(this.map + field)
  }

  core(cpu = 0): RingCore {
    return this.machine.cpus[cpu] as RingCore
  }

  #counted(answer: bigint): bigint | undefined {
    if (answer === 0n) return undefined
    this.done++
    return answer - 1n
  }

  reserve(cpu: number, size: bigint, flags = 0n): bigint {
    const values = [BigInt(this.map), size, flags] as const
    const core = this.core(cpu)
    const known = this.atOnce ? this.#counted(core.ringbuf_reserve_at_once(...values, ...this.constants)) : undefined
    return known ?? core.bpf_ringbuf_reserve(...values)
  }

  submit(cpu: number, sample: bigint, flags: bigint): void {
    const core = this.core(cpu)
    if (this.atOnce && this.#counted(core.ringbuf_submit_at_once(sample, flags, ...this.constants)) === 0n) return
    core.bpf_ringbuf_submit(sample, flags)
  }

  output(cpu: number, bytes: Uint8Array, flags: bigint): bigint {
    const values = [BigInt(this.map), BigInt(this.machine.stageValue(bytes)), BigInt(bytes.length), flags] as const
    const core = this.core(cpu)
    const known = this.atOnce ? this.#counted(core.ringbuf_output_at_once(...values, ...this.constants)) : undefined
    return known ?? core.bpf_ringbuf_output(...values)
  }

  take(): Uint8Array | undefined {
    const next = this.core().ring_next(this.map)
    if (next === 0n) return undefined
    const position = Number(next >> 32n)
    const at = this.core().ring_sample(this.map, position) >>> 0
    const bytes = this.machine.bytes.slice(at, at + Number(next & 0xffffffffn) - 1)
    this.core().ring_release(this.map, position)
    return bytes
  }

  /** Both words that tell what a CPU has open. */
  open(cpu: number): number[] {
    return [CPU_RESERVED, CPU_RESERVED_NESTED].map((field) => this.machine.word(this.machine.area(cpu) + field))
  }
}

const cpu = fc.integer({ min: 0, max: 1 })
const flags = fc.constantFrom(0n, 1n, 2n, 3n)
const operation = fc.oneof(
  fc.record({ kind: fc.constant('reserve' as const), cpu, size: fc.integer({ min: 0, max: 1500 }) }),
  fc.record({ kind: fc.constant('submit' as const), cpu, flags, which: fc.nat(3) }),
  fc.record({ kind: fc.constant('output' as const), cpu, flags, bytes: fc.uint8Array({ maxLength: 80 }) }),
  fc.constant({ kind: 'take' as const }),
)
type Step = typeof operation extends fc.Arbitrary<infer T> ? T : never

/** What a ring answers to the operations, one after the other, and how often it was woken. */
function played(ring: Ring, steps: readonly Step[]): unknown[] {
  const open: { sample: bigint; cpu: number }[] = []
  return steps.map((step) => {
    if (step.kind === 'take') return ring.take()
    if (step.kind === 'output') return [ring.output(step.cpu, step.bytes, step.flags), ring.word(MAP_RING_BELL)]
    if (step.kind === 'reserve') {
      const sample = ring.reserve(step.cpu, BigInt(step.size))
      if (sample !== 0n) open.push({ sample, cpu: step.cpu })
      return sample
    }
    const [one] = open.splice(open.length - 1 - step.which, 1)
    try {
      if (one) ring.submit(step.cpu, one.sample, step.flags)
    } catch {
      if (one) open.push(one)
      return 'not of this CPU'
    }
    return ring.word(MAP_RING_BELL)
  })
}

test('with and without, all answers, samples, wake-ups and open records are the same', () => {
  let done = 0
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (steps) => {
      const [one, other] = [new Ring(true), new Ring(false)]
      assert.deepEqual(played(one, steps), played(other, steps))
      for (const on of [0, 1]) assert.deepEqual(one.open(on), other.open(on))
      done += one.done
    }),
    { numRuns: 60 },
  )
  assert.ok(done > 300, `${done} calls were made at once`)
})

test('a sample that is not the last record, of this CPU and open, is left to the helper', () => {
  const ring = new Ring(true)
  const submit = (sample: bigint, on = 0): bigint => ring.core(on).ringbuf_submit_at_once(sample, 0n, ...ring.constants)
  const first = ring.reserve(0, 8n)
  const sample = ring.reserve(0, 8n)
  for (const bad of [0n, first, sample + 1n, sample + 8n, sample + 4096n, sample | (1n << 32n), 2n ** 64n - 1n])
    assert.equal(submit(bad), 0n, `0x${bad.toString(16)}`)
  assert.equal(submit(sample, 1), 0n)
  assert.deepEqual(ring.open(0), [2, 0])
  assert.equal(submit(sample), 1n)
  assert.equal(submit(sample), 0n)
  assert.deepEqual(ring.open(0), [1, 0])
})

test('flags that are none, too large samples and bytes that are not the guest’s are left to the helper', () => {
  const ring = new Ring(true)
  const map = BigInt(ring.map)
  const data = BigInt(ring.machine.stageValue(u64(1)))
  const reserve = (size: bigint, flags: bigint): bigint =>
    ring.core().ringbuf_reserve_at_once(map, size, flags, ...ring.constants)
  const output = (at: bigint, size: bigint, flags: bigint): bigint =>
    ring.core().ringbuf_output_at_once(map, at, size, flags, ...ring.constants)
  assert.equal(reserve(8n, 1n), 0n)
  for (const size of [4081n, 0x3fffffffn, 0x40000000n, 1n << 32n, -1n]) assert.equal(reserve(size, 0n), 0n)
  assert.equal(output(data, 8n, 4n), 0n)
  assert.equal(output(data, 64n, 0n), 0n)
  assert.equal(output(data, 1n << 32n, 0n), 0n)
  for (const at of [0n, 4096n, data | (1n << 32n), 0xffffffffn, BigInt(ring.machine.memory.buffer.byteLength) - 4n])
    assert.equal(output(at, 8n, 0n), 0n, `0x${at.toString(16)}`)
  assert.deepEqual(ring.open(0), [0, 0])
  assert.equal(output(data, 8n, 0n), 1n)
})

test('nested code notes that it has a record open, and does not count', () => {
  const ring = new Ring(true)
  ring.machine.view.setUint32(ring.machine.area(0) + CPU_NESTED, 1, true)
  const sample = ring.reserve(0, 8n)
  assert.deepEqual(ring.open(0), [0, 1])
  ring.submit(0, sample, 0n)
  assert.deepEqual(ring.open(0), [0, 1])
  assert.equal(ring.done, 2)
})
