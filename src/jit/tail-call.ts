// bpf_tail_call: the caller returns by a call of the program that stands in the array. Where the array is known when
// the caller is compiled, as it nearly always is, the place is read here, else the helper does it
// (core/helper/tail-call.ts, whose results and effects both have). The rest of the budget is the next program's, and so
// is the frame, unless a subprogram tail-calls: its callers' frames stay, and the next program has a stack of its own
// (core/frame.ts). Called by call.ts.
import { MAX_TAIL_CALLS } from '../../core/abi.js'
import { CPU_PROGRAM, CPU_TAIL_CALLS, PROGRAM_ENTRY } from '../../core/layout.js'
import type { Callee } from './context.js'
import { I32, VOID, atomicOp, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { GUEST_FUNCTION } from './module.js'

/** By the helper `index`: it says where to go on, 0: here. */
export function emitTailCall(f: FunctionEmitter, index: number, frame: number | undefined): void {
  for (let register = 1; register <= 3; register += 1) f.getRegister(register)
  f.op(op.call)
  f.code.u32(index)
  f.setRegister(0)
  f.getRegister32(0).op(op.if, VOID)
  leaveFor(f, frame, () => f.getRegister32(0))
  f.op(op.end)
}

/**
 * In place. The program stays: a run's section began before it was read. Where the code says who is defined to stand at
 * the place, and it still does, control goes there without the function table; to the function's own beginning by a
 * branch, if it is the running program.
 */
export function emitKnownTailCall(
  f: FunctionEmitter,
  { shape, place, likely, frame }: Extract<Callee, { kind: 'tail' }>,
): void {
  const { elements, stride, entries } = shape
  const program = f.local('next program', I32)
  const made = f.local('tail calls', I32)
  const entry = f.local('entry', I32)
  f.const64(0).setRegister(0)
  if (place !== undefined && place >= entries) return
  if (place === undefined) {
    f.getRegister32(3).const32(entries).op(op.i32_lt_u, op.if, VOID)
    f.depth += 1
    f.getRegister32(3).const32(stride).op(op.i32_mul)
  } else f.const32(0)
  f.op(op.atomic, atomicOp.load[32])
  f.code.u32(2).u32(elements + (place ?? 0) * stride)
  f.op(op.i32_wrap_i64).set(program)
  const again = likely?.index === f.context.index && frame === undefined
  if (again) {
    f.get(program).get(f.runningProgram).op(op.i32_eq)
    when(f, () => counted(f, made, () => f.beginAgain()))
  }
  f.get(program)
  when(f, () =>
    counted(f, made, () => {
      f.storeWord(CPU_PROGRAM, program)
      f.get(program).op(op.i32_load, 2)
      f.code.u32(PROGRAM_ENTRY)
      f.set(entry)
      if (likely && !again) {
        f.get(entry).const32(likely.entry).op(op.i32_eq)
        when(f, () => {
          pushArguments(f, frame)
          f.op(op.return_call)
          f.code.u32(likely.index)
        })
      }
      leaveFor(f, frame, () => f.get(entry))
    }),
  )
  if (place !== undefined) return
  f.op(op.end)
  f.depth -= 1
}

/** Pops an i32; `then` if it is not 0. */
function when(f: FunctionEmitter, then: () => void): void {
  f.op(op.if, VOID)
  f.depth += 1
  then()
  f.op(op.end)
  f.depth -= 1
}

/** Counts a tail call, then `then`; nothing if the run has made all that it may. */
function counted(f: FunctionEmitter, made: number, then: () => void): void {
  f.loadWord(CPU_TAIL_CALLS, made)
  f.get(made).const32(MAX_TAIL_CALLS).op(op.i32_lt_u)
  when(f, () => {
    f.get(made).const32(1).op(op.i32_add).set(made)
    f.storeWord(CPU_TAIL_CALLS, made)
    then()
  })
}

/** Ends the function in the program whose table index `entry` pushes. */
function leaveFor(f: FunctionEmitter, frame: number | undefined, entry: () => void): void {
  pushArguments(f, frame)
  entry()
  f.op(op.return_call_indirect)
  f.code.u32(GUEST_FUNCTION).byte(0)
}

/**
 * What the next program is given: the context and nothing else, the rest of the budget, this function's frame, or the
 * one that `frame` answers.
 */
function pushArguments(f: FunctionEmitter, frame: number | undefined): void {
  f.storeBudget()
  f.getRegister(1)
  for (let register = 2; register <= 5; register += 1) f.const64(0)
  f.getFrame()
  if (frame === undefined) return
  f.op(op.call)
  f.code.u32(frame)
  f.op(op.i32_wrap_i64)
}
