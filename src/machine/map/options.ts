// What a caller can say to the operations of a map handle, and what batches give back.
import { SkepError } from '../../error.js'
import { refuseUnknown, type Fail, type OptionNames } from '../options/given-options.js'
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

/** Their names; bytes come of all CPUs. */
export const lookupOptions = { lock: true, cpu: true } satisfies OptionNames<LookupOptions>
export const lookupBytesOptions = { lock: true } satisfies OptionNames<Omit<LookupOptions, 'cpu'>>

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

/** Their names. */
export const updateOptions = { flag: true, lock: true, cpu: true } satisfies OptionNames<UpdateOptions>

/** How a batch is read. */
export interface BatchOptions {
  /** Where the batch before this one ended; left out: from the first element. */
  cursor?: BatchCursor
  /** BPF_F_LOCK, for every element. */
  lock?: boolean
}

/** Their names, of a batch that reads, of one that deletes what it reads, and of one that writes. */
export const batchOptions = { cursor: true, lock: true } satisfies OptionNames<BatchOptions>
export const deletingBatchOptions = { cursor: true } satisfies OptionNames<Pick<BatchOptions, 'cursor'>>
export const writingBatchOptions = { lock: true } satisfies OptionNames<Pick<BatchOptions, 'lock'>>

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

/** Throws BAD_VALUE. */
export const badValue: Fail = (what) => {
  throw new SkepError('BAD_VALUE', what)
}

/** Refuses what is no object, and options that are not among `names`, of an operation on map `name`. */
export function checkOptions(given: unknown, names: Readonly<Record<string, true>>, name: string): void {
  refuseUnknown(given, names, `map '${name}'`, badValue)
}
