// The kernel's checks of a map's attributes, by type. Owns nothing: pure arithmetic. Called by shape.ts and create.ts.
import {
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_STACK_BUILD_ID,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  DEEPEST_STACK,
  E2BIG,
  EINVAL,
  ENOTSUPP,
  MAP_TYPE_ARRAY,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_CPUMAP,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_STACK_TRACE,
  MAP_TYPE_XSKMAP,
} from '../abi'
import {
  elementsOf,
  holdsReferences,
  isArray,
  isHash,
  isLru,
  isPerCpu,
  isQueue,
  isReferenceArray,
  isRing,
  isTarget,
  isTrie,
  roundUp,
  trieNodesOf,
} from './shape'

const ACCESS_FLAGS: u32 = BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG
const ARRAY_FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP | ACCESS_FLAGS
const HASH_FLAGS: u32 = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS_FLAGS
const TARGET_FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY
const QUEUE_FLAGS: u32 = BPF_F_NUMA_NODE | ACCESS_FLAGS
const TRIE_FLAGS: u32 = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | ACCESS_FLAGS
const STACK_FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID
const BLOOM_FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS_FLAGS
/**
 * Largest key and value of a hash element together, largest value of a queue or a filter, and largest value of a
 * per-CPU map, as the kernel's allocators say.
 */
const LARGEST_ELEMENT: u64 = 4 << 20
const LARGEST_PERCPU_VALUE: u64 = 32 << 10
/** A record's length in units of 8 bytes has 24 bits. */
const LARGEST_RING: u32 = 128 << 20
/**
 * An element index + 1 must fit in the 24 bits that a link has for it; up to here the product by which async/slot.ts
 * finds the element of a slot fits in 64.
 */
export const MOST_ELEMENTS: u64 = (1 << 24) - 2
/** Bytes of an LPM trie's key (4 of them its length) and of its value. */
const SHORTEST_TRIE_KEY: u32 = 5
const LONGEST_TRIE_KEY: u32 = 260
const LARGEST_TRIE_VALUE: u32 = (4 << 20) - 280
/** CPUs that a CPU map may have: what most kernels are built for. */
const MOST_CPUS: u32 = 8192
/** Hash functions that a bloom filter may ask for. */
const MOST_HASHES: u32 = 15

/** The kernel's answer to the attributes: 0 or a negative errno. */
export function checkAttributes(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32, extra: u32): i32 {
  const bothSides: u32 = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG
  const bothWays: u32 = BPF_F_RDONLY | BPF_F_WRONLY
  if ((flags & bothSides) === bothSides || (flags & bothWays) === bothWays) return -EINVAL
  if (extra && type !== MAP_TYPE_BLOOM_FILTER) return -EINVAL
  let refused: i32 = -EINVAL
  if (isTarget(type)) refused = checkTarget(type, keySize, valueSize, maxEntries, flags)
  else if (isArray(type)) refused = checkArray(type, keySize, valueSize, maxEntries, flags)
  else if (type === MAP_TYPE_STACK_TRACE) refused = checkStackTrace(keySize, valueSize, maxEntries, flags)
  else if (isHash(type)) refused = checkHash(type, keySize, valueSize, maxEntries, flags)
  else if (isRing(type)) refused = checkRing(keySize, valueSize, maxEntries, flags)
  else if (isTrie(type)) refused = checkTrie(keySize, valueSize, maxEntries, flags)
  else if (isQueue(type)) refused = checkKeyless(keySize, valueSize, maxEntries, flags, QUEUE_FLAGS)
  else if (type === MAP_TYPE_BLOOM_FILTER && extra <= MOST_HASHES)
    refused = checkKeyless(keySize, valueSize, maxEntries, flags, BLOOM_FLAGS)
  if (refused) return refused
  // Nothing links the elements of a plain array; bytes.ts refuses too many with slots.
  if (type === MAP_TYPE_ARRAY || type === MAP_TYPE_PERCPU_ARRAY) return 0
  if (isTrie(type) && trieNodesOf(maxEntries) > MOST_ELEMENTS) return -E2BIG
  return elementsOf(type, maxEntries) > MOST_ELEMENTS ? -E2BIG : 0
}

function checkArray(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const inPlace: u32 = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG | BPF_F_MMAPABLE | BPF_F_INNER_MAP
  if (flags & BPF_F_PRESERVE_ELEMS && type !== MAP_TYPE_PERF_EVENT_ARRAY) return -EINVAL
  if (isReferenceArray(type) && (valueSize !== 4 || flags & inPlace)) return -EINVAL
  if (maxEntries === 0 || keySize !== 4 || valueSize === 0 || flags & ~ARRAY_FLAGS) return -EINVAL
  if (type === MAP_TYPE_PERCPU_ARRAY && flags & (BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_INNER_MAP)) return -EINVAL
  if (valueSize > 0x7fffffff) return -E2BIG
  return type === MAP_TYPE_PERCPU_ARRAY && roundUp(valueSize, 8) > LARGEST_PERCPU_VALUE ? -E2BIG : 0
}

function checkHash(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (holdsReferences(type) && valueSize !== 4) return -EINVAL
  if (flags & ~HASH_FLAGS) return -EINVAL
  if (!isLru(type) && flags & BPF_F_NO_COMMON_LRU) return -EINVAL
  if (isLru(type) && flags & BPF_F_NO_PREALLOC) return -ENOTSUPP
  if (flags & BPF_F_NUMA_NODE && (isPerCpu(type) || flags & BPF_F_NO_COMMON_LRU)) return -EINVAL
  if (maxEntries === 0 || keySize === 0 || valueSize === 0) return -EINVAL
  if (<u64>keySize + <u64>valueSize >= LARGEST_ELEMENT) return -E2BIG
  return isPerCpu(type) && roundUp(valueSize, 8) > LARGEST_PERCPU_VALUE ? -E2BIG : 0
}

/** Maps of devices, CPUs and sockets: 4 bytes, or 8 with the number of a second program. */
function checkTarget(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const allowed: u32 = type === MAP_TYPE_CPUMAP ? BPF_F_NUMA_NODE : TARGET_FLAGS
  if (!maxEntries || keySize !== 4 || flags & ~allowed) return -EINVAL
  if (valueSize !== 4 && (valueSize !== 8 || type === MAP_TYPE_XSKMAP)) return -EINVAL
  return type === MAP_TYPE_CPUMAP && maxEntries > MOST_CPUS ? -E2BIG : 0
}

function checkRing(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (flags & ~BPF_F_NUMA_NODE || keySize || valueSize) return -EINVAL
  if (!maxEntries || maxEntries & (maxEntries - 1) || maxEntries & 4095) return -EINVAL
  return maxEntries > LARGEST_RING ? -E2BIG : 0
}

function checkTrie(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (!maxEntries || !(flags & BPF_F_NO_PREALLOC) || flags & ~TRIE_FLAGS) return -EINVAL
  if (keySize < SHORTEST_TRIE_KEY || keySize > LONGEST_TRIE_KEY) return -EINVAL
  return !valueSize || valueSize > LARGEST_TRIE_VALUE ? -EINVAL : 0
}

/** Stacks by their ids: addresses, or build ids with offsets. */
function checkStackTrace(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const unit: u32 = flags & BPF_F_STACK_BUILD_ID ? 32 : 8
  if (flags & ~STACK_FLAGS || !maxEntries || keySize !== 4) return -EINVAL
  return valueSize < 8 || valueSize % unit || valueSize / unit > <u32>DEEPEST_STACK ? -EINVAL : 0
}

/** Queue, stack, bloom filter: values without keys. */
function checkKeyless(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32, allowed: u32): i32 {
  if (keySize || !valueSize || !maxEntries || flags & ~allowed) return -EINVAL
  return <u64>valueSize > LARGEST_ELEMENT ? -E2BIG : 0
}
