// From a number to a map: the pointer that a guest passes to a helper is the address of the map's structure, which
// the guest cannot dereference. It is believed only if it names a structure that is a map's. Called by the helpers
// and the host.
import { FAULT_BAD_ACCESS, MAX_MAPS } from '../abi'
import { MAP_LIVE, MAP_WAITING } from '../async/user-reference'
import { load32, peek32 } from '../door'
import { valueAddress } from '../element'
import { fault } from '../host'
import { HEADER, HEADER_MAPS, MAP_CPU_STRIDE, MAP_SHIFT, MAP_STATE } from '../layout'

export { valueAddress } from '../element'

/** True if a guest's map pointer is one. A map that waits for a grace period is still a map: a callback may have begun
 *  before its last reference went. Rotated, a misaligned offset is as large as one out of range. */
function isMap(pointer: u64): bool {
  return (
    rotr<u64>(pointer - <u64>peek32(HEADER + HEADER_MAPS), MAP_SHIFT) < <u64>MAX_MAPS &&
    load32(<usize>pointer + MAP_STATE) - MAP_LIVE <= MAP_WAITING - MAP_LIVE
  )
}

/** The map behind a guest's map pointer; a fault (which never returns) if it is none. */
export function mapAddress(pointer: u64): usize {
  if (!isMap(pointer)) fault(FAULT_BAD_ACCESS, pointer)
  return <usize>pointer
}

/** Guest address of an element's value on CPU `on`. */
export function valueAddressOn(map: usize, index: u32, on: u32): usize {
  return valueAddress(map, index) + <usize>(on * peek32(map + MAP_CPU_STRIDE))
}
