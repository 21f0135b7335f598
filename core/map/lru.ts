// LRU: CLOCK. A lookup sets the reference mark of the element it finds; an insertion into a full map moves the hand
// over the elements, spares those with a mark (and takes the mark away), and evicts the first without. Called by
// hash.ts and short.ts. Bounded: an insertion spares at most SPARED elements and passes no element more than twice.
// Where the hand stands is advice: two insertions may begin at the same place, each passes all elements from there, and
// who sets an element's mark evicts it (list.ts).
import { glance32, load64, note32, peek32 } from '../door'
import {
  MAP_ELEMENT_COUNT,
  MAP_HAND,
  MAP_RECORD_BYTES,
  RECORD_KEY,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_ORDER,
  RECORD_REFERENCED,
} from '../layout'
import { ABSENT, EVICT, act } from './list'
import { isLong, recordOf } from './record'

const SPARED: u32 = 64

function referenceMark(map: usize, index: u32): usize {
  return recordOf(map, index) + peek32(map + MAP_RECORD_BYTES) - RECORD_REFERENCED
}

/** Notes that an element was used; writes only if nobody has since the hand passed. */
export function markReferenced(map: usize, index: u32): void {
  const mark = referenceMark(map, index)
  if (!glance32(mark)) note32(mark, 1)
}

/** A new element starts without mark: only a use after its insertion lets the hand spare it. */
export function clearReferenced(map: usize, index: u32): void {
  note32(referenceMark(map, index), 0)
}

/**
 * Evicts one element: TAKEN or TAKEN_LINKED, as `act` answers (the element is then the caller's, and its room too),
 * ABSENT if the hand found none that it could take: operations under way hold, or were quicker at, all there are.
 */
export function evict(map: usize): u32 {
  const count = peek32(map + MAP_ELEMENT_COUNT)
  let spared: u32 = 0
  let next = glance32(map + MAP_HAND)
  const bytes = peek32(map + MAP_RECORD_BYTES)
  for (let turn: u32 = 0; turn < count + min(count, SPARED); turn++) {
    const index = next < count ? next : 0
    next = index + 1
    note32(map + MAP_HAND, next)
    const record = recordOf(map, index)
    if (load64(record + RECORD_LINK) & RECORD_MARK) continue
    if (spared < SPARED && glance32(record + bytes - RECORD_REFERENCED)) {
      note32(record + bytes - RECORD_REFERENCED, 0)
      spared++
      continue
    }
    const order = load64(record + RECORD_ORDER)
    // Unmarked may also mean prepared and not yet in the map: the walk takes it only if it finds it linked. Its key
    // words may change under the walk if it is reused meanwhile; then the walk finds another element there, or none.
    const result = act(map, EVICT, order, isLong(map) ? record + RECORD_KEY : 0, index, 0)
    if (result !== ABSENT) return result
  }
  return ABSENT
}
