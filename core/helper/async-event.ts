// Names the slot of a timer or work call in a lifecycle event. Called by helper/timer.ts and helper/work.ts.
import { EVENT_WORK_BIT, KIND_WORK } from '../abi'
import { elementAt, mapAt } from '../async/slot'
import { recordEvent } from '../memory/events'

/** Records the event and passes `result` on. Callers ask eventsWanted() first, in place: this call would cost them. */
export function reported(event: u32, kind: u32, pointer: u64, result: i32, argument: u64): i64 {
  const map = mapAt(pointer)
  const element = map === 0 ? -1 : elementAt(map, pointer, kind)
  recordEvent(kind === KIND_WORK ? event | EVENT_WORK_BIT : event, <u32>map, <u32>element, result, argument)
  return <i64>result
}
