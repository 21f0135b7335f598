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
const SPIN_ALWAYS: u64 = 0xffffffff
/**
 * Looks between two readings of the clock, at least and at most; a time (ns) beyond which it does not matter how long.
 */
const FEW_LOOKS: u64 = 8
const MANY_LOOKS: u64 = 8192
const LONG_WATCH: u64 = 1_000_000
/** What sleep() answers when its time was over. */
const TIMED_OUT = 2
/** While objects wait for a grace period, look again after this time (ns). */
const RECLAIM_INTERVAL: i64 = 1_000_000

function asked(): bool {
  const request = load32(cpu() + CPU_REQUEST)
  return request === REQUEST_RUN || request === REQUEST_AWAITED
}

// Runs what the host asked for, if anything. Arguments were written before the request word. Work that the program has
// queued comes between the answer, which a host that looks sees at once, and the wake-up of one that sleeps, which
// takes longer than most work; the host does not rely on it: it looks by itself from time to time, so that long work
// does not hold it up.
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

// Looks for what others want until machine time `until` (ns); true if there is something. A reading of the clock calls
// JavaScript, takes as long as many looks, and leaves garbage where V8 has not optimised it yet, whose collection (0.1
// ms and more) would come while a CPU waits for a deadline: so it looks, by the pace of its last looks, for half of the
// time that is left before it reads the clock again.
function watch(until: u64): bool {
  let looks = FEW_LOOKS
  let now = freshNow()
  while (now < until) {
    for (let look: u64 = 0; look < looks; look++) if (wanted()) return true
    const before = now
    now = freshNow()
    if (now >= until) return false
    const half = min<u64>(until - now, LONG_WATCH) >> 1
    looks = min<u64>(MANY_LOOKS, max<u64>(FEW_LOOKS, (looks * half) / max<u64>(now - before, 1)))
  }
  return false
}

// Stays awake for as long as the host has told; true if that was enough. Nothing but this CPU changes its queue.
function stayAwake(expiry: u64): bool {
  const spin = <u64>peek32(cpu() + CPU_SPIN)
  if (spin === 0) return false
  const now = freshNow()
  let until = spin === SPIN_ALWAYS ? u64.MAX_VALUE : now + spin
  if (cpu_reclaim_pending() !== 0) until = min<u64>(until, now + <u64>RECLAIM_INTERVAL)
  return watch(min<u64>(until, expiry)) || spin === SPIN_ALWAYS || peek64(cpu() + CPU_NOW) >= expiry
}

// A sleep ends late: it is to end a margin before the deadline, and the rest is spent awake. A CPU that never spins
// (`wait: 'sleep'`) has always the same margin.
function rest(): void {
  const area = cpu()
  const next = cpu_next_expiry()
  const expiry = next === Infinity ? u64.MAX_VALUE : <u64>next
  const bell = load32(area + CPU_BELL)
  if (stayAwake(expiry)) return
  const now = freshNow()
  const left: i64 = next === Infinity ? -1 : expiry <= now ? 0 : <i64>(expiry - now)
  const spin = peek32(area + CPU_SPIN)
  const margin = spin === 0 || left < 0 ? MARGIN : marginOf(left)
  if (left >= 0 && left <= margin) {
    watch(expiry)
    return
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
  watch(expiry)
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
