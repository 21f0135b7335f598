// A small workqueue: one list under one lock (interrupts off), workers on every CPU, no item runs twice at a time.
// Called by the specimens and poll.ts. Invariant: an item is in the list exactly while it is pending.
import { cpuCount } from '../../cpu'
import { load32, peek32, poke32, retry, store32, waitWhile32 } from '../../door'
import {
  CPU_CURRENT_WORK,
  SPECIMENS,
  SPECIMENS_WORK_FIRST,
  SPECIMENS_WORK_LAST,
  SPECIMENS_WORK_LOCK,
  WORK_NEXT,
  WORK_PENDING,
} from '../layout'
import { here, interruptsOff, lock, restoreInterrupts, specimenCpu, unlock } from './lock'

const LOCK: usize = SPECIMENS + SPECIMENS_WORK_LOCK
const FIRST: usize = SPECIMENS + SPECIMENS_WORK_FIRST
const LAST: usize = SPECIMENS + SPECIMENS_WORK_LAST

/** Queues an item (schedule_work); nothing if it is pending. */
export function queueWork(item: usize): void {
  if (load32(item + WORK_PENDING) !== 0) return
  const interrupts = interruptsOff()
  lock(LOCK)
  if (load32(item + WORK_PENDING) === 0) {
    store32(item + WORK_PENDING, 1)
    poke32(item + WORK_NEXT, 0)
    const last = <usize>peek32(LAST)
    if (last !== 0) poke32(last + WORK_NEXT, <u32>item)
    else poke32(FIRST, <u32>item)
    poke32(LAST, <u32>item)
  }
  unlock(LOCK)
  restoreInterrupts(interrupts)
}

// The CPU that runs the item, or -1.
function runner(item: usize): i32 {
  const count = cpuCount()
  for (let cpu: u32 = 0; cpu < count; cpu++)
    if (load32(specimenCpu(cpu) + CPU_CURRENT_WORK) === <u32>item) return <i32>cpu
  return -1
}

function unlink(previous: usize, item: usize): void {
  const next = peek32(item + WORK_NEXT)
  if (previous !== 0) poke32(previous + WORK_NEXT, next)
  else poke32(FIRST, next)
  if (next === 0) poke32(LAST, <u32>previous)
  store32(item + WORK_PENDING, 0)
}

// Takes the item off the list if it is there; the lock is held.
function takeOff(item: usize): bool {
  let previous: usize = 0
  let at = <usize>peek32(FIRST)
  while (at !== 0 && at !== item) {
    previous = at
    at = <usize>peek32(at + WORK_NEXT)
  }
  if (at === 0) return false
  unlink(previous, item)
  return true
}

/** Takes the first item that runs nowhere and marks it as running here; 0 if there is none. */
export function takeWork(): usize {
  const interrupts = interruptsOff()
  lock(LOCK)
  let previous: usize = 0
  let item = <usize>peek32(FIRST)
  while (item !== 0 && runner(item) >= 0) {
    previous = item
    item = <usize>peek32(item + WORK_NEXT)
  }
  if (item !== 0) {
    store32(here() + CPU_CURRENT_WORK, <u32>item)
    unlink(previous, item)
  }
  unlock(LOCK)
  restoreInterrupts(interrupts)
  return item
}

/** The item that takeWork gave has ended. It is not touched: it may be gone. */
export function workDone(): void {
  store32(here() + CPU_CURRENT_WORK, 0)
}

/** Takes the item off the list without waiting (cancel_work): 1 was pending; 0 was not; -1 was not, and it runs. */
export function cancelWork(item: usize): i32 {
  const interrupts = interruptsOff()
  lock(LOCK)
  const pending = takeOff(item)
  const running = runner(item) >= 0
  unlock(LOCK)
  restoreInterrupts(interrupts)
  return pending ? 1 : running ? -1 : 0
}

/** Takes the item off the list and waits until it runs nowhere (cancel_work_sync). */
export function cancelWork_sync(item: usize): void {
  while (true) {
    retry()
    const interrupts = interruptsOff()
    lock(LOCK)
    takeOff(item)
    const cpu = runner(item)
    unlock(LOCK)
    restoreInterrupts(interrupts)
    if (cpu < 0) return
    waitWhile32(specimenCpu(<u32>cpu) + CPU_CURRENT_WORK, <u32>item)
  }
}
