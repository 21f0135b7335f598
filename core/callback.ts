// Calls from the core into functions of guest programs: one place for the checks that every such call needs. Called by
// helper/ and map/ (for_each).
import { FAULT_BAD_CALLBACK, FAULT_LOOP_BUDGET, FAULT_STACK_OVERFLOW, FRAME_BYTES, FRAMES } from './abi'
import { cpu } from './cpu'
import { peek32, poke32 } from './door'
import { fault } from './host'
import { CPU_BUDGET, CPU_INSTRUCTION, CPU_PROGRAM, PROGRAM_TABLE_END, PROGRAM_TABLE_FIRST } from './layout'

/** The frame of a function called from `frame`; a fault if that was the last of the stack. */
export function calleeFrame(frame: usize): usize {
  if (<i32>((frame - 1) & (FRAME_BYTES * FRAMES - 1)) < FRAME_BYTES) fault(FAULT_STACK_OVERFLOW, frame)
  return frame - FRAME_BYTES
}

/** The table index of a callback; a fault unless it belongs to the running program. */
export function callbackOf(fn: u64): u32 {
  const program = <usize>peek32(cpu() + CPU_PROGRAM)
  if (fn < <u64>peek32(program + PROGRAM_TABLE_FIRST) || fn >= <u64>peek32(program + PROGRAM_TABLE_END))
    fault(FAULT_BAD_CALLBACK, fn)
  return <u32>fn
}

/**
 * Calls a callback. Afterwards the caller's program runs again, for a callback may end in a tail call, and the
 * interpreter is at the caller's instruction: what the answer does to the run, it does there.
 */
export function callBack(index: u32, a: u64, b: u64, c: u64, d: u64, frame: usize): u64 {
  const area = cpu()
  const program = peek32(area + CPU_PROGRAM)
  const at = peek32(area + CPU_INSTRUCTION)
  const answer = call_indirect<u64>(index, a, b, c, d, <u64>0, <i32>frame)
  poke32(area + CPU_PROGRAM, program)
  poke32(area + CPU_INSTRUCTION, at)
  return answer
}

/** Charges one iteration to the run's loop budget; a fault when it is used up. */
export function chargeIteration(): void {
  const word = cpu() + CPU_BUDGET
  const left = peek32(word)
  if (left === 0) fault(FAULT_LOOP_BUDGET, 0)
  poke32(word, left - 1)
}
