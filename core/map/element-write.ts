// A per-CPU hash map's update writes into an element that is in the map, as the kernel does: other CPUs' values stay;
// and so does one under the lock of the element, which is read in place, too. The element could be deleted and handed
// out for another key at any step, so whoever uses it first announces it: an announced element is not handed out.
// Announce, then see that the key is still there: a delete marks the element before whoever takes it from the pool
// looks at the announcements, so one of the two sees the other. An eviction gives the element to the pool, too. Called
// by percpu-hash.ts, hash.ts and spare.ts; withdrawWrites by the repair of a dead CPU.
//
// One word for each nesting level, as in announce.ts: nested code begins and ends inside one step of what it
// interrupted.
// An announced element counts as held by its writer, who holds no other: the pool's spare elements make up for it.
import { cpu, cpuArea, cpuCount } from '../cpu'
import { load64, peek32, store64 } from '../door'
import { CPU_ELEMENT_WRITES, LOOKUP_LEVELS, MAP_SPIN_LOCK_OFFSET, MAP_TYPE } from '../layout'
import { isPerCpu } from './shape'

const NONE: u32 = 0xffffffff

function announcement(map: usize, index: u32): u64 {
  return ((<u64>map) << 32) | (<u64>(index + 1))
}

/** True if elements of the map are used in place: one that is free may still be announced. */
export function isUsedInPlace(map: usize): bool {
  return isPerCpu(peek32(map + MAP_TYPE)) || peek32(map + MAP_SPIN_LOCK_OFFSET) !== NONE
}

/** Announces that an element is used in place: the word to end it with, 0 if the CPU is nested too deeply. */
export function beginWrite(map: usize, index: u32): usize {
  for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) {
    const word = cpu() + CPU_ELEMENT_WRITES + (level << 3)
    if (load64(word) !== 0) continue
    store64(word, announcement(map, index))
    return word
  }
  return 0
}

/** The use has ended. */
export function endWrite(word: usize): void {
  store64(word, 0)
}

/** True if some CPU may be using the element in place. */
export function isBeingWritten(map: usize, index: u32): bool {
  const wanted = announcement(map, index)
  for (let on: u32 = 0; on < cpuCount(); on++) {
    const words = cpuArea(on) + CPU_ELEMENT_WRITES
    for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++)
      if (load64(words + (level << 3)) === wanted) return true
  }
  return false
}

/** Withdraws the announcements of CPU `index`, which is dead. */
export function withdrawWrites(index: u32): void {
  const words = cpuArea(index) + CPU_ELEMENT_WRITES
  for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) store64(words + (level << 3), 0)
}
