// The merged design's reference count: the last put waits for a grace period, and then the end of the block cancels
// once more, and waits again while its callback runs.
import { exchange32, peek32 } from '../door'
import { referencePut } from '../memory/references'
import { KIND_WORK } from '../abi'
import { freeBlock, freeBlockLater } from './base/block'
import { hrtimerTryToCancel } from './base/hrtimer'
import { specimen_program_put } from './base/program'
import { cancelWork } from './base/workqueue'
import { BLOCK_KIND, BLOCK_PROGRAM, BLOCK_REFERENCES, BLOCK_WORK } from './layout'

/** Drops a reference. Any context. */
export function mergedPut(block: usize): void {
  if (referencePut(block + BLOCK_REFERENCES)) freeBlockLater(block)
}

/** A grace period after the last put. */
export function mergedEnd(block: usize): void {
  const work = peek32(block + BLOCK_KIND) === KIND_WORK
  const cancelled = work ? cancelWork(block + BLOCK_WORK) : hrtimerTryToCancel(block)
  if (cancelled < 0) return freeBlockLater(block)
  specimen_program_put(<usize>exchange32(block + BLOCK_PROGRAM, 0))
  freeBlock(block)
}
