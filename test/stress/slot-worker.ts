// One CPU of the slots' stress test: random timer and work operations on a few slots, and the callbacks that its polls run.
// Each round is about one slot, so that operations meet.
import { parentPort, workerData } from 'node:worker_threads'
import { BPF_F_TIMER_CPU_PIN } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { note, summary } from '../../src/explore/model.js'
import type { SlotState } from '../../src/explore/model.js'
import { act, CALLBACK_OF, CALLBACKS } from '../../src/explore/subjects/async-callbacks.js'
import { restProblem, slotOfBlock, slotState } from '../../src/explore/subjects/async-memory.js'
import type { Places } from '../../src/explore/subjects/async-memory.js'
import type { View } from '../../src/explore/subject.js'
import { attachCpu } from '../core/harness.js'
import type { Span } from './history.js'
import { Thread } from './rounds.js'
import type { Meeting, Report, Rest } from './rounds.js'

/** A slot; `places.slot` is its word, `places.map` its map. */
export interface StressSlot {
  places: Places
  work: boolean
  /** Guest address of the bpf_timer or bpf_wq, and the element's index in its map. */
  at: number
  element: number
}

export interface SlotTask extends Meeting {
  /** A check build of the core, for threads that meet at any access; none: the shipped core. */
  checked?: WebAssembly.Module
  slots: StressSlot[]
  /** Table index of the first callback of program 1. */
  first: number
  /** BigInt64Array: the clock, in nanoseconds; it stands still in a round. */
  clock: SharedArrayBuffer
}

const task = workerData as SlotTask
const { slots, first } = task
const thread = new Thread(task)
const clock = new BigInt64Array(task.clock)
const build = task.checked && { module: task.checked, before: () => thread.pause() }
const cpu = attachCpu(task.memory, task.cpu, () => Number(Atomics.load(clock, 0)), build)
const maps = [...new Set(slots.map(({ places }) => places.map))]
const held = new Set<number>()
const rests: Rest<SlotState>[][] = []
const problems: string[] = []
const LATER = 800

const unitsAfter = (nanoseconds: number): number => (Number(Atomics.load(clock, 0)) + nanoseconds) / 8

/** What callbacks noted in the poll that goes on, by slot. */
let notes: { slot: number; text: string; span: Span }[] = []

function start({ work, at }: StressSlot, nanoseconds: number, flags: number): number {
  return work ? cpu.helper('bpf_wq_start', at, 0) : cpu.helper('bpf_timer_start', at, nanoseconds, flags)
}

function update({ places, element }: StressSlot): number {
  const key = cpu.scratch + 64
  cpu.setU32(key, element)
  return cpu.call('map_update', places.map, key, cpu.scratch + 128, 0)
}

const KINDS = CALLBACKS
for (let index = 0; index < 2 * KINDS; index++)
  cpu.setFunction(first + index, () => {
    const entry = thread.stamp()
    const program = Math.floor(index / KINDS) + 1
    const word = slotOfBlock({ load32: (address) => cpu.u32(address) }, cpu.u32(cpu.area + layout.CPU_CURRENT))
    const number = slots.findIndex(({ places }) => places.slot === word)
    const slot = slots[number]!
    const add = (text: string, span: Span): void => void notes.push({ slot: number, text, span })
    add(`begin ${program}`, { from: 0, until: entry })
    thread.pause()
    const inner = (kind: string, args: Record<string, number>, body: () => number): string => {
      const { from, until, result } = thread.timed(body)
      add(note(kind, args, result), { from, until })
      return ''
    }
    act(index % KINDS, 0, 1, {
      start: () => inner('start', { deadline: slot.work ? 0 : unitsAfter(LATER) }, () => start(slot, LATER, 0)),
      free: () => inner('free', {}, () => update(slot)),
      cancel: () => inner('cancel', {}, () => cpu.helper('bpf_timer_cancel', slot.at)),
    })
    add('end', { from: thread.stamp(), until: Infinity })
  })

function poll(): void {
  notes = []
  const timed = thread.timed(() => cpu.call('cpu_poll'))
  for (let number = 0; number < slots.length; number++) {
    const own = notes.filter(({ slot }) => slot === number)
    if (own.length === 0) continue
    const moments = own.map(({ span }) => ({
      from: Math.max(span.from, timed.from),
      until: Math.min(span.until, timed.until),
    }))
    const result = own.map(({ text }) => text).join(';')
    thread.record(number, 'poll', {}, { ...timed, result }, moments)
  }
}

// A handle on a map: given up and taken again. It concerns every slot of the map.
function handle(map: number): void {
  const drop = held.delete(map)
  if (!drop) held.add(map)
  const timed = thread.timed(() => (cpu.call(drop ? 'map_user_put' : 'map_user_get', map), 0))
  slots.forEach(({ places }, number) => {
    if (places.map === map) thread.record(number, drop ? 'drop-user' : 'get-user', {}, timed)
  })
}

const TIMER_CALLBACKS = ['set', 'restart', 'freeself', 'cancelself']
const WORK_CALLBACKS = ['set', 'restart', 'freeself']

function operate(number: number): void {
  const slot = slots[number]!
  const { places, work, at } = slot
  if (!held.has(places.map) && thread.below(2) === 0) return handle(places.map)
  const program = 1 + thread.below(2)
  cpu.setU32(cpu.area + layout.CPU_PROGRAM, places.programs[program - 1]!)
  const did = (kind: string, args: Record<string, number | boolean>, body: () => number): void =>
    thread.record(number, kind, args, thread.timed(body))
  const starts = (nanoseconds: number, flags: number): void =>
    did('start', { deadline: work ? 0 : unitsAfter(nanoseconds), pinned: flags !== 0 }, () =>
      start(slot, nanoseconds, flags),
    )
  const bind = (): void => {
    const callback = thread.pick(work ? WORK_CALLBACKS : TIMER_CALLBACKS)
    const fn = first + (program - 1) * KINDS + CALLBACK_OF[callback]!
    const values = work ? [at, fn, 0] : [at, fn]
    did('set_callback', { program }, () => cpu.helper(`bpf_${work ? 'wq' : 'timer'}_set_callback`, ...values))
  }
  const init = (): void =>
    did('init', {}, () =>
      work ? cpu.helper('bpf_wq_init', at, places.map, 0) : cpu.helper('bpf_timer_init', at, places.map, 1),
    )
  const any: (() => void)[] = [
    init,
    init,
    bind,
    bind,
    bind,
    () => starts(0, 0),
    () => starts(0, 0),
    poll,
    poll,
    poll,
    () => did('free', {}, () => update(slot)),
    () => handle(places.map),
  ]
  const timers: (() => void)[] = [
    () => starts(LATER, 0),
    () => starts(0, BPF_F_TIMER_CPU_PIN),
    () => did('cancel', {}, () => cpu.helper('bpf_timer_cancel', at)),
    () => did('cancel', {}, () => cpu.helper('bpf_timer_cancel', at)),
    () => did('cancel_async', {}, () => cpu.helper('bpf_timer_cancel_async', at)),
  ]
  thread.pick(work ? any : [...any, ...timers])()
}

// Brings a slot into a state from which there is more to see than -EINVAL.
function prepare(slot: StressSlot): void {
  const { places, work, at } = slot
  const helper = (name: string, ...values: number[]): number =>
    cpu.helper(`bpf_${work ? 'wq' : 'timer'}_${name}`, at, ...values)
  cpu.setU32(cpu.area + layout.CPU_PROGRAM, places.programs[0]!)
  helper('init', places.map, work ? 0 : 1)
  if (thread.below(4) === 0) return
  const fn = first + CALLBACK_OF[thread.pick(work ? WORK_CALLBACKS : TIMER_CALLBACKS)]!
  if (work) helper('set_callback', fn, 0)
  else helper('set_callback', fn)
  if (thread.below(3) !== 0) start(slot, thread.below(3) === 0 ? LATER : 0, 0)
}

const slotOf = (round: number): number => (round * 7) % slots.length

function rest(): void {
  const load64 = (address: number): bigint => (BigInt(cpu.u32(address + 4)) << 32n) | BigInt(cpu.u32(address))
  const view = { load32: cpu.u32, load64, ghost: () => 0, stopped: -1 } as Partial<View> as View
  const stateOf = ({ places }: StressSlot): SlotState => slotState(places, cpu.u32, load64)
  const wrong = restProblem(slots[0]!.places, view)
  if (wrong !== undefined && problems.length < 5) problems.push(`after round ${thread.rounded - 1}: ${wrong}`)
  const finals = slots.map((slot) => summary(stateOf(slot)))
  prepare(slots[slotOf(thread.rounded)]!)
  Atomics.add(clock, 0, BigInt(thread.below(2) * LATER))
  rests.push(
    slots.map((slot, number) => ({
      final: finals[number]!,
      state: stateOf(slot),
      now: slot.work ? 0 : unitsAfter(0),
    })),
  )
}

for (const map of maps) {
  cpu.call('map_user_get', map)
  held.add(map)
}
thread.meet()
if (task.cpu === 0) for (const map of maps) cpu.call('map_user_put', map)
thread.rounds(() => {
  const number = slotOf(thread.round)
  for (let turns = 3 + thread.below(4); turns > 0; turns--) operate(number)
}, rest)
const report: Report<SlotState> = { lines: thread.lines, rests, problems }
parentPort!.postMessage(report)
