// Firing: from an entry that came to its turn to the callback, for timers and for work alike.
// Outermost code of the CPU that held the entry, inside a section. The entry's reference covers the whole firing.
// Invariant: between the pop and the end CPU_CURRENT names the block and CPU_FIRING says what is owed, so that an
// unwind or the repair of a dead CPU can finish it [G9].
import {
  CONTEXT_SOFTIRQ,
  CONTEXT_TASK,
  CONTEXT_WORKQUEUE,
  EVENT_FIRE,
  EVENT_WORK_BIT,
  FAULT_CALLBACK_RESULT,
  FAULT_SPIN_LOCK,
} from '../abi'
import { KIND_WORK } from '../abi'
import { bindingFunction, bindingProgram, isBound, isPresent } from '../async/binding'
import { controlBlockPut } from '../async/control-block'
import { elementOf, kindOf, mapOf } from '../async/owner'
import { place, unlink } from '../async/place'
import {
  ANY_CPU,
  deadlineOf,
  isArmed,
  isFreed,
  NEVER,
  runNumber,
  runOf,
  running,
  targetOf,
  UNIT_SHIFT,
  WITHOUT_RUN,
} from '../async/state'
import { needsNoReading } from '../async/program'
import { cpu, cpuIndex, freshNow, settleLateness } from '../cpu'
import { and64, compareExchange64, glance32, load64, note32, peek32, peek64, poke32, poke64, store64 } from '../door'
import { fault } from '../host'
import {
  CB_BINDING,
  CB_ENTRY_STAMP,
  CB_QUEUED,
  CB_RUNS,
  CB_STAMP,
  CB_STATE,
  CPU_BUDGET,
  CPU_CONTEXT,
  CPU_CURRENT,
  CPU_FIRING,
  CPU_FIRINGS,
  CPU_LATE_SINCE,
  CPU_LOCK,
  CPU_INSTRUCTION,
  CPU_PROGRAM,
  CPU_TAIL_CALLS,
  CPU_WORKS,
  HEADER,
  HEADER_LOOP_BUDGET,
} from '../layout'
import { callbackKey } from '../map/callback-key'
import { settleReservations } from '../map/ring'
import { valueAddress } from '../map/map'
import { eventsWanted, recordEvent } from '../memory/events'
import { entryBefore } from '../queue/due'
import { entryDeadline, queuedDeadline, queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { stackTop } from './stack'

/**
 * CPU_FIRING: nothing; an entry is in hand and its queued word is being cleared; it is cleared, the entry's reference
 * is this CPU's to drop; its callback runs.
 */
export const FIRING_NONE: u32 = 0
export const FIRING_TAKEN: u32 = 1
const FIRING_CLEARED: u32 = 2
export const FIRING_RUNNING: u32 = 3

/** Tries at the state word against starts of other CPUs, then the CPU asks itself to look again. */
const ROUNDS = 8

function count(field: usize): void {
  poke64(cpu() + field, peek64(cpu() + field) + 1)
}

function call(block: usize, binding: u64, deadline: u64): void {
  const area = cpu()
  const work = kindOf(block) === KIND_WORK
  const map = mapOf(block)
  const element = elementOf(block)
  poke32(area + CPU_CONTEXT, work ? CONTEXT_WORKQUEUE : CONTEXT_SOFTIRQ)
  poke32(area + CPU_PROGRAM, <u32>bindingProgram(binding))
  poke32(area + CPU_BUDGET, peek32(HEADER + HEADER_LOOP_BUDGET))
  poke32(area + CPU_TAIL_CALLS, 0)
  count(work ? CPU_WORKS : CPU_FIRINGS)
  if (!work) poke64(area + CPU_LATE_SINCE, (deadline << UNIT_SHIFT) + 1)
  if (!needsNoReading(<usize>peek32(area + CPU_PROGRAM), bindingFunction(binding))) {
    freshNow()
    settleLateness()
  }
  if (eventsWanted())
    recordEvent(
      work ? EVENT_FIRE | EVENT_WORK_BIT : EVENT_FIRE,
      <u32>map,
      element,
      <i32>bindingFunction(binding),
      deadline,
    )
  const frame = stackTop()
  const result = call_indirect<u64>(
    bindingFunction(binding),
    <u64>map,
    <u64>callbackKey(map, element, <usize>frame),
    <u64>valueAddress(map, element),
    <u64>0,
    <u64>0,
    frame,
  )
  // The callback has ended: what is wrong now has no place in its code.
  poke32(area + CPU_INSTRUCTION, 0)
  if (result !== 0) fault(FAULT_CALLBACK_RESULT, result)
  if (peek32(area + CPU_LOCK) !== 0) fault(FAULT_SPIN_LOCK, <u64>peek32(area + CPU_LOCK))
}

/** The callback has ended, also by a fault: run number, run mark and the entry's reference go, in this order. */
export function finish(block: usize): void {
  const area = cpu()
  settleReservations()
  // A callback that made no reading of its own: it began at about the CPU's last one.
  settleLateness()
  poke32(area + CPU_CONTEXT, CONTEXT_TASK)
  poke32(area + CPU_PROGRAM, 0)
  note32(block + CB_RUNS, glance32(block + CB_RUNS) + 1)
  const state = and64(block + CB_STATE, WITHOUT_RUN)
  // A start that met the run mark left the queue to whoever ends the run: that is here. There may be an entry already
  // that is too late, or on another CPU than the pinned one: its starter was overtaken by that start before it claimed.
  if (!isFreed(state) && isArmed(state) && deadlineOf(state) !== NEVER) {
    const queued = load64(block + CB_QUEUED)
    const target = targetOf(state)
    if (queued === 0) post(block, target === ANY_CPU ? cpuIndex() : target)
    else if (deadlineOf(state) < queuedDeadline(queued) || (target !== ANY_CPU && target !== queuedOwner(queued)))
      post(block, queuedOwner(queued))
  }
  settle(block)
}

// The put comes before the name goes: on machines that reorder stores a plain one may be seen before the exchange in
// front of it, but not before another one in front of that, which took the run mark away (run/offline.ts asks for
// both).
function settle(block: usize): void {
  poke32(cpu() + CPU_FIRING, FIRING_NONE)
  controlBlockPut(block)
  note32(cpu() + CPU_CURRENT, 0)
}

// True if the state is armed for later than the entry that brought us here: it takes its turn by its own time [H36].
function later(block: usize, queuedFor: u64, entryStamp: u32, deadline: u64): bool {
  if (kindOf(block) === KIND_WORK) return false
  return entryBefore(queuedFor, entryStamp, deadline, glance32(block + CB_STAMP))
}

/** How an attempt at the state word ended. */
const AGAIN = 0
const LEFT = 1
const RAN = 2

// One try to take the arming: leaves the block to somebody else, runs its callback, or has to be repeated.
function attempt(block: usize, queuedFor: u64, entryStamp: u32): i32 {
  const me = cpuIndex()
  const state = load64(block + CB_STATE)
  if (isFreed(state) || !isArmed(state)) return LEFT
  const deadline = deadlineOf(state)
  if (deadline === NEVER) return LEFT
  const target = targetOf(state)
  if (target !== ANY_CPU && target !== me) {
    post(block, target)
    return LEFT
  }
  if (later(block, queuedFor, entryStamp, deadline)) {
    place(block, deadline)
    return LEFT
  }
  // Another run of it goes on: whoever ends that run looks [H30].
  if (runOf(state) !== 0) return LEFT
  if (!isBound(load64(block + CB_BINDING), state)) return AGAIN
  // Taken only if it is still there: never swallowed, never after a free [H31, H32].
  const mine = running(state, runNumber(glance32(block + CB_RUNS)))
  if (compareExchange64(block + CB_STATE, state, mine) !== state) return AGAIN
  poke32(cpu() + CPU_FIRING, FIRING_RUNNING)
  // Only now what is bound: before, it may have been bound anew and started for the very same deadline, which the state
  // word does not show. A cancel or a setter that makes it void from here on leaves it until the run has ended
  // (async/cancel.ts, async/set-callback.ts); nothing is there if the timer was freed, and then nothing is called.
  const binding = load64(block + CB_BINDING)
  if (isPresent(binding)) call(block, binding, deadline)
  finish(block)
  return RAN
}

/** Takes the entry `block` off this CPU's queue and runs its callback if it is still armed and due; true if it ran. */
export function fire(block: usize): bool {
  const area = cpu()
  // A plain store: others look for it only where they have seen the run mark, whose exchange it precedes.
  note32(area + CPU_CURRENT, <u32>block)
  poke32(area + CPU_FIRING, FIRING_TAKEN)
  unlink(block)
  // Once the queued word is clear another CPU may claim the block and write its entry: read it before.
  const deadline = entryDeadline(block)
  const stamp = peek32(block + CB_ENTRY_STAMP)
  // Cleared before the state is read: a start writes the state before it reads this word, so one of the two sees [H11].
  store64(block + CB_QUEUED, 0)
  poke32(area + CPU_FIRING, FIRING_CLEARED)
  let outcome = AGAIN
  for (let round = 0; round < ROUNDS && outcome === AGAIN; round++) outcome = attempt(block, deadline, stamp)
  if (outcome === RAN) return true
  if (outcome === AGAIN) post(block, cpuIndex())
  settle(block)
  return false
}
