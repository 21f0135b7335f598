// Freeing after a grace period (call_rcu): objects are marked in a bitmap, with the grace period they wait for, and any
// CPU may reclaim them; any context may mark. As early as the rules allow: the period starts with the mark.
import { load32, peek64, poke64 } from '../../door'
import { bitmapLevels, bitmapSet, bitmapTake, bitmapTopWords, bitmapWord } from '../../memory/bitmap'
import { graceOver, graceStart } from '../../memory/section'

/** Object `index` of `bitmap`, unreachable for new readers, waits from now on; `period` is its u64 for the tag. */
export function afterGracePeriod(bitmap: usize, index: u32, period: usize): void {
  poke64(period, graceStart())
  bitmapSet(bitmap, index)
}

/** Takes a marked object, or -1. Cheap if there is none: a mark that is half made is found by the next call. */
export function takeMarked(bitmap: usize): i32 {
  if (bitmapTopWords(bitmap) === 1 && load32(bitmapWord(bitmap, bitmapLevels(bitmap) - 1, 0)) === 0) return -1
  return bitmapTake(bitmap, 0)
}

/**
 * Takes an object whose grace period is over, or -1. `periods` is the address of object 0's tag, 1 << `shift` the
 * stride.
 */
export function takeReclaimable(bitmap: usize, periods: usize, shift: u32): i32 {
  const index = takeMarked(bitmap)
  if (index < 0) return -1
  if (graceOver(peek64(periods + ((<usize>index) << shift)))) return index
  bitmapSet(bitmap, <u32>index)
  return -1
}
