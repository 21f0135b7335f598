// The sequential model of a ring: records in the order in which they were reserved, each committed or not yet; the consumer
// gets the oldest one, and only if it is committed. For subjects and for threads (test/stress). Pure values.
import type { SequentialModel } from '../linearize.js'

/** Values of the records, oldest first; one that is not committed yet is negative: -1 - value. */
export type RingState = readonly number[]

const reserved = (v: number): number => -1 - v

/** The values that are committed and can be reached: those in front of the first record that is not. */
export const reachable = (state: RingState): number[] => {
  const open = state.findIndex((v) => v < 0)
  return open < 0 ? [...state] : state.slice(0, open)
}

/** A ring that has room for `capacity` records. `put` is 0 or `full`; `take` the value, or -1 if there is none to get. */
export function ringModel(
  capacity: number,
  full: number,
  initial: RingState,
  final?: SequentialModel<RingState>['final'],
): SequentialModel<RingState> {
  return {
    initial,
    key: (state) => state.join(),
    moments({ kind, args, ended, result }) {
      if (kind === 'take') {
        const seen = (state: RingState): boolean =>
          result === -1 ? state.length === 0 || state[0]! < 0 : state[0] === result
        const look = (state: RingState): RingState[] => (!ended || seen(state) ? [state] : [])
        return result === -1 ? [look] : [look, ([, ...others]) => [others]]
      }
      const v = args['v'] as number
      const room = (state: RingState): boolean => state.length < capacity
      if (result === full) return [(state) => (room(state) ? [] : [state])]
      const commit = (state: RingState): RingState => state.map((one) => (one === reserved(v) ? v : one))
      const drop = (state: RingState): RingState => state.filter((one) => one !== reserved(v))
      return [
        (state) => (room(state) ? [[...state, reserved(v)]] : []),
        kind === 'discard' ? (state) => [drop(state)] : (state) => [commit(state)],
      ]
    },
    ...(final ? { final } : {}),
    agrees: (state, found) => final === undefined || reachable(state).join() === found,
  }
}
