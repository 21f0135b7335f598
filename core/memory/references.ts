// Sticky reference counts, for control blocks, programs and the memory of maps. Owns the count word it is given.
// Invariant: a count that was dead is dead for ever, whoever adds to it afterwards [H8].
import { add32, compareExchange32, load32 } from '../door'
import { REFERENCES_DEAD } from '../layout'

/** Takes a reference if the object is not dead; two steps at most. */
export function referenceTryGet(count: usize): bool {
  if ((add32(count, 1) & REFERENCES_DEAD) === 0) return true
  add32(count, -1)
  return false
}

/** Drops a reference; true for the one caller who made the object dead and now owes it a grace period. */
export function referencePut(count: usize): bool {
  return drop(count, 1)
}

/**
 * Drops `held` references that are probably all there are: then the object is dead in the same step. True for the one
 * caller who made it dead, as in referencePut.
 */
export function referencePutLast(count: usize, held: u32): bool {
  if (load32(count) === held && compareExchange32(count, held, REFERENCES_DEAD) === held) return true
  return drop(count, held)
}

function drop(count: usize, held: u32): bool {
  return add32(count, -held) === held && compareExchange32(count, 0, REFERENCES_DEAD) === 0
}
