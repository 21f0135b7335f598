// A thread of the service: a CPU of the machine from join() to leave().
import { parentPort, workerData } from 'node:worker_threads'
import { join, type MachineShare } from '../../src/index.js'
import type { Reply, Request } from './service.js'

const cpu = join(workerData as MachineShare)
const { touch } = cpu.objects.sessions!.programs

// Sessions that were refreshed here expire here: this CPU has to be given its turns.
const turns = setInterval(() => cpu.poll(), 2)

parentPort!.on('message', (message: Request | 'leave') => {
  if (message === 'leave') {
    clearInterval(turns)
    // Timers of this CPU move to another one.
    cpu.leave()
    parentPort!.close()
    return
  }
  const context = new DataView(new ArrayBuffer(24))
  context.setBigUint64(0, BigInt(message.user), true)
  context.setBigUint64(8, BigInt(message.bytes), true)
  const { ctx } = touch!.run({ ctx: new Uint8Array(context.buffer) })
  const answered = ctx as Uint8Array
  const requests = Number(new DataView(answered.buffer, answered.byteOffset).getBigUint64(16, true))
  parentPort!.postMessage({ id: message.id, requests } satisfies Reply)
})
