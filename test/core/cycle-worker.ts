// One CPU of the deadlock tests: its timer's callback waits until every CPU is in its callback, then cancels the timer
// that it was given (or, without one, stays in its callback for a moment), and reports the result.
import { parentPort, workerData } from 'node:worker_threads'
import * as layout from '../../core/layout.js'
import { attachCpu } from './harness.js'

export interface CycleTask {
  memory: WebAssembly.Memory
  cpu: number
  cpus: number
  program: number
  callback: number
  map: number
  own: number
  target: number
  /** Int32Array: CPUs that are in their callbacks. */
  arrived: SharedArrayBuffer
}

const task = workerData as CycleTask
const arrived = new Int32Array(task.arrived)
const epoch = process.hrtime.bigint()
const cpu = attachCpu(task.memory, task.cpu, () => Number(process.hrtime.bigint() - epoch) + 1_000_000)
let result: number | undefined

for (let other = 0; other < task.cpus; other++)
  cpu.setFunction(task.callback + other, () => {
    Atomics.add(arrived, 0, 1)
    while (Atomics.load(arrived, 0) < task.cpus);
    if (task.target === 0) Atomics.wait(arrived, 1, 0, 30)
    else result = cpu.helper('bpf_timer_cancel', task.target)
  })
cpu.setU32(cpu.area + layout.CPU_PROGRAM, task.program)
const results = [
  cpu.helper('bpf_timer_init', task.own, task.map, 1),
  cpu.helper('bpf_timer_set_callback', task.own, task.callback + task.cpu),
  cpu.helper('bpf_timer_start', task.own, 0, 2),
]
while (Atomics.load(arrived, 0) < task.cpus) cpu.call('cpu_poll')
cpu.call('cpu_poll')
parentPort?.postMessage({ results, result })
