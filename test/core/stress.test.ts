// The whole protocol on real threads: random operations on a few slots from every CPU and from the callbacks, then the
// books are balanced [G1, G2, G3]: every control block back in the pool, every program reference back at its handle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import * as layout from '../../core/layout.js'
import { CoreMachine } from './harness.js'
import type { StressTask } from './stress-worker.js'

const THREADS = 3
/** Results that must have been seen, each so often by each thread. */
const OFTEN = 40
const WANTED = [
  'bpf_timer_init=0',
  'bpf_timer_start=0',
  'bpf_timer_cancel=1',
  'bpf_wq_start=0',
  'callback=0',
  'update=0',
]

test('random operations from three threads and from callbacks: no two runs at once, all references balance', async () => {
  const blocks = 128
  const machine = new CoreMachine({ cpus: THREADS + 1, controlBlocks: blocks })
  const host = machine.cpu(THREADS)
  const maps = [0, 1].map(() => {
    const map = machine.arrayMap({ entries: 3, valueSize: 64, timer: 8, work: 32 })
    return { address: map.address, first: map.value(0), stride: 64, timer: 8, work: 32, entries: 3 }
  })
  const programs = [1, 11].map((first) => ({ address: machine.program(first, first + 10), first, end: first + 10 }))
  const runs = new SharedArrayBuffer(blocks * 4)
  const reports = await Promise.all(
    Array.from({ length: THREADS }, (_, cpu) => {
      const task: StressTask = {
        wasmMemory: machine.memory,
        cpu,
        cpus: THREADS + 1,
        seed: 12345 + cpu * 777,
        milliseconds: 2500,
        wanted: WANTED,
        often: OFTEN,
        most: 60_000,
        maps,
        programs,
        runs,
      }
      const worker = new Worker(new URL('./stress-worker.js', import.meta.url), { workerData: task })
      return new Promise<{ counts: Record<string, number>; violations: string[] }>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.once('exit', () => reject(new Error('the worker ended without a report')))
      })
    }),
  )
  const total: Record<string, number> = {}
  for (const { counts, violations } of reports) {
    assert.deepEqual(violations, [])
    for (const [key, value] of Object.entries(counts)) total[key] = (total[key] ?? 0) + value
  }
  for (const seen of WANTED)
    assert.ok((total[seen] ?? 0) >= THREADS * OFTEN, `${seen} was seen ${total[seen] ?? 0} times`)

  // The threads have ended: their CPUs go on here, without callbacks of their own, until nothing is left.
  for (const map of maps) host.call('map_user_put', map.address)
  for (let round = 0; round < 50; round++) for (const cpu of machine.cpus) cpu.call('cpu_poll')
  assert.equal(host.call('control_blocks_lost'), 0)
  assert.equal(machine.freeBlocks(), blocks)
  for (const program of programs) assert.equal(machine.programReferences(program.address), 1)
  for (const cpu of machine.cpus) assert.equal(machine.u32(cpu.area + layout.CPU_DEFERRED_COUNT), 0)
})
