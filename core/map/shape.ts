// What a map needs before it exists: the kernel's checks of its attributes, the number of its elements, and the bytes
// that it takes in the guest window (its elements) and in core memory (slots, buckets, records, the pool of free
// elements). Owns nothing: pure arithmetic on the attributes. Called by create.ts and, through the exports, by the
// host.
import {
  BPF_F_MMAPABLE,
  BPF_F_INNER_MAP,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  E2BIG,
  EINVAL,
  ENOMEM,
  ENOTSUPP,
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
} from '../abi'
import { peek32 } from '../door'
import { BITMAP_BYTES, HEADER, HEADER_CPUS, LOOKUP_LEVELS } from '../layout'
import { bitmapBytes } from '../memory/bitmap'

const ACCESS_FLAGS: u32 = BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG
const ARRAY_FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP | ACCESS_FLAGS
const HASH_FLAGS: u32 = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS_FLAGS
/**
 * Largest key and value of a hash element together, and largest value of a per-CPU map, as the kernel's allocators
 * say.
 */
const LARGEST_HASH_ELEMENT: u64 = 4 << 20
const LARGEST_PERCPU_VALUE: u64 = 32 << 10
/** A record's length in units of 8 bytes has 24 bits. */
const LARGEST_RING: u32 = 128 << 20
/** An element index + 1 must fit in the 24 bits that a link of a hash list has for it. */
const MOST_ELEMENTS: u64 = (1 << 24) - 2
const MOST_BYTES: u64 = 0x7fff0000

/** `bytes` rounded up to a multiple of `unit`, a power of two. */
export function roundUp(bytes: u64, unit: u64): u64 {
  return (bytes + unit - 1) & ~(unit - 1)
}

/** True for the kinds that keep their elements in buckets. */
export function isHash(type: u32): bool {
  return type === MAP_TYPE_HASH || type === MAP_TYPE_PERCPU_HASH || type === MAP_TYPE_HASH_OF_MAPS || isLru(type)
}

/** True for the kinds of hash map that evict. */
export function isLru(type: u32): bool {
  return type === MAP_TYPE_LRU_HASH || type === MAP_TYPE_LRU_PERCPU_HASH
}

/** True for the kinds whose elements stand in a row and are always there. */
export function isArray(type: u32): bool {
  return type === MAP_TYPE_ARRAY || type === MAP_TYPE_PERCPU_ARRAY || isReferenceArray(type)
}

/** True for arrays of programs or maps: no element at first. */
export function isReferenceArray(type: u32): bool {
  return type === MAP_TYPE_PROG_ARRAY || type === MAP_TYPE_ARRAY_OF_MAPS
}

/**
 * True for the kinds whose values are addresses of programs or maps. Their elements lie in core memory, where no guest
 * can change them, and only the host writes them.
 */
export function holdsReferences(type: u32): bool {
  return isReferenceArray(type) || type === MAP_TYPE_HASH_OF_MAPS
}

/** True for the kinds with one value for each CPU. */
export function isPerCpu(type: u32): bool {
  return type === MAP_TYPE_PERCPU_ARRAY || type === MAP_TYPE_PERCPU_HASH || type === MAP_TYPE_LRU_PERCPU_HASH
}

/** The kernel's answer to the attributes: 0 or a negative errno. */
export function checkAttributes(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const bothSides: u32 = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG
  if ((flags & bothSides) === bothSides) return -EINVAL
  if (holdsReferences(type)) {
    if (valueSize !== 4) return -EINVAL
    if (isReferenceArray(type) && flags & (bothSides | BPF_F_MMAPABLE | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP))
      return -EINVAL
  }
  if (isArray(type)) {
    if (maxEntries === 0 || keySize !== 4 || valueSize === 0 || flags & ~ARRAY_FLAGS) return -EINVAL
    if (type === MAP_TYPE_PERCPU_ARRAY && flags & (BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_INNER_MAP)) return -EINVAL
    if (valueSize > 0x7fffffff) return -E2BIG
    if (type === MAP_TYPE_PERCPU_ARRAY && roundUp(valueSize, 8) > LARGEST_PERCPU_VALUE) return -E2BIG
  } else if (isHash(type)) {
    if (flags & ~HASH_FLAGS) return -EINVAL
    if (!isLru(type) && flags & BPF_F_NO_COMMON_LRU) return -EINVAL
    if (isLru(type) && flags & BPF_F_NO_PREALLOC) return -ENOTSUPP
    if (flags & BPF_F_NUMA_NODE && (isPerCpu(type) || flags & BPF_F_NO_COMMON_LRU)) return -EINVAL
    if (maxEntries === 0 || keySize === 0 || valueSize === 0) return -EINVAL
    if (<u64>keySize + <u64>valueSize >= LARGEST_HASH_ELEMENT) return -E2BIG
    if (isPerCpu(type) && roundUp(valueSize, 8) > LARGEST_PERCPU_VALUE) return -E2BIG
  } else if (type === MAP_TYPE_RINGBUF) {
    if (flags & ~BPF_F_NUMA_NODE || keySize || valueSize) return -EINVAL
    if (!maxEntries || maxEntries & (maxEntries - 1) || maxEntries & 4095) return -EINVAL
    if (maxEntries > LARGEST_RING) return -E2BIG
  } else return -EINVAL
  return elementsOf(type, maxEntries) > MOST_ELEMENTS ? -E2BIG : 0
}

/**
 * Elements of the map. Hash maps have some more than max_entries: an update takes a free element before it lets go
 * of the old one, so each operation that is going on, on any CPU and nesting level, may hold one in its hands.
 */
export function elementsOf(type: u32, maxEntries: u32): u64 {
  const cpus = <u64>peek32(HEADER + HEADER_CPUS)
  if (type === MAP_TYPE_RINGBUF) return 0
  if (type === MAP_TYPE_PERCPU_ARRAY) return <u64>maxEntries * cpus
  return isHash(type) ? <u64>maxEntries + cpus * LOOKUP_LEVELS : <u64>maxEntries
}

/** Offset of the value in an element: behind the key in a hash map. */
export function valueOffsetOf(type: u32, keySize: u32): u64 {
  return isHash(type) ? roundUp(keySize, 8) : 0
}

/** Bytes from one element to the next. */
export function strideOf(type: u32, keySize: u32, valueSize: u32): u64 {
  return valueOffsetOf(type, keySize) + roundUp(valueSize, 8)
}

/**
 * Per-CPU maps: bytes from one CPU's values to the next CPU's, whole cache lines. Each CPU has a row of all elements; in
 * a hash map only the first row's keys are used.
 */
export function cpuStrideOf(type: u32, keySize: u32, valueSize: u32, maxEntries: u32): u64 {
  const elements = isHash(type) ? elementsOf(type, maxEntries) : <u64>maxEntries
  return roundUp(elements * strideOf(type, keySize, valueSize), 64)
}

/** Bytes of the slot words of one kind. */
export function slotBytes(type: u32, maxEntries: u32): u64 {
  return roundUp(4 * elementsOf(type, maxEntries), 64)
}

/** Buckets of a hash map: the power of two at or above max_entries. */
export function bucketsOf(maxEntries: u32): u64 {
  return maxEntries === 1 ? 1 : (<u64>1) << (32 - clz<u32>(maxEntries - 1))
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

function asResult(bytes: u64): i32 {
  return bytes > MOST_BYTES ? -ENOMEM : <i32>bytes
}

/** Bytes of core memory that the map takes (64-aligned), or a negative errno for attributes that the kernel refuses. */
export function map_bytes_core(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  hasTimer: u32,
  hasWork: u32,
): i32 {
  const refused = checkAttributes(type, keySize, valueSize, maxEntries, flags)
  if (refused) return refused
  let bytes: u64 = 0
  if (hasTimer) bytes += slotBytes(type, maxEntries)
  if (hasWork) bytes += slotBytes(type, maxEntries)
  if (isHash(type)) {
    bytes += roundUp(8 * bucketsOf(maxEntries), 64) + recordsBytes(type, keySize, maxEntries)
    bytes += poolBytes(type, maxEntries)
  }
  if (holdsReferences(type)) bytes += roundUp(strideOf(type, keySize, valueSize) * elementsOf(type, maxEntries), 64)
  // A header word for every 8 bytes (ring-record.ts).
  if (type === MAP_TYPE_RINGBUF) bytes += maxEntries
  return asResult(bytes)
}

/** Bytes of the pool of free elements: the bitmap's head and its words. */
export function poolBytes(type: u32, maxEntries: u32): u64 {
  return roundUp(BITMAP_BYTES + <u64>bitmapBytes(<u32>elementsOf(type, maxEntries)), 64)
}

/** Bytes of the guest window that the map takes (whole guest pages), or a negative errno as `map_bytes_core`. */
export function map_bytes_guest(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  _hasTimer: u32,
  _hasWork: u32,
): i32 {
  const refused = checkAttributes(type, keySize, valueSize, maxEntries, flags)
  if (refused) return refused
  if (holdsReferences(type)) return 0
  // Samples lie in one piece: what passes the ring's end goes on behind it.
  if (type === MAP_TYPE_RINGBUF) return asResult(2 * <u64>maxEntries)
  const bytes = isPerCpu(type)
    ? cpuStrideOf(type, keySize, valueSize, maxEntries) * <u64>peek32(HEADER + HEADER_CPUS)
    : strideOf(type, keySize, valueSize) * elementsOf(type, maxEntries)
  return asResult(roundUp(bytes, 4096))
}
