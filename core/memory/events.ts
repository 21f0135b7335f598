// Lifecycle events for `--trace`: one ring of 32-byte records per CPU, written by that CPU, read by the host.
// Off (one plain load per operation) unless the host sets HEADER_EVENTS. Invariant: a record is reserved before it is
// written, so an NMI's record never shares a place with the one it interrupted; the word that has its number is written
// last, so the host takes no record of the lap before, or half of one, for a record that the CPU never completed.
import { add32, glance32, peek32, poke32, poke64, store32 } from '../door'
import { cpu, readClock } from '../cpu'
import {
  CPU_EVENTS,
  CPU_EVENTS_WRITTEN,
  EVENT_ARGUMENT,
  EVENT_ELEMENT,
  EVENT_KIND,
  EVENT_MAP,
  EVENT_NUMBER_SHIFT,
  EVENT_RESULT,
  EVENT_SHIFT,
  EVENT_TIME,
  HEADER,
  HEADER_EVENTS,
  HEADER_EVENT_RECORDS,
} from '../layout'

/** True while the host wants lifecycle events. */
export function eventsWanted(): bool {
  return glance32(HEADER + HEADER_EVENTS) !== 0
}

/** Records an event; `argument` is nanoseconds for starts, the deadline for firings, whose `result` is the function. */
export function recordEvent(kind: u32, map: u32, element: u32, result: i32, argument: u64): void {
  const area = cpu()
  const number = add32(area + CPU_EVENTS_WRITTEN, 1)
  const place = number & (peek32(HEADER + HEADER_EVENT_RECORDS) - 1)
  const record = <usize>peek32(area + CPU_EVENTS) + ((<usize>place) << EVENT_SHIFT)
  // Without freshNow's fault at the end of the clock: who records an event may have things in hand.
  poke64(record + EVENT_TIME, readClock())
  poke32(record + EVENT_MAP, map)
  poke32(record + EVENT_ELEMENT, element)
  poke32(record + EVENT_RESULT, <u32>result)
  poke64(record + EVENT_ARGUMENT, argument)
  store32(record + EVENT_KIND, (number << EVENT_NUMBER_SHIFT) | kind)
}
