// The map types that this machine has, and what libbpf changes in their attributes. Read by load.ts before anything is
// loaded.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_RINGBUF,
} from '../../core/abi.js'

/** BPF_MAP_TYPE_* numbers. */
export const mapTypes: ReadonlySet<number> = new Set([
  MAP_TYPE_HASH,
  MAP_TYPE_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH_OF_MAPS,
])

/** max_entries as libbpf passes it on: a ring buffer's is rounded up to a power of two of pages. */
export function roundedEntries({ type, maxEntries }: { readonly type: number; readonly maxEntries: number }): number {
  if (type !== MAP_TYPE_RINGBUF || maxEntries === 0 || maxEntries > 2 ** 31) return maxEntries
  return Math.max(4096, 2 ** Math.ceil(Math.log2(maxEntries)))
}
