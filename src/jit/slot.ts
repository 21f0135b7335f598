// Timers and work whose place is proved (verify/prove.ts): r1 is exactly a field of an element of a map that is known.
// So the slot that decides about it (core/async/slot.ts) is found with one multiplication by constants, where the core
// would have to look up whose memory the pointer names and whether it is such a field. Called by call.ts.
import { op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { SlotShape } from './link.js'

/** Pushes the address of the slot of the field that r1 points to. */
export function pushSlot(f: FunctionEmitter, { slots, first, stride, entries }: SlotShape): void {
  if (entries === 1) return void f.const32(slots)
  f.getRegister32(1).const32(first).op(op.i32_sub)
  const bits = 31 - Math.clz32(stride)
  if (stride === 1 << bits) f.const32(bits - 2).op(op.i32_shr_u)
  else {
    // Exact for every multiple of the stride: the core's own way, 2^40 / stride rounded up.
    f.op(op.i64_extend_i32_u)
      .const64(((1n << 40n) + BigInt(stride) - 1n) / BigInt(stride))
      .op(op.i64_mul)
    f.const64(40).op(op.i64_shr_u, op.i32_wrap_i64).const32(2).op(op.i32_shl)
  }
  f.const32(slots).op(op.i32_add)
}
