// The life of a worker CPU: poll, serve the host's run request, sleep until the bell or the next expiry.
// Called by the worker thread; returns when the host wants its JavaScript to do something (CPU_CONTROL).
// Invariant [H37]: the bell is read before the last look at inbox, request and control word, and the CPU sleeps on the
// value that was read: a ring in between ends the sleep before it begins.
import { LOOP_CONTROL, POLL_MORE, REQUEST_AWAITED, REQUEST_DONE, REQUEST_RUN } from '../abi'
import { cpu, freshNow } from '../cpu'
import { exchange32, load32, peek32, poke32, sleep, store32, wake } from '../door'
import {
  CPU_BELL,
  CPU_CONTROL,
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
import { cpu_next_expiry, cpu_poll, cpu_reclaim_pending, runWork } from './poll'
import { program_run_repeat } from './program-run'

/** A timed sleep ends up to so much late (ns): sleep shorter and spin the rest. */
const OVERSHOOT: i64 = 90_000
/** While objects wait for a grace period, look again after this time (ns). */
const RECLAIM_INTERVAL: i64 = 1_000_000

function asked(): bool {
  const request = load32(cpu() + CPU_REQUEST)
  return request === REQUEST_RUN || request === REQUEST_AWAITED
}

// Runs what the host asked for, if anything. Arguments were written before the request word. A host that sleeps is woken at
// once; one that looks needs no wake-up, which takes longer than most work. Then comes work that the program has queued: it
// need not wait for a whole turn.
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
  if (exchange32(area + CPU_REQUEST, REQUEST_DONE) === REQUEST_AWAITED) wake(area + CPU_REQUEST)
  runWork()
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

function rest(): void {
  const area = cpu()
  let left = untilExpiry()
  const spin = <i64>peek32(area + CPU_SPIN)
  const begin = freshNow()
  const bell = load32(area + CPU_BELL)
  while (left < 0 || left > OVERSHOOT) {
    if (wanted()) return
    if (<i64>(freshNow() - begin) >= spin) break
    if (left >= 0) left = untilExpiry()
  }
  // Near a deadline a sleep would overshoot: the caller polls again at once.
  if (left >= 0 && left <= OVERSHOOT) return
  store32(area + CPU_SLEEPING, 1)
  if (!wanted() && load32(area + CPU_BELL) === bell) {
    let time = left < 0 ? left : left - OVERSHOOT
    if (cpu_reclaim_pending() !== 0 && (time < 0 || time > RECLAIM_INTERVAL)) time = RECLAIM_INTERVAL
    sleep(area + CPU_BELL, bell, time)
  }
  store32(area + CPU_SLEEPING, 0)
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
