// How late a timer comes that re-arms itself, on an idle machine and on one whose CPUs are all busy; and what waiting
// for it costs. skep waits as it is told to (boot's `wait`); the default is "hybrid".
import { Worker } from 'node:worker_threads'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { running, type Case, type Running, type Start, type Theme } from '../case.js'
import type { ThreadOptions } from '../../src/index.js'
import { skepSystem } from '../systems/skep.js'
import { ask, counter, type Loaded, type System } from '../systems/system.js'
import { onSystem } from './on-object.js'

const FIRING = 'bench/objects/firing.bpf.o'
const LATENESSES = 4096

interface Period {
  readonly text: string
  readonly nanoseconds: number
  /** Firings of one figure. */
  readonly count: number
}

const PERIODS: readonly Period[] = [
  { text: '10 µs', nanoseconds: 10_000, count: 2000 },
  { text: '100 µs', nanoseconds: 100_000, count: 1000 },
  { text: '1 ms', nanoseconds: 1_000_000, count: 250 },
  { text: '10 ms', nanoseconds: 10_000_000, count: 100 },
]
const MILLISECOND = PERIODS[2]!

/** Of sorted numbers, the one that the given share of them does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1]!
}

/** Lateness in µs that the given share of the firings did not exceed. */
async function lateness(loaded: Loaded, { nanoseconds, count }: Period, share: number): Promise<number> {
  await ask(loaded, 'start_period', { count, argument: BigInt(nanoseconds) })
  while ((await counter(loaded, 'lateness_count')) < LATENESSES) await sleep(20)
  const bytes = await loaded.variable('lateness')
  const late = [...new Uint32Array(bytes.slice(-4 * count).buffer)].sort((a, b) => a - b)
  return quantile(late, share) / 1000
}

function onSystemPeriod(
  open: (bench: Parameters<Start>[0]) => Promise<System | string>,
  period: Period,
  share: number,
): Start {
  return async (bench) => {
    const system = await open(bench)
    if (typeof system === 'string') return system
    return onSystem(
      system,
      FIRING,
      (loaded) => lateness(loaded, period, share),
      (loaded) => lateness(loaded, period, share),
    )
  }
}

/** Node's setTimeout, which counts whole milliseconds: how late it comes against the clock. */
function nodeTimeout({ nanoseconds, count }: Period, share: number): Start {
  if (nanoseconds < 1e6) return async () => 'setTimeout counts whole milliseconds'
  return async () =>
    running(async () => {
      const late: number[] = []
      for (let i = 0; i < count; i++) {
        const due = performance.now() + nanoseconds / 1e6
        await new Promise((resolve) => setTimeout(resolve, nanoseconds / 1e6))
        late.push((performance.now() - due) * 1000)
      }
      return quantile(
        late.sort((a, b) => a - b),
        share,
      )
    })
}

let busyThreads: Worker[] = []
let busyUsers = 0

/** Every CPU of the machine has a thread that computes, for as long as one subject is measured so. */
function onBusyMachine(start: Start): Start {
  return async (bench) => {
    if (busyUsers++ === 0)
      busyThreads = Array.from({ length: availableParallelism() }, () => new Worker('for (;;);', { eval: true }))
    const end = async (): Promise<void> => {
      if (--busyUsers === 0) await Promise.all(busyThreads.map((thread) => thread.terminate()))
    }
    let inner: Running | string
    try {
      inner = await start(bench)
    } catch (error) {
      await end()
      throw error
    }
    if (typeof inner === 'string') {
      await end()
      return inner
    }
    const { measure } = inner
    return {
      measure,
      async end() {
        await inner.end()
        await end()
      },
    }
  }
}

function late(period: Period, busy: boolean, share: number, reach?: number): Case {
  const wrap = busy ? onBusyMachine : (start: Start) => start
  return {
    name: `lateness, every ${period.text}, ${busy ? 'busy' : 'idle'} machine, ${share === 0.5 ? 'median' : '99 of 100'}`,
    unit: 'µs',
    repetitions: 7,
    ...(reach === undefined ? {} : { reach: [{ atMost: reach }] }),
    on: {
      skep: wrap(onSystemPeriod((bench) => bench.skep(), period, share)),
      linux: wrap(onSystemPeriod((bench) => bench.kernel(), period, share)),
      node: wrap(nodeTimeout(period, share)),
    },
  }
}

type Wait = NonNullable<ThreadOptions['wait']>

function waiting(wait: Wait, what: string): Case {
  const open = () => skepSystem({ cpus: 1, wait })
  return {
    name: `CPU time of waiting, ${wait}, ${what}`,
    unit: '%',
    repetitions: 3,
    note: 'of one CPU, for a machine with one CPU; in the process that asks, its own share included',
    on: {
      skep: async () => {
        const system = await open()
        const loaded = await system.load(FIRING)
        const measure = async (): Promise<number> => {
          if (what !== 'nothing armed') await ask(loaded, 'start_period', { count: 4000, argument: 1_000_000n })
          await sleep(50)
          const before = process.cpuUsage()
          const begin = performance.now()
          await sleep(400)
          const { user, system: kernel } = process.cpuUsage(before)
          return (user + kernel) / 10 / (performance.now() - begin)
        }
        return running(measure, () => system.close())
      },
    },
  }
}

function waitLateness(wait: Wait): Case {
  const measure = (loaded: Loaded) => lateness(loaded, MILLISECOND, 0.5)
  return {
    name: `lateness, every 1 ms, idle machine, median, wait: ${wait}`,
    unit: 'µs',
    repetitions: 5,
    on: {
      skep: async () => {
        const system = await skepSystem({ cpus: 1, wait })
        const { measure: take, end } = await onSystem(system, FIRING, measure, measure)
        return { measure: take, end: async () => end().then(() => system.close()) }
      },
    },
  }
}

const WAITS: readonly Wait[] = ['sleep', 'hybrid', 'spin']

export const latenesses: Theme = {
  title: 'Lateness and waiting',
  cases: [
    ...PERIODS.flatMap((period) => [late(period, false, 0.5, 20), late(period, false, 0.99, 100)]),
    ...PERIODS.flatMap((period) => [late(period, true, 0.5), late(period, true, 0.99)]),
    ...WAITS.map(waitLateness),
    ...WAITS.map((wait) => waiting(wait, 'a timer every 1 ms')),
    ...WAITS.map((wait) => waiting(wait, 'nothing armed')),
  ],
}
