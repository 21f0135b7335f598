// What each CPU keeps of a hash map for itself (SHARE_*): rooms (room.ts), a spare element (spare.ts). Called by these
// and short.ts.
import { peek32 } from '../door'
import { MAP_SHARES, SHARE_BYTES } from '../layout'

/** The share of CPU `on`. */
export function shareOf(map: usize, on: u32): usize {
  return <usize>peek32(map + MAP_SHARES) + <usize>on * SHARE_BYTES
}
