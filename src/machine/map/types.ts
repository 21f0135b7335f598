// The map types that this machine has, what the host can do with each as the kernel's user space can, and what libbpf
// changes in their attributes. The host's half of a new map type begins with a row here.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_CGROUP_ARRAY,
  MAP_TYPE_CPUMAP,
  MAP_TYPE_DEVMAP,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_HASH,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_QUEUE,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_STACK,
  MAP_TYPE_STACK_TRACE,
  MAP_TYPE_USER_RINGBUF,
  MAP_TYPE_XSKMAP,
} from '../../../core/abi.js'

/** Batch operations of a map type; one that is not there answers ENOTSUPP. */
export type BatchOperation = 'lookup' | 'lookup-and-delete' | 'update' | 'delete'

export interface MapType {
  /** Values are one for each CPU. */
  readonly perCpu?: true
  /** Values are programs or maps: handles and ids for the user. */
  readonly references?: true
  /** Values are pushed, not set by key. */
  readonly push?: true
  readonly batch: readonly BatchOperation[]
  /**
   * A batch that ends with the last element says so at once, as the kernel's hash maps do; else only the next one,
   * which finds nothing, says so.
   */
  readonly seesEnd?: true
}

const HASH: MapType = { batch: ['lookup', 'lookup-and-delete', 'update', 'delete'], seesEnd: true }
const ARRAY: MapType = { batch: ['lookup', 'update'] }

/** By BPF_MAP_TYPE_*. */
const types: ReadonlyMap<number, MapType> = new Map<number, MapType>([
  [MAP_TYPE_HASH, HASH],
  [MAP_TYPE_ARRAY, ARRAY],
  [MAP_TYPE_PERCPU_HASH, { ...HASH, perCpu: true }],
  [MAP_TYPE_PERCPU_ARRAY, { ...ARRAY, perCpu: true }],
  [MAP_TYPE_LRU_HASH, HASH],
  [MAP_TYPE_LRU_PERCPU_HASH, { ...HASH, perCpu: true }],
  [MAP_TYPE_RINGBUF, { batch: [] }],
  [MAP_TYPE_PERF_EVENT_ARRAY, { batch: [] }],
  [MAP_TYPE_STACK_TRACE, { batch: [] }],
  [MAP_TYPE_CGROUP_ARRAY, { batch: [] }],
  [MAP_TYPE_PROG_ARRAY, { batch: [], references: true }],
  [MAP_TYPE_ARRAY_OF_MAPS, { ...ARRAY, references: true }],
  [MAP_TYPE_HASH_OF_MAPS, { batch: ['lookup', 'update', 'delete'], seesEnd: true, references: true }],
  [MAP_TYPE_LPM_TRIE, { batch: ['lookup', 'update', 'delete'] }],
  [MAP_TYPE_DEVMAP, { batch: [] }],
  [MAP_TYPE_DEVMAP_HASH, { batch: [] }],
  [MAP_TYPE_CPUMAP, { batch: [] }],
  [MAP_TYPE_XSKMAP, { batch: [] }],
  [MAP_TYPE_QUEUE, { batch: [], push: true }],
  [MAP_TYPE_STACK, { batch: [], push: true }],
  [MAP_TYPE_BLOOM_FILTER, { batch: [], push: true }],
  [MAP_TYPE_USER_RINGBUF, { batch: [] }],
])

/** BPF_MAP_TYPE_* numbers. */
export const mapTypes: ReadonlySet<number> = new Set(types.keys())

/** What the host can do with maps of a type. */
export function mapType(type: number): MapType {
  return types.get(type) ?? { batch: [] }
}

/**
 * max_entries as libbpf passes it on: a ring buffer's is rounded up to a power of two of pages, a perf event array
 * without any has one for each of the `cpus`.
 */
export function roundedEntries(
  { type, maxEntries }: { readonly type: number; readonly maxEntries: number },
  cpus: number,
): number {
  if (type === MAP_TYPE_PERF_EVENT_ARRAY && maxEntries === 0) return cpus
  const isRing = type === MAP_TYPE_RINGBUF || type === MAP_TYPE_USER_RINGBUF
  if (!isRing || maxEntries === 0 || maxEntries > 2 ** 31) return maxEntries
  return Math.max(4096, 2 ** Math.ceil(Math.log2(maxEntries)))
}
