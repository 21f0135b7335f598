// A small hrtimer: one base per CPU, its lock (interrupts off), a list in order of expiry, the timer whose callback
// runs.
// Start moves a timer to the calling CPU unless its callback is running elsewhere. Called by the specimens and poll.ts.
// Invariant: links, expiry, `queued` and `running` change under the lock of the base that the timer names; TIMER_BASE
// is MIGRATING while a start moves it, and whoever wants its lock waits for the end of that.
import { cpuIndex, readClock } from '../../cpu'
import { add32, load32, peek32, peek64, poke32, poke64, retry, store32, waitWhile32 } from '../../door'
import {
  BASE_FIRST,
  BASE_LAST,
  BASE_LOCK,
  BASE_RUNNING,
  BASE_SEQUENCE,
  TIMER_BASE,
  TIMER_EXPIRES,
  TIMER_NEXT,
  TIMER_PREVIOUS,
  TIMER_QUEUED,
} from '../layout'
import { here, interruptsOff, lock, restoreInterrupts, specimenCpu, unlock } from './lock'

const MIGRATING: u32 = 0xffffffff
const NEVER: u64 = <u64>i64.MAX_VALUE

/** Locks the base that the timer names; returns the CPU. */
function lockBase(timer: usize): u32 {
  while (true) {
    retry()
    const cpu = load32(timer + TIMER_BASE)
    if (cpu === MIGRATING) {
      waitWhile32(timer + TIMER_BASE, MIGRATING)
      continue
    }
    lock(specimenCpu(cpu) + BASE_LOCK)
    if (load32(timer + TIMER_BASE) === cpu) return cpu
    unlock(specimenCpu(cpu) + BASE_LOCK)
  }
}

function unlink(base: usize, timer: usize): void {
  const next = <usize>peek32(timer + TIMER_NEXT)
  const previous = <usize>peek32(timer + TIMER_PREVIOUS)
  if (previous !== 0) poke32(previous + TIMER_NEXT, <u32>next)
  else poke32(base + BASE_FIRST, <u32>next)
  if (next !== 0) poke32(next + TIMER_PREVIOUS, <u32>previous)
  else poke32(base + BASE_LAST, <u32>previous)
}

function link(base: usize, timer: usize): void {
  const expires = peek64(timer + TIMER_EXPIRES)
  let before = <usize>peek32(base + BASE_LAST)
  while (before !== 0 && peek64(before + TIMER_EXPIRES) > expires) before = <usize>peek32(before + TIMER_PREVIOUS)
  const next = before !== 0 ? <usize>peek32(before + TIMER_NEXT) : <usize>peek32(base + BASE_FIRST)
  poke32(timer + TIMER_PREVIOUS, <u32>before)
  poke32(timer + TIMER_NEXT, <u32>next)
  if (before !== 0) poke32(before + TIMER_NEXT, <u32>timer)
  else poke32(base + BASE_FIRST, <u32>timer)
  if (next !== 0) poke32(next + TIMER_PREVIOUS, <u32>timer)
  else poke32(base + BASE_LAST, <u32>timer)
}

/** Arms or re-arms; `absolute`: nsecs is the expiry, else it counts from now. */
export function hrtimerStart(timer: usize, nsecs: u64, absolute: bool): void {
  const interrupts = interruptsOff()
  let cpu = lockBase(timer)
  let base = specimenCpu(cpu)
  const queued = load32(timer + TIMER_QUEUED) !== 0
  if (queued) unlink(base, timer)
  if (cpu !== cpuIndex() && load32(base + BASE_RUNNING) !== <u32>timer) {
    // A timer that was queued stays "queued" while it moves, so that nobody takes it for idle.
    store32(timer + TIMER_BASE, MIGRATING)
    unlock(base + BASE_LOCK)
    cpu = cpuIndex()
    base = here()
    lock(base + BASE_LOCK)
    store32(timer + TIMER_BASE, cpu)
  }
  const time = absolute ? 0 : readClock()
  const sum = time + nsecs
  poke64(timer + TIMER_EXPIRES, sum > NEVER || sum < time ? (absolute ? 0 : NEVER) : sum)
  link(base, timer)
  if (!queued) store32(timer + TIMER_QUEUED, 1)
  unlock(base + BASE_LOCK)
  restoreInterrupts(interrupts)
}

// Whether the timer is queued or its callback runs; without the lock.
function active(timer: usize): bool {
  while (true) {
    retry()
    const cpu = load32(timer + TIMER_BASE)
    if (cpu === MIGRATING) {
      if (load32(timer + TIMER_QUEUED) !== 0) return true
      if (load32(timer + TIMER_BASE) === MIGRATING) return false
      continue
    }
    const base = specimenCpu(cpu)
    const sequence = load32(base + BASE_SEQUENCE)
    if (load32(timer + TIMER_QUEUED) !== 0 || load32(base + BASE_RUNNING) === <u32>timer) return true
    if (load32(base + BASE_SEQUENCE) === sequence && load32(timer + TIMER_BASE) === cpu) return false
  }
}

/**
 * 1: was queued and is not any more; 0: was idle; -1: its callback runs, nothing was changed. Never waits for a
 * callback.
 */
export function hrtimerTryToCancel(timer: usize): i32 {
  if (!active(timer)) return 0
  const interrupts = interruptsOff()
  const base = specimenCpu(lockBase(timer))
  let result = 0
  if (load32(base + BASE_RUNNING) === <u32>timer) result = -1
  else if (load32(timer + TIMER_QUEUED) !== 0) {
    unlink(base, timer)
    store32(timer + TIMER_QUEUED, 0)
    result = 1
  }
  unlock(base + BASE_LOCK)
  restoreInterrupts(interrupts)
  return result
}

/** Cancels, and waits for a running callback: 1 was queued, 0 was not. */
export function hrtimerCancel_sync(timer: usize): i32 {
  while (true) {
    retry()
    const result = hrtimerTryToCancel(timer)
    if (result >= 0) return result
    const cpu = load32(timer + TIMER_BASE)
    if (cpu !== MIGRATING) waitWhile32(specimenCpu(cpu) + BASE_RUNNING, <u32>timer)
  }
}

/** Takes the first timer of this CPU that is due and marks its callback as running; 0 if none is. */
export function hrtimerExpire(): usize {
  const base = here()
  const interrupts = interruptsOff()
  lock(base + BASE_LOCK)
  let timer = <usize>peek32(base + BASE_FIRST)
  if (timer !== 0 && peek64(timer + TIMER_EXPIRES) > readClock()) timer = 0
  if (timer !== 0) {
    store32(base + BASE_RUNNING, <u32>timer)
    add32(base + BASE_SEQUENCE, 2)
    unlink(base, timer)
    store32(timer + TIMER_QUEUED, 0)
  }
  unlock(base + BASE_LOCK)
  restoreInterrupts(interrupts)
  return timer
}

/** The callback of the timer that hrtimerExpire took has ended. The timer is not touched: it may be gone. */
export function hrtimerDone(): void {
  const base = here()
  const interrupts = interruptsOff()
  lock(base + BASE_LOCK)
  add32(base + BASE_SEQUENCE, 2)
  store32(base + BASE_RUNNING, 0)
  unlock(base + BASE_LOCK)
  restoreInterrupts(interrupts)
}
