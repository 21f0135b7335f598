// bpf_tail_call: the caller returns by a call of the program that stands in the array. Where the array is known when the
// caller is compiled, as it nearly always is, the place is read here, else the helper does it (core/helper/tail-call.ts,
// whose results and effects both have). The frame and the rest of the budget are the next program's. Called by call.ts.
import { MAX_TAIL_CALLS } from '../../core/abi.js'
import { CPU_PROGRAM, CPU_TAIL_CALLS, PROGRAM_ENTRY } from '../../core/layout.js'
import { I32, VOID, atomicOp, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { ArrayShape } from './link.js'
import { GUEST_FUNCTION } from './module.js'

/** By the helper `index`: it says where to go on, 0: here. */
export function emitTailCall(f: FunctionEmitter, index: number): void {
  for (let register = 1; register <= 3; register += 1) f.getRegister(register)
  f.op(op.call)
  f.code.u32(index)
  f.setRegister(0)
  f.getRegister32(0).op(op.if, VOID)
  leaveFor(f, () => f.getRegister32(0))
  f.op(op.end)
}

/** In place. The program stays: a run's section began before it was read. */
export function emitKnownTailCall(f: FunctionEmitter, { elements, stride, entries }: ArrayShape): void {
  const program = f.local('next program', I32)
  const made = f.local('tail calls', I32)
  f.const64(0).setRegister(0)
  f.getRegister32(3).const32(entries).op(op.i32_lt_u, op.if, VOID)
  f.getRegister32(3).const32(stride).op(op.i32_mul, op.atomic, atomicOp.load[32])
  f.code.u32(2).u32(elements)
  f.op(op.i32_wrap_i64).tee(program).op(op.if, VOID)
  f.loadWord(CPU_TAIL_CALLS, made)
  f.get(made).const32(MAX_TAIL_CALLS).op(op.i32_lt_u, op.if, VOID)
  f.get(made).const32(1).op(op.i32_add).set(made)
  f.storeWord(CPU_TAIL_CALLS, made)
  f.storeWord(CPU_PROGRAM, program)
  leaveFor(f, () => {
    f.get(program).op(op.i32_load, 2)
    f.code.u32(PROGRAM_ENTRY)
  })
  f.op(op.end, op.end, op.end)
}

/** Ends the function in the program whose table index `entry` pushes. */
function leaveFor(f: FunctionEmitter, entry: () => void): void {
  f.storeBudget()
  f.getRegister(1)
  for (let register = 2; register <= 5; register += 1) f.const64(0)
  f.getFrame()
  entry()
  f.op(op.return_call_indirect)
  f.code.u32(GUEST_FUNCTION).byte(0)
}
