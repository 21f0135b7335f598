// The life of a worker CPU: poll, serve the host's run request, sleep until the bell or the next expiry.
// Called by the worker thread; returns when the host wants its JavaScript to do something (CPU_CONTROL).
// Invariant [H37]: the bell is read before the last look at inbox, request and control word, and the CPU sleeps on the
// value that was read: a ring in between ends the sleep before it begins.
import { LOOP_CONTROL, POLL_MORE, REQUEST_AWAITED, REQUEST_DONE, REQUEST_RUN } from '../abi'
import { cpu, freshNow } from '../cpu'
import { exchange32, load32, peek32, peek64, poke32, sleep, store32, wake } from '../door'
import {
  CPU_BELL,
  CPU_CONTROL,
  CPU_NOW,
  CPU_REQUEST,
  CPU_REQUEST_CONTEXT,
  CPU_REQUEST_CONTEXT_ADDRESS,
  CPU_REQUEST_PROGRAM,
  CPU_REQUEST_REPEAT,
  CPU_REQUEST_RESULT,
  CPU_SLEEPING,
  CPU_SPIN,
} from '../layout'
import { inboxPending } from '../queue/inbox'
import { learnMargin, MARGIN, marginOf } from './margin'
import { cpu_next_expiry, cpu_poll, cpu_reclaim_pending, runWork } from './poll'
import { program_run_repeat } from './program-run'

/** CPU_SPIN of a CPU that never sleeps. */
const SPIN_ALWAYS: i64 = 0xffffffff
/** What sleep() answers when its time was over. */
const TIMED_OUT = 2
/** While objects wait for a grace period, look again after this time (ns). */
const RECLAIM_INTERVAL: i64 = 1_000_000

function asked(): bool {
  const request = load32(cpu() + CPU_REQUEST)
  return request === REQUEST_RUN || request === REQUEST_AWAITED
}

// Runs what the host asked for, if anything. Arguments were written before the request word. Work that the program has queued
// comes between the answer, which a host that looks sees at once, and the wake-up of one that sleeps, which takes longer than
// most work; the host does not rely on it: it looks by itself from time to time, so that long work does not hold it up.
function serve(): bool {
  const area = cpu()
  if (!asked()) return false
  const result = program_run_repeat(
    <usize>peek32(area + CPU_REQUEST_PROGRAM),
    peek32(area + CPU_REQUEST_CONTEXT_ADDRESS),
    peek32(area + CPU_REQUEST_CONTEXT),
    peek32(area + CPU_REQUEST_REPEAT),
  )
  poke32(area + CPU_REQUEST_RESULT, result)
  const awaited = exchange32(area + CPU_REQUEST, REQUEST_DONE) === REQUEST_AWAITED
  runWork()
  if (awaited) wake(area + CPU_REQUEST)
  return true
}

function wanted(): bool {
  return asked() || load32(cpu() + CPU_CONTROL) !== 0 || inboxPending()
}

// Nanoseconds until the next timer is due; -1 none.
function untilExpiry(): i64 {
  const next = cpu_next_expiry()
  if (next === Infinity) return -1
  const now = freshNow()
  return <u64>next <= now ? 0 : <i64>(<u64>next - now)
}

// A sleep ends late: it is to end a margin before the deadline, and the rest is spent awake. A CPU that never spins (`wait:
// 'sleep'`) has always the same margin.
function rest(): void {
  const area = cpu()
  let left = untilExpiry()
  const spin = <i64>peek32(area + CPU_SPIN)
  const begin = freshNow()
  const bell = load32(area + CPU_BELL)
  let margin = MARGIN
  while (true) {
    if (left >= 0) {
      if (spin !== 0) margin = marginOf(left)
      // Near a deadline a sleep would end too late: the caller polls again at once.
      if (left <= margin) return
    }
    if (wanted()) return
    if (<i64>(freshNow() - begin) >= spin && spin !== SPIN_ALWAYS) break
    if (left >= 0) left = untilExpiry()
  }
  store32(area + CPU_SLEEPING, 1)
  let timedOut = false
  let time = left < 0 ? left : left - margin
  if (!wanted() && load32(area + CPU_BELL) === bell) {
    if (cpu_reclaim_pending() !== 0 && (time < 0 || time > RECLAIM_INTERVAL)) time = RECLAIM_INTERVAL
    timedOut = sleep(area + CPU_BELL, bell, time) === TIMED_OUT
  }
  store32(area + CPU_SLEEPING, 0)
  if (!timedOut || spin === 0 || left < 0 || time !== left - margin) return
  const asleep = peek64(area + CPU_NOW)
  learnMargin(left, <i64>(freshNow() - asleep) - time)
  left = untilExpiry()
  while (left > 0 && left <= margin && !wanted()) left = untilExpiry()
}

/** Serves this CPU until the host sets CPU_CONTROL; LOOP_CONTROL. */
export function cpu_loop(): i32 {
  const area = cpu()
  while (true) {
    const more = cpu_poll()
    if (load32(area + CPU_CONTROL) !== 0) return LOOP_CONTROL
    if (!serve() && more !== POLL_MORE) rest()
  }
}
