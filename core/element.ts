// Where the elements of a map lie in the guest window: arithmetic with the numbers of the map, written at its creation.
// Called from queue/ and from map/.
import { peek32 } from './door'
import { MAP_ELEMENTS, MAP_STRIDE } from './layout'

/** Guest address of an element's value; of CPU 0's in a per-CPU map. */
export function valueAddress(map: usize, index: u32): usize {
  return <usize>(peek32(map + MAP_ELEMENTS) + index * peek32(map + MAP_STRIDE))
}
