// Free elements of a hash map: the pool that all CPUs share, and one spare element that each CPU keeps, the one that it
// gave back last: to replace an element is to swap it for the spare, without a word that another CPU looks at. Called
// by hash.ts between begin and end of an operation (under-way.ts), and by the repair of a dead CPU; short.ts swaps the
// spare by itself.
//
// Only the outermost operation of a CPU touches its spare: nested code takes from the pool. So plain accesses do, and a
// spare and an element in the outermost operation's hands are never the same.
import { cpu, cpuIndex } from '../cpu'
import { exchange32, peek32, poke32 } from '../door'
import { CPU_MAP_OPERATIONS, MAP_ELEMENT_COUNT, MAP_POOL, SHARE_HINT, SHARE_SPARE } from '../layout'
import { bitmapGive, bitmapTake } from '../memory/bitmap'
import { isBeingWritten, isUsedInPlace } from './element-write'
import { shareOf } from './share'

export const NO_ELEMENT: u32 = 0xffffffff
/** Tries to get a free element: others were quicker at each. */
const TRIES: u32 = 64

function isOutermost(): bool {
  return peek32(cpu() + CPU_MAP_OPERATIONS) === 1
}

/** A free element, the caller's from now on; NO_ELEMENT if others were always quicker. */
export function takeElement(map: usize): u32 {
  const share = shareOf(map, cpuIndex())
  const spare = isOutermost() ? peek32(share + SHARE_SPARE) : 0
  const inPlace = isUsedInPlace(map)
  if (!spare || inPlace) return takeFromPool(map, share, spare, inPlace)
  poke32(share + SHARE_SPARE, 0)
  return spare - 1
}

/** Passes over what somebody still uses in place (element-write.ts), the spare too. */
function takeFromPool(map: usize, share: usize, spare: u32, inPlace: bool): u32 {
  if (spare) {
    poke32(share + SHARE_SPARE, 0)
    if (!isBeingWritten(map, spare - 1)) return spare - 1
    bitmapGive(<usize>peek32(map + MAP_POOL), spare - 1)
  }
  let start = spare ? spare % peek32(map + MAP_ELEMENT_COUNT) : peek32(share + SHARE_HINT)
  for (let turn: u32 = 0; turn < TRIES; turn++) {
    const index = bitmapTake(<usize>peek32(map + MAP_POOL), start)
    if (index < 0) continue
    if (!inPlace || !isBeingWritten(map, index)) {
      poke32(share + SHARE_HINT, <u32>index)
      return <u32>index
    }
    bitmapGive(<usize>peek32(map + MAP_POOL), index)
    start = (<u32>index + 1) % peek32(map + MAP_ELEMENT_COUNT)
  }
  return NO_ELEMENT
}

/** Gives back an element that is the caller's and that nothing leads to any more. */
export function giveElement(map: usize, index: u32): void {
  const share = shareOf(map, cpuIndex())
  if (isOutermost() && !peek32(share + SHARE_SPARE)) {
    poke32(share + SHARE_SPARE, index + 1)
    return
  }
  poke32(share + SHARE_HINT, index)
  bitmapGive(<usize>peek32(map + MAP_POOL), index)
}

/** The spare of CPU `on`, which is dead, goes back to the pool. */
export function repairSpare(map: usize, on: u32): void {
  const spare = exchange32(shareOf(map, on) + SHARE_SPARE, 0)
  if (spare) bitmapGive(<usize>peek32(map + MAP_POOL), spare - 1)
}
