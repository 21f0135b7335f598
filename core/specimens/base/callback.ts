// From a due timer or a queued work to the bound function; and the rule by which a cancel inside a callback refuses to
// wait. The same in all three designs. Owns CPU_HRTIMER_RUNNING.
import { add32, load32, peek32, poke32 } from '../../door'
import { sectionEnter, sectionExit } from '../../memory/section'
import {
  BLOCK_CALLBACK,
  BLOCK_CANCELLING,
  BLOCK_SLOT,
  CPU_HRTIMER_RUNNING,
  SLOT_SHIFT,
  SPECIMENS,
  SPECIMENS_SLOTS,
} from '../layout'
import { here } from './lock'
import { callFunction } from './program'

/** What a cancel inside a callback may do: not wait; wait; wait, and BLOCK_CANCELLING of the target was raised. */
export const REFUSED = 0
const MAY_WAIT = 1
const COUNTED = 2

/** The timer whose callback runs on this CPU, or 0. */
export function ownCallback(): usize {
  return <usize>peek32(here() + CPU_HRTIMER_RUNNING)
}

function call(text: usize, block: usize): void {
  const slot = <usize>peek32(block + BLOCK_SLOT)
  const element = <u64>((slot - <usize>peek32(SPECIMENS + SPECIMENS_SLOTS)) >> SLOT_SHIFT)
  callFunction(text, element, <u64>slot)
}

/** A timer is due: the function is read and called inside one section. */
export function runTimer(block: usize): void {
  const section = sectionEnter()
  const text = <usize>load32(block + BLOCK_CALLBACK)
  if (text !== 0) {
    poke32(here() + CPU_HRTIMER_RUNNING, <u32>block)
    call(text, block)
    poke32(here() + CPU_HRTIMER_RUNNING, 0)
  }
  sectionExit(section)
}

/** A work's turn: the function is read before the section is entered. */
export function runWork(block: usize): void {
  const text = <usize>load32(block + BLOCK_CALLBACK)
  if (text === 0) return
  const section = sectionEnter()
  call(text, block)
  sectionExit(section)
}

/** Asks whether a cancel of `target` may wait. REFUSED: -EDEADLK; COUNTED: cancelEnds when it has waited. */
export function cancelBegins(target: usize): i32 {
  const own = ownCallback()
  if (own === target) return REFUSED
  if (own === 0) return MAY_WAIT
  add32(target + BLOCK_CANCELLING, 1)
  if (load32(own + BLOCK_CANCELLING) === 0) return COUNTED
  add32(target + BLOCK_CANCELLING, -1)
  return REFUSED
}

export function cancelEnds(target: usize, verdict: i32): void {
  if (verdict === COUNTED) add32(target + BLOCK_CANCELLING, -1)
}
