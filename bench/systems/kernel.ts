// The machine's own kernel: the oracle of test/kernel runs the very same objects. Nothing is attached.
import { readFileSync } from 'node:fs'
import { openKernel, REPOSITORY, type Kernel } from '../../test/kernel/oracle.js'
import type { Loaded, System } from './system.js'

/** Live timers that the longest case needs, and some more. */
const TIMERS = 12_000

/**
 * Why the cases of a million timers have no figure of the kernel: within a program it takes their memory only from what
 * its allocator has at hand, and from outside (`spare`) that can be brought to some ten thousand.
 */
export const NO_MILLION = 'its allocator cannot be brought to have a million timers at hand'

/** The kernel, or the reason why it cannot be measured. */
export async function machineKernel(): Promise<System | string> {
  if (jitIsOff()) return 'no kernel to ask: its compiler of BPF programs is off (net.core.bpf_jit_enable)'
  const kernel = await openKernel()
  if (typeof kernel === 'string') return kernel
  const { result } = await kernel.ask('spare', TIMERS)
  if (result !== 0)
    process.stderr.write(`bench: the kernel may be short of memory for ${TIMERS} timers (errno ${-result})\n`)
  await kernel.ask('cpu', 0)
  return {
    name: `Linux ${kernel.release.replace(/^(\d+\.\d+).*/, '$1')}`,
    async load(object) {
      const answer = await kernel.load(`${REPOSITORY}${object}`)
      if (answer.result !== 0) throw new Error(`the kernel refuses ${object}: ${answer.library}${answer.log}`)
      return loaded(kernel)
    },
    close: () => kernel.close(),
  }
}

function jitIsOff(): boolean {
  try {
    return readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() === '0'
  } catch {
    return false
  }
}

function loaded(kernel: Kernel): Loaded {
  return {
    run: async (program, packet) => (await kernel.run(program, { data: packet })).data,
    repeat: async (program, packet, repeat) => (await kernel.run(program, { data: packet, repeat })).duration,
    variable: (name) => kernel.variable(name),
    async drain(map) {
      const { result } = await kernel.ask('drain', map)
      if (result < 0) throw new Error(`drain ${map}: errno ${-result}`)
      return result
    },
    close: async () => void (await kernel.ask('unload')),
  }
}
