// What a caller can say to the operations of a map handle, and what batches give back.
import type { MapTypes } from '../object-types.js'

/** When an update may happen: always, only for a new key, only for an existing one. */
export type UpdateFlag = 'any' | 'noexist' | 'exist'

/** How a value is read. */
export interface LookupOptions {
  /** BPF_F_LOCK: reads the value under its spin lock. EINVAL if it has none. */
  lock?: boolean
  /** Per-CPU maps: the value of this CPU only. */
  cpu?: number
}

/** How a value is written. */
export interface UpdateOptions {
  /** Default 'any'. */
  flag?: UpdateFlag
  /**
   * BPF_F_LOCK: writes the value in place, under its spin lock; a hash map's timers and work stay. EINVAL without one.
   */
  lock?: boolean
  /** Per-CPU maps: sets this CPU's value and leaves the others alone, or gives 'all' the same one. */
  cpu?: number | 'all'
}

/** How a batch is read. */
export interface BatchOptions {
  /** Where the batch before this one ended; left out: from the first element. */
  cursor?: BatchCursor
  /** BPF_F_LOCK, for every element. */
  lock?: boolean
}

/** A place in the order of one map. */
export type BatchCursor = Uint8Array

/** Elements of a map, as a batch has met them. */
export interface Batch<T extends MapTypes = MapTypes> {
  /** In the order of the map. */
  readonly entries: [key: T['key'], value: T['value']][]
  /** For the next batch; undefined: nothing was met. */
  readonly cursor: BatchCursor | undefined
  /**
   * There is nothing further: the kernel's ENOENT. Maps of the array kinds say so only in a batch that had room for
   * more; the others as soon as the last element was met.
   */
  readonly end: boolean
}
