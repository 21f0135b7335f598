// Batch operations on one map's bytes, with the counts and results of the kernel's BPF_MAP_*_BATCH. A batch is no unit:
// each of its elements is looked up, changed or deleted for itself. Called by commands.ts.
import { EAGAIN, ENOENT } from '../../../core/abi.js'
import { AGAIN } from '../answer.js'
import type { MapAccess } from './access.js'
import { mapType } from './types.js'

/** How far a batch that reads has come. */
export interface BatchProgress {
  readonly found: { key: Uint8Array; value: Uint8Array }[]
  /** The key to go on behind; not there before the first is met. */
  cursor?: Uint8Array
}

/** What a batch that reads does: at most `count` elements, under their locks or not, and whether they go. */
export interface ReadBatch {
  readonly count: number
  readonly lock: boolean
  readonly deletes: boolean
}

/**
 * Goes on with a batch that reads. 0; -ENOENT: there is nothing further; or why the last element could not be read.
 * AGAIN if a spin lock was held.
 */
export function readBatch(
  access: MapAccess,
  { count, lock, deletes }: ReadBatch,
  progress: BatchProgress,
): number | typeof AGAIN {
  const { found } = progress
  while (found.length < count) {
    const key = access.nextKey(progress.cursor)
    if (typeof key === 'number') return key
    const value = deletes ? access.lookupAndDelete(key) : access.lookup(key, lock)
    if (value === -EAGAIN) return AGAIN
    // Deleted meanwhile: no element of this batch.
    if (typeof value === 'number' && value !== -ENOENT) return value
    progress.cursor = key
    if (typeof value !== 'number') found.push({ key, value })
  }
  if (count === 0 || !mapType(access.type).seesEnd) return 0
  const next = access.nextKey(progress.cursor)
  return typeof next === 'number' ? next : 0
}

/** Does `one` for each item from `progress.count` on, until it answers a negative errno: that, or 0. */
export function writeBatch<T>(
  items: readonly T[],
  one: (item: T) => number,
  progress: { count: number },
): number | typeof AGAIN {
  for (; progress.count < items.length; progress.count++) {
    const result = one(items[progress.count]!)
    if (result === -EAGAIN) return AGAIN
    if (result < 0) return result
  }
  return 0
}
