// What a function that is called gets of the frames of its callers, and what comes back: their slots, and the dynptrs,
// iterators and saved flags in them. All frames are handed over if the function may come at one of them; slots only of
// those that it comes at by pointers that are known. The same numbers and pointers on both sides are not followed: what
// the function finds out about one, the kernel knows of the other as well, so both lose what rests on a comparison.
// Used by calls.
import type { End } from './entry.js'
import type { Resources } from './resources.js'
import { holds } from './resources.js'
import { isConstant, joinedScalar } from './scalar.js'
import { forgetFrame, replace, replaceWhere, type Frame, type Slot, type State } from './state.js'
import { RELEASED, UNKNOWN, type Value } from './value.js'

export interface Handed {
  /** As the function sees them. */
  readonly frames: readonly Frame[]
  /** Those of which it gets the slots. */
  readonly reached: ReadonlySet<number>
}

/** Gives a function that is called with `given` all frames. */
export function handOver(state: State, given: readonly Value[]): Handed {
  const frames = [state, ...state.callers]
  const reached = reachedFrom(frames, given)
  for (const at of reached) for (const { value } of frames[at]!.slots.values()) share(state, value)
  const handed = frames.map(({ fn, special, slots }, at) => ({
    fn,
    special,
    slots: reached.has(at) ? across(slots, 1) : new Map<number, Slot>(),
  }))
  return { frames: handed, reached }
}

/** By `up`: frames that values point into, and what lies there. */
function reachedFrom(frames: readonly Frame[], given: readonly Value[]): ReadonlySet<number> {
  const reached = new Set<number>()
  const look = (value: Value): void => {
    if (value.is === 'frame' && value.up < frames.length) reached.add(value.up)
  }
  given.forEach(look)
  for (const at of reached) for (const { value } of frames[at]!.slots.values()) look(value)
  return reached
}

/** What a function finds out about a value that it gets the kernel then knows of the caller's copies of it as well. */
export function share(state: State, value: Value): void {
  if (value.is === 'scalar' && !isConstant(value)) replace(state, value, joinedScalar(value))
  else if (value.is === 'value' && value.nullable) replace(state, value, { ...value, nullable: 'mixed' })
  else if (value.is === 'object' && value.nullable) replace(state, value, UNKNOWN)
}

/** Slots as the function on the other side of a call sees them; `by`: how much farther up its pointers then point. */
function across(slots: ReadonlyMap<number, Slot>, by: number): Map<number, Slot> {
  const seen = new Map<number, Slot>()
  for (const [at, { bytes, value }] of slots) seen.set(at, { bytes, value: acrossCall(value, by) })
  return seen
}

/** One value of them: another object, of which nothing is claimed that a comparison on the other side may change. */
export function acrossCall(value: Value, by: number): Value {
  switch (value.is) {
    case 'frame':
      return value.up + by < 0 ? UNKNOWN : { ...value, up: value.up + by }
    case 'scalar':
      return isConstant(value) ? value : joinedScalar(value)
    case 'value':
      return value.nullable ? { ...value, nullable: 'mixed' } : value
    case 'object':
      return value.nullable ? UNKNOWN : value
    case 'packet':
      return { ...value, proved: 0 }
    default:
      return value
  }
}

/** The frames as they are at an end of the function that got them. */
export function comeBack(state: State, { reached }: Handed, { callers }: End): void {
  const frames = [state, ...state.callers]
  if (callers.length !== frames.length) return forgetFrame(state)
  frames.forEach((frame, at) => {
    const { slots, special } = callers[at]!
    if (reached.has(at)) frame.slots = across(slots, -1)
    // By a pointer that nobody knows it came at any of them.
    else if (!special.known) frame.slots.clear()
    frame.special = special
  })
}

/** What objects and slices in registers and frames live by. */
export interface Living {
  readonly resources: Resources
  readonly dynptrs: ReadonlySet<string>
}

export function livingIn(state: State): Living {
  return { resources: state.resources, dynptrs: dynptrsIn(state) }
}

function dynptrsIn({ special, callers }: State): ReadonlySet<string> {
  const ids = new Set<string>()
  const look = ({ entries }: Frame['special']): void => {
    for (const slot of entries.values()) if (slot.what === 'dynptr') ids.add(slot.id)
  }
  look(special)
  for (const frame of callers) look(frame.special)
  return ids
}

/** What a call has given back or overwritten is gone, also from where the function did not see it. */
export function dropGone(state: State, { resources, dynptrs }: Living): void {
  const gone = resources.known && state.resources.known && resources !== state.resources
  const left = dynptrs.size > 0 ? dynptrsIn(state) : dynptrs
  const lost = [...dynptrs].some((id) => !left.has(id))
  if (!gone && !lost) return
  const known = [state, ...state.callers].every(({ special }) => special.known)
  replaceWhere(state, (value) => {
    if (value.is !== 'object') return undefined
    const { reference, dynptr } = value
    if (dynptr !== undefined && dynptrs.has(dynptr) && !left.has(dynptr)) return known ? RELEASED : UNKNOWN
    const was = gone && reference !== undefined && holds(resources, reference)
    return was && !holds(state.resources, reference) ? RELEASED : undefined
  })
}
