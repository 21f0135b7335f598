// Control blocks: the pool, their first contents, their end a grace period after the last use.
import { peek32, poke32, poke64 } from '../../door'
import { bitmapGive, bitmapTake } from '../../memory/bitmap'
import {
  BLOCK_BYTES,
  BLOCK_CALLBACK,
  BLOCK_CANCELLING,
  BLOCK_CANCELS_LAST,
  BLOCK_COMMANDS,
  BLOCK_DELETE,
  BLOCK_GRACE_PERIOD,
  BLOCK_IRQ_WORK,
  BLOCK_KIND,
  BLOCK_PROGRAM,
  BLOCK_REFERENCES,
  BLOCK_SHIFT,
  BLOCK_SLOT,
  BLOCK_STATE,
  BLOCK_WORK,
  SPECIMENS,
  SPECIMENS_BLOCK_POOL,
  SPECIMENS_BLOCKS,
  SPECIMENS_BLOCKS_WAITING,
  TIMER_BASE,
  TIMER_EXPIRES,
  TIMER_QUEUED,
  WORK_BLOCK,
  WORK_IS_CALLBACK,
  WORK_IS_DELETION,
  WORK_KIND,
  WORK_PENDING,
} from '../layout'
import { cpuIndex } from '../../cpu'
import { cleanse, poison } from './explorer'
import { afterGracePeriod, takeReclaimable } from './grace'

function blocks(): usize {
  return <usize>peek32(SPECIMENS + SPECIMENS_BLOCKS)
}

function indexOf(block: usize): u32 {
  return <u32>((block - blocks()) >> BLOCK_SHIFT)
}

function clearWork(item: usize, kind: u32, block: usize): void {
  poke32(item + WORK_PENDING, 0)
  poke32(item + WORK_KIND, kind)
  poke32(item + WORK_BLOCK, <u32>block)
}

/** A filled block (one reference, no callback, not armed), or 0. `cancelsLast`: see layout. */
export function allocateBlock(slot: usize, kind: u32, cancelsLast: u32): usize {
  const index = bitmapTake(SPECIMENS + SPECIMENS_BLOCK_POOL, 0)
  if (index < 0) return 0
  const block = blocks() + ((<usize>index) << BLOCK_SHIFT)
  cleanse(block, BLOCK_BYTES)
  poke32(block + BLOCK_REFERENCES, 1)
  poke32(block + BLOCK_STATE, 0)
  poke32(block + BLOCK_PROGRAM, 0)
  poke32(block + BLOCK_CALLBACK, 0)
  poke32(block + BLOCK_KIND, kind)
  poke32(block + BLOCK_SLOT, <u32>slot)
  poke32(block + BLOCK_CANCELS_LAST, cancelsLast)
  poke32(block + BLOCK_CANCELLING, 0)
  poke64(block + TIMER_EXPIRES, 0)
  poke32(block + TIMER_BASE, cpuIndex())
  poke32(block + TIMER_QUEUED, 0)
  clearWork(block + BLOCK_WORK, WORK_IS_CALLBACK, block)
  clearWork(block + BLOCK_DELETE, WORK_IS_DELETION, block)
  poke32(block + BLOCK_COMMANDS, 0)
  poke32(block + BLOCK_IRQ_WORK, 0)
  return block
}

/** Gives a block back at once. */
export function freeBlock(block: usize): void {
  poison(block, BLOCK_BYTES)
  bitmapGive(SPECIMENS + SPECIMENS_BLOCK_POOL, indexOf(block))
}

/** The block is freed (takeReclaimableBlock) a grace period from now. */
export function freeBlockLater(block: usize): void {
  afterGracePeriod(SPECIMENS + SPECIMENS_BLOCKS_WAITING, indexOf(block), block + BLOCK_GRACE_PERIOD)
}

/** A block whose grace period is over, or 0. */
export function takeReclaimableBlock(): usize {
  const bitmap = SPECIMENS + SPECIMENS_BLOCKS_WAITING
  const index = takeReclaimable(bitmap, blocks() + BLOCK_GRACE_PERIOD, BLOCK_SHIFT)
  return index < 0 ? 0 : blocks() + ((<usize>index) << BLOCK_SHIFT)
}
