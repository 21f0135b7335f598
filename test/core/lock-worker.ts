// A CPU that waits for a spin lock and says what the word of the lock is when it has it (waiting.test.ts).
import { parentPort, workerData } from 'node:worker_threads'
import { attachCpu } from './harness.js'

const { memory, lock } = workerData as { memory: WebAssembly.Memory; lock: number }
const cpu = attachCpu(memory, 1, () => 1_000_000)
parentPort?.postMessage('waits')
cpu.helper('bpf_spin_lock', lock)
parentPort?.postMessage(cpu.u32(lock))
