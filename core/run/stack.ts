// Which guest stack a run uses: each nesting level of a CPU has its own 4096 bytes. Called by run/ only.
import { FRAMES, FRAME_BYTES, STACKS_PER_CPU } from '../abi'
import { cpu } from '../cpu'
import { peek32 } from '../door'
import { CPU_NESTED, CPU_STACKS } from '../layout'

const STACK_BYTES: u32 = FRAME_BYTES * FRAMES

/** Top of the stack (value of r10) for the CPU's current nesting level. */
export function stackTop(): i32 {
  const level = peek32(cpu() + CPU_NESTED)
  return <i32>(peek32(cpu() + CPU_STACKS) + min<u32>(level + 1, STACKS_PER_CPU) * STACK_BYTES)
}
