// Control blocks: allocation, references, return to the pool. Owns the pool bitmap.
// Invariant: a block in the pool has state FREED, no binding, no queue entry and a dead count; so a stale look at it
// finds nothing to do. It returns only a grace period after its count was dead [G1, G3, H3]. One that was never used is
// all 0, which reads as idle: no slot, queue or inbox has ever led to it, and who goes over all blocks (repair, audit,
// the setting of REALTIME, the host's list of timers) minds only those that are armed, queued, deferred, held or in the
// slot that they name; owner 0 names none.
import { note64, note8, peek32, poke32, store64 } from '../door'
import { cpu, cpuIndex } from '../cpu'
import {
  CB_HOLDER,
  CB_REFERENCES,
  CB_STATE,
  CPU_POOL_HINT,
  HEADER,
  HEADER_CONTROL_BLOCK_POOL,
  REFERENCES_DEAD,
} from '../layout'
import { bitmapGive, bitmapTake } from '../memory/bitmap'
import { defer, DEFERRED_CONTROL_BLOCK } from '../memory/deferred'
import { referencePut, referencePutLast, referenceTryGet } from '../memory/references'
import { controlBlockAt, controlBlockIndex } from '../queue/inbox'
import { forgetRealtime } from './deadline'
import { setOwner } from './owner'
import { FREED, fresh } from './state'

function pool(): usize {
  return <usize>peek32(HEADER + HEADER_CONTROL_BLOCK_POOL)
}

/** Takes a block from the pool, live, unbound and idle, with the slot's reference; 0 = none left [H22]. */
export function controlBlockAllocate(kind: u32, clock: u32, map: usize, element: u32): usize {
  const area = cpu()
  const index = bitmapTake(pool(), peek32(area + CPU_POOL_HINT))
  if (index < 0) return 0
  poke32(area + CPU_POOL_HINT, <u32>index)
  const block = controlBlockAt(<u32>index)
  note8(block + CB_HOLDER, <u8>(cpuIndex() + 1))
  setOwner(block, kind, clock, map, element)
  forgetRealtime(block)
  // Nobody looks at the count of a block before it is published, nor once it is dead.
  poke32(block + CB_REFERENCES, 1)
  // The publication is a compare-and-exchange, which lets no store pass. A stale look may see either word: idle or
  // FREED.
  note64(block + CB_STATE, fresh())
  return block
}

/** Gives back a block that was never published: nobody can have seen it. */
export function controlBlockDiscard(block: usize): void {
  store64(block + CB_STATE, FREED)
  poke32(block + CB_REFERENCES, REFERENCES_DEAD)
  controlBlockReturn(block)
}

/** The block is in its slot, of a map with users, or freed: it is nobody's to give back any more. */
export function controlBlockPublished(block: usize): void {
  note8(block + CB_HOLDER, 0)
}

/** Puts a block whose grace period is over back into the pool. This CPU takes it next: it has it in its cache. */
export function controlBlockReturn(block: usize): void {
  const index = controlBlockIndex(block)
  note8(block + CB_HOLDER, 0)
  bitmapGive(pool(), index)
  poke32(cpu() + CPU_POOL_HINT, index)
}

/** Takes a reference; false once the block is dead. Only inside a section, on a block found through its slot. */
export function controlBlockTryGet(block: usize): bool {
  return referenceTryGet(block + CB_REFERENCES)
}

/** Drops a reference; the last one starts the block's way back to the pool. Any context. */
export function controlBlockPut(block: usize): void {
  if (referencePut(block + CB_REFERENCES)) defer(block, DEFERRED_CONTROL_BLOCK)
}

/** The same for the `held` references of a freed block: probably the last ones. */
export function controlBlockPutLast(block: usize, held: u32): void {
  if (referencePutLast(block + CB_REFERENCES, held)) defer(block, DEFERRED_CONTROL_BLOCK)
}
