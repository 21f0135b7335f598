// The nodes of an LPM trie, in core memory where no guest can scribble, and keys as the trie sees them. A key is struct
// bpf_lpm_trie_key: the prefix length in bits (u32), then the data, whose first bit is the highest of its first byte.
//   +0  links u64 x 2 {version : 40, next : 24}: the children whose next bit is 0 and 1; next is the node's index + 1.
//   +16 head  u64 {element + 1 : 32, prefix length : 32}; element 0: an intermediate node, without a value.
//   +24 the data, in words of 4 bytes, highest byte first.
// A node's head and data are written before it can be reached and never after. Links keep their versions while a node
// is free, so a word that is seen twice has not changed between. Called by trie-find.ts and trie.ts.
import { glance32, glance8, load32, load64, note32, peek32, store32, store64 } from '../door'
import { MAP_BUCKETS, MAP_KEY_SIZE, MAP_NODES, MAP_NODE_BYTES } from '../layout'
import { linkAfter, nextOf } from './record'

export const NODE_HEAD = 16
const NODE_DATA = 24
const LENGTH_BYTES: u32 = 4

/** Data words of a key. */
function wordsOf(keySize: u32): u32 {
  return (keySize - LENGTH_BYTES + 3) >> 2
}

/** Bytes of a node. */
export function nodeBytesOf(keySize: u32): u32 {
  return (NODE_DATA + (wordsOf(keySize) << 2) + 7) & ~7
}

/** Longest prefix of the map's keys, in bits. */
export function mostBits(map: usize): u32 {
  return (peek32(map + MAP_KEY_SIZE) - LENGTH_BYTES) << 3
}

/** Address of the node with this index. */
export function nodeAt(map: usize, index: u32): usize {
  return <usize>(peek32(map + MAP_NODES) + index * peek32(map + MAP_NODE_BYTES))
}

/** Index of the node at an address. */
export function nodeIndex(map: usize, node: usize): u32 {
  return (<u32>node - peek32(map + MAP_NODES)) / peek32(map + MAP_NODE_BYTES)
}

/** Address of the link to the root. */
export function rootLink(map: usize): usize {
  return <usize>peek32(map + MAP_BUCKETS)
}

/** Address of the link to the child whose next bit is `bit`. */
export function childLink(node: usize, bit: u32): usize {
  return node + ((<usize>bit) << 3)
}

/** Address of the node that a link's word leads to, 0 none. */
export function nodeOf(map: usize, word: u64): usize {
  const next = nextOf(word)
  return next ? nodeAt(map, next - 1) : 0
}

/** The same of a link. */
export function follow(map: usize, link: usize): usize {
  return nodeOf(map, load64(link))
}

/** Sets a link of a node in the caller's hands. */
export function setLink(link: usize, next: u32): void {
  const word = load64(link)
  if (nextOf(word) !== next) store64(link, linkAfter(word, 0, next))
}

export function headOf(element: u32, length: u32): u64 {
  return ((<u64>element) << 32) | (<u64>length)
}

/** Index + 1 of a node's element, 0 for an intermediate one. */
export function elementOf(head: u64): u32 {
  return <u32>(head >> 32)
}

/** Length of a node's prefix. */
export function lengthOf(head: u64): u32 {
  return <u32>head
}

/** Word `at` of the data of the key at a guest address. */
function guestWord(map: usize, key: usize, at: u32): u32 {
  const size = peek32(map + MAP_KEY_SIZE) - LENGTH_BYTES
  const from = at << 2
  if (from + 4 <= size) return bswap<u32>(glance32(key + LENGTH_BYTES + from))
  let word: u32 = 0
  for (let i = from; i < size; i++) word |= (<u32>glance8(key + LENGTH_BYTES + i)) << (24 - ((i - from) << 3))
  return word
}

/** A word of the key that is looked for: of `node` (a node in the caller's hands) or, without one, of a guest's key. */
function wordOf(map: usize, node: usize, key: usize, at: u32): u32 {
  return node ? load32(node + NODE_DATA + ((<usize>at) << 2)) : guestWord(map, key, at)
}

/** Bit `at` of that key. */
export function bitOf(map: usize, node: usize, key: usize, at: u32): u32 {
  return (wordOf(map, node, key, at >> 5) >> (31 - (at & 31))) & 1
}

/** How many of the first `most` bits of that key and of `other`'s data are the same. */
export function commonBits(map: usize, node: usize, key: usize, other: usize, most: u32): u32 {
  for (let bits: u32 = 0; bits < most; bits += 32) {
    const differ = wordOf(map, node, key, bits >> 5) ^ load32(other + NODE_DATA + <usize>(bits >> 3))
    if (differ) return min(most, bits + clz<u32>(differ))
  }
  return most
}

/** Writes the data of the key at a guest address into a node in the caller's hands. */
export function writeData(map: usize, node: usize, key: usize): void {
  const words = wordsOf(peek32(map + MAP_KEY_SIZE))
  for (let at: u32 = 0; at < words; at++) store32(node + NODE_DATA + ((<usize>at) << 2), guestWord(map, key, at))
}

/** Copies the data of one node into another, which is in the caller's hands. */
export function copyData(map: usize, to: usize, from: usize): void {
  const words = wordsOf(peek32(map + MAP_KEY_SIZE))
  for (let at: usize = 0; at < (<usize>words) << 2; at += 4) store32(to + NODE_DATA + at, load32(from + NODE_DATA + at))
}

/** Writes a node's key to guest memory, in whole words of 4 bytes. */
export function readKey(map: usize, node: usize, into: usize): void {
  const words = wordsOf(peek32(map + MAP_KEY_SIZE))
  note32(into, lengthOf(load64(node + NODE_HEAD)))
  for (let at: usize = 0; at < (<usize>words) << 2; at += 4)
    note32(into + LENGTH_BYTES + at, bswap<u32>(load32(node + NODE_DATA + at)))
}
