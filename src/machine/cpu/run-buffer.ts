// Where the arguments of a CPU's runs lie. A file of its own because worker threads need it and nothing else of what
// lays arguments out (run/context.ts): what a thread loads at its start is what booting a machine waits for.
import { CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES, CPU_TASK } from '../../../core/layout.js'
import type { CoreExports } from './core.js'
import type { Memory } from './memory.js'

/** The run buffer of one CPU. */
export interface RunBuffer {
  /** The memory that it lies in. */
  readonly bytes: Uint8Array
  /** From `address` to its end. */
  readonly view: DataView
  readonly address: number
  readonly size: number
  /** Address of the CPU's task in the core. */
  readonly task: number
  /** Sets the first `bytes` bytes to 0 and the CPU's task to the machine's. */
  prepare(bytes: number): void
}

/** The run buffer of a CPU whose area is at `area`. */
export function runBufferAt(memory: Memory, core: CoreExports, area: number): RunBuffer {
  const address = memory.word(area + CPU_RUN_BUFFER)
  const size = memory.word(area + CPU_RUN_BUFFER_BYTES)
  return {
    bytes: memory.bytes,
    view: new DataView(memory.bytes.buffer, address, size),
    address,
    size,
    task: area + CPU_TASK,
    prepare: (bytes) => core.run_prepare(area, bytes),
  }
}
