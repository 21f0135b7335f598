// The binding word {function : 24 | serial : 24 | program : 12 | present : 1 | generation : 3}: which callback of which
// program runs. One word, so that program and callback change in one step; it owns one reference on the program [G2].
// A binding counts only while its generation is that of the state word. Whoever takes a value out of the word owns its
// reference: no value is dropped twice or never [H5, H6, H7].
// The serial number moves on with each binding and stays when one is taken out: a word that was read and is still there
// has been there all the time. Only what is there can be made void, so the generation of the last binding is the
// state's or the one before, however many cancels there were meanwhile (short of 2^24 bindings between two steps).
import { peek32 } from '../door'
import { HEADER, HEADER_PROGRAMS, PROGRAM_SHIFT } from '../layout'
import { generationOf } from './state'

const PRESENT: u64 = 8
const PROGRAM_FIRST_BIT: u64 = 4
const PROGRAM: u64 = 0xfff
const PROGRAM_AND_PRESENT: u64 = (PROGRAM << PROGRAM_FIRST_BIT) | PRESENT
const SERIAL_ONE: u64 = 1 << 16
const SERIAL: u64 = 0xffffff << 16
/** `and` this: the binding goes, the serial number stays. */
export const WITHOUT_BINDING: u64 = SERIAL
const FUNCTION_FIRST_BIT: u64 = 40
/** Program, present, generation. */
const REST: u64 = 0xffff

/**
 * The binding of `fn` of the program at `program`, for `generation`, without a serial number. `fn` is a function table
 * index: engines allow ten million entries, less than 2^24.
 */
export function bindingOf(program: usize, fn: u32, generation: u32): u64 {
  const index = (program - <usize>peek32(HEADER + HEADER_PROGRAMS)) >> PROGRAM_SHIFT
  return ((<u64>fn) << FUNCTION_FIRST_BIT) | ((<u64>index) << PROGRAM_FIRST_BIT) | PRESENT | (<u64>generation)
}

/** What replaces the word `old` to bind `binding` (of bindingOf). */
export function bound(old: u64, binding: u64): u64 {
  return binding | ((old + SERIAL_ONE) & SERIAL)
}

/** What replaces the word `old` when its binding is taken out. */
export function unbound(old: u64): u64 {
  return old & WITHOUT_BINDING
}

/** True if the word `word` binds `fn` of the program at `program` to a control block in `state`. */
export function binds(word: u64, program: usize, fn: u64, state: u64): bool {
  return word >> FUNCTION_FIRST_BIT === fn && ((word ^ bindingOf(program, 0, generationOf(state))) & REST) === 0
}

/** True if the word has a binding of the program at `program`, of whichever generation. */
export function isOf(word: u64, program: usize): bool {
  return ((word ^ bindingOf(program, 0, 0)) & PROGRAM_AND_PRESENT) === 0
}

/** True if there is a binding, of whichever generation. */
export function isPresent(binding: u64): bool {
  return (binding & PRESENT) !== 0
}

/** True if `binding` binds a control block in `state`. */
export function isBound(binding: u64, state: u64): bool {
  return (binding & 15) === (PRESENT | (<u64>generationOf(state)))
}

/** Address of the program whose reference the binding owns. */
export function bindingProgram(binding: u64): usize {
  const index = <usize>((binding >> PROGRAM_FIRST_BIT) & PROGRAM)
  return <usize>peek32(HEADER + HEADER_PROGRAMS) + (index << PROGRAM_SHIFT)
}

/** Function table index of the callback. */
export function bindingFunction(binding: u64): u32 {
  return <u32>(binding >> FUNCTION_FIRST_BIT)
}
