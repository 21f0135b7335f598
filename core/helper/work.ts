// The bpf_wq kfuncs, by the kernel's names and signatures. Work is armed for "now" in the work list of a CPU: the same
// protocol as a timer. Called by compiled programs, which run inside a section. Any flag is -EINVAL, first of all.
import { EINVAL, EVENT_INIT, EVENT_SET_CALLBACK, EVENT_START, KIND_WORK } from '../abi'
import { asyncInit } from '../async/init'
import { asyncSetCallback } from '../async/set-callback'
import { knownSlot, slotOf, slotTaken } from '../async/slot'
import { asyncStart } from '../async/start'
import { cpu } from '../cpu'
import { load32, peek32 } from '../door'
import { CPU_PROGRAM } from '../layout'
import { eventsWanted } from '../memory/events'
import { wq_start_at_once } from './async-at-once'
import { reported } from './async-event'

/** The compiler passes 32-bit flags in a 64-bit register: the kernel looks at the low half. */
function flagged(flags: u64): bool {
  return <u32>flags !== 0
}

function start(slot: usize, flags: u64): i32 {
  if (flagged(flags) || slot === 0) return -EINVAL
  const block = load32(slot)
  return slotTaken(block) ? asyncStart(slot, <usize>block, 0, false) : -EINVAL
}

/** bpf_wq_init. */
export function bpf_wq_init(work: u64, map: u64, flags: u64): i64 {
  const result = flagged(flags) ? -EINVAL : asyncInit(work, map, KIND_WORK, 0)
  return eventsWanted() ? reported(EVENT_INIT, KIND_WORK, work, result, 0) : result
}

/** bpf_wq_set_callback. */
export function bpf_wq_set_callback(work: u64, callback: u64, flags: u64): i64 {
  return wq_set_callback_in(work, callback, flags, slotOf(work, KIND_WORK))
}

/** bpf_wq_set_callback of work whose slot the compiler knows (src/jit/slot.ts), or 0. */
export function wq_set_callback_in(work: u64, callback: u64, flags: u64, slot: usize): i64 {
  const program = <usize>peek32(cpu() + CPU_PROGRAM)
  const result = flagged(flags) ? -EINVAL : asyncSetCallback(knownSlot(work, slot), program, callback)
  return eventsWanted() ? reported(EVENT_SET_CALLBACK, KIND_WORK, work, result, callback) : result
}

/** bpf_wq_set_callback_impl: the older name, with the verifier's auxiliary argument. */
export function bpf_wq_set_callback_impl(work: u64, callback: u64, flags: u64, _aux: u64): i64 {
  return bpf_wq_set_callback(work, callback, flags)
}

/** The same of work whose slot the compiler knows. */
export function wq_set_callback_impl_in(work: u64, callback: u64, flags: u64, _aux: u64, slot: usize): i64 {
  return wq_set_callback_in(work, callback, flags, slot)
}

/** bpf_wq_start: pending work stays pending. */
export function bpf_wq_start(work: u64, flags: u64): i64 {
  const slot = slotOf(work, KIND_WORK)
  const atOnce = slot === 0 ? 0 : wq_start_at_once(work, flags, slot)
  return atOnce !== 0 ? atOnce - 1 : wq_start_in(work, flags, slot)
}

/** bpf_wq_start of work whose slot the compiler knows, or 0. */
export function wq_start_in(work: u64, flags: u64, slot: usize): i64 {
  const result = start(knownSlot(work, slot), flags)
  return eventsWanted() ? reported(EVENT_START, KIND_WORK, work, result, 0) : result
}
