// One turn of a CPU between programs: inbox, expired timers (at most 64, so that a storm of timers leaves room for a
// program run and an inbox drain [H24]), one work, reclaim. Outermost code; called by cpu_loop and by the host.
import { POLL_MORE } from '../abi'
import { UNIT_SHIFT } from '../async/state'
import { cpu, cpuNow, freshNow } from '../cpu'
import { peek64 } from '../door'
import { CPU_NOW } from '../layout'
import { settleReservations } from '../map/ring'
import { deferredPending } from '../memory/deferred'
import { sectionEnter, sectionExit } from '../memory/section'
import { inboxPending } from '../queue/inbox'
import { timerQueueDue, timerQueueMayBeDue, timerQueueNext } from '../queue/timer-queue'
import { NO_EXPIRY } from '../queue/wheel'
import { workListFirst } from '../queue/work-list'
import { drain } from './drain'
import { fire } from './fire'
import { reclaim } from './reclaim'

/** Callbacks per turn, and entries that may be looked at and put back for their own time. */
const CALLBACKS = 64
const ENTRIES = 256
/** The clock is read again after so many entries: how late a callback began is told by the last reading. */
const ENTRIES_PER_READING = 16

// Fires what is due by the CPU's last reading of the clock, which callbacks make too unless nothing in them uses `now`:
// it is never ahead of the clock, so nothing fires early.
function fireDue(): bool {
  let callbacks = 0
  for (let entries = 0; entries < ENTRIES && callbacks < CALLBACKS; entries++) {
    if (entries % ENTRIES_PER_READING === 0) freshNow()
    const entry = timerQueueDue(peek64(cpu() + CPU_NOW) >> UNIT_SHIFT)
    if (entry === 0) return false
    if (fire(entry)) callbacks++
  }
  return true
}

// Runs the work that has waited longest. Inside a section.
function fireWork(): void {
  const work = workListFirst()
  if (work !== 0) fire(work)
}

/** The same by itself: what a program has just queued need not wait for a whole turn. Outside any section. */
export function runWork(): void {
  if (workListFirst() === 0) return
  const outermost = sectionEnter()
  fireWork()
  sectionExit(outermost)
  settleReservations()
}

/** One turn. POLL_MORE if something can be done at once, else 0. */
export function cpu_poll(): i32 {
  const outermost = sectionEnter()
  drain()
  let more = fireDue()
  fireWork()
  sectionExit(outermost)
  settleReservations()
  reclaim()
  more = more || workListFirst() !== 0 || inboxPending()
  return more ? POLL_MORE : 0
}

/** Nanoseconds (machine time) before which no timer of this CPU is due; Infinity if there is none. */
export function cpu_next_expiry(): f64 {
  const units = timerQueueNext()
  return units === NO_EXPIRY ? Infinity : <f64>(units << UNIT_SHIFT)
}

/** 1 if a poll would find nothing to do: no inbox bit, no work, no timer due by this CPU's `now`. */
export function cpu_idle(): i32 {
  if (inboxPending() || workListFirst() !== 0) return 0
  return timerQueueMayBeDue(cpuNow() >> UNIT_SHIFT) ? 0 : 1
}

/** 1 while objects wait for a grace period on this CPU. */
export function cpu_reclaim_pending(): i32 {
  return deferredPending() ? 1 : 0
}
