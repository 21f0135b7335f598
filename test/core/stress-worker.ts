// One CPU of the stress test: performs random timer and work operations on a few shared slots until its time is over
// and it has seen what the test wants to have seen, however busy the computer is.
// Its callbacks do the same, and watch that no control block ever has two callback runs at once.
import { parentPort, workerData } from 'node:worker_threads'
import * as layout from '../../core/layout.js'
import { attachCpu } from './harness.js'

export interface StressTask {
  wasmMemory: WebAssembly.Memory
  cpu: number
  cpus: number
  seed: number
  /** At least so long, and until every result of `wanted` was seen `often` times here. */
  milliseconds: number
  wanted: readonly string[]
  often: number
  /** In any case not longer than this. */
  most: number
  maps: { address: number; first: number; stride: number; timer: number; work: number; entries: number }[]
  programs: { address: number; first: number; end: number }[]
  /** Int32Array: runs that go on, per control block. */
  runs: SharedArrayBuffer
}

const task = workerData as StressTask
const runs = new Int32Array(task.runs)
let random = task.seed

function below(limit: number): number {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0
  return Math.floor((random / 2 ** 32) * limit)
}

const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T

const counts: Record<string, number> = {}
const violations: string[] = []
const epoch = process.hrtime.bigint()
const cpu = attachCpu(task.wasmMemory, task.cpu, () => Number(process.hrtime.bigint() - epoch) + 1_000_000)

function count(name: string, result: number): void {
  const key = `${name}=${result}`
  counts[key] = (counts[key] ?? 0) + 1
}

function operate(inCallback: boolean): void {
  const map = pick(task.maps)
  const index = below(map.entries)
  const program = pick(task.programs)
  const value = map.first + index * map.stride
  const timer = value + map.timer
  const work = value + map.work
  const callback = program.first + below(program.end - program.first)
  if (!inCallback) cpu.setU32(cpu.area + layout.CPU_PROGRAM, program.address)
  const own = cpu.u32(cpu.area + layout.CPU_PROGRAM)
  const mine = task.programs.find(({ address }) => address === own) ?? program
  const fn = inCallback ? mine.first + below(mine.end - mine.first) : callback
  const operations: [string, ...(number | bigint)[]][] = [
    ['bpf_timer_init', timer, map.address, 1],
    ['bpf_timer_set_callback', timer, fn],
    ['bpf_timer_start', timer, below(200_000), 0],
    ['bpf_timer_start', timer, 0, below(2) * 2],
    ['bpf_timer_cancel', timer],
    ['bpf_timer_cancel_async', timer],
    ['bpf_wq_init', work, map.address, 0],
    ['bpf_wq_set_callback', work, fn, 0],
    ['bpf_wq_start', work, 0],
  ]
  if (below(12) === 0) {
    const key = cpu.scratch + 64
    cpu.setU32(key, index)
    count('update', cpu.call('map_update', map.address, key, cpu.scratch + 128, 0))
    return
  }
  const [name, ...values] = pick(operations)
  count(name, cpu.helper(name, ...values))
}

function callback(): void {
  const block =
    (cpu.u32(cpu.area + layout.CPU_CURRENT) - cpu.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCKS)) /
    layout.CONTROL_BLOCK_BYTES
  if (Atomics.add(runs, block, 1) !== 0) violations.push(`two callback runs at once of control block ${block}`)
  count('callback', 0)
  for (let turn = below(4); turn > 0; turn--) operate(true)
  Atomics.sub(runs, block, 1)
}

for (const program of task.programs)
  for (let index = program.first; index < program.end; index++) cpu.setFunction(index, callback)

const start = Date.now()
const unseen = (): boolean => task.wanted.some((result) => (counts[result] ?? 0) < task.often)
const goesOn = (passed: number): boolean => passed < task.milliseconds || (passed < task.most && unseen())
while (goesOn(Date.now() - start))
  for (let turn = 0; turn < 200; turn++) {
    operate(false)
    if (below(3) === 0) cpu.call('cpu_poll')
  }
parentPort?.postMessage({ counts, violations })
