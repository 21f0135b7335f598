// What a CPU holds in its hands while it waits is there when it goes on, in code that no engine has optimised yet.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { CoreMachine } from './harness.js'

/** The CPU has gone to sleep by then: it looks two thousand times before. */
const ASLEEP = 100

test('a spin lock that was waited for has the number of its CPU', async () => {
  const machine = new CoreMachine()
  const lock = machine.arrayMap().value(0)
  machine.cpu(0).helper('bpf_spin_lock', lock)
  const worker = new Worker(new URL('./lock-worker.js', import.meta.url), {
    workerData: { memory: machine.memory, lock },
  })
  await once(worker, 'message')
  await setTimeout(ASLEEP)
  machine.cpu(0).helper('bpf_spin_unlock', lock)
  assert.deepEqual(await once(worker, 'message'), [2])
})
