// What a dead CPU leaves behind in the maps. Called by the repair of a dead CPU (run/offline.ts), on a live one.
// An update, delete or eviction that was cut off holds at most one element, and the room of one, that no map will see
// again: the spare elements of every map make up for it, and the machine's statistics count it.
import { add32, note32, glance32 } from '../door'
import { cpuArea } from '../cpu'
import { CPU_MAP_OPERATIONS, HEADER, HEADER_LOST_ELEMENTS } from '../layout'
import { withdrawLookups } from './announce'
import { withdrawWrites } from './element-write'
import { abandonReservations } from './ring'

/** Withdraws the lookups and writes of CPU `dead` and counts what its operations held. */
export function repairMaps(dead: u32): void {
  withdrawLookups(dead)
  withdrawWrites(dead)
  abandonReservations(dead, true)
  const under = cpuArea(dead) + CPU_MAP_OPERATIONS
  add32(HEADER + HEADER_LOST_ELEMENTS, glance32(under))
  note32(under, 0)
}
