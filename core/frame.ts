// Where frames lie. A stack has FRAMES frames and is aligned to its size; each nesting level of a CPU has one
// (run/stack.ts), and more for tail calls: as in the kernel, the program that takes a subprogram's place has the depth
// of a program of its own, while the frames of the callers stay. The host makes room for them when it loads an object
// that needs it (src/machine/load/tail-stacks.ts). Called by interp/, helper/ and map/, and by compiled code.
import { FRAMES, FRAME_BYTES, MAX_TAIL_CALLS, STACKS_PER_CPU } from './abi'
import { cpu } from './cpu'
import { peek32 } from './door'
import { CPU_NESTED, CPU_STACKS, CPU_TAIL_CALLS, CPU_TAIL_STACKS } from './layout'

const STACK_BYTES: u32 = FRAMES * FRAME_BYTES
const STACKS_BYTES: u32 = STACKS_PER_CPU * FRAMES * FRAME_BYTES
const TAIL_STACKS_BYTES: u32 = STACKS_BYTES * MAX_TAIL_CALLS

/**
 * The frame in which the program goes on that a tail call from the function with `frame` has just found: the same one,
 * or the first of a stack that no other tail call of the run has, if there is a caller above.
 */
export function tail_frame(frame: i32): i64 {
  const stacks = peek32(cpu() + CPU_TAIL_STACKS)
  if (((<u32>frame) & (STACK_BYTES - 1)) === 0 || stacks === 0) return <i64>frame
  const level = min<u32>(peek32(cpu() + CPU_NESTED), STACKS_PER_CPU - 1)
  return <i64>(stacks + (level * MAX_TAIL_CALLS + peek32(cpu() + CPU_TAIL_CALLS)) * STACK_BYTES)
}

/** True for frames behind a tail call from a subprogram. */
export function isTailFrame(frame: u32): bool {
  return frame - 1 - peek32(cpu() + CPU_STACKS) >= STACKS_BYTES
}

/** Number of a frame among those of the CPU's stacks, or, behind such a tail call, among those. */
export function frameNumber(frame: u32): u32 {
  return (frame - 1 - peek32(cpu() + (isTailFrame(frame) ? CPU_TAIL_STACKS : CPU_STACKS))) / FRAME_BYTES
}

/**
 * Where the key lies of a callback that runs in a frame: behind the stacks there is a place for each frame, as large as
 * it.
 */
export function keyPlace(frame: usize): usize {
  return frame - FRAME_BYTES + (isTailFrame(<u32>frame) ? TAIL_STACKS_BYTES : STACKS_BYTES)
}
