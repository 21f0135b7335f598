// Real threads on shared maps: consistency while they run, and balances when they have ended.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import { MAP_ELEMENT_COUNT, MAP_MAX_ENTRIES } from '../../core/layout.js'
import { freeElements, Machine, roomsTaken } from './harness.js'
import type { StressMap, StressTask } from './stress-worker.js'

const TAG = 0x5ca1_0000
const CPUS = 3

/** What must hold of a map at rest. */
function balance(machine: Machine, { address }: StressMap): void {
  const live: number[] = []
  const { core } = machine
  for (let index = core.map_next(address, 0); index >= 0; index = core.map_next(address, index + 1)) {
    const key = machine.word(core.map_element_key(address, index) >>> 0)
    const value = core.map_element_value(address, index) >>> 0
    assert.equal(machine.word(value), TAG + key)
    assert.equal(machine.word(value + 4), TAG + key)
    live.push(key)
  }
  assert.equal(new Set(live).size, live.length)
  assert.equal(roomsTaken(machine, address), live.length)
  assert.ok(live.length <= machine.word(address + MAP_MAX_ENTRIES))
  assert.equal(freeElements(machine, address) + live.length, machine.word(address + MAP_ELEMENT_COUNT))
}

function runWorker(task: StressTask): Promise<{ operations: number; problems: string[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./stress-worker.js', import.meta.url), { workerData: task })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

test('threads that insert, replace, delete and look up on small maps lose nothing and mix nothing up', async (t) => {
  const machine = new Machine({ cpus: CPUS })
  const map = (type: number, maxEntries: number, keys: number, steady = false): StressMap => ({
    address: machine.create({ type, keySize: 4, valueSize: 8, maxEntries }),
    keys,
    steady,
  })
  const steady = map(MAP_TYPE_HASH, 4, 4, true)
  const maps = [steady, map(MAP_TYPE_HASH, 1, 3), map(MAP_TYPE_HASH, 6, 9), map(MAP_TYPE_LRU_HASH, 5, 12)]
  for (let key = 0; key < steady.keys; key++) {
    const value = new Uint8Array(new Uint32Array([TAG + key, TAG + key]).buffer)
    assert.equal(machine.update(steady.address, key, value), 0)
  }
  const tasks = Array.from({ length: CPUS }, (_, cpu) => ({ memory: machine.memory, cpu, milliseconds: 1200, maps }))
  const reports = await Promise.all(tasks.map(runWorker))
  for (const { problems } of reports) assert.deepEqual(problems, [])
  for (const one of maps) balance(machine, one)
  assert.equal(roomsTaken(machine, steady.address), steady.keys)
  t.diagnostic(`${reports.reduce((sum, { operations }) => sum + operations, 0)} operations`)
})
