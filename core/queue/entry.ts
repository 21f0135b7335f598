// The word CB_QUEUED of a control block: {deadline : 53, owner + 1 : 8}, 0 = in no queue. It is claimed from 0 by
// anyone (async/place.ts), written before the entry is linked; from then on only its owner writes it, so that the
// owner's queues find the deadline there.
import { load64 } from '../door'
import { CB_QUEUED } from '../layout'

const OWNER_BITS: u64 = 8
const OWNER: u64 = 255

/** The queued word of an entry at `deadline` on CPU `owner`. */
export function queuedOn(deadline: u64, owner: u32): u64 {
  return (deadline << OWNER_BITS) | (<u64>(owner + 1))
}

/** CPU that holds the entry of a queued word that is not 0. */
export function queuedOwner(queued: u64): u32 {
  return <u32>(queued & OWNER) - 1
}

/** Deadline of the entry. */
export function queuedDeadline(queued: u64): u64 {
  return queued >> OWNER_BITS
}

/** Deadline of an entry of this CPU. Owner only. */
export function entryDeadline(entry: usize): u64 {
  return queuedDeadline(load64(entry + CB_QUEUED))
}
