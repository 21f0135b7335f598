// Reading an LPM trie: the longest prefix of a key, and the order of its keys. Both walk while one step (step.ts) is
// the last: then the trie did not change under them. What a passed walk reads are nodes of this map at any rate, and
// the walk is cut off where no trie is so deep. Called by trie.ts, announce.ts and host.ts.
import { glance32, load64 } from '../door'
import { FIND_DISTURBED } from './find'
import { PASSED, isLast, settled } from './step'
import {
  NODE_HEAD,
  bitOf,
  childLink,
  commonBits,
  elementOf,
  follow,
  lengthOf,
  mostBits,
  readKey,
  rootLink,
} from './trie-node'

/**
 * One walk to the longest prefix of the key at a guest address: its element + 1, 0 if there is none, FIND_DISTURBED.
 */
export function tryTrieFind(map: usize, key: usize): u32 {
  const step = settled(map)
  if (step === PASSED) return FIND_DISTURBED
  const length = glance32(key)
  if (length > mostBits(map)) return 0
  const found = longestPrefix(map, key, length)
  return isLast(map, step) ? found : FIND_DISTURBED
}

function longestPrefix(map: usize, key: usize, length: u32): u32 {
  let found: u32 = 0
  let node = follow(map, rootLink(map))
  for (let left = length + 1; node && left; left--) {
    const head = load64(node + NODE_HEAD)
    const prefix = lengthOf(head)
    if (prefix > length || commonBits(map, 0, key, node, prefix) < prefix) return found
    if (elementOf(head)) found = elementOf(head)
    if (prefix === length) return found
    node = follow(map, childLink(node, bitOf(map, 0, key, prefix)))
  }
  return found
}

/**
 * Writes the key after the one at `key` (0: the first) to `into`: 1, 0 at the end, FIND_DISTURBED. The order is that of
 * the kernel: what begins with a prefix comes before the prefix, 0 before 1. A key that is not there has its place too.
 */
export function tryTrieNext(map: usize, key: usize, into: usize): u32 {
  const step = settled(map)
  if (step === PASSED) return FIND_DISTURBED
  const length = key ? glance32(key) : 0
  const root = follow(map, rootLink(map))
  const next = key && length <= mostBits(map) ? after(map, key, length, root) : first(map, root)
  if (next) readKey(map, next, into)
  if (!isLast(map, step)) return FIND_DISTURBED
  return next ? 1 : 0
}

/** The first node below one, or itself. Leaves have values. */
function first(map: usize, root: usize): usize {
  let node = root
  for (let left = mostBits(map) + 1; node && left; left--) {
    let below = follow(map, childLink(node, 0))
    if (!below) below = follow(map, childLink(node, 1))
    if (!below) return node
    node = below
  }
  return node
}

/** The node after a key, whose place is looked for from the root on: the nearest that follows what leads there. */
function after(map: usize, key: usize, length: u32, root: usize): usize {
  /** What follows: this node, or the first one below it. */
  let next: usize = 0
  let below = false
  let node = root
  for (let left = length + 1; node && left; left--) {
    const head = load64(node + NODE_HEAD)
    const prefix = lengthOf(head)
    const most = min(prefix, length)
    const common = commonBits(map, 0, key, node, most)
    if (common < most) {
      // Beside the key: all of it before, or all of it after.
      if (!bitOf(map, 0, key, common)) return first(map, node)
      break
    }
    // The key itself, or what begins with it, comes before.
    if (prefix >= length) break
    const bit = bitOf(map, 0, key, prefix)
    const other: usize = bit ? 0 : follow(map, childLink(node, 1))
    if (other || elementOf(head)) {
      next = other ? other : node
      below = other !== 0
    }
    node = follow(map, childLink(node, bit))
  }
  return below ? first(map, next) : next
}
