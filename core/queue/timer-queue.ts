// The timer queue of one CPU: wheel for what is ahead, due list and due heap for what has been reached. Owner only,
// outermost code only; other CPUs and NMI code ask by post(). Invariant: entries leave in the order of {deadline,
// stamp}, for what is in the due list or heap comes before everything in the wheel: an entry gets there when the
// wheel's base has reached its slot.
import { cpu } from '../cpu'
import { glance32, note32, peek16, peek32, poke16, poke32 } from '../door'
import { valueAddress } from '../element'
import {
  CB_ELEMENT,
  CB_ENTRY_STAMP,
  CB_MAP,
  CB_NEXT,
  CB_PLACE,
  CPU_QUEUE_LENGTH,
  CPU_TOUCHED,
  OWNER_LOW,
} from '../layout'
import { before, dueFirst, dueInsert, dueRemove } from './due'
import { BATCH, batchAdd, batchEntry } from './due-batch'
import { entryDeadline } from './entry'
import { dueListAppend, dueListFirst, dueListRemove } from './due-list'
import {
  WHEEL_SHIFT,
  wheelBase,
  wheelInsert,
  wheelMoveBase,
  wheelNext,
  wheelNextDeadline,
  wheelRemove,
  wheelTake,
} from './wheel'

/**
 * CB_PLACE: in no queue of this CPU; in the due heap; in the work list; in the due list. Larger values: a slot of the
 * wheel.
 */
export const PLACE_NONE: u32 = 0
const PLACE_DUE: u32 = 1
export const PLACE_WORK: u32 = 2
const PLACE_DUE_LIST: u32 = 3

function linkDue(entry: usize): void {
  if (dueListAppend(entry)) {
    poke16(entry + CB_PLACE, <u16>PLACE_DUE_LIST)
    return
  }
  poke16(entry + CB_PLACE, <u16>PLACE_DUE)
  dueInsert(entry)
}

/** Links a control block whose queued word is written; `stamp` orders equal deadlines. */
export function timerQueueInsert(entry: usize, stamp: u32): void {
  poke32(entry + CB_ENTRY_STAMP, stamp)
  poke32(cpu() + CPU_QUEUE_LENGTH, peek32(cpu() + CPU_QUEUE_LENGTH) + 1)
  if (!wheelInsert(entry)) linkDue(entry)
}

/** Unlinks a control block that is linked here. */
export function timerQueueRemove(entry: usize): void {
  const place = <u32>peek16(entry + CB_PLACE)
  if (place === PLACE_DUE_LIST) dueListRemove(entry)
  else if (place === PLACE_DUE) dueRemove(entry)
  else wheelRemove(entry)
  poke16(entry + CB_PLACE, <u16>PLACE_NONE)
  poke32(cpu() + CPU_QUEUE_LENGTH, peek32(cpu() + CPU_QUEUE_LENGTH) - 1)
}

// The first entry that has been reached, or 0.
function first(): usize {
  const inList = dueListFirst()
  const inHeap = dueFirst()
  if (inList === 0) return inHeap
  return inHeap !== 0 && before(inHeap, inList) ? inHeap : inList
}

// Brings the value of an element whose timer has been reached into the cache, for its callback: these loads do not wait
// for each other, those of the callbacks would. The map is there: entries of freed blocks are in the inbox before its
// memory waits for a grace period, and a poll drains the inbox before it moves the wheel.
function touch(entry: usize): u32 {
  return glance32(valueAddress(<usize>(peek32(entry + CB_MAP) & ~OWNER_LOW), peek32(entry + CB_ELEMENT)))
}

// Moves the wheel on by one slot, at most to slot time `time`; false if it is there. Every occupied slot begins after
// the base.
function advance(time: u64): bool {
  if (wheelBase() >= time) return false
  if (wheelNext() > time) {
    wheelMoveBase(time)
    return false
  }
  let touched: u32 = 0
  let count: u32 = 0
  let entry = wheelTake()
  while (entry !== 0) {
    const next = <usize>peek32(entry + CB_NEXT)
    if (!wheelInsert(entry)) {
      touched ^= touch(entry)
      batchAdd(entry, count)
      count++
    }
    if (count === BATCH || next === 0) {
      for (let rank: u32 = 0; rank < count; rank++) linkDue(batchEntry(rank))
      count = 0
    }
    entry = next
  }
  note32(cpu() + CPU_TOUCHED, touched)
  return true
}

/**
 * The first entry if it is due at `now` (units), else 0. Leaves the entry linked. The wheel moves only when all that it
 * has brought is gone: however many are due, the due heap never holds more than one slot of them.
 */
export function timerQueueDue(now: u64): usize {
  let entry = first()
  while (entry === 0 && advance(now >> WHEEL_SHIFT)) entry = first()
  return entry !== 0 && entryDeadline(entry) <= now ? entry : 0
}

/** Deadline (units) before which nothing here is due: exact, or the start of a slot that holds more than a few. */
export function timerQueueNext(): u64 {
  const entry = first()
  return entry !== 0 ? entryDeadline(entry) : wheelNextDeadline()
}

/** True if an entry may be due at `now` (units): one has been reached and is, or the slot of one begins by then. */
export function timerQueueMayBeDue(now: u64): bool {
  const entry = first()
  return entry !== 0 ? entryDeadline(entry) <= now : wheelNext() <= now >> WHEEL_SHIFT
}
