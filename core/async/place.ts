// Placing and asking: one control block has at most one queue entry, on one CPU. Owns CB_QUEUED.
// The word {deadline | owner + 1} is claimed from 0 by compare-and-exchange; afterwards only its owner writes it.
// Anyone may ask the owner to look (post); nested code never claims, it asks its own CPU [H21].
import { KIND_WORK } from '../abi'
import { compareExchange64, glance32, load64, peek32, store64 } from '../door'
import { CB_KIND, CB_PLACE, CB_QUEUED, CB_STAMP, CB_STATE } from '../layout'
import { cpuIndex } from '../cpu'
import { post } from '../queue/inbox'
import { PLACE_NONE, PLACE_WORK, timerQueueInsert, timerQueueRemove } from '../queue/timer-queue'
import { workListInsert, workListRemove } from '../queue/work-list'
import { controlBlockPut, controlBlockTryGet } from './control-block'
import { isFreed } from './state'

const OWNER_BITS: u64 = 8
const OWNER: u64 = 255

/** The queued word of an entry at `deadline` on CPU `owner`. */
export function queuedOn(deadline: u64, owner: u32): u64 {
  return (deadline << OWNER_BITS) | (<u64>(owner + 1))
}

/** CPU that holds the entry of a queued word that is not 0. */
export function queuedOwner(queued: u64): u32 {
  return <u32>(queued & OWNER) - 1
}

/** Deadline of the entry. */
export function queuedDeadline(queued: u64): u64 {
  return queued >> OWNER_BITS
}

function link(block: usize, deadline: u64): void {
  if (peek32(block + CB_KIND) === KIND_WORK) workListInsert(block)
  else timerQueueInsert(block, deadline, glance32(block + CB_STAMP))
}

/** Takes the entry out of this CPU's queues; the queued word and its reference stay with the caller. */
export function unlink(block: usize): void {
  const place = peek32(block + CB_PLACE)
  if (place === PLACE_WORK) workListRemove(block)
  else if (place !== PLACE_NONE) timerQueueRemove(block)
}

/** Gives up this CPU's entry: unlinked, queued word cleared, its reference dropped. */
export function unplace(block: usize): void {
  unlink(block)
  store64(block + CB_QUEUED, 0)
  controlBlockPut(block)
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
    link(block, deadline)
    if (isFreed(load64(block + CB_STATE))) unplace(block)
    return
  }
  if (queuedOwner(before) !== me) post(block, queuedOwner(before))
  else if (deadline < queuedDeadline(before)) {
    unlink(block)
    store64(block + CB_QUEUED, queuedOn(deadline, me))
    link(block, deadline)
  }
  controlBlockPut(block)
}
