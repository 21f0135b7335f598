// cancel and cancel_async. cancel_async is one `and`, any context. cancel_sync is the one function of the core that
// waits: for the callback run that was going on when the arming was taken, and for no later one [H12, H27].
import { EDEADLK, EINVAL, ENOENT, EOPNOTSUPP } from '../abi'
import { and64, compareExchange64, load32, load64, retry, waitWhile32 } from '../door'
import { nested } from '../cpu'
import { CB_BINDING, CB_STATE } from '../layout'
import { isBound } from './binding'
import { clearEdge, isOwnCallback, publishEdge, waitingClosesCycle } from './deadlock'
import { isKept, keep } from './kept'
import { slotTaken } from './slot'
import { generationOf, idle, isArmed, isFreed, runOf, WITHOUT_DEADLINE } from './state'

/** Disarms, keeps the binding: 1 was armed, -1 was not and its callback runs, 0 neither, -EINVAL, -ENOENT. */
export function asyncCancelAsync(slot: usize): i32 {
  const block = load32(slot)
  if (!slotTaken(block)) return -EINVAL
  const before = and64(<usize>block + CB_STATE, WITHOUT_DEADLINE)
  if (isFreed(before)) return -ENOENT
  if (isArmed(before)) return 1
  return runOf(before) !== 0 ? -1 : 0
}

// Waits until callback run `run` of the block has ended: the run number is gone or another one's.
function waitForRun_sync(block: usize, run: u32): void {
  while (true) {
    retry()
    const state = load64(block + CB_STATE)
    if (runOf(state) !== run) return
    waitWhile32(block + CB_STATE, <u32>state)
  }
}

/**
 * asyncCancel_sync of a block that is armed while no callback of it runs, in one try: 2, else 0, and nothing has
 * changed. The same steps, without what is for those that wait.
 */
export function cancelAtOnce(block: usize): i32 {
  const state = load64(block + CB_STATE)
  if (!isArmed(state) || isFreed(state) || runOf(state) !== 0 || nested()) return 0
  const binding = load64(block + CB_BINDING)
  if (compareExchange64(block + CB_STATE, state, idle(state, generationOf(state) + 1)) !== state) return 0
  if (!isKept(block, binding)) keep(block, binding)
  return 2
}

/**
 * Disarms, drops the binding and waits for the run of the callback that was going on, if any.
 * 1 was armed, 0 was not; -EINVAL; -EOPNOTSUPP in NMI; -EDEADLK (nothing changed) from the timer's own callback or if
 * waiting would close a cycle of callbacks that wait for each other [H9]. Inside a section.
 */
export function asyncCancel_sync(slot: usize): i32 {
  if (nested()) return -EOPNOTSUPP
  const block = <usize>load32(slot)
  if (!slotTaken(<u32>block)) return -EINVAL
  if (isOwnCallback(block)) return -EDEADLK
  while (true) {
    retry()
    const state = load64(block + CB_STATE)
    if (isFreed(state)) {
      clearEdge()
      return -EINVAL
    }
    const run = runOf(state)
    if (run !== 0 && publishEdge(block, run) && waitingClosesCycle(block)) {
      clearEdge()
      return -EDEADLK
    }
    // What is armed is bound, which the exchange makes certain; a look at the binding may be from eight cancels ago.
    const binding = load64(block + CB_BINDING)
    const bound = isArmed(state) || isBound(binding, state)
    const generation = generationOf(state)
    const next = idle(state, bound ? generation + 1 : generation)
    if (compareExchange64(block + CB_STATE, state, next) !== state) continue
    // First the run: it may not have read yet what it is to call (run/fire.ts).
    if (run !== 0) waitForRun_sync(block, run)
    clearEdge()
    if (bound) keep(block, binding)
    return isArmed(state) ? 1 : 0
  }
}
