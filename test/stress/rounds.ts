// Threads in rounds: each performs a few operations, all meet, one of them looks at memory at rest, and the next round
// begins. The way in which the stress tests of this folder run; what operations there are is the worker's.
import { Worker } from 'node:worker_threads'
import type { Value } from '../../src/explore/subject.js'
import type { SequentialModel } from '../../src/explore/linearize.js'
import { printed, unexplained } from './history.js'
import type { Recorded, Span } from './history.js'

/** SKEP_STRESS_ROUNDS=N: as many rounds instead of what npm test has time for. */
export const ROUNDS = Number(process.env['SKEP_STRESS_ROUNDS'] ?? 1000)
/** SKEP_STRESS_SEED=N: other operations. */
export const SEED = Number(process.env['SKEP_STRESS_SEED'] ?? 1)

export interface Meeting {
  memory: WebAssembly.Memory
  cpu: number
  threads: number
  rounds: number
  seed: number
  /** Int32Array: stamps so far, threads that have arrived, number of the meeting. */
  control: SharedArrayBuffer
}

/** An operation of one object, in one round. */
export interface Line extends Recorded {
  round: number
  object: number
}

/** An object between two rounds, as thread 0 found it at the end of one, and as it left it for the next. */
export interface Rest<S> {
  final: string
  state: S
  /** What the clock shows in the next round. */
  now?: number
}

export interface Report<S> {
  lines: Line[]
  /** By round and object; `rests[0]` is before the first round. Of thread 0. */
  rests: Rest<S>[][]
  /** What was wrong with memory at rest. */
  problems: string[]
}

/** How many of each thing were seen. */
export type Counts = Map<string, number>

/**
 * Starts a worker for each thread and waits for all of them. Meetings are given to the worker with what `more` adds.
 */
export async function run<S>(
  file: URL,
  { memory, threads, rounds, seed }: Pick<Meeting, 'memory' | 'threads' | 'rounds' | 'seed'>,
  more: object,
): Promise<Report<S>> {
  const control = new SharedArrayBuffer(64)
  const workers = Array.from({ length: threads }, (_, cpu) => {
    const meeting: Meeting = { memory, cpu, threads, rounds, seed: seed * 7919 + cpu * 104729, control }
    return new Worker(file, { workerData: { ...meeting, ...more } })
  })
  try {
    const reports = await Promise.all(
      workers.map(
        (worker) =>
          new Promise<Report<S>>((resolve, reject) => {
            worker.once('message', resolve)
            worker.once('error', reject)
            worker.once('exit', () => reject(new Error('a thread ended without a report')))
          }),
      ),
    )
    return {
      lines: reports.flatMap(({ lines }) => lines),
      rests: reports[0]!.rests,
      problems: reports.flatMap(({ problems }) => problems),
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Lines by round and object. */
function histories(lines: readonly Line[], rounds: number, objects: number): Recorded[][][] {
  const found = Array.from({ length: rounds }, () => Array.from({ length: objects }, (): Recorded[] => []))
  for (const { round, object, ...line } of lines) found[round]![object]!.push(line)
  return found
}

/**
 * By object, the first round that no order of `modelOf`'s model explains, in columns; undefined if all are explained.
 */
export function judged<S>(
  lines: readonly Line[],
  rests: readonly (readonly Rest<S>[])[],
  modelOf: (before: Rest<S>, object: number) => SequentialModel<S>,
  shown: (state: S, object: number) => string,
): (string | undefined)[] {
  const wrong = Array.from(rests[0]!, (): string | undefined => undefined)
  for (const [round, objects] of histories(lines, rests.length - 1, rests[0]!.length).entries())
    for (const [object, history] of objects.entries()) {
      if (wrong[object] !== undefined) continue
      const before = rests[round]![object]!
      const found = unexplained(modelOf(before, object), history, before.state, rests[round + 1]![object]!.final)
      if (found) wrong[object] = `round ${round}, object ${object}:\n${printed(found, (state) => shown(state, object))}`
    }
  return wrong
}

/** How often each kind of operation gave each result, those with notes by what their first note says. */
export function counted(lines: readonly Line[]): Counts {
  const counts: Counts = new Map()
  for (const { kind, result } of lines) {
    const key = `${kind} = ${typeof result === 'string' ? result.replace(/[ :;].*/, '') : String(result)}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** What was seen how often, in a line. */
export const described = ({ counts, operations }: { counts: Counts; operations: number }): string =>
  `${operations} operations: ${[...counts].map((one) => one.join(': ')).join(', ')}`

const STAMPS = 0
const ARRIVED = 1
const NUMBER = 2
/** A word that never changes. */
const NEVER = 3
/** One access in so many. */
const PAUSE = 40
/** Looks at the shared word before a thread sleeps: on two cores the others mostly come at once. */
const PATIENCE = 3000

/** One thread's side: stamps, random numbers, lines, meetings. */
export class Thread {
  readonly lines: Line[] = []
  round = 0
  /** Rounds that are over: the number of the next one. */
  rounded = 0
  private readonly control: Int32Array
  private random: number

  constructor(readonly meeting: Meeting) {
    this.control = new Int32Array(meeting.control)
    this.random = meeting.seed
  }

  below(limit: number): number {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0
    return Math.floor((this.random / 2 ** 32) * limit)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  /** A number below the limit that no other thread gets from here. */
  own(limit: number): number {
    const { cpu, threads } = this.meeting
    return cpu + threads * this.below(Math.floor((limit - cpu - 1) / threads) + 1)
  }

  stamp(): number {
    return Atomics.add(this.control, STAMPS, 1)
  }

  /** Performs an operation between two stamps. */
  timed<T>(body: () => T): Span & { result: T } {
    const from = this.stamp()
    const result = body()
    return { from, until: this.stamp(), result }
  }

  record(
    object: number,
    kind: string,
    args: Record<string, Value>,
    timed: Span & { result: Value },
    moments?: Recorded['moments'],
  ) {
    const { from, until, result } = timed
    const { round, meeting } = this
    this.lines.push({
      round,
      object,
      cpu: meeting.cpu,
      kind,
      args,
      result,
      from,
      until,
      ...(moments ? { moments } : {}),
    })
  }

  /** Does what comes between rounds: it is in no history. */
  unrecorded(body: () => void): void {
    const recorded = this.lines.length
    body()
    this.lines.length = recorded
  }

  /** Now and then sleeps for a moment, so that others come in between even where threads share a processor. */
  pause(): void {
    if (this.below(PAUSE) === 0) Atomics.wait(this.control, NEVER, 0, 0.02)
  }

  /** Waits for all other threads. */
  meet(): void {
    const { control } = this
    const number = Atomics.load(control, NUMBER)
    if (Atomics.add(control, ARRIVED, 1) === this.meeting.threads - 1) {
      Atomics.store(control, ARRIVED, 0)
      Atomics.add(control, NUMBER, 1)
      Atomics.notify(control, NUMBER)
      return
    }
    for (let look = 0; look < PATIENCE; look++) if (Atomics.load(control, NUMBER) !== number) return
    while (Atomics.load(control, NUMBER) === number) Atomics.wait(control, NUMBER, number, 1000)
  }

  /** All rounds: `play` is this thread's part of each, `rest` thread 0's look at memory between two of them. */
  rounds(play: () => void, rest: () => void): void {
    const { cpu, rounds } = this.meeting
    if (cpu === 0) rest()
    for (; this.round < rounds; this.round++) {
      this.meet()
      // Threads do not always begin together.
      for (let wait = this.below(4) * this.below(200); wait > 0; wait--) Atomics.load(this.control, NUMBER)
      play()
      this.meet()
      this.rounded = this.round + 1
      if (cpu === 0) rest()
    }
  }
}
