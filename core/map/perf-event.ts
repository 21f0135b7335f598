// Perf event arrays: at each index the buffer of one CPU, or none. A buffer is a ring (ring.ts) that rings its array's
// bell, so that one consumer waits for all of them; what a full one could not take is counted there. The host opens and
// closes buffers; a program inside its section can go on with one that it read, for a closed ring waits for a grace
// period.
// Called by helper/perf-event.ts and the host.
import { E2BIG, EBUSY, ENOENT, ENOSPC, EOPNOTSUPP } from '../abi'
import { cpuIndex } from '../cpu'
import { add32, compareExchange32, peek32, poke32 } from '../door'
import { MAP_MAX_ENTRIES, MAP_RING_ARRAY, MAP_RING_CPU, MAP_RING_LOST } from '../layout'
import { arrayValue } from './array'
import { referenceAt } from './reference'
import { ringEnd, ringReserve } from './ring'
import { RECORD_COMMITTED } from './ring-record'
import { copyPiece } from './value'

/**
 * Host: puts the ring, which nobody uses yet, at an index as the buffer of CPU `on`: 0, -E2BIG (index), -EBUSY (taken).
 */
export function perf_event_open(map: usize, at: u32, ring: u32, on: u32): i32 {
  if (at >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  poke32(<usize>ring + MAP_RING_ARRAY, <u32>map)
  poke32(<usize>ring + MAP_RING_CPU, on)
  return compareExchange32(arrayValue(map, at, 0), 0, ring) ? -EBUSY : 0
}

/** Host: takes the ring away from its index, if it is still there. */
export function perf_event_close(map: usize, at: u32, ring: u32): void {
  if (at < peek32(map + MAP_MAX_ENTRIES)) compareExchange32(arrayValue(map, at, 0), ring, 0)
}

/**
 * Puts a record of two pieces of guest memory, at `from` and `then`, into the buffer at an index: 0, -E2BIG (index),
 * -ENOENT (no buffer), -EOPNOTSUPP (another CPU's), -ENOSPC (full: counted as lost).
 */
export function perfOutput(map: usize, at: u32, from: usize, bytes: u32, then: usize, more: u32): i32 {
  if (at >= peek32(map + MAP_MAX_ENTRIES)) return -E2BIG
  const ring = <usize>referenceAt(map, at)
  if (!ring) return -ENOENT
  if (peek32(ring + MAP_RING_CPU) !== cpuIndex()) return -EOPNOTSUPP
  const to = ringReserve(ring, <u64>bytes + <u64>more)
  if (!to) {
    add32(ring + MAP_RING_LOST, 1)
    return -ENOSPC
  }
  copyPiece(to, from, bytes)
  copyPiece(to + bytes, then, more)
  ringEnd(ring, <u32>to, RECORD_COMMITTED, 0)
  return 0
}
