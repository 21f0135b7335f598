// The thread of one worker CPU: stays in the core's loop, comes back to JavaScript only for the host's messages and for
// faults. Started by worker-cpu.ts, as one file with all that it imports (scripts/build-worker.mjs); a thread takes
// longer to start than its machine to be made, so both are done at once, and the thread waits for its WorkerTask.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { REQUEST_AWAITED, REQUEST_RUN } from '../../../core/abi.js'
import { CPU_CONTROL, CPU_REQUEST } from '../../../core/layout.js'
import { realClock } from './clock.js'
import { instantiateCore } from './core.js'
import { Cpu, CpuFault } from './cpu.js'
import { Memory } from './memory.js'
import {
  REQUEST_FAULTED,
  type HostMessage,
  type TaskSent,
  type WorkerMessage,
  type WorkerTask,
} from './worker-messages.js'

const port = parentPort
if (!port) throw new Error('worker.ts is the main file of a worker thread')
Atomics.wait(workerData as TaskSent, 0, 0)
const task = receiveMessageOnPort(port)!.message as WorkerTask
const memory = new Memory(task.memory)
const cpu = new Cpu(instantiateCore(task.module, memory.shared, realClock(task.epoch)), memory, task.cpu)
let open = true

function say(message: WorkerMessage): void {
  port?.postMessage(message)
}

function obey(message: HostMessage): void {
  try {
    if (message.kind === 'install') cpu.install(message.code)
    else if (message.kind === 'uninstall') cpu.uninstall(message.tableFirst, message.count)
    else open = false
    say({ kind: 'done', id: message.id })
  } catch (error) {
    say({ kind: 'done', id: message.id, error: error instanceof Error ? error.message : String(error) })
  }
}

// The control word is cleared before the messages are read: one that is sent meanwhile sets it again.
function readMessages(): void {
  memory.setWord(cpu.area + CPU_CONTROL, 0)
  for (let received = receiveMessageOnPort(port!); received && open; received = receiveMessageOnPort(port!))
    obey(received.message as HostMessage)
}

function loop(): void {
  try {
    cpu.guard(() => cpu.core.cpu_loop())
  } catch (error) {
    if (!(error instanceof CpuFault)) throw error
    const request = memory.word(cpu.area + CPU_REQUEST)
    const run = !error.raw.callback && (request === REQUEST_RUN || request === REQUEST_AWAITED)
    say({ kind: 'fault', raw: error.raw, run })
    if (run) memory.setWord(cpu.area + CPU_REQUEST, REQUEST_FAULTED)
    // Also after a fault in work that came between an answer and its wake-up.
    memory.notify(cpu.area + CPU_REQUEST)
  }
}

say({ kind: 'ready' })
while (open) {
  loop()
  if (memory.word(cpu.area + CPU_CONTROL) !== 0) readMessages()
}
port.close()
