// Calls: helpers and kfuncs (imports of the core), functions of the same object, and what may not be called.
// r1 to r5 keep their values over a call (a verified program never looks); r0 is the result.
import { FAULT_BAD_CALLBACK, FAULT_UNREACHABLE } from '../../core/abi.js'
import type { Instruction } from '../isa/decode.js'
import { op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { GUEST_FUNCTION } from './module.js'
import { emitArrayLookup } from './lookups.js'

/** Kind 'call'. */
export function emitCall(f: FunctionEmitter, instruction: Instruction): void {
  const callee = f.context.callees.get(instruction.index)!
  switch (callee.kind) {
    case 'missing':
      f.fault(FAULT_UNREACHABLE, () => f.const64(0))
      return
    case 'array':
      emitArrayLookup(f, callee.shape, callee.key)
      return
    case 'function':
      f.checkStack()
      if (callee.charges) f.storeBudget()
      for (let register = 1; register <= 5; register += 1) f.getRegister(register)
      f.get(f.bottom).op(op.call)
      f.code.u32(callee.index)
      f.setRegister(0)
      if (callee.charges) f.loadBudget()
      return
    case 'import': {
      const { helper } = callee
      // Only a helper that calls back spends iterations.
      if (helper.frame) f.storeBudget()
      for (let register = 1; register <= helper.parameters; register += 1) f.getRegister(register)
      if (helper.frame) f.getFrame()
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
  for (let register = 1; register <= 5; register += 1) f.getRegister(register)
  f.get(f.bottom).getRegister32(dst).op(op.call_indirect)
  f.code.u32(GUEST_FUNCTION).byte(0)
  f.setRegister(0)
  f.loadBudget()
}
