// A CPU that dies at a chosen step: the check build of the core on a machine's real memory, whose hook throws instead
// of performing the access. The wasm frames are gone, what they had done stays: as a worker that is terminated.
import { readFileSync } from 'node:fs'
import { realDoor } from '../core/real-door.js'
import type { Core } from './harness.js'

export class Died extends Error {}

const checkModule = new WebAssembly.Module(readFileSync(new URL('../../core/core.check.wasm', import.meta.url)))

/** `left()` counts down; the access at which it is 0 is never made. */
export function mortalCpu(memory: WebAssembly.Memory, left: () => number): Core {
  const clock = (): number => 1_000_000
  const fault = (): never => {
    throw new Error('fault')
  }
  const before = (): void => {
    if (left() === 0) throw new Died()
  }
  return new WebAssembly.Instance(checkModule, {
    env: { memory },
    hook: realDoor(memory, before, clock),
    host: { clock, fault },
  }).exports as unknown as Core
}
