// Bindings that are void and stay where they are. A cancel makes the binding void with its exchange of the state, and
// leaves it with its reference on the program: the next set_callback of that program takes both over in one exchange.
// Invariant: only a program that is open, whose object the host has not closed, is kept so. Closing it looks through
// all blocks, and a cancel looks whether it is open after its exchange: one of the two sees the other, and the
// reference goes [G2, H7].
import { compareExchange64, load32, load64, peek32, store32 } from '../door'
import {
  CB_BINDING,
  CB_STATE,
  CONTROL_BLOCK_BYTES,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  PROGRAM_OPEN,
  PROGRAM_REFERENCES,
  REFERENCES_DEAD,
} from '../layout'
import { bindingProgram, isBound, isOf, isPresent, unbound } from './binding'
import { program_put } from './program'
import { runOf } from './state'

// Takes out the binding `word`, which was read before, if it is void. While a run goes on it stays: the run may have
// yet to see what it is to call, and the cancel that made it void waits for that run and comes here afterwards. (A run
// that began since has another binding: `word` is not there any more.)
function dropVoid(block: usize, word: u64): void {
  const state = load64(block + CB_STATE)
  if (isBound(word, state) || runOf(state) !== 0) return
  if (compareExchange64(block + CB_BINDING, word, unbound(word)) === word) program_put(bindingProgram(word))
}

/**
 * After a cancel has made the binding void, and waited for the run: it stays if it is the one that the cancel has read,
 * `seen`, and its program is open. Another one is there if a setter replaced it, before the exchange or with the
 * old generation, or if there were eight cancels inside this one: what is void of that goes.
 */
export function keep(block: usize, seen: u64): void {
  if (isKept(block, seen)) return
  const word = load64(block + CB_BINDING)
  if (isPresent(word)) dropVoid(block, word)
}

/** Whether it stays: mostly. Of something that is bound. */
export function isKept(block: usize, seen: u64): bool {
  return load64(block + CB_BINDING) === seen && load32(bindingProgram(seen) + PROGRAM_OPEN) !== 0
}

/** A CPU has died: what it has made void of a program that is closed, or left of one that it was closing. */
export function dropLeft(block: usize): void {
  const word = load64(block + CB_BINDING)
  if (isPresent(word) && load32(bindingProgram(word) + PROGRAM_OPEN) === 0) dropVoid(block, word)
}

// What is kept of the program goes.
function dropKept(program: usize): void {
  const count = peek32(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const blocks = <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  for (let index: u32 = 0; index < count; index++) {
    const block = blocks + <usize>index * CONTROL_BLOCK_BYTES
    const word = load64(block + CB_BINDING)
    if (isOf(word, program)) dropVoid(block, word)
  }
}

/**
 * The host's handle of the program goes, and with it what is kept of the program. The handle's reference first: a CPU
 * that dies has one in its hands at most [G9]. (If the program is unloaded meanwhile, and another one in its place:
 * that one's void bindings may go as well.) Host, once.
 */
export function program_close(program: usize): void {
  store32(program + PROGRAM_OPEN, 0)
  program_put(program)
  if ((load32(program + PROGRAM_REFERENCES) & REFERENCES_DEAD) === 0) dropKept(program)
}
