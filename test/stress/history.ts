// Histories of real threads against a sequential model: what was recorded of each operation, whether some order
// explains it, and if none does the shortest part that shows it, in columns. Used by the stress tests of this folder.
//
// Stamps come from one shared counter, by Atomics.add before each call and after it. Its additions have one order that
// all threads agree on and that agrees with what each does, so an operation whose last stamp is lower than another
// one's first did end before the other began: the model is never asked for an order that the threads did not have. A
// clock would need an argument about its resolution and about cores that disagree.
import { findOrder } from '../../src/explore/linearize.js'
import type { Event, SequentialModel } from '../../src/explore/linearize.js'
import type { Value } from '../../src/explore/subject.js'

/** Stamps of a time in which something happened. */
export interface Span {
  from: number
  until: number
}

export interface Recorded extends Span {
  cpu: number
  kind: string
  args: Record<string, Value>
  result: Value
  /**
   * When each moment of the operation was, for those whose moments are narrower than the operation; and which of the
   * notes in `result`, separated by semicolons, tells of it.
   */
  moments?: (Span & { note: number })[]
}

/** A part of a history that no order explains. */
export interface Unexplained<S> {
  /** What the model's state may have been before it. */
  states: S[]
  window: Recorded[]
  /** What was in memory when all had ended, if it is that which contradicts. */
  final: string | undefined
}

/** What is not explained by any order from `initial` to a state that agrees with `final`; undefined if all is. */
export function unexplained<S>(
  model: SequentialModel<S>,
  history: readonly Recorded[],
  initial: S,
  final: string,
): Unexplained<S> | undefined {
  let states = [initial]
  let window: Recorded[] = []
  for (const next of windows(history)) {
    window = next
    const after = statesAfter(model, window, states, Infinity)
    if (after.length === 0) return { states, window: shortest(model, window, states), final: undefined }
    const agreeing = after.filter((state) => window.at(-1) !== lastOf(history) || model.agrees!(state, final))
    if (agreeing.length === 0) return { states, window, final }
    states = agreeing
  }
  return window.length === 0 && !model.agrees!(initial, final) ? { states, window, final } : undefined
}

const byStart = (history: readonly Recorded[]): Recorded[] => [...history].sort((a, b) => a.from - b.from)
const lastOf = (history: readonly Recorded[]): Recorded | undefined => byStart(history).at(-1)

// The history cut wherever no operation was under way.
function windows(history: readonly Recorded[]): Recorded[][] {
  const found: Recorded[][] = []
  let until = -1
  for (const one of byStart(history)) {
    if (one.from > until) found.push([])
    found.at(-1)!.push(one)
    until = Math.max(until, one.until)
  }
  return found
}

// All states that some order leads to. What had not begun at stamp `now` is left out, what had not ended may or may not
// have taken effect.
function statesAfter<S>(model: SequentialModel<S>, window: readonly Recorded[], from: readonly S[], now: number): S[] {
  const begun = window.filter((one) => one.from <= now)
  const ended = (one: Recorded): boolean => one.until <= now
  const seen = ({ kind, args, cpu, result, ...rest }: Recorded): Omit<Event, 'overlapping'> => {
    const over = rest.until <= now
    return { name: kind, kind, args, cpu, ended: over, result: over ? result : undefined }
  }
  const operations = begun.map((one) => ({
    ended: ended(one),
    moments: model.moments({
      ...seen(one),
      overlapping: begun
        .filter((other) => other !== one && other.from <= one.until && other.until >= one.from)
        .map(seen),
    }),
  }))
  const span = (i: number, moment: number): Span => (ended(begun[i]!) && begun[i]!.moments?.[moment]) || begun[i]!
  const found = new Map<string, S>()
  findOrder(operations, from, {
    key: (state) => model.key(state),
    waits: (i, j, moment, first) => span(j, first).until < span(i, moment).from,
    found: (state) => (found.set(model.key(state), state), false),
  })
  return [...found.values()]
}

// The beginning of a window up to the first answer that cannot be explained.
function shortest<S>(model: SequentialModel<S>, window: Recorded[], states: readonly S[]): Recorded[] {
  const stamps = window.map(({ until }) => until).sort((a, b) => a - b)
  const now = stamps.find((stamp) => statesAfter(model, window, states, stamp).length === 0) ?? Infinity
  return window.filter((one) => one.from <= now).map((one) => (one.until <= now ? one : { ...one, until: Infinity }))
}

const WIDTH = 44

/** The part in columns: a line for each stamp, in the order in which they were taken. */
export function printed<S>({ states, window, final }: Unexplained<S>, show: (state: S) => string): string {
  const cpus = Math.max(0, ...window.map(({ cpu }) => cpu)) + 1
  const lines: [at: number, cpu: number, text: string][] = []
  for (const one of window) {
    const args = Object.entries(one.args).map(([name, value]) => `${name} ${String(value)}`)
    lines.push([one.from, one.cpu, [one.kind, ...args].join(' ')])
    const notes = String(one.result).split(';')
    one.moments?.forEach(({ note, until }, at, moments) => {
      if (moments[at + 1]?.note !== note) lines.push([until, one.cpu, `    ${notes[note]}, at the latest`])
    })
    if (one.until !== Infinity) lines.push([one.until, one.cpu, `  ⇒ ${one.moments ? 'done' : String(one.result)}`])
  }
  const heads = Array.from({ length: cpus }, (_, cpu) => `CPU ${cpu}`.padEnd(WIDTH)).join('')
  return [
    `before: ${states.map(show).join(', or ')}`,
    `${'stamp'.padEnd(8)}${heads.trimEnd()}`,
    ...lines
      .sort((a, b) => a[0] - b[0])
      .map(([at, cpu, text]) => `${String(at).padEnd(8)}${' '.repeat(cpu * WIDTH)}${text}`),
    ...(final === undefined ? [] : [`in memory at the end: ${final}`]),
  ].join('\n')
}
