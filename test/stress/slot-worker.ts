// One CPU of the slots' stress test: random timer and work operations on a few slots, and the callbacks that its polls
// run.
// Each round is about one slot, so that operations meet.
import { parentPort, workerData } from 'node:worker_threads'
import { summary } from '../../src/explore/model.js'
import type { SlotState } from '../../src/explore/model.js'
import { restProblem, slotState } from '../../src/explore/subjects/async-memory.js'
import type { Places } from '../../src/explore/subjects/async-memory.js'
import type { View } from '../../src/explore/subject.js'
import { attachCpu } from '../core/harness.js'
import { AsyncThread, LATER } from './async-thread.js'
import type { Target } from './async-thread.js'
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

function update({ places, element }: StressSlot): number {
  const key = cpu.scratch + 64
  cpu.setU32(key, element)
  return cpu.call('map_update', places.map, key, cpu.scratch + 128, 0)
}

const targets = slots.map(({ places, work, at }, object): Target => ({ object, args: {}, work, at, map: places.map }))
const free = ({ object }: Target): void =>
  thread.record(
    object,
    'free',
    {},
    thread.timed(() => update(slots[object]!)),
  )
const actor = new AsyncThread(
  {
    thread,
    real: cpu,
    clock,
    free,
    targetOf: (word) => targets[slots.findIndex(({ places }) => places.slot === word)]!,
  },
  { programs: slots[0]!.places.programs, first },
)

// A handle on a map: given up and taken again. It concerns every slot of the map.
function handle(map: number): void {
  const drop = held.delete(map)
  if (!drop) held.add(map)
  const timed = thread.timed(() => (cpu.call(drop ? 'map_user_put' : 'map_user_get', map), 0))
  slots.forEach(({ places }, number) => {
    if (places.map === map) thread.record(number, drop ? 'drop-user' : 'get-user', {}, timed)
  })
}

function operate(number: number): void {
  const target = targets[number]!
  if (!held.has(target.map) && thread.below(2) === 0) return handle(target.map)
  thread.pick([...actor.choices(target), () => free(target), () => handle(target.map)])()
}

const slotOf = (round: number): number => (round * 7) % slots.length

function rest(): void {
  const load64 = (address: number): bigint => (BigInt(cpu.u32(address + 4)) << 32n) | BigInt(cpu.u32(address))
  const view = { load32: cpu.u32, load64, ghost: () => 0, stopped: -1 } as Partial<View> as View
  const stateOf = ({ places }: StressSlot): SlotState => slotState(places, cpu.u32, load64)
  const wrong = restProblem(slots[0]!.places, view)
  if (wrong !== undefined && problems.length < 5) problems.push(`after round ${thread.rounded - 1}: ${wrong}`)
  const finals = slots.map((slot) => summary(stateOf(slot)))
  thread.unrecorded(() => actor.prepare(targets[slotOf(thread.rounded)]!))
  Atomics.add(clock, 0, BigInt(thread.below(2) * LATER))
  rests.push(
    slots.map((slot, number) => ({
      final: finals[number]!,
      state: stateOf(slot),
      now: slot.work ? 0 : actor.unitsAfter(0),
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
