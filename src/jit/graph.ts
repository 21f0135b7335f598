// Control-flow graph of one function: blocks, order, dominators, and the repair of irreducible graphs.
// Everything is iterative, because programs of 50,000 instructions may be one long chain.
//
// Irreducible graphs: a retreating edge u -> v whose target does not dominate its source. Any dominator of v dominates
// u also (otherwise the edge would be a way around it), so h = idom(v) dominates both. h is cut before its terminator
// and a dispatch is put there: h -> dispatch -> {terminator of h, v, …}; u -> v becomes u -> (set label) -> dispatch.
// The dispatch dominates u, so that is a loop; all forward edges stay what they were, and no other dominator changes.
import { SkepError } from '../error.js'
import type { Instruction } from '../isa/decode.js'
import { findDominators, traverse } from './dominators.js'

/** How control leaves a block; numbers are blocks. */
export type Terminator =
  | { kind: 'goto'; to: number }
  | { kind: 'branch'; instruction: Instruction; taken: number; otherwise: number }
  | { kind: 'dispatch'; targets: number[] }
  | { kind: 'exit'; instruction: Instruction }

export interface Block {
  /** Range in the function's list of instructions, without the terminator: [first, end). */
  readonly first: number
  readonly end: number
  /** Written to the dispatch label at the end of the block; -1 = nothing. */
  label: number
  terminator: Terminator
}

export interface Graph {
  readonly blocks: Block[]
  /** Reachable blocks in reverse postorder; the entry first. */
  readonly order: number[]
  /** Position of each block in `order`; -1 = unreachable. */
  readonly position: Int32Array
  /** Immediate dominator of each block; the entry's is itself. */
  readonly dominator: Int32Array
  /** How many forward edges enter each block. */
  readonly forwardEntries: Int32Array
  /** 1 for each block that an edge goes back to. */
  readonly isLoopHeader: Uint8Array
  /** Irreducible retreating edges that were given a dispatch. */
  readonly dispatched: number
}

/** Successors of a block, in the order of branching. */
export function successors(block: Block): number[] {
  const { terminator } = block
  switch (terminator.kind) {
    case 'goto':
      return [terminator.to]
    case 'branch':
      return [terminator.taken, terminator.otherwise]
    case 'dispatch':
      return terminator.targets
    case 'exit':
      return []
  }
}

/** The graph of checked instructions (see decode); always reducible. */
export function buildGraph(instructions: readonly Instruction[]): Graph {
  const blocks = splitIntoBlocks(instructions)
  const { order, dominator } = analyse(blocks)
  const dispatched = repair(blocks, order, dominator)
  if (dispatched === 0) return finish(blocks, order, dominator, 0)
  const repaired = analyse(blocks)
  return finish(blocks, repaired.order, repaired.dominator, dispatched)
}

function analyse(blocks: readonly Block[]): { order: number[]; dominator: Int32Array } {
  const targets = blocks.map(successors)
  const successorsOf = (block: number): readonly number[] => targets[block]!
  const traversal = traverse(blocks.length, successorsOf)
  return { order: traversal.order, dominator: findDominators(blocks.length, traversal, successorsOf) }
}

function endsBlock({ form: { kind } }: Instruction): boolean {
  return kind === 'goto' || kind === 'jump' || kind === 'may-goto' || kind === 'exit'
}

function splitIntoBlocks(instructions: readonly Instruction[]): Block[] {
  const units = instructions[instructions.length - 1]!.next
  const leads = new Uint8Array(units + 1)
  leads[0] = 1
  for (const instruction of instructions) {
    if (instruction.target >= 0) leads[instruction.target] = 1
    if (endsBlock(instruction)) leads[instruction.next] = 1
  }
  /** Block that starts at a unit. */
  const blockAt = new Int32Array(units + 1).fill(-1)
  const starts: number[] = []
  instructions.forEach(({ index }, position) => {
    if (leads[index]) {
      blockAt[index] = starts.length
      starts.push(position)
    }
  })
  return starts.map((first, number) => {
    const end = starts[number + 1] ?? instructions.length
    const last = instructions[end - 1]!
    const body = { first, end: endsBlock(last) ? end - 1 : end, label: -1 }
    const next = blockAt[last.next]!
    switch (last.form.kind) {
      case 'exit':
        return { ...body, terminator: { kind: 'exit', instruction: last } }
      case 'goto':
        return { ...body, terminator: { kind: 'goto', to: blockAt[last.target]! } }
      case 'jump':
      case 'may-goto': {
        const taken = blockAt[last.target]!
        return { ...body, terminator: { kind: 'branch', instruction: last, taken, otherwise: next } }
      }
      default:
        if (next < 0) throw new SkepError('BAD_INSTRUCTION', `instruction ${last.index} falls off the end`)
        return { ...body, terminator: { kind: 'goto', to: next } }
    }
  })
}

function positions(count: number, order: readonly number[]): Int32Array {
  const position = new Int32Array(count).fill(-1)
  order.forEach((block, at) => (position[block] = at))
  return position
}

/** Numbers blocks so that "a dominates b" is one comparison of intervals. */
function dominanceTest(order: readonly number[], dominator: Int32Array): (above: number, below: number) => boolean {
  const size = new Int32Array(dominator.length).fill(1)
  for (let at = order.length - 1; at > 0; at -= 1) size[dominator[order[at]!]!]! += size[order[at]!]!
  const enter = new Int32Array(dominator.length)
  const nextFree = new Int32Array(dominator.length)
  for (const block of order) {
    if (block !== order[0]) {
      const parent = dominator[block]!
      enter[block] = nextFree[parent]!
      nextFree[parent]! += size[block]!
    }
    nextFree[block] = enter[block]! + 1
  }
  return (above, below) => enter[above]! <= enter[below]! && enter[below]! < enter[above]! + size[above]!
}

/** Gives every irreducible retreating edge a dispatch; returns how many there were. */
function repair(blocks: Block[], order: readonly number[], dominator: Int32Array): number {
  const position = positions(blocks.length, order)
  const dominates = dominanceTest(order, dominator)
  /** Dispatch block below each dominator that needs one. */
  const dispatchBelow = new Map<number, number>()
  let repaired = 0

  const dispatchTo = (target: number): number => {
    const above = dominator[target]!
    let dispatch = dispatchBelow.get(above)
    const cut = blocks[above]!
    if (dispatch === undefined) {
      const rest = blocks.length
      blocks.push({ first: cut.end, end: cut.end, label: -1, terminator: cut.terminator })
      dispatch = blocks.length
      blocks.push({ first: cut.end, end: cut.end, label: -1, terminator: { kind: 'dispatch', targets: [rest] } })
      cut.terminator = { kind: 'goto', to: dispatch }
      cut.label = 0
      dispatchBelow.set(above, dispatch)
    }
    const { targets } = blocks[dispatch]!.terminator as Extract<Terminator, { kind: 'dispatch' }>
    let label = targets.indexOf(target)
    if (label === -1) label = targets.push(target) - 1
    const set = blocks.length
    blocks.push({ first: cut.end, end: cut.end, label, terminator: { kind: 'goto', to: dispatch } })
    repaired += 1
    return set
  }
  /** The block that holds a block's terminator now. */
  const holder = (block: number): Block => {
    const dispatch = dispatchBelow.get(block)
    if (dispatch === undefined) return blocks[block]!
    return blocks[(blocks[dispatch]!.terminator as Extract<Terminator, { kind: 'dispatch' }>).targets[0]!]!
  }

  for (const from of order) {
    const irreducible = (to: number): boolean =>
      to < position.length && position[to]! <= position[from]! && !dominates(to, from)
    const { terminator } = holder(from)
    if (terminator.kind === 'goto' && irreducible(terminator.to)) {
      const to = dispatchTo(terminator.to)
      holder(from).terminator = { ...terminator, to }
    } else if (terminator.kind === 'branch') {
      const taken = irreducible(terminator.taken) ? dispatchTo(terminator.taken) : terminator.taken
      const otherwise = irreducible(terminator.otherwise) ? dispatchTo(terminator.otherwise) : terminator.otherwise
      holder(from).terminator = { ...terminator, taken, otherwise }
    }
  }
  return repaired
}

function finish(blocks: Block[], order: number[], dominator: Int32Array, dispatched: number): Graph {
  const position = positions(blocks.length, order)
  const forwardEntries = new Int32Array(blocks.length)
  const isLoopHeader = new Uint8Array(blocks.length)
  for (const from of order) {
    const { terminator } = blocks[from]!
    for (const to of successors(blocks[from]!))
      if (position[to]! <= position[from]!) isLoopHeader[to] = 1
      // A dispatch jumps by table, which needs labels: its targets count as if they had several entries.
      else forwardEntries[to]! += terminator.kind === 'dispatch' ? 2 : 1
  }
  return { blocks, order, position, dominator, forwardEntries, isLoopHeader, dispatched }
}
