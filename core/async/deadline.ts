// From the nanoseconds that a program passes to the deadline that the state word holds: rounded up, never early.
import { CLOCK_REALTIME } from '../abi'
import { glance64, peek32, peek64, store64 } from '../door'
import { cpu, freshNow, useNow } from '../cpu'
import { CPU_NOW, HEADER, HEADER_CONTROL_BLOCKS, HEADER_REALTIME_EXPIRIES, HEADER_REALTIME_OFFSET } from '../layout'
import { clockOf } from './owner'
import { NEVER, UNIT_SHIFT } from './state'

/** From the offset of a control block of 64 bytes to that of its word of 8. */
const REALTIME_SHIFT: usize = 3

/** Deadline (units) of a time in nanoseconds since the epoch; what the word cannot hold never comes. */
function deadlineAt(time: u64): u64 {
  const units = (time + (((<u64>1) << UNIT_SHIFT) - 1)) >> UNIT_SHIFT
  return time > u64.MAX_VALUE - 8 || units >= NEVER ? NEVER : units
}

/** Deadline of an expiry `nanoseconds` from this CPU's now. Bit 63 and what overflows never come. */
export function deadlineIn(nanoseconds: u64): u64 {
  if (<i64>nanoseconds < 0) return NEVER
  return deadlineAt((useNow() ? peek64(cpu() + CPU_NOW) : freshNow()) + nanoseconds)
}

/** The same without a reading of the clock: 0 if it needs one, or if the expiry never comes. */
export function deadlineKnown(nanoseconds: u64): u64 {
  if (<i64>nanoseconds < 0 || !useNow()) return 0
  const deadline = deadlineAt(peek64(cpu() + CPU_NOW) + nanoseconds)
  return deadline === NEVER ? 0 : deadline
}

/**
 * Address of the word with the absolute REALTIME expiry of a block on that clock: beside the blocks, whose cache lines
 * the other clocks' timers have for themselves.
 */
export function realtimeExpiry(block: usize): usize {
  const offset = block - <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  return <usize>peek32(HEADER + HEADER_REALTIME_EXPIRIES) + (offset >> REALTIME_SHIFT)
}

/** Deadline of the absolute expiry `nanoseconds` on the clock of `block`; the past is due at once. */
export function deadlineAbsolute(block: usize, nanoseconds: u64): u64 {
  if (<i64>nanoseconds < 0) return NEVER
  if (clockOf(block) !== CLOCK_REALTIME) return deadlineAt(nanoseconds)
  store64(realtimeExpiry(block), nanoseconds + 1)
  return realtimeDeadline(nanoseconds)
}

/** Deadline at which REALTIME reads `nanoseconds`, by the offset of now. */
export function realtimeDeadline(nanoseconds: u64): u64 {
  const offset = peek64(HEADER + HEADER_REALTIME_OFFSET)
  return nanoseconds <= offset ? 0 : deadlineAt(nanoseconds - offset)
}

/** The arming that follows is not an absolute one on REALTIME: setting that clock does not move it. */
export function forgetRealtime(block: usize): void {
  if (clockOf(block) === CLOCK_REALTIME && glance64(realtimeExpiry(block)) !== 0) store64(realtimeExpiry(block), 0)
}
