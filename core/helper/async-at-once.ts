// What the helpers of timers and work mostly do, where the slot is known: the compiler writes these functions in place
// of the call if it has proved whose field is named (src/jit/in-place.ts); elsewhere starts by the kernel's names begin
// with them (timer.ts, work.ts), so that they are explored. Each answers 0 if it is not so simple: then nothing has
// changed but advice, and the helper is to be called. Else it answers 1 more than the helper would.
import { CLOCK_REALTIME } from '../abi'
import { cancelAtOnce } from '../async/cancel'
import { deadlineKnown } from '../async/deadline'
import { clockOf } from '../async/owner'
import { alreadyBound } from '../async/set-callback'
import { fieldUntouched, slotTaken } from '../async/slot'
import { asyncStartAtOnce } from '../async/start'
import { cpu } from '../cpu'
import { load32, peek32 } from '../door'
import { CPU_PROGRAM } from '../layout'
import { eventsWanted } from '../memory/events'

// Of what is bound. Whoever bound it has asked whether it is a callback of the program.
function setCallback(field: u64, callback: u64, slot: usize): i64 {
  if (eventsWanted() || !fieldUntouched(field)) return 0
  const block = load32(slot)
  return i64(slotTaken(block) && alreadyBound(<usize>block, <usize>peek32(cpu() + CPU_PROGRAM), callback))
}

/** bpf_timer_set_callback. */
export function timer_set_callback_at_once(timer: u64, callback: u64, slot: usize): i64 {
  return setCallback(timer, callback, slot)
}

/** bpf_timer_cancel of an armed timer that does not run. */
export function timer_cancel_at_once(timer: u64, slot: usize): i64 {
  if (eventsWanted() || !fieldUntouched(timer)) return 0
  const block = load32(slot)
  return slotTaken(block) ? <i64>cancelAtOnce(<usize>block) : 0
}

/** bpf_wq_set_callback. */
export function wq_set_callback_at_once(work: u64, callback: u64, flags: u64, slot: usize): i64 {
  return <u32>flags !== 0 ? 0 : setCallback(work, callback, slot)
}

/** bpf_wq_set_callback_impl. */
export function wq_set_callback_impl_at_once(work: u64, callback: u64, flags: u64, _aux: u64, slot: usize): i64 {
  return <u32>flags !== 0 ? 0 : setCallback(work, callback, slot)
}

/** bpf_timer_start without flags, of a timer whose clock is not set by anybody. */
export function timer_start_at_once(timer: u64, nanoseconds: u64, flags: u64, slot: usize): i64 {
  if (flags !== 0 || eventsWanted() || !fieldUntouched(timer)) return 0
  const block = <usize>load32(slot)
  if (!slotTaken(<u32>block) || clockOf(block) === CLOCK_REALTIME) return 0
  const deadline = deadlineKnown(nanoseconds)
  return deadline === 0 ? 0 : <i64>asyncStartAtOnce(slot, block, deadline) + 1
}

/** bpf_wq_start. */
export function wq_start_at_once(work: u64, flags: u64, slot: usize): i64 {
  if (<u32>flags !== 0 || eventsWanted() || !fieldUntouched(work)) return 0
  const block = load32(slot)
  return slotTaken(block) ? <i64>asyncStartAtOnce(slot, <usize>block, 0) + 1 : 0
}
