// bpf_loop with a callback that the code names, as it nearly always does: the loop in place, with direct calls, where
// the helper (core/helper/loop.ts) would go through the function table. Results, faults and what it spends of the loop
// budget are the helper's. Called by call.ts.
import { E2BIG, EINVAL, FAULT_CALLBACK_RESULT } from '../../core/abi.js'
import type { Callee } from './context.js'
import { I32, I64, VOID, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { emitInvocation } from './inline.js'

/** BPF_MAX_LOOPS. */
const MAX_LOOPS = 1 << 23

/** In place of the helper. */
export function emitLoopCall(f: FunctionEmitter, callee: Extract<Callee, { kind: 'loop' }>): void {
  const { charges, inline } = callee
  const limit = f.local('limit', I32)
  const turn = f.local('turn', I32)
  const answer = f.local('answer', I64)
  // Leaves with the number on the stack if the i32 above it is not zero.
  const leaveIf = (label: number): void => {
    f.op(op.br_if).code.u32(label)
    f.op(op.drop)
  }

  f.getRegister32(1).set(limit)
  f.op(op.block, I64)
  f.depth += 1
  f.const64(-EINVAL).getRegister(4).const64(0).op(op.i64_ne)
  leaveIf(0)
  f.const64(-E2BIG).get(limit).const32(MAX_LOOPS).op(op.i32_gt_u)
  leaveIf(0)
  f.checkStack()
  if (!inline) f.keepProgram()
  f.const32(0).set(turn)
  f.op(op.loop, VOID)
  f.depth += 1
  f.get(limit).op(op.i64_extend_i32_u).get(turn).get(limit).op(op.i32_ge_u)
  leaveIf(1)
  f.chargeLoop()
  if (charges) f.storeBudget()
  f.get(turn).op(op.i64_extend_i32_u).getRegister(3).const64(0).const64(0).const64(0)
  emitInvocation(f, callee)
  f.set(answer)
  // A callback may end in a tail call.
  if (!inline) f.restoreProgram()
  if (charges) f.loadBudget()
  f.get(turn).const32(1).op(op.i32_add).tee(turn).op(op.i64_extend_i32_u)
  f.get(answer).const64(1).op(op.i64_eq)
  leaveIf(1)
  f.get(answer).op(op.i64_eqz, op.i32_eqz)
  f.faultIf(() => f.fault(FAULT_CALLBACK_RESULT, () => f.get(answer)))
  f.op(op.br).code.u32(0)
  f.op(op.end, op.unreachable, op.end)
  f.depth -= 2
  f.setRegister(0)
}
