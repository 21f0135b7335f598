// Cases whose figures are taken by the programs of one BPF object, the same on skep and on the kernel.
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Case, type Running } from '../case.js'
import type { Bench } from '../systems/bench.js'
import { ask, type Loaded, type Request, type System } from '../systems/system.js'

/** Loads `object` on a system, prepares, and takes figures with `measure` until the case ends. */
export async function onSystem(
  system: System,
  object: string,
  measure: (loaded: Loaded) => Promise<number>,
  prepare: (loaded: Loaded) => Promise<unknown> = async () => {},
): Promise<Running> {
  const loaded = await system.load(object)
  try {
    await prepare(loaded)
  } catch (error) {
    await loaded.close()
    throw error
  }
  return { measure: () => measure(loaded), end: () => loaded.close() }
}

/** The two systems that run BPF objects. */
export function onBoth(
  object: string,
  measure: (loaded: Loaded) => Promise<number>,
  prepare?: (loaded: Loaded) => Promise<unknown>,
): Case['on'] {
  return {
    skep: async (bench: Bench) => onSystem(await bench.skep(), object, measure, prepare),
    linux: async (bench: Bench) => {
      const kernel = await bench.kernel()
      return typeof kernel === 'string' ? kernel : onSystem(kernel, object, measure, prepare)
    },
  }
}

export interface Operation {
  readonly object: string
  readonly program: string
  /** Operations in one run. */
  readonly count: number
  /** Programs that are run once before, with so many operations. */
  readonly ready?: readonly (readonly [program: string, count: number])[]
  readonly argument?: () => bigint
  /** After every run, outside of the time. */
  readonly after?: (loaded: Loaded) => Promise<unknown>
  /** Runs of one round of the warm-up; 20 if not given. */
  readonly warmUp?: number
  /** Runs of one figure, which is their median: a run that was interrupted does not count. 7 if not given. */
  readonly runs?: number
}

/** The median of several figures, taken one after the other. */
export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const figures: number[] = []
  for (let i = 0; i < runs; i++) figures.push(await measure())
  return median(figures)
}

/** Repeats an operation `count` times in one run of its program and divides; the median of some runs. */
export function operationOn({
  program,
  count,
  ready = [],
  argument,
  after,
  warmUp = 20,
  runs = 7,
}: Omit<Operation, 'object'>) {
  const once = async (loaded: Loaded): Promise<number> => {
    const request: Request = { count, ...(argument ? { argument: argument() } : {}) }
    const { nanoseconds, operations } = await ask(loaded, program, request)
    if (operations !== BigInt(count)) throw new Error(`${program}: ${operations} of ${count} operations went well`)
    await after?.(loaded)
    return nanoseconds / count
  }
  const measure = (loaded: Loaded): Promise<number> => medianOf(runs, () => once(loaded))
  // Three times so many runs, with pauses in which a compiler that watches the program can finish and step in.
  const prepare = async (loaded: Loaded): Promise<void> => {
    for (const [first, times] of ready) await ask(loaded, first, { count: times })
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < warmUp; i++) await once(loaded)
      await sleep(40)
    }
  }
  return { measure, prepare }
}

export function operation(object: string, program: string, count: number, more: Partial<Operation> = {}): Case['on'] {
  const { measure, prepare } = operationOn({ program, count, ...more })
  return onBoth(object, measure, prepare)
}

/** The same for operations that need something given back first (a kernel's memory, a work that has run). */
export function allocating(object: string, program: string, ready?: readonly [string, number]): Case['on'] {
  const COUNT = 16
  const measure = async (loaded: Loaded): Promise<number> => {
    const each: number[] = []
    for (let i = 0; i < 40; i++) {
      const { nanoseconds, operations } = await ask(loaded, program, { count: COUNT })
      if (operations === BigInt(COUNT)) each.push(nanoseconds / COUNT)
      await sleep(1)
    }
    if (each.length < 20) throw new Error(`${program}: ${40 - each.length} of 40 runs were out of memory`)
    return median(each)
  }
  return onBoth(object, measure, async (loaded) => {
    if (ready) await ask(loaded, ready[0], { count: ready[1] })
    for (let i = 0; i < 5; i++) await measure(loaded)
  })
}
