// The bpf_timer helpers and bpf_timer_cancel_async, by the kernel's names and signatures: argument checks, then
// core/async. Called by compiled programs, which run inside a section. Results are 0, positive, or a negative errno.
import {
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  EINVAL,
  EVENT_CANCEL,
  EVENT_CANCEL_ASYNC,
  EVENT_INIT,
  EVENT_SET_CALLBACK,
  EVENT_START,
  KIND_TIMER,
} from '../abi'
import { asyncCancelAsync, asyncCancel_sync } from '../async/cancel'
import { deadlineAbsolute, deadlineIn, forgetRealtime } from '../async/deadline'
import { asyncInit } from '../async/init'
import { asyncSetCallback } from '../async/set-callback'
import { knownSlot, slotOf, slotTaken } from '../async/slot'
import { asyncStart } from '../async/start'
import { cpu } from '../cpu'
import { load32, peek32 } from '../door'
import { CPU_PROGRAM } from '../layout'
import { eventsWanted } from '../memory/events'
import { timer_cancel_at_once, timer_start_at_once } from './async-at-once'
import { reported } from './async-event'

function init(timer: u64, map: u64, flags: u64): i32 {
  if (flags !== CLOCK_REALTIME && flags !== CLOCK_MONOTONIC && flags !== CLOCK_BOOTTIME) return -EINVAL
  return asyncInit(timer, map, KIND_TIMER, <u32>flags)
}

function start(slot: usize, nanoseconds: u64, flags: u64): i32 {
  if ((flags & ~((<u64>BPF_F_TIMER_ABS) | (<u64>BPF_F_TIMER_CPU_PIN))) !== 0 || slot === 0) return -EINVAL
  const block = load32(slot)
  if (!slotTaken(block)) return -EINVAL
  const absolute = (flags & BPF_F_TIMER_ABS) !== 0
  forgetRealtime(<usize>block)
  const deadline = absolute ? deadlineAbsolute(<usize>block, nanoseconds) : deadlineIn(nanoseconds)
  return asyncStart(slot, <usize>block, deadline, (flags & BPF_F_TIMER_CPU_PIN) !== 0)
}

/** bpf_timer_init (contract §2). */
export function bpf_timer_init(timer: u64, map: u64, flags: u64): i64 {
  const result = init(timer, map, flags)
  return eventsWanted() ? reported(EVENT_INIT, KIND_TIMER, timer, result, flags) : result
}

/** bpf_timer_set_callback: `callback` is an index in the function table, of the calling program. */
export function bpf_timer_set_callback(timer: u64, callback: u64): i64 {
  return timer_set_callback_in(timer, callback, slotOf(timer, KIND_TIMER))
}

/**
 * The same, of a timer whose slot the compiler knows (src/jit/slot.ts), or 0; so are the other functions that end in
 * `_in`.
 */
export function timer_set_callback_in(timer: u64, callback: u64, slot: usize): i64 {
  const result = asyncSetCallback(knownSlot(timer, slot), <usize>peek32(cpu() + CPU_PROGRAM), callback)
  return eventsWanted() ? reported(EVENT_SET_CALLBACK, KIND_TIMER, timer, result, callback) : result
}

/** bpf_timer_start: nanoseconds from this CPU's now, or absolute on the timer's clock. */
export function bpf_timer_start(timer: u64, nanoseconds: u64, flags: u64): i64 {
  const slot = slotOf(timer, KIND_TIMER)
  const atOnce = slot === 0 ? 0 : timer_start_at_once(timer, nanoseconds, flags, slot)
  return atOnce !== 0 ? atOnce - 1 : timer_start_in(timer, nanoseconds, flags, slot)
}

export function timer_start_in(timer: u64, nanoseconds: u64, flags: u64, slot: usize): i64 {
  const result = start(knownSlot(timer, slot), nanoseconds, flags)
  return eventsWanted() ? reported(EVENT_START, KIND_TIMER, timer, result, nanoseconds) : result
}

/** bpf_timer_cancel: the one operation that waits, for a running callback. */
export function bpf_timer_cancel(timer: u64): i64 {
  const slot = slotOf(timer, KIND_TIMER)
  const atOnce = slot === 0 ? 0 : timer_cancel_at_once(timer, slot)
  return atOnce !== 0 ? atOnce - 1 : timer_cancel_in(timer, slot)
}

export function timer_cancel_in(timer: u64, slot: usize): i64 {
  const result = knownSlot(timer, slot) === 0 ? -EINVAL : asyncCancel_sync(slot)
  return eventsWanted() ? reported(EVENT_CANCEL, KIND_TIMER, timer, result, 0) : result
}

/** bpf_timer_cancel_async: 1 was armed, -1 was not and its callback runs, 0 neither. */
export function bpf_timer_cancel_async(timer: u64): i64 {
  const slot = knownSlot(timer, slotOf(timer, KIND_TIMER))
  const result = slot === 0 ? -EINVAL : asyncCancelAsync(slot)
  return eventsWanted() ? reported(EVENT_CANCEL_ASYNC, KIND_TIMER, timer, result, 0) : result
}
