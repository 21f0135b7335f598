// The floors under the benchmark's cases: what is recorded of an operation is what it does, and the loop makes the same
// accesses. How many atomic operations an operation takes is written down here, so that nobody adds one unseen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, type Row } from '../../bench/measure.js'
import { atomicOperations, record, type Recorded } from '../../bench/floor/accesses.js'
import { floorOf } from '../../bench/floor/floor.js'
import { compile, sharedMemory, source, turnsOf } from '../../bench/floor/loop.js'
import { inOrder, memoryAlone, shuffled, spread } from '../../bench/floor/million.js'
import { OPERATIONS } from '../../bench/floor/operations.js'
import { lines } from '../../bench/report/table.js'
import { subjectNames } from '../../bench/report/text.js'
import { Bench } from '../../bench/systems/bench.js'

test('an operation takes so many atomic operations when nobody is in its way', () => {
  const counts = Object.entries(OPERATIONS).map(([name, operation]) => [name, atomicOperations(record(operation))])
  assert.deepEqual(Object.fromEntries(counts), {
    're-arm': 1,
    init: 3,
    set_callback: 0,
    'first start': 1,
    cancel: 1,
    'set_callback + start + cancel': 3,
    'element with timer': 19,
    'wq start': 3,
    'hash update': 2,
    'hash insert + delete': 5,
    'LRU insert': 3,
    'ring reserve + submit': 2,
    'ring output': 2,
  })
})

test('the re-arming of a timer is one compare-and-exchange of its block, between loads of what is the timer’s own', () => {
  const { accesses, shared } = record(OPERATIONS['re-arm'])
  assert.deepEqual(
    accesses.map(({ kind }) => kind),
    ['load', 'load', 'load', 'compare-and-exchange', 'load', 'load'],
  )
  assert.equal(shared.size, 0)
})

test('the loop makes the accesses of its operation, on a line of its own for each element', async () => {
  const recorded: Recorded = {
    accesses: [
      { kind: 'load', width: 4, address: 0x1004 },
      { kind: 'load', width: 8, address: 0x1008 },
      { kind: 'compare-and-exchange', width: 8, address: 0x1008 },
      { kind: 'or', width: 4, address: 0x2040 },
      { kind: 'add', width: 4, address: 0x1044 },
    ],
    shared: new Set([0x2040]),
  }
  const module = await compile(source(recorded))
  const memory = sharedMemory()
  const before = new Uint8Array(memory.buffer).slice()
  turnsOf(module, memory)(0, 63, 1000)
  assert.deepEqual(new Uint8Array(memory.buffer), before, 'every word is as it was')
  assert.deepEqual(
    source(recorded)
      .split('\n')
      .slice(3, -2)
      .map((line) => line.trim()),
    [
      'const line0: usize = element + 0 + <usize>0',
      'const word0 = atomic.load<u32>(line0 + 4)',
      'const word1 = atomic.load<u64>(line0 + 8)',
      'const word2 = atomic.cmpxchg<u64>(line0 + 8, <u64>word1, 0)',
      'const word3 = atomic.or<u32>(1024 + 0, 0)',
      'const line1: usize = element + 64 + <usize>word3',
      'const word4 = atomic.add<u32>(line1 + 4, 0)',
    ],
  )
})

test('an operation without an atomic operation has no floor, and says so', async () => {
  assert.equal(await floorOf('set_callback')(new Bench()), 'it has no atomic operation')
})

test('the orders of many timers name each of them once', () => {
  for (const order of [inOrder, shuffled, spread])
    assert.deepEqual(
      [...order(1000)].sort((a, b) => a - b),
      [...inOrder(1000)],
      order.name,
    )
})

test('memory alone gives a figure', async () => {
  const run = await memoryAlone({ count: 1000, order: shuffled })(new Bench())
  assert.ok(typeof run !== 'string')
  assert.ok((await run.measure()) > 0)
})

test('a goal that not even the floor reaches is out of reach, one that it reaches is missed', () => {
  const judged = (floor: number): string => {
    const row: Row = {
      ...{ theme: 'Timers', name: 'cancel', unit: 'ns', better: 'less', absent: [], reach: [] },
      figures: [
        { subject: 'skep', median: 20, quartiles: [20, 20], figures: [20, 20] },
        { subject: 'linux', median: 40, quartiles: [40, 40], figures: [40, 40] },
        {
          subject: 'floor',
          what: 'its 3 atomic operations alone',
          median: floor,
          quartiles: [floor, floor],
          figures: [floor, floor],
        },
      ],
    }
    judge([{ times: 5, than: 'linux' }, { atMost: 15 }, { atMost: 20 }], row, [])
    return lines(row, subjectNames()).join('\n')
  }
  assert.match(judged(16), /its 3 atomic operations alone 16\.0 ns ±0%$/m)
  assert.match(judged(16), /≥ 5× Linux: out of reach; ≤ 15 ns: out of reach; ≤ 20 ns: reached/)
  assert.match(judged(9), /≥ 5× Linux: out of reach; ≤ 15 ns: not reached; ≤ 20 ns: reached/)
  assert.match(judged(8), /≥ 5× Linux: not reached; ≤ 15 ns: not reached/)
})
