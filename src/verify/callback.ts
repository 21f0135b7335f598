// Callbacks that run while their helper does: of bpf_loop, bpf_for_each_map_elem and bpf_user_ringbuf_drain. The kernel
// follows them as called any number of times, bpf_loop's no more often than it is asked to, and goes on behind the call
// with what holds after each number of turns. Used by call.ts.
import { comeBack, dropGone, handOver, livingIn } from './frames.js'
import type { Entry, Summary } from './entry.js'
import { LOOSE } from './scalar.js'
import type { CallbackRule } from './signatures.js'
import { copyState, forgetFrame, isAlike, joinInto, type State } from './state.js'
import { maySeeFrame, UNKNOWN, type Value } from './value.js'

/** What holds after some turns, in which the same is held and lies in the frames. */
interface Outcome {
  readonly state: State
  /** The least number of turns. */
  readonly turns: number
  visits: number
  pending: boolean
}

/** Kinds of states that are told apart, and times that the callback is followed, at one call. */
const MOST_OUTCOMES = 6
const MOST_VISITS = 12
/** Visits until ranges widen. */
const PATIENCE = 2

/**
 * Joins into `state`, without a turn, what differs in numbers and pointers only; answers with the other states in which
 * the call is left. `entryOf`: how the callback is entered from one of them.
 */
export function turnsOf(
  state: State,
  rule: CallbackRule,
  context: Value,
  entryOf: (state: State) => Entry,
  enter: (entry: Entry) => Summary,
): readonly State[] {
  const outcomes: Outcome[] = [{ state, turns: 0, visits: 0, pending: true }]
  const limit = rule.kind === 'loop' ? mostTurns(state) : Infinity
  let visits = 0
  for (let one = outcomes[0]; one; one = outcomes.find(({ pending }) => pending)) {
    one.pending = false
    one.visits += 1
    if (limit !== undefined && one.turns >= limit) continue
    if (++visits > MOST_VISITS || outcomes.length > MOST_OUTCOMES) return giveUp(outcomes)
    const from = one.state
    const handed = maySeeFrame(context) ? handOver(from, [context]) : undefined
    const entry = entryOf(from)
    // Of a number that is not known the kernel may know that it is less.
    const sure = entry.sure && (one.turns === 0 || limit !== undefined)
    for (const end of enter({ ...entry, sure, callers: handed?.frames }).ends) {
      const after = copyState(from)
      const living = livingIn(after)
      if (handed) comeBack(after, handed, end)
      after.resources = end.resources
      after.lock = end.lock
      after.sure = end.sure
      dropGone(after, living)
      const known = outcomes.find((other) => isAlike(other.state, after))
      if (!known) outcomes.push({ state: after, turns: one.turns + 1, visits: 0, pending: true })
      else if (joinInto(known.state, after, known.visits >= PATIENCE)) known.pending = true
    }
  }
  return outcomes.slice(1).map((outcome) => outcome.state)
}

/** Undefined: the kernel may know less, or more. */
function mostTurns({ registers }: State): number | undefined {
  const turns = registers[1] ?? UNKNOWN
  if (turns.is !== 'scalar' || turns.precision === LOOSE) return undefined
  return turns.min < 0 ? Infinity : turns.max
}

function giveUp(outcomes: readonly Outcome[]): State[] {
  const { state } = outcomes[0]!
  for (const other of outcomes.slice(1)) joinInto(state, other.state, true)
  forgetFrame(state)
  state.sure = false
  return []
}
