// init: a slot gets a fresh control block. Any context, bounded, never waits [G7].
import { EBUSY, EINVAL, ENOENT, ENOMEM, EPERM } from '../abi'
import { compareExchange32, load32, load64 } from '../door'
import { CB_STATE, MAP_USER_REFERENCES, SLOT_CLOSED, SLOT_EMPTY } from '../layout'
import { controlBlockAllocate, controlBlockDiscard, controlBlockPublished } from './control-block'
import { elementAt, fieldUntouched, mapAt, slotAddress, slotRelease, slotTaken } from './slot'
import { isFreed } from './state'
import { teardown } from './teardown'

/**
 * Publishes a control block in the slot at guest address `pointer`, which must be a field of `kind` of `map`.
 * 0, -EINVAL (not such a field), -EBUSY, -ENOENT (the element has left its map [H33]), -ENOMEM, -EPERM (no user
 * reference left: what was published is torn down in full [H1, H2]). Inside a section.
 */
export function asyncInit(pointer: u64, map: u64, kind: u32, clock: u32): i32 {
  const at = mapAt(pointer)
  if (at === 0 || <u64>at !== map) return -EINVAL
  const element = elementAt(at, pointer, kind)
  if (element < 0 || !fieldUntouched(pointer)) return -EINVAL
  const slot = slotAddress(at, <u32>element, kind)

  const word = load32(slot)
  if (word === SLOT_CLOSED) return -ENOENT
  if (slotTaken(word)) {
    if (!isFreed(load64(<usize>word + CB_STATE))) return -EBUSY
    slotRelease(slot, <usize>word)
  }
  if (load32(at + MAP_USER_REFERENCES) === 0) return -EPERM
  const block = controlBlockAllocate(kind, clock, at, <u32>element)
  if (block === 0) return -ENOMEM
  const before = compareExchange32(slot, SLOT_EMPTY, <u32>block)
  if (before !== SLOT_EMPTY) {
    controlBlockDiscard(block)
    // Whatever is there now was published during this call, so there was a moment at which the slot was taken.
    return before === SLOT_CLOSED ? -ENOENT : -EBUSY
  }
  // The last user reference may have gone after the slot was found empty by its teardown: look again, now that the
  // block can be seen. The error path frees this very block, whatever the slot holds by now [H1, H34].
  const left = load32(at + MAP_USER_REFERENCES) === 0
  if (left) teardown(block, SLOT_EMPTY)
  // Up to here the block names this CPU: if it stops, its repair looks for it.
  controlBlockPublished(block)
  return left ? -EPERM : 0
}
