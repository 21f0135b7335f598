// The fields of a node of the log tree (log.ts), and the table of nodes: numbered, found again by parent and result.
// Owned by a LogTree; read by everything that looks at what operations did.
import { changedNothing } from './access.js'
import { enlarged } from './arrays.js'

/** Fields of a node, as offsets into `NodeTable.nodes`. What a step of the search reads comes first. */
export const NODE_STATUS = 0
/** ACCESS: what the next access is, as bits (below). */
export const NODE_FLAGS = 1
/** ACCESS: the door operation with its width. FINISHED: number of the value. BROKEN: number of the message. */
export const NODE_CODE = 2
export const NODE_ADDRESS = 3
export const NODE_A_LOW = 4
export const NODE_A_HIGH = 5
export const NODE_B_LOW = 6
export const NODE_B_HIGH = 7
/** Own steps (accesses, without `retry` and `may fail`) so far. */
export const NODE_STEPS = 8
/** The child that was taken last, and lists of children. */
export const NODE_LAST_CHILD = 9
/** Result of the access that led here. */
export const NODE_LOW = 10
export const NODE_HIGH = 11
/** The node that this one is the same as (retry), or 0. */
export const NODE_ALIAS = 12
export const NODE_PARENT = 13
/** 1 if the access that led here wrote something. */
export const NODE_WROTE = 14
export const NODE_ROOT = 15
export const NODE_SITE = 16
export const NODE_FIRST_CHILD = 17
export const NODE_SIBLING = 18
/** A node reached by a further turn of a retry loop that must go on exactly as this one does. */
export const NODE_SHADOW = 19
/** 1 for the turns that were cut away: run only to be compared (`NODE_SHADOW`), never part of a state. */
export const NODE_PHANTOM = 20
export const NODE_STRIDE = 24

/** NODE_STATUS: */
export const ACCESS = 1
export const FINISHED = 2
export const BROKEN = 3
/** The operation stands at `retry`. */
export const LOOP_HEAD = 4

/**
 * NODE_FLAGS: the access needs no scheduling point: it is plain (unless somebody frees its word), or reads a clock that
 * nobody moves.
 */
export const QUIET = 1
/** It reads or writes one word of memory, in range and aligned. */
export const WORD = 2
export const WRITES = 4
export const PLAIN = 8
export const WIDE = 16
/**
 * It asks whether an allocation fails: the explorer's choice, if the subject lets allocations fail; no step of its own.
 */
export const FAILS = 32
/** It begins a turn of a retry loop, which may come back to it: others must have their turn too. */
export const TURN = 64
/** It reads or writes less than 4 bytes. */
export const NARROW = 128
/** It only writes: what was there before is no result of it, and states that differ in nothing else are one. */
export const BLIND = 256

export class NodeTable {
  nodes = new Int32Array(NODE_STRIDE << 10)
  /** Number of nodes; node 0 is never used. */
  count = 1
  private table = new Int32Array(1 << 12)

  /** The node after `node` with this result, or 0 if there is none yet. */
  known(node: number, low: number, high: number): number {
    const { nodes, table } = this
    const mask = table.length - 1
    for (let slot = hash(node, low, high) & mask; ; slot = (slot + 1) & mask) {
      const entry = table[slot]!
      if (entry === 0) return 0
      const at = entry * NODE_STRIDE
      if (nodes[at + NODE_PARENT] === node && nodes[at + NODE_LOW] === low && nodes[at + NODE_HIGH] === high)
        return entry
    }
  }

  /** Makes the node after `node` with this result. */
  insert(node: number, low: number, high: number): number {
    const created = this.allocate(node, low, high, this.nodes[node * NODE_STRIDE + NODE_ROOT]!)
    const mask = this.table.length - 1
    let slot = hash(node, low, high) & mask
    while (this.table[slot] !== 0) slot = (slot + 1) & mask
    this.table[slot] = created
    if (this.count * 2 > this.table.length) this.rehash()
    return created
  }

  /** A node without a place in the table; `parent` is 0 for the root of an operation. */
  allocate(parent: number, low: number, high: number, root: number): number {
    const node = this.count++
    if ((node + 1) * NODE_STRIDE > this.nodes.length) this.nodes = enlarged(this.nodes, this.nodes.length * 2)
    const { nodes } = this
    const at = node * NODE_STRIDE
    nodes[at + NODE_PARENT] = parent
    nodes[at + NODE_LOW] = low
    nodes[at + NODE_HIGH] = high
    nodes[at + NODE_ROOT] = root
    if (parent === 0) return node
    const above = parent * NODE_STRIDE
    nodes[at + NODE_STEPS] =
      nodes[above + NODE_STEPS]! +
      (nodes[above + NODE_STATUS] === ACCESS && !(nodes[above + NODE_FLAGS]! & FAILS) ? 1 : 0)
    nodes[at + NODE_PHANTOM] = nodes[above + NODE_PHANTOM]!
    nodes[at + NODE_SIBLING] = nodes[above + NODE_FIRST_CHILD]!
    nodes[above + NODE_FIRST_CHILD] = node
    const kept = changedNothing(
      nodes[above + NODE_CODE]!,
      nodes[above + NODE_A_LOW]!,
      nodes[above + NODE_A_HIGH]!,
      nodes[above + NODE_B_LOW]!,
      nodes[above + NODE_B_HIGH]!,
      low,
      high,
    )
    nodes[at + NODE_WROTE] = kept ? 0 : 1
    return node
  }

  private rehash(): void {
    const table = new Int32Array(this.table.length * 2)
    const mask = table.length - 1
    for (let node = 1; node < this.count; node++) {
      const at = node * NODE_STRIDE
      const parent = this.nodes[at + NODE_PARENT]!
      if (parent === 0) continue
      let slot = hash(parent, this.nodes[at + NODE_LOW]!, this.nodes[at + NODE_HIGH]!) & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = node
    }
    this.table = table
  }
}

function hash(node: number, low: number, high: number): number {
  let x = Math.imul(node, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  x ^= x >>> 15
  x = Math.imul(x, 0x2c1b3c6d)
  return x ^ (x >>> 13)
}
