// The clock that a CPU reads again and again while it waits for a deadline makes no garbage, whose collection would
// come right then.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock, realEpoch } from '../../src/machine/cpu/clock.js'

test('a reading leaves nothing behind for the garbage collector, once it is optimised', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  const read = realClock(realEpoch()).onto(memory)
  const left = (): number => {
    const { heapUsed } = process.memoryUsage()
    for (let reading = 0; reading < 10_000; reading++) read(64)
    return process.memoryUsage().heapUsed - heapUsed
  }
  // 160,000 bytes, were each an object; a collection in between makes it negative.
  const rounds = Array.from({ length: 100 }, left)
  assert.ok(
    rounds.some((bytes) => bytes >= 0 && bytes < 20_000),
    rounds.join(),
  )
})
