// Immediate dominators after Lengauer and Tarjan (1979), with path compression: O(edges * log blocks) for any graph, so
// that no object, however it was made, keeps the compiler busy. Iterative throughout.

/** A depth-first walk from the entry. */
export interface Traversal {
  /** Reachable blocks in reverse postorder. */
  readonly order: number[]
  /** The same blocks in preorder. */
  readonly preorder: number[]
  /** By position in the preorder: position of the block from which this one was first reached. */
  readonly parent: Int32Array
}

/** Walks the graph from block 0. */
export function traverse(count: number, successorsOf: (block: number) => readonly number[]): Traversal {
  const postorder: number[] = []
  const preorder: number[] = []
  const parent = new Int32Array(count)
  const seen = new Uint8Array(count)
  const stack: { block: number; position: number; targets: readonly number[]; next: number }[] = []
  const enter = (block: number, from: number): void => {
    seen[block] = 1
    const position = preorder.push(block) - 1
    parent[position] = from
    stack.push({ block, position, targets: successorsOf(block), next: 0 })
  }
  enter(0, 0)
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!
    if (top.next < top.targets.length) {
      const target = top.targets[top.next++]!
      if (!seen[target]) enter(target, top.position)
    } else {
      postorder.push(top.block)
      stack.pop()
    }
  }
  return { order: postorder.reverse(), preorder, parent }
}

/** Immediate dominator of each reachable block, -1 for the others; the entry's is itself. */
export function findDominators(
  count: number,
  { preorder, parent }: Traversal,
  successorsOf: (block: number) => readonly number[],
): Int32Array {
  const size = preorder.length
  /** Position in the preorder of each block; from here on blocks are these positions. */
  const position = new Int32Array(count).fill(-1)
  preorder.forEach((block, at) => (position[block] = at))
  const { starts, list } = predecessors(preorder, position, successorsOf)

  const semi = Int32Array.from({ length: size }, (_, at) => at)
  const label = semi.slice()
  const ancestor = new Int32Array(size).fill(-1)
  const immediate = new Int32Array(size)
  /** Blocks by semidominator, as linked lists. */
  const bucket = new Int32Array(size).fill(-1)
  const nextInBucket = new Int32Array(size).fill(-1)

  const path: number[] = []
  /** The block with the smallest semidominator on the linked path above `block`. */
  const evaluate = (block: number): number => {
    if (ancestor[block] === -1) return block
    for (let at = block; ancestor[ancestor[at]!]! !== -1; at = ancestor[at]!) path.push(at)
    for (let at = path.pop(); at !== undefined; at = path.pop()) {
      const above = ancestor[at]!
      if (semi[label[above]!]! < semi[label[at]!]!) label[at] = label[above]!
      ancestor[at] = ancestor[above]!
    }
    return label[block]!
  }

  for (let block = size - 1; block > 0; block -= 1) {
    for (let edge = starts[block]!; edge < starts[block + 1]!; edge += 1) {
      const best = semi[evaluate(list[edge]!)]!
      if (best < semi[block]!) semi[block] = best
    }
    nextInBucket[block] = bucket[semi[block]!]!
    bucket[semi[block]!] = block
    const above = parent[block]!
    ancestor[block] = above
    for (let other = bucket[above]!; other !== -1; other = nextInBucket[other]!) {
      const best = evaluate(other)
      immediate[other] = semi[best]! < semi[other]! ? best : above
    }
    bucket[above] = -1
  }
  for (let block = 1; block < size; block += 1)
    if (immediate[block] !== semi[block]) immediate[block] = immediate[immediate[block]!]!

  const dominator = new Int32Array(count).fill(-1)
  preorder.forEach((block, at) => (dominator[block] = preorder[immediate[at]!]!))
  return dominator
}

/** Predecessors as one flat array: those of block b are at [starts[b], starts[b + 1]). */
function predecessors(
  preorder: readonly number[],
  position: Int32Array,
  successorsOf: (block: number) => readonly number[],
): { starts: Int32Array; list: Int32Array } {
  const starts = new Int32Array(preorder.length + 1)
  for (const block of preorder) for (const target of successorsOf(block)) starts[position[target]! + 1]! += 1
  for (let at = 1; at < starts.length; at += 1) starts[at]! += starts[at - 1]!
  const list = new Int32Array(starts[preorder.length]!)
  const fill = starts.slice()
  preorder.forEach((block, at) => {
    for (const target of successorsOf(block)) list[fill[position[target]!]!++] = at
  })
  return { starts, list }
}
