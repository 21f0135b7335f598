// What a dead CPU leaves behind in the maps, or one whose code a fault has ended. Called by the repair of a dead CPU
// (run/offline.ts), on a live one, and by run/unwind.ts.
// An update, delete or eviction that was cut off holds at most one element, and the room of one, that no map will see
// again: the elements that every map has beyond max_entries make up for it. Whether it held one cannot be known (it may
// have ended the change and not yet said so): the machine's statistics count the changes, not the elements. The
// rooms that the CPU kept are taken by whoever needs them, as before.
import { MAX_MAPS } from '../abi'
import { MAP_LIVE } from '../async/user-reference'
import { add32, glance32, load32, note32, peek32 } from '../door'
import { cpuArea } from '../cpu'
import {
  CPU_MAP_OPERATIONS,
  HEADER,
  HEADER_UNFINISHED_CHANGES,
  HEADER_MAPS,
  MAP_BYTES,
  MAP_STATE,
  MAP_TYPE,
} from '../layout'
import { withdrawLookups } from './announce'
import { withdrawWrites } from './element-write'
import { abandonReservations } from './ring'
import { isHash } from './shape'
import { repairSpare } from './spare'

/**
 * Withdraws the lookups and writes of CPU `index`, and counts the changes that it had under way: it is dead, or a fault
 * has ended what it did.
 */
export function endChanges(index: u32): void {
  withdrawLookups(index)
  withdrawWrites(index)
  const under = cpuArea(index) + CPU_MAP_OPERATIONS
  add32(HEADER + HEADER_UNFINISHED_CHANGES, glance32(under))
  note32(under, 0)
}

/** The same for CPU `dead`, whose reservations are discarded, and whose spare elements are given back. */
export function repairMaps(dead: u32): void {
  abandonReservations(dead, true)
  for (let at: u32 = 0; at < <u32>MAX_MAPS; at++) {
    const map = <usize>peek32(HEADER + HEADER_MAPS) + <usize>at * MAP_BYTES
    // Of a map that is closed nobody wants a spare one any more, and its memory may go at any step
    // (abandonReservations).
    if (load32(map + MAP_STATE) !== MAP_LIVE) continue
    if (isHash(peek32(map + MAP_TYPE))) repairSpare(map, dead)
  }
  endChanges(dead)
}
