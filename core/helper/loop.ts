// bpf_loop: calls a function of the program a bounded number of times. Exported to guest programs.
import { E2BIG, EINVAL, FAULT_CALLBACK_RESULT } from '../abi'
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { fault } from '../host'
import { CPU_PROGRAM } from '../layout'
import { calleeFrame, callbackOf, chargeIteration } from './call'

/** BPF_MAX_LOOPS. */
const MAX_LOOPS: u32 = 1 << 23

/** Calls fn(index, ctx) for index 0 … nr-1 until it returns 1; the calls made, -E2BIG, or -EINVAL for any flag. */
export function bpf_loop(nr: u64, fn: u64, ctx: u64, flags: u64, frame: i32): i64 {
  const limit = <u32>nr
  if (flags !== 0) return -EINVAL
  if (limit > MAX_LOOPS) return -E2BIG
  const index = callbackOf(fn)
  const callee = calleeFrame(<usize>frame)
  // A callback may end in a tail call.
  const program = peek32(cpu() + CPU_PROGRAM)
  for (let turn: u32 = 0; turn < limit; turn++) {
    chargeIteration()
    const answer = call_indirect<i64>(index, <i64>turn, <i64>ctx, <i64>0, <i64>0, <i64>0, <i32>callee)
    poke32(cpu() + CPU_PROGRAM, program)
    if (answer === 1) return turn + 1
    if (answer !== 0) fault(FAULT_CALLBACK_RESULT, <u64>answer)
  }
  return limit
}
