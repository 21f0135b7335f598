// The end of a block in the designs that wait for a running callback before they free (locked, rfc-v1).
import { KIND_TIMER } from '../../abi'
import { peek32 } from '../../door'
import { BLOCK_DELETE, BLOCK_KIND, BLOCK_WORK } from '../layout'
import { freeBlockLater } from './block'
import { ownCallback } from './callback'
import { hrtimerCancel_sync } from './hrtimer'
import { cancelWork_sync, queueWork } from './workqueue'

/** The worker's part, and the timer's own: cancel, wait, free a grace period later. */
export function finishDeletion_sync(block: usize): void {
  if (peek32(block + BLOCK_KIND) === KIND_TIMER) hrtimerCancel_sync(block)
  else cancelWork_sync(block + BLOCK_WORK)
  freeBlockLater(block)
}

/**
 * Deletes a block that left its slot. A worker does it for work, and inside any timer callback of this CPU; else it
 * waits.
 */
export function delete_sync(block: usize): void {
  if (peek32(block + BLOCK_KIND) !== KIND_TIMER || ownCallback() !== 0) queueWork(block + BLOCK_DELETE)
  else finishDeletion_sync(block)
}
