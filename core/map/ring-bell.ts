// The bell of a ring: who waits for records, or for room, sleeps on it. Called by ring.ts, user-ring.ts and the
// helpers.
import { add32, peek32, wake } from '../door'
import { MAP_RING_ARRAY, MAP_RING_BELL } from '../layout'

/**
 * Wakes the consumer, which waits at the perf event array's bell if the ring is a buffer of one; of a user ring the
 * producers that wait for room.
 */
export function ring(map: usize): void {
  const array = <usize>peek32(map + MAP_RING_ARRAY)
  const bell = (array ? array : map) + MAP_RING_BELL
  add32(bell, 1)
  wake(bell)
}
