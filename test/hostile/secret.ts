// What attacks of this folder must never get at: words of the host in core memory. And how a run may end.
import { SkepError, type VirtualMachine } from '../../src/index.js'

const WORDS = Buffer.from('not yours')
const BYTES = 4096

export interface Secret {
  /** In the middle of it. */
  readonly address: number
  untouched(): boolean
  /** Whether any of it has come to where programs can read. */
  inWindow(): boolean
}

/** Puts one into the core heap of a machine. */
export function secretIn({ kernel: { heap, memory } }: VirtualMachine): Secret {
  const start = heap.allocate(BYTES)!
  const bytes = Buffer.alloc(BYTES, WORDS)
  memory.write(start, bytes)
  return {
    address: start + BYTES / 2,
    untouched: () => bytes.equals(memory.read(start, BYTES)),
    inWindow: () => Buffer.from(memory.read(memory.guestBase, memory.guestEnd - memory.guestBase)).includes(WORDS),
  }
}

/** Faults are what may happen; anything else thrown is a bug of the machine. */
export function contained(run: () => unknown, what: string): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof SkepError) || !error.code.startsWith('FAULT_'))
      throw new Error(`${what}: ${(error as Error).stack}`, { cause: error })
  }
}
