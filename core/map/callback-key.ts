// The key that a callback is passed: a copy in guest memory, which belongs to the callback's frame, so that callbacks
// within callbacks have their own. Keys of maps lie in core memory: what a program writes to its copy reaches no map.
// Called by for_each (iterate.ts, helper/map.ts) and by firing.
import { note32, peek32 } from '../door'
import { keyPlace } from '../frame'
import { MAP_KEY_SIZE, MAP_TYPE } from '../layout'
import { valueAddress } from './map'
import { copyKey, recordOf } from './record'
import { guestKeyBytes, isHash } from './shape'

/**
 * Writes the key of an element, or its index in an array, to the place of the frame `callee`: the guest address. A key
 * that is too long for it goes in front of its value.
 */
export function callbackKey(map: usize, index: u32, callee: usize): usize {
  const type = peek32(map + MAP_TYPE)
  const long = guestKeyBytes(type, peek32(map + MAP_KEY_SIZE))
  const place = long ? valueAddress(map, index) - long : keyPlace(callee)
  if (isHash(type)) copyKey(map, recordOf(map, index), place)
  else note32(place, index)
  return place
}
