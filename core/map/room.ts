// How many elements a hash map holds. A room is reserved before an insertion is published and given back after a
// deletion has set its mark: an operation that is going on counts as holding one. So the map never holds more than
// max_entries, and is called full only while elements and operations under way together are that many. Called by
// list.ts, hash.ts and lru.ts.
import { add32, compareExchange32, load32, peek32 } from '../door'
import { MAP_COUNT, MAP_MAX_ENTRIES } from '../layout'

/** Reserves room for one element; false if there is none. Each further turn follows a change by another CPU. */
export function reserve(map: usize): bool {
  const most = peek32(map + MAP_MAX_ENTRIES)
  let held = load32(map + MAP_COUNT)
  while (held < most) {
    const seen = compareExchange32(map + MAP_COUNT, held, held + 1)
    if (seen === held) return true
    held = seen
  }
  return false
}

/** Gives the room of one element back. */
export function unreserve(map: usize): void {
  add32(map + MAP_COUNT, <u32>-1)
}

/** True if there is no room at this moment. */
export function isFull(map: usize): bool {
  return load32(map + MAP_COUNT) >= peek32(map + MAP_MAX_ENTRIES)
}
