// The sequential model of a ring: records in the order in which they were reserved, each committed, given up, or
// neither yet; the consumer gets the oldest one that was not given up, and only if it is committed. For subjects and
// for threads (test/stress). Pure values.
import type { Event, SequentialModel } from '../linearize.js'

/** Values of the records, oldest first; one that is not committed yet is negative: -1 - value. */
export type RingState = readonly number[]

/** A record that was given up: it takes room until the consumer passes it. */
export const GIVEN_UP = -1000

const reserved = (v: number): number => -1 - v

/** The values that are committed and can be reached: those in front of the first record that is neither. */
export const reachable = (state: RingState): number[] => {
  const open = state.findIndex((v) => v < 0 && v !== GIVEN_UP)
  return (open < 0 ? [...state] : state.slice(0, open)).filter((v) => v !== GIVEN_UP)
}

type Moment = (state: RingState) => RingState[]

const givenUp = (state: RingState): number => {
  const first = state.findIndex((v) => v !== GIVEN_UP)
  return first < 0 ? state.length : first
}

/** The consumer goes past any number of records that were given up. */
const pass: Moment = (state) => Array.from({ length: givenUp(state) + 1 }, (_, count) => state.slice(count))

/** How a record is taken, -1 none: past what was given up, others may find room between any two steps. */
function taking({ ended, overlapping }: Event, result: unknown): Moment[] {
  const look: Moment = (state) => {
    const rest = state.slice(givenUp(state))
    const seen = result === -1 ? rest.length === 0 || rest[0]! < 0 : rest[0] === result
    return !ended || seen ? [rest] : []
  }
  const passes = overlapping.filter(({ kind }) => kind !== 'take').map(() => pass)
  return result === -1 ? [...passes, look] : [...passes, look, ([, ...others]) => [others]]
}

/** A drain's answer: the values that it gave out, comma-separated, or EBUSY while another one drains. */
function draining(event: Event): Moment[] {
  const { result, overlapping } = event
  if (result === 'EBUSY') return [(state) => (overlapping.some(({ kind }) => kind === 'drain') ? [state] : [])]
  const values = result === '' ? [] : String(result).split(',').map(Number)
  return [...values, -1].flatMap((v) => taking(event, v))
}

/**
 * A ring that has room for `capacity` records. What puts one is 0 or `full`; `take` the value, or -1 if there is none
 * to get; `query`, by the consumer, the number of records that take room.
 */
export function ringModel(
  capacity: number,
  full: number,
  initial: RingState,
  final?: SequentialModel<RingState>['final'],
): SequentialModel<RingState> {
  return {
    initial,
    key: (state) => state.join(),
    moments(event) {
      const { kind, args, ended, result } = event
      if (kind === 'take') return taking(event, result)
      if (kind === 'drain') return draining(event)
      if (kind === 'query') return [(state) => (!ended || result === state.length ? [state] : [])]
      const v = args['v'] as number
      const room = (state: RingState): boolean => state.length < capacity
      if (result === full) return [(state) => (room(state) ? [] : [state])]
      const last = kind === 'discard' ? GIVEN_UP : v
      return [
        (state) => (room(state) ? [[...state, reserved(v)]] : []),
        (state) => [state.map((one) => (one === reserved(v) ? last : one))],
      ]
    },
    ...(final ? { final } : {}),
    agrees: (state, found) => final === undefined || reachable(state).join() === found,
  }
}

/**
 * Rings side by side: an operation says in its argument `ring` of which it is, or it is of the only one, or of its
 * CPU's.
 */
export function ringsModel(
  capacity: number,
  full: number,
  initial: readonly RingState[],
  final: SequentialModel<readonly RingState[]>['final'],
): SequentialModel<readonly RingState[]> {
  const model = ringModel(capacity, full, [])
  return {
    initial,
    key: (state) => state.map((ring) => model.key(ring)).join(';'),
    moments(event) {
      const ring = (event.args['ring'] as number | undefined) ?? (initial.length === 1 ? 0 : event.cpu)
      return model
        .moments(event)
        .map(
          (moment) => (state) =>
            moment(state[ring]!).map((after) => state.map((before, at) => (at === ring ? after : before))),
        )
    },
    ...(final ? { final } : {}),
    agrees: (state, found) => state.map((ring) => reachable(ring).join()).join(';') === found,
  }
}
