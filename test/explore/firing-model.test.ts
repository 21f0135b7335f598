// What the sequential model allows of a firing beside a free: a poll that has taken an arming calls the callback, or
// has met the free by its end. Afterwards nobody finds the timer neither armed nor run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENOENT } from '../../core/abi.js'
import { findOrder } from '../../src/explore/linearize.js'
import { EMPTY_SLOT, slotModel, type SlotState } from '../../src/explore/model.js'

const DUE: SlotState = { ...EMPTY_SLOT, block: 1, blocks: 1, bound: 1, armed: 1 }
const model = slotModel(() => DUE, { now: 0 })

/** A poll of CPU 0 that called nothing, then a cancel_async there with this answer; beside both a free on CPU 1. */
function explains(answer: number): boolean {
  const did = (kind: string, cpu: number, result: number | string) => ({ name: kind, kind, args: {}, cpu, ended: true, result }) // prettier-ignore
  const [poll, asks, free] = [did('poll', 0, 'none'), did('cancel_async', 0, answer), did('free', 1, 0)]
  const events = [
    { ...poll, overlapping: [free] },
    { ...asks, overlapping: [free] },
    { ...free, overlapping: [poll, asks] },
  ]
  const operations = events.map((event) => ({ ended: true, moments: model.moments(event) }))
  return findOrder(operations, [DUE], {
    key: (state) => model.key(state),
    waits: (i, j) => i === 1 && j === 0,
    found: ({ block }) => block === 0,
  })
}

test('a poll that called nothing has left the arming, or has met the free', () => {
  assert.ok(explains(1))
  assert.ok(explains(-ENOENT))
  // Taken by the poll, and not called: neither that its callback runs nor that there is none.
  assert.ok(!explains(-1))
  assert.ok(!explains(0))
})
