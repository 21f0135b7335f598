// What a CPU has open in rings: records that programs have reserved and not given back, drains of user rings. What a
// run leaves open is discarded at its end (ring.ts). Owns CPU_RESERVED and CPU_RESERVED_NESTED; called by ring.ts and
// user-ring.ts.
//
// The outermost code counts, by plain accesses. Nested code runs between any two of them, and what it would add to the
// count would be lost there: it sets a word to 1, which nobody lowers but the end of the outermost run, before it
// discards.
// So nothing is open that neither of the two words tells of; that they tell of something that is over costs a look.
import { cpu, cpuArea } from '../cpu'
import { note32, note64, peek32, peek64 } from '../door'
import { CPU_NESTED, CPU_RESERVED, CPU_RESERVED_NESTED } from '../layout'

/** This CPU is about to reserve a record, or to begin a drain. */
export function beginOpen(): void {
  const area = cpu()
  if (peek32(area + CPU_NESTED) !== 0) note32(area + CPU_RESERVED_NESTED, 1)
  else note32(area + CPU_RESERVED, peek32(area + CPU_RESERVED) + 1)
}

/** It has given the record back, or has not got one. */
export function endOpen(): void {
  const area = cpu()
  if (peek32(area + CPU_NESTED) === 0) note32(area + CPU_RESERVED, peek32(area + CPU_RESERVED) - 1)
}

/** True if this CPU may have something open. */
export function mayBeOpen(): bool {
  return peek64(cpu() + CPU_RESERVED) !== 0
}

/** Nothing counts as open on CPU `index`: before what is there is discarded, for nested code may come between. */
export function forgetOpen(index: u32): void {
  note64(cpuArea(index) + CPU_RESERVED, 0)
}
