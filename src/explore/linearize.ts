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
  /** The moments at which the operation takes effect, in order (most have one): each gives the states possible after it,
   * none if its result cannot be explained by this state. */
  moments(event: Event): ((state: S) => S[])[]
  /** What memory says at rest, compared with the model's last state by `agrees`. */
  final?(view: View): string
  agrees?(state: S, final: string): boolean
}

export class Linearizer<S> {
  private readonly verdicts = new Map<string, boolean>()
  private readonly initial: S

  constructor(
    private readonly model: SequentialModel<S>,
    private readonly world: World,
    private readonly view: View,
  ) {
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
    const ended = begun.map((index) => world.resultNumber(index) >= 0)
    const at = begun.map(() => 0)
    const complete = (i: number): boolean => at[i]! >= moments[i]!.length
    const tried = new Set<string>()
    const search = (state: S): boolean => {
      const key = `${at.join()} ${model.key(state)}`
      if (tried.has(key)) return false
      tried.add(key)
      if (begun.every((_, i) => complete(i) || !ended[i]) && (model.agrees?.(state, final) ?? true)) return true
      for (let i = 0; i < begun.length; i++) {
        if (complete(i) || begun.some((other, j) => before(other, begun[i]!) && !complete(j))) continue
        const [...after] = moments[i]![at[i]!]!(state)
        at[i]!++
        if (after.some(search)) return true
        at[i]!--
      }
      return false
    }
    return search(this.initial)
  }
}
