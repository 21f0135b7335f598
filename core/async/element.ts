// What happens to the timers and work of a map element when the element is updated, leaves its map, or is handed out.
// Called by core/map with the caller inside a section. Any context, bounded, never waits [G7].
import { KIND_TIMER, KIND_WORK } from '../abi'
import { exchange32, load32, note32, peek32 } from '../door'
import { MAP_TIMER_SLOTS, MAP_WORK_SLOTS, SLOT_CLOSED, SLOT_EMPTY } from '../layout'
import { slotAddress, slotTaken } from './slot'
import { teardown } from './teardown'

// FREED is set before the slot can be seen empty: whoever finds it empty must not see a callback begin afterwards [G4].
function settle(map: usize, index: u32, kind: u32, word: u32): void {
  const slot = slotAddress(map, index, kind)
  const seen = load32(slot)
  if (slotTaken(seen)) teardown(<usize>seen, word)
  // Somebody else may have emptied the slot first, and an init may have come since.
  if (word === SLOT_EMPTY || load32(slot) === word) return
  const before = exchange32(slot, word)
  if (slotTaken(before)) teardown(<usize>before, word)
}

function settleAll(map: usize, index: u32, word: u32): void {
  if (peek32(map + MAP_TIMER_SLOTS) !== 0) settle(map, index, KIND_TIMER, word)
  if (peek32(map + MAP_WORK_SLOTS) !== 0) settle(map, index, KIND_WORK, word)
}

/** The element has left its map: its timer and work are freed and init answers -ENOENT from now on [H33]. */
export function closeElement(map: usize, index: u32): void {
  settleAll(map, index, SLOT_CLOSED)
}

/**
 * The element is about to be handed out for another key: its slots are usable again. Before it is published, by a
 * compare-and-exchange, which lets no store pass; an init through a stale pointer may see either word [H33].
 */
export function openElement(map: usize, index: u32): void {
  if (peek32(map + MAP_TIMER_SLOTS) !== 0) note32(slotAddress(map, index, KIND_TIMER), SLOT_EMPTY)
  if (peek32(map + MAP_WORK_SLOTS) !== 0) note32(slotAddress(map, index, KIND_WORK), SLOT_EMPTY)
}

/** The element was updated in place: its timer and work are freed, its slots usable at once. */
export function resetElement(map: usize, index: u32): void {
  settleAll(map, index, SLOT_EMPTY)
}
