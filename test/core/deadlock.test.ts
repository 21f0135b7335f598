// Callbacks that cancel each other's timers on real threads [H9]: nobody waits for ever, and -EDEADLK is said only
// where waiting would close a cycle.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { EDEADLK } from '../../core/abi.js'
import type { CycleTask } from './cycle-worker.js'
import { CoreMachine } from './harness.js'

/** Runs one CPU per entry, all callbacks at once; entry i is the timer that callback i cancels, -1 none. */
async function cancelAll(targets: number[]): Promise<(number | undefined)[]> {
  const machine = new CoreMachine({ cpus: targets.length + 1 })
  const map = machine.arrayMap({ entries: 8 })
  const program = machine.program(1, 1 + targets.length)
  const arrived = new SharedArrayBuffer(8)
  const reports = await Promise.all(
    targets.map((target, cpu) => {
      const task: CycleTask = {
        memory: machine.memory,
        cpu,
        cpus: targets.length,
        program,
        callback: 1,
        map: map.address,
        own: map.timer(cpu),
        target: target < 0 ? 0 : map.timer(target),
        arrived,
      }
      const worker = new Worker(new URL('./cycle-worker.js', import.meta.url), { workerData: task })
      return new Promise<{ results: number[]; result?: number }>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
    }),
  )
  for (const { results } of reports) assert.deepEqual(results, [0, 0, 0])
  return reports.map(({ result }) => result)
}

describe('[H9] callbacks that cancel each other', () => {
  test('two in a cycle: at least one gets -EDEADLK, the other that or 0', async () => {
    const results = await cancelAll([1, 0])
    assert.ok(results.includes(-EDEADLK))
    assert.ok(results.every((result) => result === 0 || result === -EDEADLK))
  })

  test('three in a cycle: at least one gets -EDEADLK, nobody waits for ever', async () => {
    const results = await cancelAll([1, 2, 0])
    assert.ok(results.includes(-EDEADLK))
    assert.ok(results.every((result) => result === 0 || result === -EDEADLK))
  })

  test('a chain: everybody waits for the end of the callback in front, nobody gets -EDEADLK', async () => {
    assert.deepEqual(await cancelAll([1, 2, -1]), [0, 0, undefined])
  })
})
