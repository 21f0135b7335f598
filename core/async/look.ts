// Looking: a CPU was asked about a control block and restores the rule "armed means queued early enough, here or where
// it is pinned". Outermost code of the owner, inside a section (run/drain.ts). The inbox bit was cleared before.
import { load64 } from '../door'
import { cpuIndex } from '../cpu'
import { CB_QUEUED, CB_STATE } from '../layout'
import { queuedDeadline, queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { controlBlockPut, controlBlockPutLast } from './control-block'
import { place, unplace } from './place'
import { ANY_CPU, deadlineOf, isArmed, isFreed, NEVER, targetOf } from './state'

/** One look; bounded. Looking once too often, also at a recycled block, changes nothing. */
export function look(block: usize): void {
  const me = cpuIndex()
  const queued = load64(block + CB_QUEUED)
  const state = load64(block + CB_STATE)
  const mine = queued !== 0 && queuedOwner(queued) === me
  if (isFreed(state)) {
    if (mine) {
      unplace(block)
      controlBlockPutLast(block, 1)
    }
    return
  }
  if (!isArmed(state)) return
  const deadline = deadlineOf(state)
  if (deadline === NEVER) return
  const target = targetOf(state)
  const elsewhere = target !== ANY_CPU && target !== me
  if (mine) {
    if (elsewhere) {
      unplace(block)
      post(block, target)
      controlBlockPut(block)
    } else if (deadline < queuedDeadline(queued)) place(block, deadline)
  } else if (queued === 0) {
    if (elsewhere) post(block, target)
    else place(block, deadline)
  } else if (target === me || deadline < queuedDeadline(queued)) post(block, queuedOwner(queued))
}
