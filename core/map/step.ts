// Structures of many words that change in one step, and one after the other: queues, stacks and LPM tries.
//
// MAP_STEP {version : 40, record : 24} names the record of the last step. A record says how the structure stands after
// its step (STEP_COUNT) and the one link of the structure that the step changes (STEP_CHANGE). So to step is to
// exchange MAP_STEP for the next record: the change of the link follows from the record alone, and whoever is next
// makes it if the stepper has not. A CPU that stops between the two hides nothing.
//
// What holds at every moment:
//  - The change of a step is made before the next step: everybody makes it (`settled`) before trying a step.
//  - While MAP_STEP is one word, the structure changes in no way but by that step's own link. So what was read between
//    two looks at the same word was there all at once; versions only grow.
//  - A change is made by compare-and-exchange on a link that was read while its step was the last, and links have
//    versions too: one who comes late changes nothing.
// A record is handed out again at once: who reads one whose step has passed sees that MAP_STEP is another word.
// Lock-free: a step fails only because another one was made. Called by queue.ts, trie.ts and trie-find.ts.
import { cpuCount, cpuIndex } from '../cpu'
import { compareExchange64, load64, peek32, poke32, store64 } from '../door'
import { BITMAP_BYTES, LOOKUP_LEVELS, MAP_STEP, MAP_STEPS, MAP_STEP_POOL } from '../layout'
import { bitmapBytes, bitmapCreate, bitmapGive, bitmapTake } from '../memory/bitmap'
import { linkAfter, nextOf } from './record'

/** u64 {address of a link : 32, what it leads to : 32}; 0 the step changes no link. */
const STEP_CHANGE = 0
/** u64: what the structure counts, as it says itself. */
const STEP_COUNT = 8
const STEP_BYTES = 16

/** The last step's change could not be made sure of: another step was made. */
export const PASSED: u64 = 0

/** One for the last step, and one for every operation that may be under way. */
function stepRecords(): u32 {
  return cpuCount() * LOOKUP_LEVELS + 1
}

/** Bytes of core memory for the steps of a map. */
export function stepBytes(): u64 {
  const records = stepRecords()
  return (<u64>records * STEP_BYTES + BITMAP_BYTES + <u64>bitmapBytes(records) + 63) & ~(<u64>63)
}

/** Lays out the steps of a map in zeroed memory: a first step that changes nothing. */
export function createSteps(map: usize, area: usize): void {
  const records = stepRecords()
  const pool = area + <usize>records * STEP_BYTES
  poke32(map + MAP_STEPS, <u32>area)
  poke32(map + MAP_STEP_POOL, <u32>pool)
  bitmapCreate(pool, pool + BITMAP_BYTES, records, true)
  store64(map + MAP_STEP, linkAfter(0, 0, <u32>bitmapTake(pool, 0) + 1))
}

function recordOf(map: usize, step: u64): usize {
  return <usize>peek32(map + MAP_STEPS) + (<usize>nextOf(step) - 1) * STEP_BYTES
}

/** Makes a link that was `word` lead to `to`, unless somebody has. */
function change(link: usize, word: u64, to: u32): void {
  if (nextOf(word) !== to) compareExchange64(link, word, linkAfter(word, 0, to))
}

/** Makes the change of a step, if it is the last one: false if it is not. */
function settle(map: usize, step: u64): bool {
  const asked = load64(recordOf(map, step) + STEP_CHANGE)
  // If the step has passed this is the link of some other step of the map.
  const link = <usize>(asked >> 32)
  const word = link ? load64(link) : 0
  if (load64(map + MAP_STEP) !== step) return false
  if (link) change(link, word, <u32>asked)
  return true
}

/** The last step, its change made; PASSED if another one came meanwhile. */
export function settled(map: usize): u64 {
  const step = load64(map + MAP_STEP)
  return settle(map, step) ? step : PASSED
}

/** True while `step` is the last: what was read since `settled` was there all at once. */
export function isLast(map: usize, step: u64): bool {
  return load64(map + MAP_STEP) === step
}

/** What the structure counts after a step; to be believed if the step is the last afterwards. */
export function countOf(map: usize, step: u64): u64 {
  return load64(recordOf(map, step) + STEP_COUNT)
}

/** A free record, for one step; below 0 if dead CPUs took them all. */
export function takeStep(map: usize): i32 {
  return bitmapTake(<usize>peek32(map + MAP_STEP_POOL), cpuIndex() * LOOKUP_LEVELS)
}

/** Gives a record back that was not used. */
export function giveStep(map: usize, record: i32): void {
  bitmapGive(<usize>peek32(map + MAP_STEP_POOL), <u32>record)
}

/**
 * Steps from `step`, if it is still the last, with the caller's record: the structure then counts `count`, and `link`
 * (0 none), which was `word` since `settled` gave `step`, leads to `to`. False if another step came first: the record
 * stays the caller's.
 */
export function stepFrom(map: usize, step: u64, record: i32, count: u64, link: usize, word: u64, to: u32): bool {
  const mine = <usize>peek32(map + MAP_STEPS) + <usize>record * STEP_BYTES
  store64(mine + STEP_COUNT, count)
  store64(mine + STEP_CHANGE, ((<u64>link) << 32) | (<u64>to))
  if (compareExchange64(map + MAP_STEP, step, linkAfter(step, 0, <u32>record + 1)) !== step) return false
  // `step` was the last until here, and so the link was `word`: it is not, if somebody has made the change by now.
  if (link) change(link, word, to)
  giveStep(map, <i32>nextOf(step) - 1)
  return true
}
