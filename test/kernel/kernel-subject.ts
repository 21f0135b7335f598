// The kernel in the role of a subject for the cases of test/golden: their objects loaded by libbpf.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Subject } from '../golden/timer-object.js'
import { REPOSITORY, type Kernel } from './oracle.js'

/** Loads the object afresh; what was loaded before in this kernel session goes. */
export async function kernelSubject(kernel: Kernel, object: string): Promise<Subject> {
  const { result, log, library } = await kernel.load(`${REPOSITORY}test/golden/${object}`)
  if (result !== 0) throw new Error(`the kernel does not load ${object}: errno ${-result}\n${library}${log}`)
  return {
    realTime: true,
    onCpu: async (cpu) => void (await kernel.ask('cpu', cpu)),
    run: async (kind, command) => (await kernel.run(`op_${kind}`, { data: command })).data,
    userUpdate: (kind, key, value, flags) => kernel.set(kind, key32(key), value, flags),
    userDelete: (kind, key) => kernel.delete(kind, key32(key)),
    userGet: (kind, key) => kernel.get(kind, key32(key)),
    userTake: (kind, key) => kernel.get(kind, key32(key), 'take'),
    wait: (milliseconds) => sleep(milliseconds),
    variable: (name) => kernel.variable(name),
    closeMap: async (kind) => void (await kernel.ask('close-map', kind)),
    reopenMap: async (kind) => void (await kernel.ask('reopen-map', kind)),
    closePrograms: async () => void (await kernel.ask('close-programs')),
    close: async () => void (await kernel.ask('unload')),
  }
}

function key32(key: number): Uint8Array {
  return new Uint8Array(new Uint32Array([key]).buffer)
}
