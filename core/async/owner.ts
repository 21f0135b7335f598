// What a control block belongs to: kind, clock, map, element, slot. Written before the block is published, never
// changed until it is back in the pool; so plain reads by whoever found the block. Kind and clock share a word with the
// map's address, whose low six bits are 0, and the slot follows from the others: a control block is one cache line.
import { peek32, poke32 } from '../door'
import { CB_ELEMENT, CB_MAP, OWNER_CLOCK, OWNER_CLOCK_SHIFT, OWNER_KIND, OWNER_LOW } from '../layout'
import { slotAddress } from './slot'

/** Writes them, before publication. */
export function setOwner(block: usize, kind: u32, clock: u32, map: usize, element: u32): void {
  poke32(block + CB_MAP, (<u32>map) | (clock << OWNER_CLOCK_SHIFT) | kind)
  poke32(block + CB_ELEMENT, element)
}

/** KIND_TIMER or KIND_WORK. */
export function kindOf(block: usize): u32 {
  return peek32(block + CB_MAP) & OWNER_KIND
}

/** Clock of a timer. */
export function clockOf(block: usize): u32 {
  return (peek32(block + CB_MAP) >> OWNER_CLOCK_SHIFT) & OWNER_CLOCK
}

/** Address of the map. */
export function mapOf(block: usize): usize {
  return <usize>(peek32(block + CB_MAP) & ~OWNER_LOW)
}

/** Index of the element. */
export function elementOf(block: usize): u32 {
  return peek32(block + CB_ELEMENT)
}

/** Address of the slot word that names the block, as long as its map is there. */
export function slotOfBlock(block: usize): usize {
  return slotAddress(mapOf(block), elementOf(block), kindOf(block))
}
