// Entries that the wheel brings, on their way to the due list: those of one slot come in no order, so they are sorted,
// a few at a time, before they are appended one by one; what does not fit behind the last goes to the due heap. Sorted
// are numbers {deadline within its slot : 12, stamp : 32, place in the batch : 6}, not control blocks: each of those is
// a cache line of its own. Owner only, outermost code only; called by timer-queue.ts, which counts the entries of the
// batch.
import { cpu } from '../cpu'
import { peek32, peek64, poke32, poke64 } from '../door'
import { CB_ENTRY_STAMP, CPU_BATCH_BLOCKS, CPU_BATCH_KEYS } from '../layout'
import { entryDeadline } from './entry'
import { lastStamp } from './stamp'
import { WHEEL_SHIFT } from './wheel'

/** Entries of a batch at most. */
export const BATCH: u32 = 64
const PLACE_BITS: u64 = 6
const STAMP_BITS: u64 = 32

function keyAddress(rank: u32): usize {
  return cpu() + CPU_BATCH_KEYS + ((<usize>rank) << 3)
}

function blockAddress(place: u32): usize {
  return cpu() + CPU_BATCH_BLOCKS + ((<usize>place) << 2)
}

// Stamps wrap: they are ordered by their distance from the last one of this CPU.
function keyOf(entry: usize, place: u32): u64 {
  const withinSlot = entryDeadline(entry) & (((<u64>1) << WHEEL_SHIFT) - 1)
  const stamp = peek32(entry + CB_ENTRY_STAMP) - lastStamp() + 0x80000000
  return (((withinSlot << STAMP_BITS) | (<u64>stamp)) << PLACE_BITS) | (<u64>place)
}

/** Adds an entry to the `count` that the batch holds, fewer than BATCH and all of one slot. */
export function batchAdd(entry: usize, count: u32): void {
  poke32(blockAddress(count), <u32>entry)
  const key = keyOf(entry, count)
  let rank = count
  while (rank > 0 && peek64(keyAddress(rank - 1)) > key) {
    poke64(keyAddress(rank), peek64(keyAddress(rank - 1)))
    rank--
  }
  poke64(keyAddress(rank), key)
}

/** The entry of that rank, from 0, by deadline and stamp. */
export function batchEntry(rank: u32): usize {
  const place = (<u32>peek64(keyAddress(rank))) & (BATCH - 1)
  return <usize>peek32(blockAddress(place))
}
