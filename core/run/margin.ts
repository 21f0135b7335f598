// How long before a deadline a CPU ends its sleep, to be awake when it comes: learned from how late its last sleeps
// ended, for each length of sleep by itself (a long one ends later: the CPU, or the virtual machine, is in deeper
// rest). Owns CPU_MARGINS. Only the CPU's own loop calls it (run/loop.ts).
import { peek32, poke32 } from '../door'
import { cpu } from '../cpu'
import { CPU_MARGINS, MARGIN_CLASSES } from '../layout'

/** What a sleep is expected to be late (ns) before anything was learned; a margin may always be that long. */
export const MARGIN: i64 = 90_000
/** A margin is never longer than this (ns), nor than a quarter of the time to the deadline. */
const MOST: i64 = 1_000_000
/** So much lateness (ns) beyond the margin is put up with; more, and the margin grows at once. */
const TOLERATED: i64 = 60_000
/** The margin drifts to so much (ns) more than the sleeps are usually late. */
const SPARE: i64 = 15_000
/** The share of the way that it drifts with each sleep: 1 / 2^7. */
const DRIFT = 7

// Lengths up to 131 µs, then each twice as long as the one before, from 8.4 ms on the last.
function marginWord(left: i64): usize {
  const scaled = <u32>min<i64>(left >> 17, (<i64>1) << (MARGIN_CLASSES - 2))
  return cpu() + CPU_MARGINS + ((32 - <usize>clz<u32>(scaled)) << 2)
}

function learned(word: usize): i64 {
  const margin = <i64>peek32(word)
  return margin === 0 ? MARGIN : margin
}

/** How long (ns) before a deadline that is `left` ns away the sleep is to end. */
export function marginOf(left: i64): i64 {
  return min<i64>(learned(marginWord(left)), min<i64>(MOST, max<i64>(MARGIN, left >> 2)))
}

/**
 * A sleep to a margin before a deadline `left` ns away ended `late` ns after that. One that is later than any margin
 * says nothing of sleeps: the CPU was somebody else's.
 */
export function learnMargin(left: i64, late: i64): void {
  if (late > MOST) return
  const word = marginWord(left)
  const margin = learned(word)
  const next = late > margin + TOLERATED ? late - TOLERATED : margin + ((late + SPARE - margin) >> DRIFT)
  poke32(word, <u32>max<i64>(next, 1))
}
