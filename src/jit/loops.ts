// The loops of a reducible graph, and where each block is written: below its dominator, unless that would put code that
// is no part of a loop inside the loop's construct. Engines pay for every level of nesting, so what comes after a loop
// must stand after it.
import { successors, type Graph } from './graph.js'

export interface Placement {
  /** Below which block each block is written: its dominator, or the header of the outermost loop that it leaves. */
  readonly parent: Int32Array
  /** 1 for blocks that stand after the loop of their parent instead of within it. */
  readonly isExit: Uint8Array
}

/** Where the blocks go. */
export function placeBlocks(graph: Graph): Placement {
  const { blocks, order, dominator, isLoopHeader } = graph
  const enclosing = enclosingLoops(graph)
  const contains = containment(graph, enclosing)
  const parent = dominator.slice()
  const isExit = new Uint8Array(blocks.length)
  for (const block of order) {
    if (block === order[0]) continue
    const above = dominator[block]!
    let loop = isLoopHeader[above] ? above : enclosing[above]!
    while (loop !== -1 && !contains(loop, block)) {
      parent[block] = loop
      isExit[block] = 1
      loop = enclosing[loop]!
    }
  }
  return { parent, isExit }
}

/** Header of the innermost loop around each block, for a header the loop around its own; -1 none. */
function enclosingLoops({ blocks, order, position, isLoopHeader }: Graph): Int32Array {
  const enclosing = new Int32Array(blocks.length).fill(-1)
  const forward: number[][] = blocks.map(() => [])
  const latches = new Map<number, number[]>()
  for (const from of order)
    for (const to of successors(blocks[from]!))
      if (position[to]! > position[from]!) forward[to]!.push(from)
      else if (latches.has(to)) latches.get(to)!.push(from)
      else latches.set(to, [from])

  /** Follows finished loops outwards to the outermost one found so far. */
  const outermost = Int32Array.from(blocks, (_, block) => block)
  const find = (block: number): number => {
    let root = block
    while (outermost[root] !== root) root = outermost[root]!
    for (let at = block; at !== root;) {
      const next = outermost[at]!
      outermost[at] = root
      at = next
    }
    return root
  }
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const header = order[at]!
    if (!isLoopHeader[header]) continue
    const waiting = [...latches.get(header)!]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const member = find(next)
      if (member === header) continue
      enclosing[member] = header
      outermost[member] = header
      waiting.push(...forward[member]!)
    }
  }
  return enclosing
}

/** "The loop of this header contains this block", as one comparison of intervals over the loop forest. */
function containment(
  { blocks, order, isLoopHeader }: Graph,
  enclosing: Int32Array,
): (header: number, block: number) => boolean {
  const size = new Int32Array(blocks.length).fill(1)
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const block = order[at]!
    if (enclosing[block] !== -1) size[enclosing[block]!]! += size[block]!
  }
  const enter = new Int32Array(blocks.length)
  const nextFree = new Int32Array(blocks.length)
  let nextRoot = 0
  for (const block of order) {
    const around = enclosing[block]!
    if (around === -1) {
      enter[block] = nextRoot
      nextRoot += size[block]!
    } else {
      enter[block] = nextFree[around]!
      nextFree[around]! += size[block]!
    }
    nextFree[block] = enter[block]! + 1
  }
  return (header, block) =>
    isLoopHeader[header] === 1 && enter[header]! <= enter[block]! && enter[block]! < enter[header]! + size[header]!
}
