// The loop that drives the shipped core and the specimens alike, so that only what is between the loop and the memory
// differs. AssemblyScript, compiled twice (threads/build.ts): with SKEP defined for the core, without for a specimen.
// A turn is a run of a program: a read-side section around operations on timers that lie `stride` bytes apart, `mask`
// + 1 of them (a power of two), and what a CPU does between programs.
import * as core from './core'
import * as design from './design'

const ABSOLUTE: u64 = 1

function enter(): bool {
  if (isDefined(SKEP)) return core.section_enter()
  return design.specimen_enter()
}

function leave(section: bool): void {
  if (isDefined(SKEP)) {
    core.section_exit(section)
    core.cpu_poll()
    return
  }
  design.specimen_leave(section)
  design.specimen_poll()
}

function start(timer: usize, expiry: u64): i32 {
  if (isDefined(SKEP)) return <i32>core.bpf_timer_start(<u64>timer, expiry, ABSOLUTE)
  return design.start(timer, expiry, ABSOLUTE)
}

function bind(timer: usize, program: usize, callback: usize): i32 {
  if (isDefined(SKEP)) return <i32>core.bpf_timer_set_callback(<u64>timer, <u64>callback)
  return design.set_callback(timer, program, callback)
}

function cancel(timer: usize): i32 {
  if (isDefined(SKEP)) return <i32>core.bpf_timer_cancel(<u64>timer)
  return design.cancel(timer)
}

/** Starts armed timers `count` times, each time a little later; how many of them went well. */
export function rearm(first: usize, stride: u32, mask: u32, count: u32, expiry: u64): u32 {
  const section = enter()
  let done: u32 = 0
  for (let i: u32 = 0; i < count; i++)
    done += u32(start(first + <usize>((i & mask) * stride), expiry + <u64>i * 8) === 0)
  leave(section)
  return done
}

/** Binds a callback `count` times. */
export function set_callback(first: usize, stride: u32, mask: u32, count: u32, program: usize, callback: usize): u32 {
  const section = enter()
  let done: u32 = 0
  for (let i: u32 = 0; i < count; i++) done += u32(bind(first + <usize>((i & mask) * stride), program, callback) === 0)
  leave(section)
  return done
}

/** Binds, starts and cancels `count` times. */
export function set_start_cancel(
  first: usize,
  stride: u32,
  mask: u32,
  count: u32,
  expiry: u64,
  program: usize,
  callback: usize,
): u32 {
  const section = enter()
  let done: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const timer = first + <usize>((i & mask) * stride)
    bind(timer, program, callback)
    start(timer, expiry)
    done += u32(cancel(timer) === 1)
  }
  leave(section)
  return done
}
