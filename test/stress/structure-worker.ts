// One CPU of the maps' stress test. Each round is about one map, so that operations meet.
import { parentPort, workerData } from 'node:worker_threads'
import * as layout from '../../core/layout.js'
import type { Cpu } from '../../src/explore/index.js'
import type { View } from '../../src/explore/subject.js'
import { attachCpu } from '../core/harness.js'
import { Thread } from './rounds.js'
import type { Meeting, Report, Rest } from './rounds.js'
import { STRUCTURES } from './structures/index.js'
import type { Kind } from './structures/index.js'
import type { Scene } from './structures/structure.js'

export interface StructureTask extends Meeting {
  /** A check build of the core, for threads that meet at any access; none: the shipped core. */
  checked?: WebAssembly.Module
  kinds: Kind[]
  /** What `create` of each kind gave. */
  places: unknown[]
  /** BigInt64Array: the clock, in nanoseconds. */
  clock: SharedArrayBuffer
}

/** Bytes of guest memory for each object. */
const MEMORY = 4096

const task = workerData as StructureTask
const thread = new Thread(task)
const clock = new BigInt64Array(task.clock)
const now = (): number => Number(Atomics.load(clock, 0))
const build = task.checked && { module: task.checked, before: () => thread.pause() }
const real = attachCpu(task.memory, task.cpu, now, build)
const { index, exports, u32, u64, setU32 } = real
const cpu = { index, exports, load32: u32, load64: u64, store32: setU32 } as Partial<Cpu> as Cpu
const view = { load32: u32, load64: u64, ghost: () => 0, stopped: -1 } as Partial<View> as View
const objects = task.kinds.map((kind, object) => {
  const place = task.places[object]
  const scene: Scene = {
    ...{ thread, object, real, cpu, clock },
    memory: u32(real.area + layout.CPU_RUN_BUFFER) + object * MEMORY,
    perform({ kind: name, args = {}, run }) {
      const timed = thread.timed(() => real.inSection(() => run(cpu) as Exclude<ReturnType<typeof run>, void>))
      thread.record(object, name!, args, timed)
    },
  }
  return { model: STRUCTURES[kind].model(place, 0), part: STRUCTURES[kind].part(place, scene) }
})
const rests: Rest<unknown>[][] = []
const problems: string[] = []

const objectOf = (round: number) => objects[round % objects.length]!

function rest(): void {
  for (const { part } of objects) {
    const wrong = part.wrong(view)
    if (wrong !== undefined && problems.length < 5) problems.push(`after round ${thread.rounded - 1}: ${wrong}`)
  }
  const finals = objects.map(({ model }) => model.final!(view))
  thread.unrecorded(() => objectOf(thread.rounded).part.prepare?.())
  rests.push(objects.map(({ part }, at) => ({ final: finals[at]!, state: part.state(view), now: now() })))
}

thread.meet()
thread.rounds(() => {
  const { part } = objectOf(thread.round)
  const consumes = Math.floor(thread.round / objects.length) % task.threads === task.cpu
  for (let turns = 3 + thread.below(4); turns > 0; turns--) part.operate(consumes)
}, rest)
const report: Report<unknown> = { lines: thread.lines, rests, problems }
parentPort!.postMessage(report)
