// Creation of a map: takes a free map structure, fills it, lays the slots, buckets, records and the pool of a hash
// map out in core memory, and enters the map's guest pages in the page map. Called by the host, from any CPU; nothing
// else sees the map before its state says live.
import {
  EACCES,
  E2BIG,
  EINVAL,
  EOPNOTSUPP,
  GUEST_PAGE_SHIFT,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_STACK_TRACE,
  MAX_MAPS,
} from '../abi'
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG } from '../abi'
import { MAP_FREE, MAP_LIVE } from '../async/user-reference'
import { cpuCount } from '../cpu'
import { compareExchange32, fill, note32, peek32, poke16, poke32, poke64, store32 } from '../door'
import {
  BITMAP_BYTES,
  HEADER,
  HEADER_GUEST_BASE,
  HEADER_MAPS,
  HEADER_PAGE_MAP,
  HEADER_RANDOM_SEED,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_BUCKET_SHIFT,
  MAP_MULTIPLIER,
  MAP_BYTES,
  MAP_CPU_STRIDE,
  MAP_DEFERRED_BY,
  MAP_ELEMENTS,
  MAP_ELEMENT_COUNT,
  MAP_EXTRA,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_PATIENCE,
  MAP_POOL,
  MAP_RECIPROCAL,
  MAP_RECORDS,
  MAP_RECORD_BYTES,
  MAP_REFERENCES,
  MAP_ROOMS_KEPT,
  MAP_SEED,
  MAP_SHARES,
  MAP_SHORT,
  MAP_SPIN_LOCK_OFFSET,
  MAP_STATE,
  MAP_STRIDE,
  MAP_TIMER_OFFSET,
  MAP_TIMER_SLOTS,
  MAP_TYPE,
  MAP_USER_REFERENCES,
  MAP_VALUE_SIZE,
  MAP_WORK_OFFSET,
  MAP_WORK_SLOTS,
  SLOT_CLOSED,
  RECORD_MARK,
  SHARE_BYTES,
  SHARE_HINT,
} from '../layout'
import { bitmapCreate } from '../memory/bitmap'
import { checkAttributes } from './attributes'
import { createBloom } from './bloom'
import { bucketBytes, map_bytes_guest, placesBytes, poolBytes } from './bytes'
import { multiplierFor } from './multiplier'
import { createQueue } from './queue'
import { createRing } from './ring'
import {
  bucketsOf,
  cpuStrideOf,
  elementsOf,
  guestKeyBytes,
  holdsReferences,
  isArray,
  isHash,
  isLru,
  isPerCpu,
  isQueue,
  isRing,
  isShort,
  isTarget,
  isTrie,
  recordBytesOf,
  recordsBytes,
  roundUp,
  slotBytes,
  strideOf,
} from './shape'
import { createTrie } from './trie'

/** MAP_STATE of a structure that is taken and not yet a map. */
const MAP_CREATING: u32 = 4
/** Restarts that a lookup suffers before it asks for help: far more than it meets unless writers chase it. */
const PATIENCE: u32 = 8
/** Rooms that a CPU keeps: as many deletions need not tell the others. An LRU map at its capacity has none to keep. */
const ROOMS_KEPT: u32 = 16
const NONE: u32 = 0xffffffff

/** The kernel's answer to special fields in values of such a map: 0 or a negative errno. */
function checkFields(type: u32, valueSize: u32, flags: u32, timer: u32, work: u32, lock: u32): i32 {
  if ((timer & work & lock) === NONE) return 0
  if (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) return -EACCES
  if ((!isHash(type) && !isArray(type)) || isTarget(type) || type === MAP_TYPE_STACK_TRACE) return -EOPNOTSUPP
  if ((timer & work) !== NONE && (isPerCpu(type) || holdsReferences(type))) return -EOPNOTSUPP
  if (timer !== NONE && (timer & 7 || <u64>timer + 16 > valueSize)) return -EINVAL
  if (work !== NONE && (work & 7 || <u64>work + 16 > valueSize)) return -EINVAL
  return lock !== NONE && (lock & 3 || <u64>lock + 4 > valueSize) ? -EINVAL : 0
}

function takeStructure(): usize {
  const maps = <usize>peek32(HEADER + HEADER_MAPS)
  for (let i: u32 = 0; i < <u32>MAX_MAPS; i++) {
    const map = maps + <usize>i * MAP_BYTES
    if (compareExchange32(map + MAP_STATE, MAP_FREE, MAP_CREATING) === MAP_FREE) return map
  }
  return 0
}

/** Slot words for one special field of every element; in a hash map closed until the element is handed out. */
function createSlots(map: usize, field: usize, words: usize, count: u32): usize {
  poke32(map + field, <u32>words)
  if (isHash(peek32(map + MAP_TYPE)))
    for (let i: u32 = 0; i < count; i++) poke32(words + ((<usize>i) << 2), SLOT_CLOSED)
  return <usize>slotBytes(peek32(map + MAP_TYPE), peek32(map + MAP_MAX_ENTRIES))
}

function createHash(map: usize, core: usize): void {
  const type = peek32(map + MAP_TYPE)
  const keySize = peek32(map + MAP_KEY_SIZE)
  const entries = peek32(map + MAP_MAX_ENTRIES)
  const count = peek32(map + MAP_ELEMENT_COUNT)
  const buckets = bucketsOf(entries)
  const recordBytes = <u32>recordBytesOf(type, keySize)
  const records = core + <usize>bucketBytes(entries)
  const pool = records + <usize>recordsBytes(type, keySize, entries)
  poke32(map + MAP_BUCKETS, <u32>core)
  poke32(map + MAP_BUCKET_MASK, <u32>buckets - 1)
  poke32(map + MAP_RECORDS, <u32>records)
  poke32(map + MAP_RECORD_BYTES, recordBytes)
  const shares = pool + <usize>poolBytes(type, entries)
  poke32(map + MAP_POOL, <u32>pool)
  poke32(map + MAP_SHARES, <u32>shares)
  poke32(map + MAP_ROOMS_KEPT, isLru(type) ? 0 : ROOMS_KEPT)
  // CPUs begin far apart in the pool.
  for (let on: u32 = 0; on < cpuCount(); on++)
    poke32(shares + <usize>on * SHARE_BYTES + SHARE_HINT, <u32>((<u64>count * <u64>on) / <u64>cpuCount()))
  poke32(map + MAP_PATIENCE, PATIENCE)
  const seed = (peek32(HEADER + HEADER_RANDOM_SEED) ^ (<u32>map)) * 0x9e3779b1
  poke32(map + MAP_SEED, seed)
  poke64(map + MAP_MULTIPLIER, multiplierFor(seed, buckets))
  poke32(map + MAP_BUCKET_SHIFT, <u32>clz<u64>((buckets - 1) | 1))
  // A free element's record is marked: not in the map.
  for (let i: u32 = 0; i < count; i++) poke64(records + <usize>(i * recordBytes), RECORD_MARK)
  bitmapCreate(pool, pool + BITMAP_BYTES, count, true)
}

/** Enters the map's guest pages in the page map, by which a pointer into a value finds its map. */
function enterPages(map: usize, guest: u32, bytes: u32): void {
  const index = <u16>((map - <usize>peek32(HEADER + HEADER_MAPS)) / MAP_BYTES + 1)
  const first = (guest - peek32(HEADER + HEADER_GUEST_BASE)) >> GUEST_PAGE_SHIFT
  const pages = <usize>peek32(HEADER + HEADER_PAGE_MAP)
  for (let i: u32 = 0; i < bytes >> GUEST_PAGE_SHIFT; i++) poke16(pages + ((<usize>(first + i)) << 1), index)
}

/**
 * Creates a map with one user reference and one reference, both the caller's. `guest` (aligned to a guest page) and
 * `core` (aligned to 64) are zeroed areas of `map_bytes_guest` and `map_bytes_core` bytes; an offset of -1 means no
 * such field, `extra` is map_extra. Returns the map's address, or -EINVAL, -E2BIG, -ENOTSUPP, -EACCES, -EOPNOTSUPP as
 * the kernel does (-E2BIG also if all map structures are taken).
 */
export function map_create(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  timerOffset: u32,
  workOffset: u32,
  lockOffset: u32,
  guest: u32,
  core: u32,
  extra: u32,
): i32 {
  let refused = checkAttributes(type, keySize, valueSize, maxEntries, flags, extra)
  if (!refused) refused = checkFields(type, valueSize, flags, timerOffset, workOffset, lockOffset)
  if (refused) return refused
  const map = takeStructure()
  if (!map) return -E2BIG
  fill(map + MAP_TYPE, 0, MAP_BYTES - MAP_TYPE)
  const count = <u32>elementsOf(type, maxEntries)
  const stride = <u32>strideOf(type, keySize, valueSize)
  poke32(map + MAP_TYPE, type)
  poke32(map + MAP_KEY_SIZE, keySize)
  poke32(map + MAP_VALUE_SIZE, valueSize)
  poke32(map + MAP_MAX_ENTRIES, maxEntries)
  poke32(map + MAP_FLAGS, flags)
  poke32(map + MAP_EXTRA, extra)
  poke32(map + MAP_TIMER_OFFSET, timerOffset)
  poke32(map + MAP_WORK_OFFSET, workOffset)
  poke32(map + MAP_SPIN_LOCK_OFFSET, lockOffset)
  poke32(map + MAP_ELEMENTS, guest + guestKeyBytes(type, keySize))
  poke32(map + MAP_STRIDE, stride)
  poke32(map + MAP_ELEMENT_COUNT, count)
  if (isPerCpu(type)) poke32(map + MAP_CPU_STRIDE, <u32>cpuStrideOf(type, keySize, valueSize, maxEntries))
  if (stride) poke64(map + MAP_RECIPROCAL, (((<u64>1) << 40) + stride - 1) / stride)
  let area = <usize>core
  if (timerOffset !== NONE) area += createSlots(map, MAP_TIMER_SLOTS, area, count)
  if (workOffset !== NONE) area += createSlots(map, MAP_WORK_SLOTS, area, count)
  if (holdsReferences(type)) {
    poke32(map + MAP_ELEMENTS, <u32>area + guestKeyBytes(type, keySize))
    area += <usize>roundUp(<u64>stride * <u64>count, 64)
  }
  if (isHash(type)) createHash(map, area)
  poke32(map + MAP_SHORT, u32(isShort(type, keySize, valueSize) && (timerOffset & workOffset & lockOffset) === NONE))
  if (isRing(type)) createRing(map, area)
  if (type === MAP_TYPE_BLOOM_FILTER) createBloom(map, area)
  if (isTrie(type)) createTrie(map, area)
  if (isQueue(type)) {
    const pool = area + <usize>placesBytes(maxEntries)
    createQueue(map, area, pool, pool + <usize>poolBytes(type, maxEntries))
  }
  note32(map + MAP_DEFERRED_BY, 0)
  poke32(map + MAP_USER_REFERENCES, 1)
  poke32(map + MAP_REFERENCES, 1)
  enterPages(map, guest, <u32>map_bytes_guest(type, keySize, valueSize, maxEntries, flags, 0, 0, extra))
  store32(map + MAP_STATE, MAP_LIVE)
  return <i32>map
}
