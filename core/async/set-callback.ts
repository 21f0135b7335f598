// set_callback: binds a function of the calling program. Any context, bounded, never waits: both of two concurrent
// calls succeed and the last wins (contract §4).
import { EINVAL, ENOENT, EPERM } from '../abi'
import { compareExchange64, load32, load64 } from '../door'
import { CB_BINDING, CB_STATE } from '../layout'
import { cpuCount } from '../cpu'
import { bindingOf, bindingProgram, binds, bound, isBound, isOf, isPresent, unbound } from './binding'
import { program_put, programOwns, programTryGet } from './program'
import { slotTaken } from './slot'
import { generationOf, isFreed, runOf } from './state'

/**
 * Turns for each CPU of the machine: a setter of an older generation spoils at most two (it installs its binding and
 * takes it back), a cancel one, and a CPU has at most three setters under way, one for each nesting level.
 */
const TURNS_PER_CPU: u32 = 8

/**
 * True if `fn` of `program` is bound: then there was a moment in this call at which binding it changed nothing, and the
 * answer needs no write. A setter of the generation that is read second wrote the binding that is read first, so the
 * state was of that generation when the binding was read, and live, for FREED is for ever (if seven cancels brought the
 * generation back in between, ours was just before one of them). The binding owns a reference on the program, which is
 * therefore not being unloaded.
 */
export function alreadyBound(block: usize, program: usize, fn: u64): bool {
  const word = load64(block + CB_BINDING)
  const state = load64(block + CB_STATE)
  return binds(word, program, fn, state) && !isFreed(state)
}

/**
 * Binds `fn` (function table index) of `program` to the control block in `slot` (0: no such field). Inside a section.
 * 0, -EINVAL (not initialised, or not a callback of the program), -EPERM (freed before anything was bound [H6]),
 * -ENOENT (the program is being unloaded [H35]).
 */
export function asyncSetCallback(slot: usize, program: usize, fn: u64): i32 {
  if (slot === 0 || program === 0 || !programOwns(program, fn)) return -EINVAL
  const block = load32(slot)
  if (!slotTaken(block)) return -EINVAL
  const binding = <usize>block + CB_BINDING
  if (alreadyBound(<usize>block, program, fn)) return 0
  // A reference for the binding; but one of this program, valid or void, passes its own on to what replaces it.
  let held = false
  const turns = TURNS_PER_CPU * cpuCount()
  for (let turn: u32 = 0; turn < turns; turn++) {
    const old = load64(binding)
    if (!held && !isOf(old, program)) {
      if (!programTryGet(program)) return -ENOENT
      held = true
    }
    const state = load64(<usize>block + CB_STATE)
    if (isFreed(state)) {
      if (held) program_put(program)
      return -EPERM
    }
    const mine = bound(old, bindingOf(program, <u32>fn, generationOf(state)))
    const before = compareExchange64(binding, old, mine)
    if (before === old) {
      if (held && isPresent(old)) program_put(bindingProgram(old))
      // Freed or cancelled meanwhile: whoever did that may have found the word before it was ours [H6, H18]. A cancel
      // that waits for a run looks at the word when it has ended; until then the run may have yet to see what is bound.
      const now = load64(<usize>block + CB_STATE)
      if (isFreed(now) || (generationOf(now) !== generationOf(state) && runOf(now) === 0))
        if (compareExchange64(binding, mine, unbound(mine)) === mine) program_put(program)
      return 0
    }
    // Another setter came in between: ours was just before it. Not so one of an older generation, whose cancel may have
    // been seen before this call began: its binding counts for nothing, ours has to. A cancel or a free: once more.
    if (isBound(before, state)) break
  }
  // Turns run out only if the generation moved meanwhile: ours was just before that cancel.
  if (held) program_put(program)
  return isFreed(load64(<usize>block + CB_STATE)) ? -EPERM : 0
}
