// Hierarchical bitmaps: the free pools of control blocks and elements, and the inboxes of the CPUs.
// Level 0 has one bit per object; a bit of level n + 1 says that its word of level n may be non-zero.
// Invariant: a set leaf bit is found by every take, at the latest by the scan of all leaves; summaries are hints.
// Every change is one idempotent atomic `and` or `or`: nothing to tear, no ABA, safe in NMI and beside a stopped CPU.
import { and32, load32, mayFail, or32, peek32, poke32, store32 } from '../door'
import { BITMAP_BITS, BITMAP_LEVEL, BITMAP_LEVELS, BITMAP_MAX_LEVELS } from '../layout'

/** How often a take follows the summaries before it reads every leaf. */
const DESCENTS = 16

function wordsOf(bits: u32): u32 {
  return (bits + 31) >> 5
}

/** Bytes of storage that a bitmap of `bits` bits needs beside its descriptor (BITMAP_BYTES). */
export function bitmapBytes(bits: u32): u32 {
  let total: u32 = 0
  let words = wordsOf(bits)
  for (let level = 0; level < BITMAP_MAX_LEVELS; level++) {
    total += words * 4
    if (words === 1) break
    words = wordsOf(words)
  }
  return total
}

/** Fills in the descriptor at `bitmap` over zeroed `storage`; `full` sets every bit. Before the bitmap is shared. */
export function bitmapCreate(bitmap: usize, storage: usize, bits: u32, full: bool): void {
  poke32(bitmap + BITMAP_BITS, bits)
  let words = wordsOf(bits)
  let used = bits
  let level: u32 = 0
  let at = storage
  let more = true
  while (more) {
    poke32(bitmap + BITMAP_LEVEL + ((<usize>level) << 2), <u32>at)
    if (full)
      for (let word: u32 = 0; word < words; word++) {
        const rest = used - (word << 5)
        store32(at + ((<usize>word) << 2), rest >= 32 ? 0xffffffff : ((<u32>1) << rest) - 1)
      }
    at += (<usize>words) << 2
    level++
    more = words > 1 && level < <u32>BITMAP_MAX_LEVELS
    used = words
    words = wordsOf(words)
  }
  poke32(bitmap + BITMAP_LEVELS, level)
}

/** Number of levels, 1 to BITMAP_MAX_LEVELS. */
export function bitmapLevels(bitmap: usize): u32 {
  return peek32(bitmap + BITMAP_LEVELS)
}

/** Address of word `word` of `level`. */
export function bitmapWord(bitmap: usize, level: u32, word: u32): usize {
  return <usize>peek32(bitmap + BITMAP_LEVEL + ((<usize>level) << 2)) + ((<usize>word) << 2)
}

/** Words in the top level (1 up to a million bits). */
export function bitmapTopWords(bitmap: usize): u32 {
  let words = wordsOf(peek32(bitmap + BITMAP_BITS))
  for (let level = bitmapLevels(bitmap); level > 1; level--) words = wordsOf(words)
  return words
}

/**
 * Sets bit `index` and every summary above it, leaf first, whatever they were: a CPU that stopped half way through the
 * same call has hidden nothing from those who set the bit after it [H28].
 */
export function bitmapSet(bitmap: usize, index: u32): void {
  const levels = bitmapLevels(bitmap)
  let bit = index
  for (let level: u32 = 0; level < levels; level++) {
    or32(bitmapWord(bitmap, level, bit >> 5), (<u32>1) << (bit & 31))
    bit >>= 5
  }
}

/** Gives object `index` back to a pool. Summaries that are set already are left alone. */
export function bitmapGive(bitmap: usize, index: u32): void {
  const levels = bitmapLevels(bitmap)
  or32(bitmapWord(bitmap, 0, index >> 5), (<u32>1) << (index & 31))
  let bit = index >> 5
  for (let level: u32 = 1; level < levels; level++) {
    const word = bitmapWord(bitmap, level, bit >> 5)
    const mask = (<u32>1) << (bit & 31)
    if ((load32(word) & mask) === 0) or32(word, mask)
    bit >>= 5
  }
}

// The leaf word was emptied: its summary bits go, and come back where a giver was quicker.
function clearSummaries(bitmap: usize, leaf: u32): void {
  const levels = bitmapLevels(bitmap)
  let bit = leaf
  for (let level: u32 = 1; level < levels; level++) {
    const word = bitmapWord(bitmap, level, bit >> 5)
    const mask = (<u32>1) << (bit & 31)
    const before = and32(word, ~mask)
    if (load32(bitmapWord(bitmap, level - 1, bit)) !== 0) {
      or32(word, mask)
      return
    }
    if ((before & ~mask) !== 0) return
    bit >>= 5
  }
}

// One bit of leaf word `leaf`, or -1. At most 32 turns: a bit that was lost to another CPU is not tried again.
function takeFrom(bitmap: usize, leaf: u32, start: u32): i32 {
  const word = bitmapWord(bitmap, 0, leaf)
  let candidates = load32(word)
  while (candidates !== 0) {
    const bit = (ctz(rotr(candidates, start & 31)) + start) & 31
    const mask = (<u32>1) << bit
    const before = and32(word, ~mask)
    if ((before & mask) !== 0) {
      if (before === mask) clearSummaries(bitmap, leaf)
      return <i32>((leaf << 5) | bit)
    }
    candidates &= before & ~mask
  }
  return -1
}

// Follows the summaries down to a leaf word that may be non-zero; -1 when the top is empty, -2 on a stale summary.
function descend(bitmap: usize, start: u32): i32 {
  let level = bitmapLevels(bitmap) - 1
  const topWords = bitmapTopWords(bitmap)
  let word: u32 = 0
  if (topWords > 1) {
    const first = (start >> (5 * (level + 1))) % topWords
    let turn: u32 = 0
    for (; turn < topWords; turn++) {
      word = (first + turn) % topWords
      if (load32(bitmapWord(bitmap, level, word)) !== 0) break
    }
    if (turn === topWords) return -1
  }
  for (; level > 0; level--) {
    const bits = load32(bitmapWord(bitmap, level, word))
    if (bits === 0) return level === bitmapLevels(bitmap) - 1 ? -1 : -2
    const preferred = (start >> (5 * level)) & 31
    word = (word << 5) | ((ctz(rotr(bits, preferred)) + preferred) & 31)
  }
  return <i32>word
}

/**
 * Takes an object out of a pool; `start` (any index below the size) says where to look first.
 * Returns its index, or -1 only after every leaf was read as empty. Bounded: 16 descents, then one pass over the
 * leaves.
 */
export function bitmapTake(bitmap: usize, start: u32): i32 {
  if (mayFail()) return -1
  let taken = takeFrom(bitmap, start >> 5, start)
  for (let turn = 0; taken < 0 && turn < DESCENTS; turn++) {
    const leaf = descend(bitmap, start)
    if (leaf === -1) break
    if (leaf >= 0) taken = takeFrom(bitmap, leaf, start)
  }
  if (taken >= 0) return taken
  const leaves = wordsOf(peek32(bitmap + BITMAP_BITS))
  for (let leaf: u32 = 0; taken < 0 && leaf < leaves; leaf++) taken = takeFrom(bitmap, leaf, start)
  return taken
}

/** Objects in the pool, by counting; exact only while nobody takes or gives. */
export function bitmapCount(bitmap: usize): u32 {
  const leaves = wordsOf(peek32(bitmap + BITMAP_BITS))
  let count: u32 = 0
  for (let leaf: u32 = 0; leaf < leaves; leaf++) count += popcnt(load32(bitmapWord(bitmap, 0, leaf)))
  return count
}
