// Rates are a matter of time: on a virtual clock they can be tested to the packet.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot } from '../../src/index.js'

const OBJECT = fileURLToPath(new URL('../../../examples/rate-limiter/rate-limiter.bpf.o', import.meta.url))
const TC_ACT_OK = 0

test('a source may send its burst at once, then what the timer refills', () => {
  const { machine, limiter, flood } = setUp()
  assert.equal(flood('10.0.0.1', 200), 50, 'the burst')
  machine.clock.advance('10 ms')
  assert.equal(flood('10.0.0.1', 200), 10, 'one period')
  machine.clock.advance('35 ms')
  assert.equal(flood('10.0.0.1', 200), 30, 'three more periods are over')
  const [[, bucket]] = limiter.maps.buckets!.entries() as [[unknown, { passed: bigint; dropped: bigint }]]
  assert.deepEqual([bucket.passed, bucket.dropped], [90n, 510n])
  machine.close()
})

test('over a second at most burst + 100 periods of tokens pass', () => {
  const { machine, flood } = setUp()
  let passed = 0
  for (let millisecond = 0; millisecond < 1000; millisecond++) {
    passed += flood('10.0.0.1', 5)
    machine.clock.advance('1 ms')
  }
  assert.equal(passed, 50 + 99 * 10)
  machine.close()
})

test('sources do not take tokens of each other, and full buckets are forgotten', () => {
  const { machine, limiter, flood } = setUp()
  assert.equal(flood('10.0.0.1', 100), 50)
  assert.equal(flood('10.0.0.2', 20), 20)
  assert.equal(limiter.maps.buckets!.entries().length, 2)
  machine.clock.advance('1 s')
  assert.equal(limiter.maps.buckets!.entries().length, 0)
  assert.equal(limiter.variables.refills!.get(), 100n)
  assert.equal(flood('10.0.0.1', 100), 50)
  machine.close()
})

test('started twice there is still one timer', () => {
  const { machine, limiter } = setUp()
  assert.equal(limiter.programs.start!.run().retval, 1)
  assert.equal(machine.timers().length, 1)
  machine.close()
})

function setUp() {
  const machine = boot.virtual({ cpus: 1 })
  const limiter = machine.load(OBJECT)
  assert.equal(limiter.programs.start!.run().retval, 0)
  /** Sends packets at once; how many pass. */
  const flood = (source: string, packets: number): number => {
    const data = packetFrom(source)
    let passed = 0
    for (let i = 0; i < packets; i++) if (limiter.programs.limit!.run({ data }).retval === TC_ACT_OK) passed++
    return passed
  }
  return { machine, limiter, flood }
}

function packetFrom(source: string): Uint8Array {
  const frame = new Uint8Array(60)
  frame.set([0x08, 0x00, 0x45], 12)
  frame.set(source.split('.').map(Number), 26)
  return frame
}
