// User references of maps: open handles and pins. When the last goes, every slot of the map is torn down; init that
// races with it looks at the count again after publishing [H1]. The count may rise from 0 again (a handle by id).
// MAP_REFERENCES keeps the memory: handles and loaded programs hold them; sticky.
import { KIND_TIMER, KIND_WORK } from '../abi'
import { add32, load32, note32, peek32 } from '../door'
import {
  MAP_ELEMENT_COUNT,
  MAP_REFERENCES,
  MAP_STATE,
  MAP_TIMER_SLOTS,
  MAP_USER_REFERENCES,
  MAP_WORK_SLOTS,
  SLOT_EMPTY,
} from '../layout'
import { defer, DEFERRED_MAP } from '../memory/deferred'
import { referencePut, referenceTryGet } from '../memory/references'
import { sectionEnter, sectionExit } from '../memory/section'
import { slotAddress, slotTaken } from './slot'
import { teardown } from './teardown'

/** MAP_STATE. */
export const MAP_FREE: u32 = 0
export const MAP_LIVE: u32 = 1
export const MAP_WAITING: u32 = 2
export const MAP_RECLAIMABLE: u32 = 3

function teardownAll(map: usize, kind: u32): void {
  const count = peek32(map + MAP_ELEMENT_COUNT)
  for (let index: u32 = 0; index < count; index++) {
    const word = load32(slotAddress(map, index, kind))
    if (slotTaken(word)) teardown(<usize>word, SLOT_EMPTY)
  }
}

/** Takes a user reference. */
export function map_user_get(map: usize): void {
  add32(map + MAP_USER_REFERENCES, 1)
}

/** Drops a user reference; the last one cancels and frees every timer and work of the map. */
export function map_user_put(map: usize): void {
  if (add32(map + MAP_USER_REFERENCES, -1) !== 1) return
  const outermost = sectionEnter()
  if (peek32(map + MAP_TIMER_SLOTS) !== 0) teardownAll(map, KIND_TIMER)
  if (peek32(map + MAP_WORK_SLOTS) !== 0) teardownAll(map, KIND_WORK)
  sectionExit(outermost)
}

/** Takes a reference on the map's memory; false if it is going away. */
export function map_get(map: usize): bool {
  return referenceTryGet(map + MAP_REFERENCES)
}

/**
 * Drops a reference on the map's memory; after the last and two grace periods the host reclaims it (run/reclaim.ts).
 */
export function map_put(map: usize): void {
  if (!referencePut(map + MAP_REFERENCES)) return
  note32(map + MAP_STATE, MAP_WAITING)
  defer(map, DEFERRED_MAP)
}
