// Calls: helpers and kfuncs (imports of the core), functions of the same object, and what may not be called.
// r1 to r5 keep their values over a call (a verified program never looks); r0 is the result.
import { FAULT_BAD_CALLBACK, FAULT_UNREACHABLE } from '../../core/abi.js'
import type { Instruction } from '../isa/decode.js'
import { emitArrayLookup } from './array-lookup.js'
import { op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { GUEST_FUNCTION } from './module.js'
import { emitHashLookup } from './hash-lookup.js'
import { emitAtOnce } from './in-place.js'
import { emitInvocation } from './inline.js'
import { emitLoopCall } from './loop-call.js'
import { pushSlot } from './slot.js'
import { emitKnownTailCall, emitTailCall } from './tail-call.js'

/** Kind 'call'. */
export function emitCall(f: FunctionEmitter, instruction: Instruction): void {
  const callee = f.context.callees.get(instruction.index)!
  switch (callee.kind) {
    case 'missing':
      f.fault(FAULT_UNREACHABLE, () => f.const64(0))
      return
    case 'array':
      emitArrayLookup(f, callee)
      return
    case 'hash':
      emitHashLookup(f, callee.shape, callee.key, callee.index)
      return
    case 'loop':
      emitLoopCall(f, callee)
      return
    case 'tail':
      emitKnownTailCall(f, callee)
      return
    case 'function':
      f.checkStack()
      if (callee.charges) f.storeBudget()
      if (!callee.inline) f.keepProgram()
      for (let register = 1; register <= 5; register += 1) f.getRegister(register)
      emitInvocation(f, callee)
      f.setRegister(0)
      if (!callee.inline) f.restoreProgram()
      if (callee.charges) f.loadBudget()
      return
    case 'import': {
      const { helper } = callee
      if (helper.tail) {
        emitTailCall(f, callee.index, callee.frame)
        return
      }
      if (callee.atOnce) {
        emitAtOnce(f, callee, callee.atOnce)
        return
      }
      // Only a helper that calls back spends iterations.
      if (helper.frame) f.storeBudget()
      for (let register = 1; register <= helper.parameters; register += 1) f.getRegister(register)
      if (helper.frame) f.getFrame()
      if (callee.slot) pushSlot(f, callee.slot)
      if (callee.map !== undefined) f.const32(callee.map)
      f.op(op.call)
      f.code.u32(callee.index)
      if (!helper.returns) f.const64(0)
      f.setRegister(0)
      if (helper.frame) f.loadBudget()
    }
  }
}

/** Kind 'call-register': the register holds a table index, which must be one of the program's own object. */
export function emitCallByRegister(f: FunctionEmitter, { dst }: Instruction): void {
  const { first, end } = f.context.callable
  f.getRegister(dst)
    .const64(first)
    .op(op.i64_sub)
    .const64(end - first)
    .op(op.i64_ge_u)
  f.faultIf(() => f.fault(FAULT_BAD_CALLBACK, () => f.getRegister(dst)))
  f.checkStack()
  f.storeBudget()
  f.keepProgram()
  for (let register = 1; register <= 5; register += 1) f.getRegister(register)
  f.get(f.bottom).getRegister32(dst).op(op.call_indirect)
  f.code.u32(GUEST_FUNCTION).byte(0)
  f.setRegister(0)
  f.restoreProgram()
  f.loadBudget()
}
