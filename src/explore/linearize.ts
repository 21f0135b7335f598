// Linearizability: whether some order of the operations, which keeps the order of those that did not overlap, explains
// every result in a sequential model. Called at states where everything has ended; verdicts are remembered.
import type { Value, View } from './subject.js'
import type { World } from './world.js'

/** An operation as the model sees it. */
export interface Event {
  name: string
  kind: string
  args: Record<string, Value>
  cpu: number
  /** False if the operation never ended (its CPU stopped): it may have taken effect or not. */
  ended: boolean
  result: Value
  /** Operations that ran at the same time, in part. */
  overlapping: { name: string; kind: string; args: Record<string, Value>; ended: boolean; result: Value }[]
}

/** A sequential object. States are values: never changed in place. */
export interface SequentialModel<S> {
  initial: S | ((view: View) => S)
  key(state: S): string
  /**
   * The moments at which the operation takes effect, in order (most have one): each gives the states possible after it,
   * none if its result cannot be explained by this state.
   */
  moments(event: Event): ((state: S) => S[])[]
  /** What memory says at rest, compared with the model's last state by `agrees`. */
  final?(view: View): string
  agrees?(state: S, final: string): boolean
}

/** By subject and history: the searches of a subject, one after the other, meet the same histories. */
const verdictsOf = new WeakMap<object, Map<string, boolean>>()

export class Linearizer<S> {
  private readonly verdicts: Map<string, boolean>
  private readonly initial: S

  constructor(
    private readonly model: SequentialModel<S>,
    private readonly world: World,
    private readonly view: View,
  ) {
    this.verdicts = verdictsOf.get(world.subject) ?? new Map()
    verdictsOf.set(world.subject, this.verdicts)
    this.initial = typeof model.initial === 'function' ? (model.initial as (view: View) => S)(view) : model.initial
  }

  /** Undefined if the results of the present state can be explained, else the history that cannot. */
  check(): string | undefined {
    const { world, model } = this
    const count = world.calls.length
    let key = ''
    for (let call = 0; call < count; call++) key += `${world.resultNumber(call)},${world.startMask(call)};`
    const final = model.final?.(this.view) ?? ''
    key += final
    let verdict = this.verdicts.get(key)
    if (verdict === undefined) this.verdicts.set(key, (verdict = this.explains(final)))
    if (verdict) return undefined
    const history = world.calls
      .map((call, index) => {
        const mask = world.startMask(index)
        if (mask === 0) return undefined
        const before = world.calls.filter((_, other) => (mask >>> other) & 1).map((other) => other.operation.name)
        const number = world.resultNumber(index)
        const answer = number < 0 ? 'never ended' : String(world.logs.values[number])
        return `${call.operation.name} = ${answer}${before.length ? ` (after ${before.join(', ')})` : ''}`
      })
      .filter((line) => line !== undefined)
    return `no order of the operations explains the results: ${history.join('; ')}${final ? `; at rest: ${final}` : ''}`
  }

  private explains(final: string): boolean {
    const { world, model } = this
    const begun = world.calls.map((_, index) => index).filter((index) => world.startMask(index) !== 0)
    const infoOf = (index: number) => {
      const { operation } = world.calls[index]!
      const number = world.resultNumber(index)
      const { name, kind = name, args = {} } = operation
      return { name, kind, args, ended: number >= 0, result: world.logs.values[number] }
    }
    const before = (one: number, other: number): boolean => ((world.startMask(other) >>> one) & 1) === 1
    const moments = begun.map((index) =>
      model.moments({
        ...infoOf(index),
        cpu: world.calls[index]!.cpu,
        overlapping: begun
          .filter((other) => other !== index && !before(index, other) && !before(other, index))
          .map(infoOf),
      }),
    )
    return findOrder<S>(
      begun.map((index, i) => ({ moments: moments[i]!, ended: world.resultNumber(index) >= 0 })),
      [this.initial],
      {
        key: (state) => model.key(state),
        waits: (i, j) => before(begun[j]!, begun[i]!),
        found: (state) => model.agrees?.(state, final) ?? true,
      },
    )
  }
}

/** What an operation of a history does to the model's state, moment by moment. */
export interface Moments<S> {
  moments: ((state: S) => S[])[]
  /** False: it may have taken effect, in part, or not. */
  ended: boolean
}

/**
 * Searches an order of the moments of these operations that the model can go through, from one of the states `from`;
 * after Wing and Gong, with what was tried remembered. `waits`: whether the moment `moment` of operation i can only
 * come after the moment `first`, the next one, of operation j. `found` is asked of each state in which all has come to
 * its end: true ends the search, and is its answer.
 */
export function findOrder<S>(
  operations: readonly Moments<S>[],
  from: readonly S[],
  rules: {
    key(state: S): string
    waits(i: number, j: number, moment: number, first: number): boolean
    found(state: S): boolean
  },
): boolean {
  const at = operations.map(() => 0)
  const complete = (i: number): boolean => at[i]! >= operations[i]!.moments.length
  const held = (i: number): boolean =>
    operations.some((_, j) => j !== i && !complete(j) && rules.waits(i, j, at[i]!, at[j]!))
  const tried = new Set<string>()
  const search = (state: S): boolean => {
    const key = `${at.join()} ${rules.key(state)}`
    if (tried.has(key)) return false
    tried.add(key)
    if (operations.every(({ ended }, i) => complete(i) || !ended) && rules.found(state)) return true
    for (let i = 0; i < operations.length; i++) {
      if (complete(i) || held(i)) continue
      const after = operations[i]!.moments[at[i]!]!(state)
      at[i]!++
      if (after.some(search)) return true
      at[i]!--
    }
    return false
  }
  return from.some(search)
}
