// The bell of a ring: who waits for records, or for room, sleeps on it. Called by ring.ts, user-ring.ts and the
// helpers.
import { BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP } from '../abi'
import { add32, load32, peek32, wake } from '../door'
import { MAP_RING_ARRAY, MAP_RING_BELL, MAP_RING_CONSUMED } from '../layout'

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

/**
 * A record that begins at `start` was committed or given up: the consumer is woken if it had consumed all that was in
 * front of it, or always or never, as `flags` say (BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP).
 */
export function wakeConsumer(map: usize, start: u32, flags: u64): void {
  if (flags & BPF_RB_FORCE_WAKEUP || (!(flags & BPF_RB_NO_WAKEUP) && load32(map + MAP_RING_CONSUMED) === start))
    ring(map)
}
