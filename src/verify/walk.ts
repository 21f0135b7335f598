// The states of one function at the start of each of its blocks, for one way of entering it and each set of things that
// may be held there, and the pass over them that reports. States only ever lose knowledge, ranges widen at loop heads,
// and the number of visits is limited, so the walk ends quickly for any graph; where the limit is reached nothing is
// claimed. Where proofs are looked for there is one state at each block, and what widening gave away too much is taken
// back in one pass more.
import type { Instruction } from '../isa/decode.js'
import { hasNoLoops, successors, type Block } from './blocks.js'
import { waysOn } from './branch.js'
import { call, type CallSurroundings } from './call.js'
import { earlyEnd } from './early-end.js'
import { NO_SUMMARY, type End, type Entry, type Summary } from './entry.js'
import { NO_SPECIAL_SLOTS } from './special-slots.js'
import { copyFrame, copyState, isAlike, joinInto, type State } from './state.js'
import { step } from './step.js'
import { UNKNOWN, type Value } from './value.js'

export interface Walked extends Summary {
  /**
   * By position of the block: one state for each set of things that are held there. Nothing at all if the walk was
   * given up.
   */
  readonly states: readonly (readonly State[])[]
}

/** Visits of a loop head until its ranges widen. */
const PATIENCE = 3
const VISITS_PER_BLOCK = 24
/**
 * Sets of held things that are told apart at one block; one that the kernel certainly comes with, and one that it may
 * not.
 */
const MOST_SETS = 16
/** Kinds of ends of a function that are told apart, and states that calls in one block may leave. */
const MOST_ENDS = 8

/** What is known at the start of a block, for one set of held things. */
interface Part {
  readonly state: State
  visits: number
  pending: boolean
}

/** What is told of each instruction with the state before it. */
type Each = (instruction: Instruction, state: State) => void

/** Finds what holds at each block. */
export function walk(around: CallSurroundings, entry: Entry): Walked {
  return attempt(around, entry, MOST_SETS) ?? attempt(around, entry, 1) ?? { states: [], ...NO_SUMMARY }
}

/**
 * walk() with `silent`, then review() with `around`, which says more. Code without loops is reviewed as it is walked:
 * all ways to a block have been gone when the walk comes there, and there are never too many visits.
 */
export function walkAndReview(silent: CallSurroundings, around: CallSurroundings, entry: Entry, each: Each): Walked {
  const reviewed = hasNoLoops(around.code) ? attempt(around, entry, MOST_SETS, each) : undefined
  if (reviewed) return reviewed
  const walked = walk(silent, entry)
  review(around, walked, each)
  return walked
}

/** Undefined if there are too many visits. `each`: as review() does. */
function attempt(around: CallSurroundings, entry: Entry, mostSets: number, each?: Each): Walked | undefined {
  const { blocks, byStart } = around.code
  const places: Part[][] = blocks.map(() => [])
  places[0]!.push({ state: entryState(entry, around.code.spec.name), visits: 0, pending: true })
  const ends: State[] = []
  let left = VISITS_PER_BLOCK * blocks.length + 100
  let widened = false
  for (let at = 0; at < blocks.length;) {
    const part = places[at]!.find(({ pending }) => pending)
    if (!part) {
      at += 1
      continue
    }
    if (left-- === 0) return undefined
    part.pending = false
    part.visits += 1
    const before = copyState(part.state)
    const alone = places[at]!.length === 1
    const block = blocks[at]!
    const out: State[] = []
    const after = each ? reviewBlock(around, block, before, alone, each, out) : runBlock(around, block, before, out)
    for (const state of out) addEnd(ends, state)
    const last = block.instructions[block.instructions.length - 1]!
    if (last.form.kind === 'exit') for (const state of after) addEnd(ends, state)
    let next = at
    const ways = after.length === 1 ? waysOn(last, after[0]!) : after.flatMap((state) => waysOn(last, state))
    for (const way of ways) {
      const target = byStart.get(way.to)
      if (!target) continue
      const { position } = target
      const known = partFor(places[position]!, way.state, around.trusting ? mostSets : 1)
      const widen = target.isLoopHead && (known?.visits ?? 0) >= PATIENCE
      widened ||= widen
      // No other way has this state.
      if (!known) places[position]!.push({ state: way.state, visits: 0, pending: true })
      else if (joinInto(known.state, way.state, widen)) known.pending = true
      else continue
      next = Math.min(next, position)
    }
    at = next
  }
  const states = places.map((parts) => parts.map(({ state }) => state))
  return { states: widened && !around.trusting ? narrowed(around, entry, states) : states, ...summaryOf(ends) }
}

/** Where a state is to be joined; undefined: nowhere yet. With one part for all, what they differ in is unknown. */
function partFor(parts: readonly Part[], state: State, mostSets: number): Part | undefined {
  return parts.find((part) => isAlike(part.state, state)) ?? (parts.length < mostSets ? undefined : parts[0])
}

/**
 * Joins a state into what holds at the ends of a function. Never narrower than at an earlier visit of the same end:
 * states only lose knowledge.
 */
function addEnd(ends: State[], state: State): void {
  const known = ends.find((end) => isAlike(end, state)) ?? (ends.length < MOST_ENDS ? undefined : ends[0])
  if (known) joinInto(known, state, false)
  else ends.push(state)
}

function summaryOf(ends: readonly State[]): Summary {
  if (ends.length === 0) return NO_SUMMARY
  return {
    ends: ends.map(({ registers, lock, resources, sure, callers }): End => ({
      result: registers[0] ?? UNKNOWN,
      lock,
      resources,
      sure,
      callers,
    })),
  }
}

/**
 * What comes to each block along all its ways: along those that come back to the head of a loop with what `states` say,
 * along the others with what is found here. It holds because `states` do, and a counter's range ends at the loop's
 * bound again.
 */
function narrowed(around: CallSurroundings, entry: Entry, states: Walked['states']): Walked['states'] {
  const { blocks, byStart } = around.code
  const result: State[][] = blocks.map(() => [])
  result[0]!.push(entryState(entry, around.code.spec.name))
  const arrive = (position: number, state: State): void => {
    const [known] = result[position]!
    if (known) joinInto(known, state, false)
    else result[position]!.push(state)
  }
  const leave = (at: number, before: State | undefined, back: boolean): void => {
    if (!before) return
    const { instructions } = blocks[at]!
    const last = instructions[instructions.length - 1]!
    for (const way of runBlock(around, blocks[at]!, copyState(before), []).flatMap((state) => waysOn(last, state))) {
      const target = byStart.get(way.to)
      if (target && target.position <= at === back) arrive(target.position, way.state)
    }
  }
  const comesBack = (at: number): boolean =>
    successors(blocks[at]!).some((start) => (byStart.get(start)?.position ?? at + 1) <= at)
  for (let at = 0; at < blocks.length; at += 1) if (comesBack(at)) leave(at, states[at]![0], true)
  for (let at = 0; at < blocks.length; at += 1) leave(at, result[at]![0], false)
  return result
}

/** Goes once over what walk() found; `around` reports, `each` sees every instruction with the state before it. */
export function review(around: CallSurroundings, { states }: Walked, each: Each): void {
  around.code.blocks.forEach((block, position) => {
    const parts = states[position] ?? []
    for (const state of parts) reviewBlock(around, block, copyState(state), parts.length === 1, each, [])
  })
}

/** Of states that are told apart, not `alone`, only what the kernel comes to is wrong for certain. */
function reviewBlock(
  around: CallSurroundings,
  block: Block,
  state: State,
  alone: boolean,
  each: Each,
  out: State[],
): State[] {
  const reports = alone || state.sure || !around.report
  return runBlock(reports ? around : { ...around, report: () => undefined }, block, state, out, each)
}

function entryState({ arguments: given, callers = [], lock, resources, sure }: Entry, fn: string): State {
  const registers: Value[] = new Array<Value>(11).fill(UNKNOWN)
  given.forEach((value, at) => (registers[at + 1] = value))
  registers[10] = { is: 'frame', up: 0, min: 0, max: 0 }
  const frames = callers.map(copyFrame)
  const special = NO_SPECIAL_SLOTS
  return { fn, registers, slots: new Map(), special, callers: frames, lock, resources, sure, checked: new Map() }
}

/**
 * Changes `state` to what holds after the block, its branch excluded; answers with it and other states there. To `out`
 * come the ends of the function inside of the block.
 */
function runBlock(around: CallSurroundings, block: Block, state: State, out: State[], each?: Each): State[] {
  const run: BlockRun = { around, block, each, after: [], out }
  runFrom(run, 0, state)
  return run.after
}

interface BlockRun {
  readonly around: CallSurroundings
  readonly block: Block
  readonly each: Each | undefined
  readonly after: State[]
  readonly out: State[]
}

function runFrom(run: BlockRun, from: number, state: State): void {
  const { around, each, after, out } = run
  const { instructions } = run.block
  for (let at = from; at < instructions.length; at += 1) {
    const instruction = instructions[at]!
    each?.(instruction, state)
    const { kind } = instruction.form
    if (kind === 'call' || kind === 'call-register') {
      const others = call(around, state, instruction, after.length < MOST_ENDS)
      for (const other of others) runFrom(run, at + 1, other)
    } else step(around, state, instruction)
    const end = earlyEnd(instruction, state)
    if (end) out.push(end)
  }
  after.push(state)
}
