// Slots: from a guest's timer or work pointer to the core-side slot word that decides, and to its control block.
// Invariant: a pointer is believed only if it is exactly the address of such a field of a live map's element, and the
// guest's bytes there are untouched (all zero): anything else is -EINVAL and nothing is changed [H23].
import { KIND_TIMER } from '../abi'
import { compareExchange32, glance64, peek16, peek32, peek64 } from '../door'
import { GUEST_PAGE_SHIFT } from '../abi'
import {
  HEADER,
  HEADER_GUEST_BASE,
  HEADER_GUEST_END,
  HEADER_MAPS,
  HEADER_PAGE_MAP,
  MAP_ELEMENTS,
  MAP_ELEMENT_COUNT,
  MAP_RECIPROCAL,
  MAP_SHIFT,
  MAP_STRIDE,
  MAP_TIMER_OFFSET,
  MAP_TIMER_SLOTS,
  MAP_WORK_OFFSET,
  MAP_WORK_SLOTS,
  SLOT_CLOSED,
  SLOT_EMPTY,
} from '../layout'

/** Bytes of a struct bpf_timer or bpf_wq. */
const FIELD_BYTES: u32 = 16
const RECIPROCAL_SHIFT: u64 = 40

/** Map whose values lie at guest address `pointer`, or 0. */
export function mapAt(pointer: u64): usize {
  const base = <u64>peek32(HEADER + HEADER_GUEST_BASE)
  if (pointer < base || pointer >= <u64>peek32(HEADER + HEADER_GUEST_END)) return 0
  const page = <usize>((pointer - base) >> GUEST_PAGE_SHIFT)
  const index = peek16(<usize>peek32(HEADER + HEADER_PAGE_MAP) + (page << 1))
  return index === 0 ? 0 : <usize>peek32(HEADER + HEADER_MAPS) + ((<usize>(index - 1)) << MAP_SHIFT)
}

/** Offset of the special field of `kind` in the values of `map`, -1 none. */
function fieldOffset(map: usize, kind: u32): i32 {
  return <i32>peek32(map + (kind === KIND_TIMER ? MAP_TIMER_OFFSET : MAP_WORK_OFFSET))
}

/** Index of the element of `map` whose field of `kind` is at `pointer`, or -1. Costs one multiplication. */
export function elementAt(map: usize, pointer: u64, kind: u32): i32 {
  const field = fieldOffset(map, kind)
  if (field < 0) return -1
  const first = peek32(map + MAP_ELEMENTS) + <u32>field
  const offset = <u32>pointer - first
  const stride = peek32(map + MAP_STRIDE)
  const index = <u32>((<u64>offset * peek64(map + MAP_RECIPROCAL)) >> RECIPROCAL_SHIFT)
  return index < peek32(map + MAP_ELEMENT_COUNT) && index * stride === offset ? <i32>index : -1
}

/** Address of the slot word of `kind` of element `index`. */
export function slotAddress(map: usize, index: u32, kind: u32): usize {
  const slots = <usize>peek32(map + (kind === KIND_TIMER ? MAP_TIMER_SLOTS : MAP_WORK_SLOTS))
  return slots + ((<usize>index) << 2)
}

/** True if the guest's bytes of a field are untouched. */
export function fieldUntouched(pointer: u64): bool {
  return (glance64(<usize>pointer) | glance64(<usize>pointer + FIELD_BYTES / 2)) === 0
}

/** The slot word that a guest's timer or work pointer names, or 0. Whether its bytes are untouched: see knownSlot. */
export function slotOf(pointer: u64, kind: u32): usize {
  const map = mapAt(pointer)
  if (map === 0) return 0
  const index = elementAt(map, pointer, kind)
  return index < 0 ? 0 : slotAddress(map, <u32>index, kind)
}

/** The slot word of a field that was found: `slot`, or 0 if it is 0 or the guest's bytes are not untouched [H23]. */
export function knownSlot(pointer: u64, slot: usize): usize {
  return slot !== 0 && fieldUntouched(pointer) ? slot : 0
}

/** True if a slot word names a control block. */
export function slotTaken(word: u32): bool {
  return word !== SLOT_EMPTY && word !== SLOT_CLOSED
}

/** Empties the slot of a control block that was freed; whoever meets one in a slot does so and goes on. */
export function slotRelease(slot: usize, block: usize): void {
  compareExchange32(slot, <u32>block, SLOT_EMPTY)
}
