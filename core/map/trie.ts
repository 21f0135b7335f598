// LPM trie: values by prefix, found by the longest prefix of a key. Without a lock, in any context; lookups are
// wait-free (announce.ts), updates and deletes lock-free. Called by the helpers and the host, inside a section.
//
// The trie is the kernel's: a node has a prefix and up to two children, whose prefixes begin with it; a node without a
// value has two. Every update and delete changes one link of it, so it is one step (step.ts); the count of a step is
// the number of values. What the step takes out of the trie belongs to whoever made it:
//  - nodes are handed out again at once: only a walk between two looks at the same step believes them;
//  - an element (a value) is handed out again after a grace period, for programs keep the addresses of values. There
//    are as many elements to spare as entries: an update that finds none whose grace period is over is -ENOMEM.
import { BPF_EXIST, BPF_NOEXIST, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../abi'
import { cpu, cpuCount, cpuIndex } from '../cpu'
import { glance32, load64, peek32, poke32, retry, store64 } from '../door'
import {
  BITMAP_BITS,
  BITMAP_BYTES,
  CPU_TRIE_HAND,
  MAP_BUCKETS,
  MAP_ELEMENT_COUNT,
  MAP_MAX_ENTRIES,
  MAP_NODES,
  MAP_NODE_BYTES,
  MAP_NODE_POOL,
  MAP_PATIENCE,
  MAP_POOL,
  MAP_RECORDS,
  MAP_KEY_SIZE,
} from '../layout'
import { bitmapBytes, bitmapCreate, bitmapGive, bitmapTake } from '../memory/bitmap'
import { graceOver, graceStart } from '../memory/section'
import { answerLookups, findSurely } from './announce'
import { FIND_DISTURBED } from './find'
import { valueAddress } from './map'
import { nextOf } from './record'
import { elementsOf, roundUp, trieNodesOf } from './shape'
import { PASSED, countOf, createSteps, giveStep, isLast, settled, stepBytes, stepFrom, takeStep } from './step'
import { tryTrieFind, tryTrieNext } from './trie-find'
import {
  NODE_HEAD,
  bitOf,
  childLink,
  commonBits,
  copyData,
  elementOf,
  headOf,
  lengthOf,
  mostBits,
  nodeAt,
  nodeBytesOf,
  nodeIndex,
  nodeOf,
  rootLink,
  setLink,
  writeData,
} from './trie-node'
import { begin, end } from './under-way'
import { writeValue } from './value'

/** Another operation came first; nothing was changed. */
const DISTURBED: i32 = 1
/** Free elements that are looked at before -ENOMEM. */
const TRIES: u32 = 64
/** From one to the next: so much of the pool, in 2^32 parts. */
const FAR: u64 = 0x9e3779b1
/** Disturbed walks before a lookup asks for help. */
const PATIENCE: u32 = 8

function poolBytesOf(bits: u32): u64 {
  return roundUp(BITMAP_BYTES + <u64>bitmapBytes(bits), 64)
}

/** Bytes of core memory: root and nodes, their pool, grace periods and pool of the elements, steps. */
export function trieBytes(type: u32, keySize: u32, maxEntries: u32): u64 {
  const nodes = <u32>trieNodesOf(maxEntries)
  const elements = <u32>elementsOf(type, maxEntries)
  return (
    64 +
    roundUp(<u64>nodes * nodeBytesOf(keySize), 64) +
    poolBytesOf(nodes) +
    roundUp(8 * <u64>elements, 64) +
    poolBytesOf(elements) +
    stepBytes()
  )
}

/** An empty trie in zeroed core memory. */
export function createTrie(map: usize, area: usize): void {
  const nodes = <u32>trieNodesOf(peek32(map + MAP_MAX_ENTRIES))
  const elements = peek32(map + MAP_ELEMENT_COUNT)
  const nodeBytes = nodeBytesOf(peek32(map + MAP_KEY_SIZE))
  const nodePool = area + 64 + <usize>roundUp(<u64>nodes * nodeBytes, 64)
  const graces = nodePool + <usize>poolBytesOf(nodes)
  const pool = graces + <usize>roundUp(8 * <u64>elements, 64)
  poke32(map + MAP_BUCKETS, <u32>area)
  poke32(map + MAP_NODES, <u32>area + 64)
  poke32(map + MAP_NODE_BYTES, nodeBytes)
  poke32(map + MAP_NODE_POOL, <u32>nodePool)
  poke32(map + MAP_RECORDS, <u32>graces)
  poke32(map + MAP_POOL, <u32>pool)
  poke32(map + MAP_PATIENCE, PATIENCE)
  bitmapCreate(nodePool, nodePool + BITMAP_BYTES, nodes, true)
  bitmapCreate(pool, pool + BITMAP_BYTES, elements, true)
  createSteps(map, pool + <usize>poolBytesOf(elements))
}

function graceOf(map: usize, element: u32): usize {
  return <usize>peek32(map + MAP_RECORDS) + ((<usize>element) << 3)
}

/** Where this CPU's part of a pool begins: CPUs look apart from each other first. */
function partOf(pool: usize): u32 {
  return (peek32(pool + BITMAP_BITS) / cpuCount()) * cpuIndex()
}

/**
 * A free element whose grace period is over; -1 if none is met. Each time it looks one further: what left the trie long
 * ago comes before what has just left it; and if that waits, then far from there, for what left together lies together.
 */
function takeElement(map: usize): i32 {
  const pool = <usize>peek32(map + MAP_POOL)
  const count = peek32(map + MAP_ELEMENT_COUNT)
  const hand = peek32(cpu() + CPU_TRIE_HAND)
  poke32(cpu() + CPU_TRIE_HAND, hand + 1)
  let at = (partOf(pool) + hand) % count
  for (let turn: u32 = 0; turn < TRIES; turn++) {
    const element = bitmapTake(pool, at)
    if (element < 0) return -1
    if (hasWaited(map, element)) return element
    bitmapGive(pool, element)
    at = (at + ((<u32>((<u64>count * FAR) >> 32)) | 1)) % count
  }
  return -1
}

/** True if no program has the address of a free element any more. */
function hasWaited(map: usize, element: u32): bool {
  const grace = load64(graceOf(map, element))
  return grace === 0 || graceOver(grace)
}

function giveElement(map: usize, element: u32): void {
  bitmapGive(<usize>peek32(map + MAP_POOL), element)
}

/** An element has left the trie: programs may still have its address. */
function retireElement(map: usize, element: u32): void {
  store64(graceOf(map, element), graceStart())
  giveElement(map, element)
}

/** A free node's address, or 0. */
function takeNode(map: usize): usize {
  const pool = <usize>peek32(map + MAP_NODE_POOL)
  const index = bitmapTake(pool, partOf(pool))
  return index < 0 ? 0 : nodeAt(map, index)
}

function giveNode(map: usize, node: usize): void {
  if (node) bitmapGive(<usize>peek32(map + MAP_NODE_POOL), nodeIndex(map, node))
}

/** Index + 1 of the element of the longest prefix of the key at a guest address; 0 none. Wait-free. */
export function trieFind(map: usize, key: usize): u32 {
  const found = tryTrieFind(map, key)
  return found === FIND_DISTURBED ? findSurely(map, 0, key) : found
}

/** Guest address of that element's value, or 0. */
export function trieLookup(map: usize, key: usize): usize {
  const found = trieFind(map, key)
  return found ? valueAddress(map, found - 1) : 0
}

/** Writes the key after the one at `key` (0: the first) to `into`: false at the end. */
export function trieNextKey(map: usize, key: usize, into: usize): bool {
  let found = FIND_DISTURBED
  while (found === FIND_DISTURBED) {
    retry()
    found = tryTrieNext(map, key, into)
  }
  return found !== 0
}

/**
 * Sets the value of a prefix (guest addresses). 0; -EINVAL (flags, or a prefix longer than the key); -EEXIST, -ENOENT
 * (BPF_NOEXIST, BPF_EXIST); -ENOSPC if there are max_entries; -ENOMEM.
 */
export function trieUpdate(map: usize, key: usize, value: usize, flags: u64): i32 {
  const length = glance32(key)
  if (flags > <u64>BPF_EXIST || length > mostBits(map)) return -EINVAL
  begin()
  answerLookups(map)
  const element = takeElement(map)
  const record = takeStep(map)
  const mine = takeNode(map)
  const between = takeNode(map)
  let result: i32 = -ENOMEM
  if (element >= 0 && record >= 0 && mine && between) {
    writeValue(map, valueAddress(map, element), value)
    writeData(map, mine, key)
    store64(mine + NODE_HEAD, headOf(<u32>element + 1, length))
    result = DISTURBED
    while (result === DISTURBED) {
      retry()
      result = tryUpdate(map, mine, between, length, record, <u32>flags)
    }
  }
  if (result < 0) {
    if (element >= 0) giveElement(map, element)
    if (record >= 0) giveStep(map, record)
    giveNode(map, mine)
    giveNode(map, between)
  }
  end()
  return result
}

/** Puts the node `mine` into the trie, with `between` above it where two prefixes part. */
function tryUpdate(map: usize, mine: usize, between: usize, length: u32, record: i32, flags: u32): i32 {
  const step = settled(map)
  if (step === PASSED) return DISTURBED
  const count = countOf(map, step)
  let link = rootLink(map)
  let word = load64(link)
  let node = nodeOf(map, word)
  let head: u64 = 0
  let common: u32 = 0
  let left = length + 1
  // To the first node that does not lie above the prefix: the prefix itself, one below it, one beside it, or none.
  while (node && left) {
    head = load64(node + NODE_HEAD)
    const prefix = lengthOf(head)
    common = commonBits(map, mine, 0, node, min(prefix, length))
    if (common < prefix || prefix === length) break
    link = childLink(node, bitOf(map, mine, 0, prefix))
    word = load64(link)
    node = nodeOf(map, word)
    left--
  }
  if (!left) return DISTURBED
  const its = lengthOf(head)
  const same = node !== 0 && common === its
  const before = same ? elementOf(head) : 0
  let refused: i32 = 0
  if (before) refused = flags === BPF_NOEXIST ? -EEXIST : 0
  else if (flags === BPF_EXIST) refused = -ENOENT
  else if (count >= <u64>peek32(map + MAP_MAX_ENTRIES)) refused = -ENOSPC
  if (refused) return isLast(map, step) ? refused : DISTURBED
  const parts = node !== 0 && common < its && common < length
  place(map, mine, node, same, common, length)
  if (parts) placeBetween(map, between, mine, node, common)
  const top = parts ? between : mine
  const after = before ? count : count + 1
  if (!stepFrom(map, step, record, after, link, word, nodeIndex(map, top) + 1)) return DISTURBED
  if (!parts) giveNode(map, between)
  if (same) giveNode(map, node)
  if (before) retireElement(map, before - 1)
  return 0
}

/** Sets the children of `mine`: those of the same prefix's node, a node below it, or none. */
function place(map: usize, mine: usize, node: usize, same: bool, common: u32, length: u32): void {
  let zero: u32 = 0
  let one: u32 = 0
  if (same) {
    zero = nextOf(load64(childLink(node, 0)))
    one = nextOf(load64(childLink(node, 1)))
  } else if (node && common === length) {
    const index = nodeIndex(map, node) + 1
    if (bitOf(map, node, 0, length)) one = index
    else zero = index
  }
  setLink(childLink(mine, 0), zero)
  setLink(childLink(mine, 1), one)
}

/** Makes `between` a node without a value, with `mine` and `node` below it, whose first `common` bits are the same. */
function placeBetween(map: usize, between: usize, mine: usize, node: usize, common: u32): void {
  copyData(map, between, mine)
  store64(between + NODE_HEAD, headOf(0, common))
  const bit = bitOf(map, mine, 0, common)
  setLink(childLink(between, bit), nodeIndex(map, mine) + 1)
  setLink(childLink(between, 1 - bit), nodeIndex(map, node) + 1)
}

/** Deletes the prefix at a guest address: 0; -EINVAL if it is longer than the key; -ENOENT; -ENOMEM. */
export function trieDelete(map: usize, key: usize): i32 {
  const length = glance32(key)
  if (length > mostBits(map)) return -EINVAL
  begin()
  answerLookups(map)
  const record = takeStep(map)
  const spare = takeNode(map)
  let result: i32 = -ENOMEM
  if (record >= 0 && spare) {
    result = DISTURBED
    while (result === DISTURBED) {
      retry()
      result = tryDelete(map, key, length, spare, record)
    }
  }
  if (result < 0) {
    if (record >= 0) giveStep(map, record)
    giveNode(map, spare)
  }
  end()
  return result
}

function tryDelete(map: usize, key: usize, length: u32, spare: usize, record: i32): i32 {
  const step = settled(map)
  if (step === PASSED) return DISTURBED
  const count = countOf(map, step)
  let above: usize = 0
  let aboveWord: u64 = 0
  let parent: usize = 0
  let parentHead: u64 = 0
  let link = rootLink(map)
  let word = load64(link)
  let node = nodeOf(map, word)
  let head: u64 = 0
  let left = length + 1
  while (node && left) {
    head = load64(node + NODE_HEAD)
    const prefix = lengthOf(head)
    if (prefix > length || commonBits(map, 0, key, node, prefix) < prefix) {
      node = 0
      break
    }
    if (prefix === length) break
    above = link
    aboveWord = word
    parent = node
    parentHead = head
    link = childLink(node, bitOf(map, 0, key, prefix))
    word = load64(link)
    node = nodeOf(map, word)
    left--
  }
  if (!left) return DISTURBED
  if (!node || !elementOf(head)) return isLast(map, step) ? -ENOENT : DISTURBED
  const zero = nextOf(load64(childLink(node, 0)))
  const one = nextOf(load64(childLink(node, 1)))
  let at = link
  let to = zero ? zero : one
  let lost: usize = 0
  if (zero && one) {
    // Two prefixes begin with this one: a node without a value stays between them.
    copyData(map, spare, node)
    store64(spare + NODE_HEAD, headOf(0, length))
    setLink(childLink(spare, 0), zero)
    setLink(childLink(spare, 1), one)
    to = nodeIndex(map, spare) + 1
  } else if (!to && parent && !elementOf(parentHead)) {
    // A node without a value would be left with one child: the child takes its place.
    at = above
    word = aboveWord
    lost = parent
    to = nextOf(load64(link === childLink(parent, 0) ? childLink(parent, 1) : childLink(parent, 0)))
  }
  if (!stepFrom(map, step, record, count - 1, at, word, to)) return DISTURBED
  if (!(zero && one)) giveNode(map, spare)
  giveNode(map, node)
  giveNode(map, lost)
  retireElement(map, elementOf(head) - 1)
  return 0
}
