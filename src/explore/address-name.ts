// How messages and traces call an address: by the subject's own name for it, as a ghost word, or as a number.
import { hex } from './access.js'
import type { Subject } from './subject.js'

/** `cb#1.state`, `ghost[2]`, `0x40`. */
export function addressName({ nameOf, stage }: Subject, address: number): string {
  const named = nameOf?.(address)
  if (named !== undefined) return named
  const { memoryBytes, limit } = stage
  return address >= memoryBytes && address < limit ? `ghost[${(address - memoryBytes) >>> 2}]` : hex(address)
}
