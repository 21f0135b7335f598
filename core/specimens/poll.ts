// What a CPU does between programs, whole and in parts (the explorer takes the parts one by one). Outermost code of the
// CPU, interrupts on. The same for the three designs: they share the timers, the workers and the grace periods.
import { CONTEXT_NMI } from '../abi'
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { CPU_CONTEXT } from '../layout'
import { sectionEnter, sectionExit } from '../memory/section'
import { freeBlock, takeReclaimableBlock } from './base/block'
import { runTimer, runWork } from './base/callback'
import { finishDeletion_sync } from './base/deletion'
import { hrtimerDone, hrtimerExpire } from './base/hrtimer'
import { interruptsAreOff } from './base/lock'
import { putDeferredProgram, reclaimProgram } from './base/program'
import { takeWork, workDone } from './base/workqueue'
import {
  BLOCK_CANCELS_LAST,
  SPECIMENS,
  SPECIMENS_SLOTS,
  SLOT_SHIFT,
  WORK_BLOCK,
  WORK_IS_CALLBACK,
  WORK_KIND,
} from './layout'
import { merged_irq_work } from './merged-commands'
import { mergedEnd } from './merged-put'

/** Expiries per turn. */
const BUDGET = 64

/** Address of slot `index`. */
export function specimen_slot(index: u32): usize {
  return <usize>peek32(SPECIMENS + SPECIMENS_SLOTS) + ((<usize>index) << SLOT_SHIFT)
}

/** What follows runs as NMI on this CPU until specimen_nmi_leave gets the value that this returns. */
export function specimen_nmi_enter(): u32 {
  const before = peek32(cpu() + CPU_CONTEXT)
  poke32(cpu() + CPU_CONTEXT, CONTEXT_NMI)
  return before
}

export function specimen_nmi_leave(before: u32): void {
  poke32(cpu() + CPU_CONTEXT, before)
}

/** A program's run begins: it is a read-side section until specimen_leave gets the value that this returns. */
export function specimen_enter(): bool {
  return sectionEnter()
}

export function specimen_leave(section: bool): void {
  sectionExit(section)
}

/** True while this CPU holds interrupts off: only NMI reaches it. */
export function specimen_interrupts_off(): bool {
  return interruptsAreOff()
}

/** Runs the callback of one timer that is due; false if none is. */
export function specimen_timer(): bool {
  const timer = hrtimerExpire()
  if (timer === 0) return false
  runTimer(timer)
  hrtimerDone()
  return true
}

/** A worker's turn: a program to put, else one work item; false if there was nothing. */
export function specimen_work(): bool {
  if (putDeferredProgram()) return true
  const item = takeWork()
  if (item === 0) return false
  const block = <usize>peek32(item + WORK_BLOCK)
  if (peek32(item + WORK_KIND) === WORK_IS_CALLBACK) runWork(block)
  else finishDeletion_sync(block)
  workDone()
  return true
}

/** Frees one block and one program whose grace period is over; false if there was none. */
export function specimen_reclaim(): bool {
  const block = takeReclaimableBlock()
  if (block !== 0) {
    if (peek32(block + BLOCK_CANCELS_LAST) !== 0) mergedEnd(block)
    else freeBlock(block)
  }
  return reclaimProgram() || block !== 0
}

/** One turn; true if there may be more to do at once. */
export function specimen_poll(): bool {
  merged_irq_work()
  let more = true
  for (let count = 0; count < BUDGET && more; count++) more = specimen_timer()
  const worked = specimen_work()
  const reclaimed = specimen_reclaim()
  return more || worked || reclaimed
}
