// Counting what is where, for statistics and for tests at rest. Reads only; exact while nothing else runs.
import { load32, load64, glance8, peek32 } from '../door'
import { isFreed } from '../async/state'
import { isBound, isOf } from '../async/binding'
import { slotOfBlock } from '../async/owner'
import { cpuArea, cpuCount } from '../cpu'
import {
  BITMAP_BITS,
  CB_BINDING,
  CB_DEFERRED_BY,
  CB_QUEUED,
  CB_STATE,
  CONTROL_BLOCK_BYTES,
  CPU_CURRENT,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  HEADER_CONTROL_BLOCK_POOL,
  PROGRAM_REFERENCES,
} from '../layout'
import { bitmapCount, bitmapWord } from '../memory/bitmap'

function pool(): usize {
  return <usize>peek32(HEADER + HEADER_CONTROL_BLOCK_POOL)
}

function inPool(index: u32): bool {
  return (load32(bitmapWord(pool(), 0, index >> 5)) & ((<u32>1) << (index & 31))) !== 0
}

function firing(block: usize): bool {
  const count = cpuCount()
  for (let index: u32 = 0; index < count; index++)
    if (<usize>load32(cpuArea(index) + CPU_CURRENT) === block) return true
  return false
}

/** Control blocks that may be had. */
export function control_blocks_free(): u32 {
  return bitmapCount(pool())
}

/** Control blocks of the machine. */
export function control_blocks_total(): u32 {
  return peek32(pool() + BITMAP_BITS)
}

/**
 * Control blocks that are nowhere: not in the pool, in no slot, in no queue, waiting for no grace period, not firing.
 * At rest these are what dead CPUs took with them, at most one per CPU and nesting level [G9]; without deaths 0 [G3].
 */
export function control_blocks_lost(): u32 {
  const count = peek32(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const blocks = <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  let lost: u32 = 0
  for (let index: u32 = 0; index < count; index++) {
    const block = blocks + <usize>index * CONTROL_BLOCK_BYTES
    if (inPool(index) || glance8(block + CB_DEFERRED_BY) !== 0 || load64(block + CB_QUEUED) !== 0) continue
    if (!isFreed(load64(block + CB_STATE)) && load32(slotOfBlock(block)) === <u32>block) continue
    if (!firing(block)) lost++
  }
  return lost
}

/** References on `program`: handles, bindings, lost with a dead CPU [G2, G9]; not those kept (async/kept.ts). */
export function program_references(program: usize): u32 {
  return load32(program + PROGRAM_REFERENCES) - kept(program)
}

// References that void bindings keep for the next set_callback.
function kept(program: usize): u32 {
  const count = peek32(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const blocks = <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  let found: u32 = 0
  for (let index: u32 = 0; index < count; index++) {
    const block = blocks + <usize>index * CONTROL_BLOCK_BYTES
    const binding = load64(block + CB_BINDING)
    if (isOf(binding, program) && !isBound(binding, load64(block + CB_STATE))) found++
  }
  return found
}
