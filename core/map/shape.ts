// The kinds of map, the number of their elements, and how elements lie. Owns nothing: pure arithmetic on the
// attributes.
// Called from everywhere in map/ and by the helpers.
import {
  FRAME_BYTES,
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
} from '../abi'
import { peek32 } from '../door'
import { HEADER, HEADER_CPUS, LOOKUP_LEVELS } from '../layout'

/** `bytes` rounded up to a multiple of `unit`, a power of two. */
export function roundUp(bytes: u64, unit: u64): u64 {
  return (bytes + unit - 1) & ~(unit - 1)
}

/** True for the kinds that keep their elements in buckets; stacks lie there under their ids. */
export function isHash(type: u32): bool {
  if (type === MAP_TYPE_HASH || type === MAP_TYPE_PERCPU_HASH) return true
  if (type === MAP_TYPE_STACK_TRACE) return true
  return type === MAP_TYPE_HASH_OF_MAPS || type === MAP_TYPE_DEVMAP_HASH || isLru(type)
}

/** True for the kinds of hash map that evict. */
export function isLru(type: u32): bool {
  return type === MAP_TYPE_LRU_HASH || type === MAP_TYPE_LRU_PERCPU_HASH
}

/** True for the kinds whose elements stand in a row and are always there. */
export function isArray(type: u32): bool {
  return type === MAP_TYPE_ARRAY || type === MAP_TYPE_PERCPU_ARRAY || isReferenceArray(type) || isTargetArray(type)
}

/** True for arrays of programs, maps, perf buffers or control groups: no element at first. */
export function isReferenceArray(type: u32): bool {
  if (type === MAP_TYPE_PERF_EVENT_ARRAY || type === MAP_TYPE_CGROUP_ARRAY) return true
  return type === MAP_TYPE_PROG_ARRAY || type === MAP_TYPE_ARRAY_OF_MAPS
}

/**
 * True for the kinds whose values are addresses of programs, maps or perf buffers, or ids of control groups. Their
 * elements lie in core memory, where no guest can change them, and only the host writes them.
 */
export function holdsReferences(type: u32): bool {
  return isReferenceArray(type) || type === MAP_TYPE_HASH_OF_MAPS
}

/** True for the kinds whose values say where packets go: only the host writes them (target.ts). */
export function isTarget(type: u32): bool {
  return type === MAP_TYPE_DEVMAP_HASH || isTargetArray(type)
}

/** True for hash maps whose changes mostly go the short way (short.ts), if their values have no special fields. */
export function isShort(type: u32, keySize: u32, valueSize: u32): bool {
  const short = (keySize === 4 || keySize === 8) && (valueSize & 3) === 0 && valueSize <= 64
  return short && (type === MAP_TYPE_HASH || type === MAP_TYPE_LRU_HASH)
}

/** True for arrays of such values: no element at first. */
export function isTargetArray(type: u32): bool {
  return type === MAP_TYPE_DEVMAP || type === MAP_TYPE_CPUMAP || type === MAP_TYPE_XSKMAP
}

/** True for the kinds whose values name interfaces. */
export function isDeviceMap(type: u32): bool {
  return type === MAP_TYPE_DEVMAP || type === MAP_TYPE_DEVMAP_HASH
}

/** True for LPM tries. */
export function isTrie(type: u32): bool {
  return type === MAP_TYPE_LPM_TRIE
}

/** True for the kinds whose values stand in order, without keys. */
export function isQueue(type: u32): bool {
  return type === MAP_TYPE_QUEUE || type === MAP_TYPE_STACK
}

/** True for the kinds of records in order, from programs or for them. */
export function isRing(type: u32): bool {
  return type === MAP_TYPE_RINGBUF || type === MAP_TYPE_USER_RINGBUF
}

/** True for the kinds with one value for each CPU. */
export function isPerCpu(type: u32): bool {
  return type === MAP_TYPE_PERCPU_ARRAY || type === MAP_TYPE_PERCPU_HASH || type === MAP_TYPE_LRU_PERCPU_HASH
}

/**
 * Elements of the map. Hash maps and queues have some more than max_entries: an update takes a free element before it
 * lets go of the old one, so each operation that is going on, on any CPU and nesting level, may hold one in its hands;
 * in a hash map each CPU may keep a spare one as well.
 */
export function elementsOf(type: u32, maxEntries: u32): u64 {
  const cpus = <u64>peek32(HEADER + HEADER_CPUS)
  if (isRing(type) || type === MAP_TYPE_BLOOM_FILTER) return 0
  if (type === MAP_TYPE_PERCPU_ARRAY) return <u64>maxEntries * cpus
  // As many again, and some, that wait for a grace period (trie.ts).
  if (isTrie(type)) return 2 * <u64>maxEntries + cpus * LOOKUP_LEVELS + 64
  if (isHash(type)) return <u64>maxEntries + cpus * (LOOKUP_LEVELS + 1)
  return isQueue(type) ? <u64>maxEntries + cpus * LOOKUP_LEVELS : <u64>maxEntries
}

/** Nodes of an LPM trie: fewer than two for each value, and three in the hands of each operation. */
export function trieNodesOf(maxEntries: u32): u64 {
  return 2 * <u64>maxEntries + 3 * <u64>peek32(HEADER + HEADER_CPUS) * LOOKUP_LEVELS
}

/**
 * Bytes in front of the value in an element of a hash map: the keys are in the records, and callbacks are passed copies
 * (callback-key.ts); only of keys that are longer than their place, a frame, each element has a copy for that.
 */
export function guestKeyBytes(type: u32, keySize: u32): u32 {
  return isHash(type) && keySize > <u32>FRAME_BYTES ? <u32>roundUp(keySize, 8) : 0
}

/** Bytes from one element to the next. */
export function strideOf(type: u32, keySize: u32, valueSize: u32): u64 {
  return <u64>guestKeyBytes(type, keySize) + roundUp(valueSize, 8)
}

/**
 * Per-CPU maps: bytes from one CPU's values to the next CPU's, whole cache lines. Each CPU has a row of all elements.
 */
export function cpuStrideOf(type: u32, keySize: u32, valueSize: u32, maxEntries: u32): u64 {
  const elements = isHash(type) ? elementsOf(type, maxEntries) : <u64>maxEntries
  return roundUp(elements * strideOf(type, keySize, valueSize), 64)
}

/** Bytes of the slot words of one kind. */
export function slotBytes(type: u32, maxEntries: u32): u64 {
  return roundUp(4 * elementsOf(type, maxEntries), 64)
}

/** The power of two at or above a number: places of a queue, ids of stacks. */
export function powerOfTwoFrom(entries: u32): u64 {
  return entries === 1 ? 1 : (<u64>1) << (32 - clz<u32>(entries - 1))
}

/** Buckets of a hash map: the power of two at or below max_entries. A full map has less than two elements in each. */
export function bucketsOf(maxEntries: u32): u64 {
  return (<u64>1) << (31 - clz<u32>(maxEntries))
}

/**
 * Bytes of a record (record.ts): link and order word, the words of a key of more than 8 bytes, the reference mark of
 * LRU.
 */
export function recordBytesOf(type: u32, keySize: u32): u64 {
  return 16 + (keySize > 8 ? roundUp(keySize, 8) : 0) + (isLru(type) ? 8 : 0)
}

/** Bytes of all records. */
export function recordsBytes(type: u32, keySize: u32, maxEntries: u32): u64 {
  return roundUp(recordBytesOf(type, keySize) * elementsOf(type, maxEntries), 64)
}
