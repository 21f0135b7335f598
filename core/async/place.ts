// Placing and asking: one control block has at most one queue entry, on one CPU. Owns CB_QUEUED.
// The word {deadline | owner + 1} is claimed from 0 by compare-and-exchange; afterwards only its owner writes it.
// Anyone may ask the owner to look (post); nested code never claims, it asks its own CPU [H21].
import { KIND_WORK } from '../abi'
import { compareExchange64, glance32, load64, peek16, store64 } from '../door'
import { CB_PLACE, CB_QUEUED, CB_STAMP, CB_STATE } from '../layout'
import { cpuIndex } from '../cpu'
import { queuedDeadline, queuedOn, queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { PLACE_NONE, PLACE_WORK, timerQueueInsert, timerQueueRemove } from '../queue/timer-queue'
import { workListInsert, workListRemove } from '../queue/work-list'
import { controlBlockPut, controlBlockPutLast, controlBlockTryGet } from './control-block'
import { kindOf } from './owner'
import { isFreed } from './state'

function link(block: usize): void {
  if (kindOf(block) === KIND_WORK) workListInsert(block)
  else timerQueueInsert(block, glance32(block + CB_STAMP))
}

/** Takes the entry out of this CPU's queues; the queued word and its reference stay with the caller. */
export function unlink(block: usize): void {
  const place = <u32>peek16(block + CB_PLACE)
  if (place === PLACE_WORK) workListRemove(block)
  else if (place !== PLACE_NONE) timerQueueRemove(block)
}

/** Gives up this CPU's entry: unlinked, queued word cleared; the caller drops its reference. */
export function unplace(block: usize): void {
  unlink(block)
  store64(block + CB_QUEUED, 0)
}

/**
 * Sees to an entry at or before `deadline`: claims one here, moves this CPU's own, or asks the CPU that has it.
 * Outermost code only. The reference is taken before the claim; the state is read after it, so that a free which found
 * no entry is met by a claim that finds FREED [H11].
 */
export function place(block: usize, deadline: u64): void {
  if (!controlBlockTryGet(block)) return
  const me = cpuIndex()
  const before = compareExchange64(block + CB_QUEUED, 0, queuedOn(deadline, me))
  if (before === 0) {
    link(block)
    if (isFreed(load64(block + CB_STATE))) {
      unplace(block)
      controlBlockPutLast(block, 1)
    }
    return
  }
  if (queuedOwner(before) !== me) post(block, queuedOwner(before))
  else if (deadline < queuedDeadline(before)) {
    unlink(block)
    store64(block + CB_QUEUED, queuedOn(deadline, me))
    link(block)
  }
  controlBlockPut(block)
}
