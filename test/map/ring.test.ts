// The ring buffer on the core: room and answers as in the kernel, order, discards, hostile samples, stopped and dead
// producers, wake-ups.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY_PROG,
  BPF_RB_AVAIL_DATA,
  BPF_RB_CONS_POS,
  BPF_RB_FORCE_WAKEUP,
  BPF_RB_NO_WAKEUP,
  BPF_RB_PROD_POS,
  BPF_RB_RING_SIZE,
  E2BIG,
  EAGAIN,
  EINVAL,
  ENOTSUPP,
  MAP_TYPE_HASH,
  MAP_TYPE_RINGBUF,
} from '../../core/abi.js'
import { CPU_RESERVED, MAP_RECORDS, MAP_RING_BELL, MAP_RING_CONSUMED, MAP_RING_LAST } from '../../core/layout.js'
import { Machine, u64, type Core, type MapAttributes } from './harness.js'
import { mortalCpu } from './mortal.js'

interface RingCore extends Core {
  bpf_ringbuf_reserve(ring: bigint, size: bigint, flags: bigint): bigint
  bpf_ringbuf_submit(sample: bigint, flags: bigint): void
  bpf_ringbuf_discard(sample: bigint, flags: bigint): void
  bpf_ringbuf_output(ring: bigint, data: bigint, size: bigint, flags: bigint): bigint
  bpf_ringbuf_query(ring: bigint, flags: bigint): bigint
  cpu_unwind(): void
  ring_next(ring: number): bigint
  ring_sample(ring: number, position: number): number
  ring_release(ring: number, position: number): number
}

const RING: MapAttributes = { type: MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 }

class Ring {
  readonly machine: Machine
  readonly map: number

  constructor(maxEntries = 4096, cpus = 2) {
    this.machine = new Machine({ cpus })
    this.map = this.machine.create({ ...RING, maxEntries })
    assert.ok(this.map > 0)
  }

  core(cpu = 0): RingCore {
    return this.machine.cpus[cpu] as RingCore
  }

  reserve(size: number | bigint, cpu = 0): bigint {
    return this.core(cpu).bpf_ringbuf_reserve(BigInt(this.map), BigInt(size), 0n)
  }

  /** Reserves 8 bytes, writes a number and leaves the record open. */
  open(value: number, cpu = 0): bigint {
    const sample = this.reserve(8, cpu)
    assert.notEqual(sample, 0n)
    this.machine.view.setBigUint64(Number(sample), BigInt(value), true)
    return sample
  }

  take(): Uint8Array | undefined {
    const next = this.core().ring_next(this.map)
    if (next === 0n) return undefined
    const position = Number(next >> 32n)
    const at = this.core().ring_sample(this.map, position) >>> 0
    const bytes = this.machine.bytes.slice(at, at + Number(next & 0xffffffffn) - 1)
    assert.equal(this.core().ring_release(this.map, position), 1)
    return bytes
  }

  /** All committed records, as numbers. */
  drain(): number[] {
    const all: number[] = []
    for (let bytes = this.take(); bytes; bytes = this.take())
      all.push(Number(new DataView(bytes.buffer).getBigUint64(0, true)))
    return all
  }

  get bell(): number {
    return this.machine.word(this.map + MAP_RING_BELL)
  }

  query(what: number): number {
    return Number(this.core().bpf_ringbuf_query(BigInt(this.map), BigInt(what)))
  }
}

test('creation refuses what the kernel refuses', () => {
  const machine = new Machine()
  const cases: [MapAttributes, number][] = [
    [{ ...RING, maxEntries: 0 }, -EINVAL],
    [{ ...RING, maxEntries: 2048 }, -EINVAL],
    [{ ...RING, maxEntries: 12288 }, -EINVAL],
    [{ ...RING, keySize: 4 }, -EINVAL],
    [{ ...RING, valueSize: 4 }, -EINVAL],
    [{ ...RING, flags: BPF_F_RDONLY_PROG }, -EINVAL],
    [{ ...RING, maxEntries: 1 << 28 }, -E2BIG],
  ]
  for (const [attributes, errno] of cases)
    assert.equal(machine.create(attributes), errno, JSON.stringify({ attributes, errno }))
  assert.ok(machine.create({ ...RING, flags: BPF_F_NUMA_NODE }) > 0)
})

test('records come in the order of their reservation, discarded ones not at all', () => {
  const ring = new Ring()
  const samples = [1, 2, 3, 4].map((value) => ring.open(value, value & 1))
  ring.core(0).bpf_ringbuf_submit(samples[3]!, 0n)
  ring.core(0).bpf_ringbuf_submit(samples[1]!, 0n)
  assert.deepEqual(ring.drain(), [], 'the first is still open')
  ring.core(1).bpf_ringbuf_submit(samples[0]!, 0n)
  assert.deepEqual(ring.drain(), [1, 2])
  ring.core(1).bpf_ringbuf_discard(samples[2]!, 0n)
  assert.deepEqual(ring.drain(), [4])
  assert.equal(ring.query(BPF_RB_AVAIL_DATA), 0)
})

test('a full ring refuses, whatever size; nothing is overwritten', () => {
  const ring = new Ring()
  for (const size of [4096, 4081, 1 << 29, 0x3fffffff, 0x40000000, 1n << 40n, -1n]) assert.equal(ring.reserve(size), 0n)
  let held = 0
  const samples: bigint[] = []
  for (let sample = ring.reserve(24); sample !== 0n; sample = ring.reserve(24)) {
    samples.push(sample)
    held += 32
  }
  assert.equal(held, 4096 - 32, 'the last byte stays free')
  assert.equal(ring.query(BPF_RB_AVAIL_DATA), held)
  assert.equal(
    ring.core().bpf_ringbuf_output(BigInt(ring.map), BigInt(ring.machine.stageValue(u64(1))), 24n, 0n),
    BigInt(-EAGAIN),
  )
  assert.notEqual(ring.reserve(16), 0n, 'what is left fits a smaller one')
  ring.core().bpf_ringbuf_submit(samples[0]!, 0n)
  assert.equal(ring.reserve(24), 0n)
  ring.take()
  assert.notEqual(ring.reserve(24), 0n)
})

test('flags: reserve takes none, output two, submit ignores others; unknown queries are 0', () => {
  const ring = new Ring()
  const map = BigInt(ring.map)
  assert.equal(ring.core().bpf_ringbuf_reserve(map, 8n, 1n), 0n)
  const data = BigInt(ring.machine.stageValue(u64(5)))
  for (const flags of [4n, 8n, 1n << 32n])
    assert.equal(ring.core().bpf_ringbuf_output(map, data, 8n, flags), BigInt(-EINVAL))
  assert.equal(ring.core().bpf_ringbuf_output(map, data, 8n, 0n), 0n)
  ring.core().bpf_ringbuf_submit(ring.open(6), 64n)
  assert.equal(ring.query(BPF_RB_RING_SIZE), 4096)
  assert.equal(ring.query(BPF_RB_PROD_POS), 32)
  assert.equal(ring.query(BPF_RB_CONS_POS), 0)
  assert.equal(ring.query(9), 0)
  assert.deepEqual(ring.drain(), [5, 6])
  assert.equal(ring.query(BPF_RB_CONS_POS), 32)
})

test('a burst wakes the consumer once; flags force and suppress', () => {
  const ring = new Ring()
  const output = (flags: number) =>
    ring.core().bpf_ringbuf_output(BigInt(ring.map), BigInt(ring.machine.stageValue(u64(1))), 8n, BigInt(flags))
  for (let turn = 0; turn < 20; turn++) output(0)
  assert.equal(ring.bell, 1)
  output(BPF_RB_FORCE_WAKEUP)
  assert.equal(ring.bell, 2)
  ring.drain()
  output(BPF_RB_NO_WAKEUP)
  assert.equal(ring.bell, 2)
})

test('samples of every size lie in one piece around the end of the ring, and come back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 80, size: 'max' }), (sizes) => {
      const ring = new Ring()
      const expected: Uint8Array[] = []
      sizes.forEach((size, at) => {
        const sample = Number(ring.reserve(size))
        if (sample === 0) {
          for (const bytes of expected.splice(0)) assert.deepEqual(ring.take(), bytes)
          assert.equal(ring.take(), undefined)
          return
        }
        const bytes = new Uint8Array(size).fill(at + 1)
        ring.machine.bytes.set(bytes, sample)
        if (at % 5 === 4) ring.core().bpf_ringbuf_discard(BigInt(sample), 0n)
        else {
          ring.core().bpf_ringbuf_submit(BigInt(sample), 0n)
          expected.push(bytes)
        }
      })
      for (const bytes of expected) assert.deepEqual(ring.take(), bytes)
      assert.equal(ring.take(), undefined)
    }),
    { numRuns: 100 },
  )
})

test('a sample that is none, or not this CPU’s, is a fault and changes nothing', () => {
  const ring = new Ring()
  const other = BigInt(ring.machine.create({ type: MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 4 }))
  const sample = ring.open(1)
  const committed = ring.open(2)
  ring.core().bpf_ringbuf_submit(committed, 0n)
  for (const bad of [0n, 4n, sample + 1n, sample - 8n, sample + 8n, sample | (1n << 32n), committed, other, 1n << 63n])
    assert.throws(() => ring.core().bpf_ringbuf_submit(bad, 0n), /fault 1/, `0x${bad.toString(16)}`)
  assert.throws(() => ring.core(1).bpf_ringbuf_submit(sample, 0n), /fault 1/)
  assert.throws(() => ring.core().bpf_ringbuf_reserve(other, 8n, 0n), /fault 1/)
  ring.core().bpf_ringbuf_submit(sample, 0n)
  assert.throws(() => ring.core().bpf_ringbuf_discard(sample, 0n), /fault 1/)
  assert.deepEqual(ring.drain(), [1, 2])
})

test('a guest that scribbles over the whole ring changes samples only', () => {
  const ring = new Ring()
  const samples = Array.from({ length: 5 }, (_, at) => ring.open(at))
  ring.machine.bytes.fill(0xff, Number(samples[0]) - 8, Number(samples[0]) - 8 + 8192)
  for (const sample of samples) ring.core().bpf_ringbuf_submit(sample, 0n)
  for (let at = 0; at < 5; at++) assert.deepEqual(ring.take(), new Uint8Array(8).fill(0xff))
  assert.equal(ring.take(), undefined)
})

test('a producer that stops with its record reserved hides nothing: the next one writes its header', () => {
  const ring = new Ring()
  const sample = ring.open(1, 1)
  const header = ring.machine.word(ring.map + MAP_RECORDS)
  const word = ring.machine.view.getBigUint64(ring.map + MAP_RING_LAST, true)
  assert.notEqual(ring.machine.view.getBigUint64(header, true), word, 'nobody has come in between')
  const next = ring.open(2)
  assert.equal(ring.machine.view.getBigUint64(header, true), word)
  ring.core().bpf_ringbuf_submit(next, 0n)
  assert.deepEqual(ring.drain(), [], 'the record of the stopped CPU is open')
  ring.core(1).bpf_ringbuf_submit(sample, 0n)
  assert.deepEqual(ring.drain(), [1, 2])
})

test('the last record is ended once: not again when it is consumed', () => {
  const ring = new Ring()
  const sample = ring.open(1)
  ring.core().bpf_ringbuf_submit(sample, 0n)
  assert.throws(() => ring.core().bpf_ringbuf_discard(sample, 0n), /fault 1/)
  assert.deepEqual(ring.drain(), [1])
  assert.throws(() => ring.core().bpf_ringbuf_submit(sample, 0n), /fault 1/)
  assert.throws(() => ring.core(1).bpf_ringbuf_submit(sample, 0n), /fault 1/)
  assert.deepEqual(ring.drain(), [])
  ring.core().bpf_ringbuf_submit(ring.open(2), 0n)
  assert.deepEqual(ring.drain(), [2])
})

test('what a dead CPU had reserved is discarded', () => {
  const ring = new Ring()
  ring.open(1, 1)
  const mine = ring.open(2)
  ring.open(3, 1)
  ring.core().bpf_ringbuf_submit(mine, 0n)
  ring.core().cpu_offline(1)
  assert.deepEqual(ring.drain(), [2])
  assert.equal(ring.query(BPF_RB_AVAIL_DATA), 0)
  assert.equal(ring.machine.word(ring.machine.area(1) + CPU_RESERVED), 0)
})

test('to discard what a run has left open takes as long in a large ring, though another CPU holds the last record', () => {
  const stepsIn = (bytes: number): number => {
    const ring = new Ring(bytes)
    let steps = 0
    ring.machine.cpus[0] = mortalCpu(ring.machine.memory, () => ++steps)
    ring.core().cpu_attach(0)
    ring.open(1)
    const theirs = ring.open(2, 1)
    const before = steps
    ring.core().cpu_unwind()
    const taken = steps - before
    ring.core(1).bpf_ringbuf_submit(theirs, 0n)
    assert.deepEqual(ring.drain(), [2])
    return taken
  }
  assert.equal(stepsIn(1 << 16), stepsIn(1 << 12))
})

test('positions wrap', () => {
  const ring = new Ring()
  const near = 0x7ffffff0
  ring.machine.view.setUint32(ring.map + MAP_RING_CONSUMED, near, true)
  // The last record: one unit, discarded, in front of `near`.
  ring.machine.view.setBigUint64(ring.map + MAP_RING_LAST, (BigInt(near - 1) << 33n) | (1n << 9n) | 63n, true)
  for (let turn = 0; turn < 2000; turn++) {
    const sample = ring.open(turn, turn & 1)
    ring.core(turn & 1).bpf_ringbuf_submit(sample, 0n)
    if (turn % 7 === 6) assert.equal(ring.drain().at(-1), turn)
  }
  ring.drain()
  assert.equal(ring.query(BPF_RB_AVAIL_DATA), 0)
})

test('a ring has no elements', () => {
  const ring = new Ring()
  const { core, keyAt } = { core: ring.core(), keyAt: ring.machine.keyAt() }
  const [map, key] = [BigInt(ring.map), BigInt(keyAt)]
  assert.equal(core.bpf_map_lookup_elem(map, key), 0n)
  assert.equal(core.bpf_map_update_elem(map, key, key, 0n), BigInt(-ENOTSUPP))
  assert.equal(core.bpf_map_delete_elem(map, key), BigInt(-ENOTSUPP))
  assert.equal(core.map_lookup(ring.map, keyAt), 0)
  assert.equal(core.map_update(ring.map, keyAt, keyAt, 0), -ENOTSUPP)
  assert.equal(core.map_delete(ring.map, keyAt), -ENOTSUPP)
  assert.equal(core.map_next(ring.map, 0), -1)
  assert.equal(core.map_next_key(ring.map, 0, keyAt), -ENOTSUPP)
})
