// Bloom filter: a set of bits, some of them set for each value that was pushed. A push is a few `or`s and a peek a few
// loads, whatever others do: nothing can be half done that matters, for bits only ever come. Called by the helpers
// (helper/queue.ts) and the host.
import { BPF_F_ZERO_SEED, EINVAL, ENOENT } from '../abi'
import { load32, or32, peek32, poke32 } from '../door'
import {
  HEADER,
  HEADER_RANDOM_SEED,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_EXTRA,
  MAP_FLAGS,
  MAP_MAX_ENTRIES,
  MAP_SEED,
  MAP_VALUE_SIZE,
} from '../layout'
import { hashOf, mix } from './record'

/** If map_extra says nothing. */
const HASHES: u32 = 5
const FEWEST_BITS: u64 = 64
const MOST_BITS: u64 = (<u64>1) << 32

function hashesOf(extra: u32): u32 {
  return extra ? extra : HASHES
}

// As many as the kernel takes: 7 for 5 hashes of an entry, about ln 2, rounded up to a power of two.
function bitsOf(maxEntries: u32, extra: u32): u64 {
  const hashes = <u64>maxEntries * hashesOf(extra)
  const bits = (hashes / 5) * 7
  if (bits <= FEWEST_BITS) return FEWEST_BITS
  return bits > MOST_BITS / 2 ? MOST_BITS : (<u64>1) << (64 - clz<u64>(bits - 1))
}

/** Bytes of the bits. */
export function bloomBytes(maxEntries: u32, extra: u32): u64 {
  return (bitsOf(maxEntries, extra) / 8 + 63) & ~(<u64>63)
}

/** An empty filter in zeroed core memory. */
export function createBloom(map: usize, bits: usize): void {
  poke32(map + MAP_BUCKETS, <u32>bits)
  poke32(map + MAP_BUCKET_MASK, <u32>(bitsOf(peek32(map + MAP_MAX_ENTRIES), peek32(map + MAP_EXTRA)) - 1))
  if (!(peek32(map + MAP_FLAGS) & BPF_F_ZERO_SEED))
    poke32(map + MAP_SEED, (peek32(HEADER + HEADER_RANDOM_SEED) ^ (<u32>map)) * 0x9e3779b1)
}

/** The bit of hash function `at` for a value with this hash. */
function bitOf(map: usize, hash: u64, at: u32): u32 {
  return (<u32>mix(hash + ((<u64>at) << 32))) & peek32(map + MAP_BUCKET_MASK)
}

function wordOf(map: usize, bit: u32): usize {
  return <usize>peek32(map + MAP_BUCKETS) + ((<usize>(bit >> 5)) << 2)
}

/** Adds the value at a guest address: 0, -EINVAL for any flag. Wait-free. */
export function bloomPush(map: usize, value: usize, flags: u64): i32 {
  if (flags) return -EINVAL
  const hash = hashOf(peek32(map + MAP_SEED), value, peek32(map + MAP_VALUE_SIZE))
  const hashes = hashesOf(peek32(map + MAP_EXTRA))
  for (let at: u32 = 0; at < hashes; at++) {
    const bit = bitOf(map, hash, at)
    or32(wordOf(map, bit), (<u32>1) << (bit & 31))
  }
  return 0
}

/** 0 if the value at a guest address may have been added, -ENOENT if it certainly was not. Wait-free. */
export function bloomPeek(map: usize, value: usize): i32 {
  const hash = hashOf(peek32(map + MAP_SEED), value, peek32(map + MAP_VALUE_SIZE))
  const hashes = hashesOf(peek32(map + MAP_EXTRA))
  for (let at: u32 = 0; at < hashes; at++) {
    const bit = bitOf(map, hash, at)
    if (!(load32(wordOf(map, bit)) & ((<u32>1) << (bit & 31)))) return -ENOENT
  }
  return 0
}
