// Where the elements of a map lie in the guest window: arithmetic with the numbers of the map, written at its creation.
// Called from queue/ and from map/.
import { peek32 } from './door'
import { MAP_ELEMENTS, MAP_STRIDE, MAP_VALUE_OFFSET } from './layout'

/** Guest address of an element: of its key in a hash map, of its value in an array. */
export function elementAddress(map: usize, index: u32): usize {
  return <usize>(peek32(map + MAP_ELEMENTS) + index * peek32(map + MAP_STRIDE))
}

/** Guest address of an element's value; of CPU 0's in a per-CPU map. */
export function valueAddress(map: usize, index: u32): usize {
  return elementAddress(map, index) + peek32(map + MAP_VALUE_OFFSET)
}
