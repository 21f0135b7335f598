// The states of one function at the start of each of its blocks, for one way of entering it, and the pass over them that
// reports. States only ever lose knowledge, ranges widen at loop heads, and the number of visits is limited, so the walk
// ends quickly for any graph; where the limit is reached nothing is claimed. Where proofs are looked for, what widening gave
// away too much is taken back in one pass more.
import type { Instruction } from '../isa/decode.js'
import { successors, type Block } from './blocks.js'
import { waysOn } from './branch.js'
import { call, type CallSurroundings, type Entry, type Summary } from './call.js'
import { copyState, joinInto, type State } from './state.js'
import { step } from './step.js'
import { joinValues, UNKNOWN, type Value } from './value.js'

export interface Walked extends Summary {
  /** By position of the block; undefined: never reached. Nothing at all if the walk was given up. */
  readonly states: readonly (State | undefined)[]
}

/** Visits of a loop head until its ranges widen. */
const PATIENCE = 3
const VISITS_PER_BLOCK = 24

/** Finds what holds at each block. */
export function walk(around: CallSurroundings, entry: Entry): Walked {
  const { blocks, byStart } = around.code
  const states: (State | undefined)[] = new Array<State | undefined>(blocks.length).fill(undefined)
  const visits = new Uint16Array(blocks.length)
  const pending = new Uint8Array(blocks.length)
  states[0] = entryState(entry)
  pending[0] = 1
  let result: Value | undefined
  let lock: Summary['lock'] | undefined
  let left = VISITS_PER_BLOCK * blocks.length + 100
  let widened = false
  for (let at = 0; at < blocks.length;) {
    const before = states[at]
    if (!pending[at] || !before) {
      at += 1
      continue
    }
    if (left-- === 0) return { states: [], result: UNKNOWN, lock: 'unknown' }
    pending[at] = 0
    visits[at]! += 1
    const state = copyState(before)
    const last = runBlock(around, blocks[at]!, state)
    if (last.form.kind === 'exit') {
      const value = state.registers[0] ?? UNKNOWN
      // Never narrower than at an earlier visit of the same exit: states only lose knowledge.
      result = result ? joinValues(result, value, false) : value
      lock = lock === undefined || lock === state.lock ? state.lock : 'unknown'
    }
    let next = at + 1
    for (const way of waysOn(last, state)) {
      const target = byStart.get(way.to)
      if (!target) continue
      const { position } = target
      const known = states[position]
      const widen = target.isLoopHead && visits[position]! >= PATIENCE
      widened ||= widen
      // No other way has this state.
      if (!known) states[position] = way.state
      else if (!joinInto(known, way.state, widen)) continue
      pending[position] = 1
      next = Math.min(next, position)
    }
    at = next
  }
  const found = widened && !around.trusting ? narrowed(around, entry, states) : states
  return { states: found, result: result ?? UNKNOWN, lock: lock ?? 'unknown' }
}

/**
 * What comes to each block along all its ways: along those that come back to the head of a loop with what `states` say, along
 * the others with what is found here. It holds because `states` do, and a counter's range ends at the loop's bound again.
 */
function narrowed(around: CallSurroundings, entry: Entry, states: Walked['states']): Walked['states'] {
  const { blocks, byStart } = around.code
  const result: (State | undefined)[] = new Array<State | undefined>(blocks.length).fill(undefined)
  result[0] = entryState(entry)
  const arrive = (position: number, state: State): void => {
    const known = result[position]
    if (known) joinInto(known, state, false)
    else result[position] = state
  }
  const leave = (at: number, before: State | undefined, back: boolean): void => {
    if (!before) return
    const state = copyState(before)
    for (const way of waysOn(runBlock(around, blocks[at]!, state), state)) {
      const target = byStart.get(way.to)
      if (target && target.position <= at === back) arrive(target.position, way.state)
    }
  }
  const comesBack = (at: number): boolean =>
    successors(blocks[at]!).some((start) => (byStart.get(start)?.position ?? at + 1) <= at)
  for (let at = 0; at < blocks.length; at += 1) if (comesBack(at)) leave(at, states[at], true)
  for (let at = 0; at < blocks.length; at += 1) leave(at, result[at], false)
  return result
}

/** Goes once over what walk() found; `around` reports, `each` sees every instruction with the state before it. */
export function review(
  around: CallSurroundings,
  { states }: Walked,
  each: (instruction: Instruction, state: State) => void,
): void {
  around.code.blocks.forEach((block, position) => {
    const state = states[position]
    if (state) runBlock(around, block, copyState(state), each)
  })
}

function entryState({ arguments: given, lock }: Entry): State {
  const registers: Value[] = new Array<Value>(11).fill(UNKNOWN)
  given.forEach((value, at) => (registers[at + 1] = value))
  registers[10] = { is: 'frame', own: true, min: 0, max: 0 }
  return { registers, slots: new Map(), lock, checked: new Map() }
}

/** Changes `state` to what holds after the block, its branch excluded; answers with the last instruction. */
function runBlock(
  around: CallSurroundings,
  { instructions }: Block,
  state: State,
  each?: (instruction: Instruction, state: State) => void,
): Instruction {
  for (const instruction of instructions) {
    each?.(instruction, state)
    const { kind } = instruction.form
    if (kind === 'call' || kind === 'call-register') call(around, state, instruction)
    else step(around, state, instruction)
  }
  return instructions[instructions.length - 1]!
}
