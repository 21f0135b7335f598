// One CPU of the stress test: random operations on the keys of a few maps for a given time. A value is two words that
// both say their key, so whatever is found in any element must say a key, and a key that nobody deletes must be
// found.
import { parentPort, workerData } from 'node:worker_threads'
import { E2BIG, ENOENT } from '../../core/abi.js'
import { CPU_RUN_BUFFER, CPU_SCRATCH } from '../../core/layout.js'
import { areaOf, instantiate } from './harness.js'

export interface StressMap {
  address: number
  keys: number
  /** Nobody deletes from it: every lookup must hit. */
  steady: boolean
}

export interface StressTask {
  memory: WebAssembly.Memory
  cpu: number
  milliseconds: number
  maps: StressMap[]
}

/** What a value's words say: the key, in a form that no other content of memory has. */
const TAG = 0x5ca1_0000

const { memory, cpu, milliseconds, maps } = workerData as StressTask
const core = instantiate(memory)
core.cpu_attach(cpu)
const view = new DataView(memory.buffer)
const area = areaOf(view, cpu)
const key = view.getUint32(area + CPU_SCRATCH, true) + 1024
const value = view.getUint32(area + CPU_RUN_BUFFER, true)
const problems: string[] = []
let random = cpu * 7919 + 1
let operations = 0

function below(limit: number): number {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0
  return Math.floor((random / 2 ** 32) * limit)
}

function lookUp(map: StressMap, wanted: number): void {
  const at = core.map_lookup(map.address, key) >>> 0
  if (at === 0) {
    if (map.steady) problems.push(`lookup missed key ${wanted}`)
    return
  }
  // The element may have been handed out to another key since.
  for (const word of [view.getUint32(at, true), view.getUint32(at + 4, true)])
    if (word < TAG || word >= TAG + map.keys) problems.push(`a value of key ${wanted} says 0x${word.toString(16)}`)
}

function operate(): void {
  const map = maps[below(maps.length)]!
  const chosen = below(map.keys)
  view.setUint32(key, chosen, true)
  const choice = below(map.steady ? 2 : 3)
  if (choice === 0) lookUp(map, chosen)
  else if (choice === 1) {
    view.setUint32(value, TAG + chosen, true)
    view.setUint32(value + 4, TAG + chosen, true)
    const result = core.map_update(map.address, key, value, 0)
    if (result !== 0 && (map.steady || result !== -E2BIG)) problems.push(`update of ${chosen} gave ${result}`)
  } else {
    const result = core.map_delete(map.address, key)
    if (result !== 0 && result !== -ENOENT) problems.push(`delete of ${chosen} gave ${result}`)
  }
  operations++
}

const end = performance.now() + milliseconds
while (performance.now() < end && problems.length < 5) for (let turn = 0; turn < 500; turn++) operate()
parentPort!.postMessage({ operations, problems })
