// The binding word {function : 32 | program : 20 | present : 1 | generation : 3}: which callback of which program runs.
// One word, so that program and callback change in one step; it owns one reference on the program [G2].
// A binding counts only while its generation is that of the state word. Whoever takes a value out of the word owns its
// reference: no value is dropped twice or never [H5, H6, H7].
import { peek32 } from '../door'
import { HEADER, HEADER_PROGRAMS, PROGRAM_SHIFT } from '../layout'
import { generationOf } from './state'

const PRESENT: u64 = 8

/** The binding of `fn` (function table index) of the program at `program`, for `generation`. */
export function bindingOf(program: usize, fn: u32, generation: u32): u64 {
  const index = (program - <usize>peek32(HEADER + HEADER_PROGRAMS)) >> PROGRAM_SHIFT
  return ((<u64>fn) << 24) | ((<u64>index) << 4) | PRESENT | (<u64>generation)
}

/** True if `binding` binds a control block in `state`. */
export function isBound(binding: u64, state: u64): bool {
  return (binding & 15) === (PRESENT | (<u64>generationOf(state)))
}

/** Address of the program whose reference the binding owns. */
export function bindingProgram(binding: u64): usize {
  return <usize>peek32(HEADER + HEADER_PROGRAMS) + ((<usize>((binding >> 4) & 0xfffff)) << PROGRAM_SHIFT)
}

/** Function table index of the callback. */
export function bindingFunction(binding: u64): u32 {
  return <u32>(binding >> 24)
}
