// A hash map whose elements have timers (or work) under stress: keys are inserted, replaced and deleted while others
// operate on timers through pointers that they looked up, some of them long ago. The elements are the map's model
// (which key is where), each timer the slot model's; what joins the two is here: an element's timer opens before the
// element is in the map, and is torn down after it has left, before the operation that took it out returns. A stale
// pointer acts on what its element is now [H17].
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST, EEXIST, ENOENT, MAP_TYPE_HASH } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Event, SequentialModel } from '../../../src/explore/linearize.js'
import { answer, EMPTY_SLOT, slotModel, summary } from '../../../src/explore/model.js'
import type { SlotState } from '../../../src/explore/model.js'
import { CALLBACKS } from '../../../src/explore/subjects/async-callbacks.js'
import { restProblem, slotState } from '../../../src/explore/subjects/async-memory.js'
import type { Places } from '../../../src/explore/subjects/async-memory.js'
import { atRest, check, elements, placeOf, remove, update } from '../../../src/explore/subjects/map-stage.js'
import type { OneBucketMap } from '../../../src/explore/subjects/map-stage.js'
import type { View } from '../../../src/explore/subject.js'
import { AsyncThread, LATER } from '../async-thread.js'
import type { Programs, Target } from '../async-thread.js'
import type { Structure } from './structure.js'

/** Keys 0 and 1; the map has room for all that may be under way. */
const KEYS = 2
const ENTRIES = 8
const VALUE = { valueSize: 32, offset: 8 }

/** In hand before it is in the map, in it, leaving it, or gone: only a callback of it still runs. */
type Phase = 'new' | 'in' | 'out' | 'gone'

interface Element {
  phase: Phase
  /** Its index; -1: nobody has been given its address yet. */
  at: number
  /** Its key, -1 if it is not in the map, and the CPU that has it in hand, -1 none. */
  key: number
  by: number
  slot: SlotState
}

/** What is in the map, in somebody's hand, or has a callback that runs. All other elements are closed. */
type Elements = readonly Element[]

const NONE = -1
const fresh = (by: number): Element => ({ phase: 'new', at: NONE, key: NONE, by, slot: EMPTY_SLOT })
const torn = (slot: SlotState): SlotState => answer(slot, 'free', {}).state
const changed = (state: Elements, element: Element, change: Partial<Element>): Elements =>
  state
    .map((one) => (one === element ? { ...one, ...change } : one))
    .filter(({ phase, slot }) => phase !== 'gone' || slot.firings.length > 0)
const inMap = (state: Elements, key: number): Element | undefined =>
  state.find((one) => one.phase === 'in' && one.key === key)
const inHand = (state: Elements, phase: Phase, by: number): Element | undefined =>
  state.find((one) => one.phase === phase && one.by === by)
const isAt = (state: Elements, at: number): Element | undefined =>
  state.find((one) => one.at === at && one.phase !== 'gone')

// The element turns out to be the one at an index, if that is possible. A callback of its former life may still run.
function found(state: Elements, element: Element, at: number): Elements[] {
  if (element.at === at) return [state]
  if (element.at !== NONE || isAt(state, at)) return []
  const former = state.find((one) => one.at === at)
  const { firings, blocks } = former ? former.slot : element.slot
  const others = state.filter((one) => one !== former)
  return [changed(others, element, { at, slot: { ...element.slot, firings, blocks } })]
}

type Moment = (state: Elements) => Elements[]

const opened =
  (by: number): Moment =>
  (state) => [[...state, fresh(by)]]

// The timer is torn down, and then the slot closed: in between it may be used for the last time.
function closed(phase: Phase, by: number): Moment[] {
  const close =
    (last: boolean): Moment =>
    (state) => {
      const element = inHand(state, phase, by)
      if (!element) return [state]
      const gone: Partial<Element> = last ? { phase: 'gone', by: NONE, key: NONE } : {}
      return [changed(state, element, { slot: torn(element.slot), ...gone })]
    }
  return [close(false), close(true)]
}

// Takes what has the key, if anything, out of the map.
function taken(state: Elements, key: number, by: number): Elements {
  const old = inMap(state, key)
  return old ? changed(state, old, { phase: 'out', key: NONE, by }) : state
}

function updated({ args, cpu, ended, result }: Event): Moment[] {
  const key = args['key'] as number
  const flags = args['flags'] as number
  const refusal = (state: Elements): number =>
    inMap(state, key) ? (flags & BPF_NOEXIST ? -EEXIST : 0) : flags & BPF_EXIST ? -ENOENT : 0
  const decide: Moment = (state) => {
    if (ended && refusal(state) !== result) return []
    if (refusal(state) !== 0) return [state]
    const without = taken(state, key, cpu)
    return [changed(without, inHand(without, 'new', cpu)!, { phase: 'in', key, by: NONE })]
  }
  return [opened(cpu), decide, ...closed('new', cpu), ...closed('out', cpu)]
}

function deleted({ args, cpu, ended, result }: Event): Moment[] {
  const key = args['key'] as number
  const decide: Moment = (state) =>
    ended && result !== (inMap(state, key) ? 0 : -ENOENT) ? [] : [taken(state, key, cpu)]
  return [decide, ...closed('out', cpu)]
}

// An operation of the slot model on the element at an index.
function applied(moment: (slot: SlotState) => SlotState[], at: number, gone: () => boolean): Moment {
  const on = (state: Elements, element: Element): Elements[] =>
    moment(element.slot).map((slot) => changed(state, element, { slot }))
  return (state) => {
    const known = isAt(state, at)
    if (known) return on(state, known)
    // It may be one whose index nobody has learned yet, or be closed.
    const unknown = state
      .filter((one) => one.at === NONE)
      .flatMap((one) => found(state, one, at).flatMap((then) => on(then, isAt(then, at)!)))
    if (!gone()) return unknown
    const former = state.find((one) => one.at === at)
    if (former) return [...unknown, ...on(state, former)]
    return [...unknown, ...(moment(EMPTY_SLOT).length > 0 ? [state] : [])]
  }
}

// What may have happened to any one element.
const anywhere =
  (moment: (slot: SlotState) => SlotState[]): Moment =>
  (state) => [
    state,
    ...state.flatMap((element) => moment(element.slot).map((slot) => changed(state, element, { slot }))),
  ]

function modelOf(now: number, held: (view: View) => Elements): SequentialModel<Elements> {
  const slots = slotModel(() => EMPTY_SLOT, { now, mayRunOut: true })
  // What tears timers down, in the slot model's words.
  const named = <T extends { kind: string }>(event: T): T =>
    event.kind === 'update' || event.kind === 'delete' ? { ...event, kind: 'free' } : event
  const onSlot = (event: Event, at: number): Moment[] => {
    const seen = { ...event, overlapping: event.overlapping.map(named) }
    // Of a closed element a timer cannot be initialised [H33], and none is there.
    const refused = event.kind === 'init' && event.ended
    if (refused && event.result === -ENOENT) return [(state) => (isAt(state, at) ? [] : [state])]
    return slots.moments(seen).map((moment) => applied(moment, at, () => !(event.kind === 'init')))
  }
  return {
    initial: held,
    key: (state) =>
      state
        .map((one) => JSON.stringify(one))
        .sort()
        .join(),
    moments(event) {
      const { kind, args, ended, result } = event
      if (kind === 'update') return updated(event)
      if (kind === 'delete') return deleted(event)
      if (kind === 'lookup')
        return [
          (state) => {
            const element = inMap(state, args['key'] as number)
            if (!ended) return [state]
            return element ? found(state, element, result as number) : result === NONE ? [state] : []
          },
        ]
      if (kind !== 'poll') return onSlot(event, args['element'] as number)
      // A poll that goes on has not told which callbacks it runs.
      if (!ended)
        return Array.from({ length: KEYS }, () => slots.moments(event))
          .flat()
          .map((moment) => anywhere(moment))
      return String(result)
        .split(';')
        .flatMap((note) => onSlot({ ...event, result: note }, Number(note.split(' ').at(-1))))
    },
    final: (view) => JSON.stringify(inOrder(held(view))),
    agrees: (state, final) => {
      const there = JSON.parse(final) as ReturnType<typeof inOrder>
      const here = inOrder(state)
      return (
        here.length === there.length &&
        here.every(({ key, at, timer }, i) => {
          const other = there[i]!
          return key === other.key && timer === other.timer && (at === NONE || at === other.at)
        })
      )
    },
  }
}

const inOrder = (state: Elements) =>
  state
    .filter(({ phase }) => phase === 'in')
    .map(({ key, at, slot }) => ({ key, at, timer: summary(slot) }))
    .sort((a, b) => a.key - b.key)

interface Place extends Programs {
  map: OneBucketMap
  places: Places
  work: boolean
  /** Guest address of the field of element 0, and bytes to the next one's. */
  field: number
  stride: number
}

const slotWord = ({ places }: Place, at: number): number => places.slot + at * 4

function heldIn(place: Place, view: View): Elements {
  const { map, places } = place
  return elements(map, view).map(({ index, key }): Element => {
    const slot = slotState({ ...places, slot: slotWord(place, index) }, view.load32, view.load64)
    return { phase: 'in', at: index, key, by: NONE, slot }
  })
}

/** Table index of the first callback: a machine has one such map. */
const FIRST = 1

export const timers = (work: boolean): Structure<Place, Elements> => ({
  create(machine, cpus) {
    const { valueSize, offset } = VALUE
    const type = MAP_TYPE_HASH
    const fields = { timer: work ? -1 : offset, work: work ? offset : -1 }
    const { address, value } = machine.arrayMap({ type, entries: ENTRIES, valueSize, ...fields })
    machine.setU32(address + layout.MAP_BUCKET_MASK, 0)
    const programs = [0, 1].map((p) => machine.program(FIRST + p * CALLBACKS, FIRST + (p + 1) * CALLBACKS))
    const header = (field: number): number => machine.u32(layout.HEADER + field)
    const blockCount = header(layout.HEADER_CONTROL_BLOCK_COUNT)
    return {
      map: { map: address, type, maxEntries: ENTRIES, cpus },
      places: {
        ...{ cpus, blockCount, programs, map: address },
        areas: header(layout.HEADER_CPU_AREAS),
        expiries: header(layout.HEADER_REALTIME_EXPIRIES),
        blocks: header(layout.HEADER_CONTROL_BLOCKS),
        pool: header(layout.HEADER_CONTROL_BLOCK_POOL),
        slot: machine.u32(address + (work ? layout.MAP_WORK_SLOTS : layout.MAP_TIMER_SLOTS)),
      },
      ...{ programs, first: FIRST, work },
      field: value(0) + offset,
      stride: machine.u32(address + layout.MAP_STRIDE),
    }
  },
  model: (place, now) => modelOf(work ? 0 : now / 8, (view) => heldIn(place, view)),
  shown: (state) =>
    `{${state.map(({ phase, at, key, slot }) => `${phase} ${key === NONE ? '' : `key ${key} `}at ${at}: ${summary(slot)}`).join('; ')}}`,
  part(place, { thread, object, real, cpu, clock, memory, perform }) {
    const { map, field, stride } = place
    const at = placeOf(map, cpu, memory)
    const targetAt = (element: number): Target => {
      return { object, args: { element }, work, at: field + element * stride, map: map.map }
    }
    const actor = new AsyncThread(
      {
        ...{ thread, real, clock },
        targetOf: (word) => targetAt((word - slotWord(place, 0)) / 4),
        free: (_target, key) => perform(remove(at, '', real.u32(key) % KEYS)),
      },
      place,
    )
    /** Elements that lookups gave, by key; what they are now is not looked at. */
    const pointers: number[] = []
    const lookUp = (key: number): void =>
      perform({
        ...{ name: '', kind: 'lookup', args: { key } },
        run({ exports }) {
          const value = Number((exports['bpf_map_lookup_elem'] as LookUp)(BigInt(map.map), BigInt(at.place(key))))
          if (value === 0) return NONE
          return (pointers[key] = (value + VALUE.offset - field) / stride)
        },
      })
    return {
      operate() {
        const key = thread.below(KEYS)
        const pointer = pointers[key]
        const flags = thread.pick([BPF_ANY, BPF_ANY, BPF_NOEXIST, BPF_EXIST])
        const onMap = [
          () => perform(update(at, '', key, flags)),
          () => perform(remove(at, '', key)),
          () => lookUp(key),
          () => lookUp(key),
        ]
        if (pointer === undefined || thread.below(3) === 0) thread.pick(onMap)()
        else thread.pick(actor.choices(targetAt(pointer)))()
      },
      state: (view) => heldIn(place, view),
      wrong: (view) => check(map)(view) ?? atRest(map)(view) ?? restProblem(place.places, view),
      prepare() {
        for (let key = 0; key < KEYS; key++) {
          if (thread.below(4) === 0) continue
          perform(update(at, '', key))
          lookUp(key)
          actor.prepare(targetAt(pointers[key]!))
        }
        Atomics.add(clock, 0, BigInt(thread.below(2) * LATER))
      },
    }
  },
})
type LookUp = (map: bigint, key: bigint) => bigint
