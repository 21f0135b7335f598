// One run of a program on this CPU. The host keeps a reference on the program while it is queued or runs.
// Invariant: when a run has ended, by return or by unwind, it holds no lock and no section, and the CPU's context and
// program are what they were before.
import { CONTEXT_NMI, FAULT_SPIN_LOCK } from '../abi'
import { needsNoReading } from '../async/program'
import { cpu, freshNow } from '../cpu'
import { add64, copy, fill, peek32, peek64, poke32, poke64 } from '../door'
import { fault } from '../host'
import {
  CPU_BUDGET,
  CPU_CONTEXT,
  CPU_INSTRUCTION,
  CPU_LOCK,
  CPU_NESTED,
  CPU_NOW,
  CPU_PREEMPT_DEPTH,
  CPU_PROGRAM,
  CPU_READ_DEPTH,
  CPU_REQUEST_DURATION,
  CPU_RUNS,
  CPU_RUN_BUFFER,
  CPU_TAIL_CALLS,
  CPU_TASK,
  HEADER,
  HEADER_LOOP_BUDGET,
  HEADER_TASK,
  PROGRAM_ENTRY,
  PROGRAM_NANOSECONDS,
  PROGRAM_RUNS,
} from '../layout'
import { TASK_BYTES } from '../task-record'
import { settleReservations } from '../map/ring'
import { sectionEnter, sectionExit } from '../memory/section'
import { stackTop } from './stack'

/** Runs of a batch within one section: to enter and to leave one costs as much as a small program. */
const RUNS_PER_SECTION: u32 = 16

// The program's numbers are all CPUs', which may run it at once; a batch of runs adds to them once.
function account(program: usize, runs: u32, nanoseconds: u64): void {
  add64(program + PROGRAM_RUNS, runs)
  add64(program + PROGRAM_NANOSECONDS, nanoseconds)
  poke64(cpu() + CPU_RUNS, peek64(cpu() + CPU_RUNS) + runs)
}

/** Runs `program` with r1 = `context address`, as code of context `context` (CONTEXT_*); its 32-bit return value. */
export function program_run(program: usize, contextAddress: u32, context: u32): u32 {
  const outermost = sectionEnter()
  const result = run(program, contextAddress, context, false, outermost)
  leave(outermost)
  return result
}

// An NMI that comes before the exit leaves its records to this CPU's outermost code.
function leave(outermost: bool): void {
  sectionExit(outermost)
  if (outermost) settleReservations()
}

// In a section; `outermost`: of this CPU's. `fresh`: the clock has just been read for this run.
function run(program: usize, contextAddress: u32, context: u32, fresh: bool, outermost: bool): u32 {
  const area = cpu()
  const contextBefore = peek32(area + CPU_CONTEXT)
  const programBefore = peek32(area + CPU_PROGRAM)
  const budgetBefore = peek32(area + CPU_BUDGET)
  const tailCallsBefore = peek32(area + CPU_TAIL_CALLS)
  const lockBefore = peek32(area + CPU_LOCK)
  poke32(area + CPU_CONTEXT, context)
  poke32(area + CPU_PROGRAM, <u32>program)
  poke32(area + CPU_BUDGET, peek32(HEADER + HEADER_LOOP_BUDGET))
  poke32(area + CPU_TAIL_CALLS, 0)
  // A nested run has a stack of its own: what it interrupted is in the middle of a frame.
  if (!outermost) poke32(area + CPU_NESTED, peek32(area + CPU_NESTED) + 1)
  const entry = peek32(program + PROGRAM_ENTRY)
  if (!fresh && !needsNoReading(program, entry)) freshNow()
  const result = call_indirect<u64>(entry, <u64>contextAddress, <u64>0, <u64>0, <u64>0, <u64>0, stackTop())
  if (peek32(area + CPU_LOCK) !== lockBefore) {
    // The program has ended: what is wrong now has no place in its code.
    poke32(area + CPU_INSTRUCTION, 0)
    fault(FAULT_SPIN_LOCK, <u64>peek32(area + CPU_LOCK))
  }
  if (!outermost) poke32(area + CPU_NESTED, peek32(area + CPU_NESTED) - 1)
  poke32(area + CPU_CONTEXT, contextBefore)
  poke32(area + CPU_PROGRAM, programBefore)
  poke32(area + CPU_BUDGET, budgetBefore)
  poke32(area + CPU_TAIL_CALLS, tailCallsBefore)
  if (context !== CONTEXT_NMI && outermost) {
    poke32(area + CPU_READ_DEPTH, 0)
    poke32(area + CPU_PREEMPT_DEPTH, 0)
  }
  return <u32>result
}

/** Runs a program `repeat` times; the last return value. CPU_REQUEST_DURATION gets the mean nanoseconds of a run. */
export function program_run_repeat(program: usize, contextAddress: u32, context: u32, repeat: u32): u32 {
  const begin = freshNow()
  let result: u32 = 0
  let outermost = sectionEnter()
  for (let turn: u32 = 0; turn < repeat; turn++) {
    result = run(program, contextAddress, context, turn === 0, outermost)
    if (turn % RUNS_PER_SECTION === RUNS_PER_SECTION - 1) {
      leave(outermost)
      outermost = sectionEnter()
    } else if (outermost) settleReservations()
  }
  leave(outermost)
  const spent = freshNow() - begin
  account(program, repeat, spent)
  poke64(cpu() + CPU_REQUEST_DURATION, spent / <u64>(repeat === 0 ? 1 : repeat))
  return result
}

/**
 * Makes a CPU ready for the arguments of a run: the first `bytes` bytes of its run buffer are 0, its task is the
 * machine's.
 * The host calls it, of any CPU that has no run under way; a loop in JavaScript would take thirty times as long.
 */
export function run_prepare(area: usize, bytes: u32): void {
  fill(peek32(area + CPU_RUN_BUFFER), 0, bytes)
  copy(area + CPU_TASK, peek32(HEADER + HEADER_TASK), TASK_BYTES)
}

/** The CPU's last reading of the clock, for the host. */
export function cpu_now(): f64 {
  return <f64>peek64(cpu() + CPU_NOW)
}
