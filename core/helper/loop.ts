// bpf_loop: calls a function of the program a bounded number of times. Exported to guest programs.
import { E2BIG, EINVAL, FAULT_CALLBACK_RESULT } from '../abi'
import { fault } from '../host'
import { callBack, calleeFrame, callbackOf, chargeIteration } from '../callback'

/** BPF_MAX_LOOPS. */
const MAX_LOOPS: u32 = 1 << 23

/** Calls fn(index, ctx) for index 0 … nr-1 until it returns 1; the calls made, -E2BIG, or -EINVAL for any flag. */
export function bpf_loop(nr: u64, fn: u64, ctx: u64, flags: u64, frame: i32): i64 {
  const limit = <u32>nr
  if (flags !== 0) return -EINVAL
  if (limit > MAX_LOOPS) return -E2BIG
  const index = callbackOf(fn)
  const callee = calleeFrame(<usize>frame)
  for (let turn: u32 = 0; turn < limit; turn++) {
    chargeIteration()
    const answer = callBack(index, turn, ctx, 0, 0, callee)
    if (answer === 1) return turn + 1
    if (answer !== 0) fault(FAULT_CALLBACK_RESULT, answer)
  }
  return limit
}
