// start: arms a timer or work. Any context, bounded, never waits. Armed implies bound: only a generation that is bound
// can be armed [H38]. In the common case (an armed timer moves to later) no queue, no reference and no other CPU is
// touched.
import { EINVAL, ENOENT } from '../abi'
import { compareExchange64, load64, note32 } from '../door'
import { cpuIndex, nested } from '../cpu'
import { CB_BINDING, CB_QUEUED, CB_STAMP, CB_STATE } from '../layout'
import { queuedDeadline, queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { nextStamp } from '../queue/stamp'
import { isBound } from './binding'
import { place } from './place'
import { slotRelease } from './slot'
import { ANY_CPU, armed, armedAlike, generationOf, idle, isFreed, NEVER, startedBetween } from './state'

/**
 * Rounds against what can happen without another start: a run ends, a repair unpins, a firing begins and ends [H25].
 */
const ROUNDS = 5
/** A run ends, a repair unpins. */
const BACK_ROUNDS = 3

/**
 * The rule "armed means queued early enough": asks or places, as little as possible. `queued`: CB_QUEUED, read when the
 * block was armed.
 */
export function ensureQueued(block: usize, deadline: u64, pinned: bool, queued: u64): void {
  const me = cpuIndex()
  if (queued !== 0) {
    const owner = queuedOwner(queued)
    if (queuedDeadline(queued) <= deadline && (!pinned || owner === me)) return
    if (owner !== me) {
      post(block, owner)
      return
    }
  }
  if (nested()) post(block, me)
  else place(block, deadline)
}

/**
 * Takes an arming back: the state then, 0 if it is not there any more. Meanwhile the run that went on may end, and a
 * repair may unpin it: neither takes it away.
 */
function disarmed(block: usize, mine: u64): u64 {
  for (let round = 0; round < BACK_ROUNDS; round++) {
    const state = idle(mine, generationOf(mine))
    const before = compareExchange64(block + CB_STATE, mine, state)
    if (before === mine) return state
    if (!armedAlike(mine, before)) return 0
    mine = before
  }
  return 0
}

// The number of a start on this CPU, left in the block before it is read: the exchange waits until every store before
// it has left the CPU, and this one leaves while the reads are under way. It is advice: a start that fails leaves it
// too.
function leaveStamp(block: usize): u32 {
  const stamp = nextStamp()
  note32(block + CB_STAMP, stamp)
  return stamp
}

/**
 * The rounds of a start, from where it is: it has read `state`, and if `before` is another word, has found that one
 * when it exchanged what it had read.
 */
export function goOn(slot: usize, block: usize, stamp: u32, state: u64, before: u64, deadline: u64, pinned: bool): i32 {
  const target = pinned ? cpuIndex() : ANY_CPU
  for (let round = 0; round < ROUNDS; round++) {
    if (before === state) {
      if (isFreed(state)) {
        slotRelease(slot, block)
        return -ENOENT
      }
      if (!isBound(load64(block + CB_BINDING), state)) return -EINVAL
      const mine = armed(state, deadline, target)
      before = compareExchange64(block + CB_STATE, state, mine)
      if (before === state) {
        // Eight cancels inside this call would bring the same generation back, unbound: take the arming back then, and
        // look once more, for whoever has bound it meanwhile may have started it for this very deadline.
        if (!isBound(load64(block + CB_BINDING), mine)) {
          state = disarmed(block, mine)
          if (state === 0) return 0
          before = state
          continue
        }
        if (deadline !== NEVER) ensureQueued(block, deadline, pinned, load64(block + CB_QUEUED))
        return 0
      }
    }
    if (generationOf(before) !== generationOf(state)) return -EINVAL
    // Another start came in between: ours was just before it (also if that one's arming was freed since).
    if (startedBetween(state, before)) return 0
    state = before
    note32(block + CB_STAMP, stamp)
  }
  return 0
}

/**
 * Arms the control block `block`, which was read in `slot`, for `deadline` (units, or NEVER). Inside a section.
 * 0, -EINVAL (no callback bound), -ENOENT (being freed).
 */
export function asyncStart(slot: usize, block: usize, deadline: u64, pinned: bool): i32 {
  const stamp = leaveStamp(block)
  const state = load64(block + CB_STATE)
  return goOn(slot, block, stamp, state, state, deadline, pinned)
}

/** A start whose arming, `mine`, was found unbound: takes it back and goes on. */
export function takeBack(slot: usize, block: usize, stamp: u32, mine: u64, deadline: u64): i32 {
  const state = disarmed(block, mine)
  return state === 0 ? 0 : goOn(slot, block, stamp, state, state, deadline, false)
}

/**
 * asyncStart for `deadline` (not NEVER) on any CPU: the same steps, of which those that mostly suffice stand here,
 * where they are compiled in place. Whatever else comes is left to the functions above, which are called.
 */
export function asyncStartAtOnce(slot: usize, block: usize, deadline: u64): i32 {
  const stamp = leaveStamp(block)
  const state = load64(block + CB_STATE)
  let before = state
  if (!isFreed(state)) {
    if (!isBound(load64(block + CB_BINDING), state)) return -EINVAL
    const mine = armed(state, deadline, ANY_CPU)
    before = compareExchange64(block + CB_STATE, state, mine)
    if (before === state) {
      if (!isBound(load64(block + CB_BINDING), mine)) return takeBack(slot, block, stamp, mine, deadline)
      const queued = load64(block + CB_QUEUED)
      if (queued === 0 || queuedDeadline(queued) > deadline) ensureQueued(block, deadline, false, queued)
      return 0
    }
  }
  return goOn(slot, block, stamp, state, before, deadline, false)
}
