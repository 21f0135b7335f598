// A thread of an embedder's own: joins the machine it is given, does what it is told, and answers with what it saw.
import { parentPort, workerData } from 'node:worker_threads'
import { join, type MachineShare } from '../../src/index.js'
import { request, u32 } from './probes.js'

const cpu = join(workerData as MachineShare)
const { programs, maps, variables } = cpu.objects[process.argv[2] ?? 'object']!
const port = parentPort!

port.on('message', (order: string) => {
  switch (order) {
    case 'count':
      return port.postMessage(programs['count']!.run({ repeat: 10 }).retval)
    case 'look':
      return port.postMessage([maps['points']!.get(1), variables['counter']!.get()])
    case 'set':
      return port.postMessage(maps['points']!.set(2, { x: 2, y: 3n }))
    case 'lock':
      return port.postMessage(programs['lock_value']!.run({ ctx: u32(1), repeat: 20_000 }).retval)
    case 'arm':
      programs['start_timer']!.run({ ctx: request(5, 0) })
      return port.postMessage(cpu.index)
    case 'poll':
      cpu.poll()
      return port.postMessage('polled')
    case 'fault':
      try {
        programs['null_read']!.run()
      } catch (error) {
        port.postMessage((error as { code: string }).code)
      }
      return
    case 'churn':
      try {
        for (let turn = 0; ; turn++) maps['points']!.set(turn % 4, { x: turn, y: BigInt(variables['counter']!.size) })
      } catch (error) {
        port.postMessage((error as { code: string }).code)
      }
      return
    case 'leave':
      cpu.leave()
      port.postMessage('left')
      return port.close()
  }
})
port.postMessage(cpu.index)
