// Several CPUs: how much more two do than one, eight threads on the CPUs that there are, and a thread that stands still
// inside an operation. Figures are throughputs against each other, so skep's and a specimen's can be compared: all are
// driven by the same loop (bench/driver), which starts armed timers again.
import { setTimeout as sleep } from 'node:timers/promises'
import { median, running, type Case, type Running, type Series, type Start, type Theme } from '../case.js'
import { Crew, type Share } from '../threads/crew.js'
import type { Operation } from '../threads/instance.js'
import { TIMERS_OF_A_THREAD, type Design } from '../threads/place.js'
import { loadedObject, skepSystem } from '../systems/skep.js'
import { ask } from '../systems/system.js'

const WINDOW = 120
const MANY = 8

/** Each thread has timers of its own. */
const disjoint = (threads: number): Share[] =>
  Array.from({ length: threads }, (_, thread) => ({
    thread,
    from: thread * TIMERS_OF_A_THREAD,
    timers: TIMERS_OF_A_THREAD,
  }))

/** All threads at timer 0. */
const one = (threads: number): Share[] =>
  Array.from({ length: threads }, (_, thread) => ({ thread, from: 0, timers: 1 }))

const DESIGNS = { skep: 'skep', locked: 'locked', 'rfc-v1': 'rfc-v1', merged: 'merged' } as const

function onDesigns(start: (design: Design) => Promise<Running>): Case['on'] {
  return Object.fromEntries(Object.entries(DESIGNS).map(([subject, design]) => [subject, () => start(design)]))
}

/** Throughput of all threads of `more`, over that of those of `fewer`. */
function against(fewer: Share[], more: Share[]) {
  return async (design: Design): Promise<Running> => {
    const crew = await Crew.open(design, more.length)
    const measure = async (): Promise<number> => {
      const few = await crew.drive('rearm', fewer, WINDOW)
      return (await crew.drive('rearm', more, WINDOW)) / few
    }
    await measure()
    return running(measure, () => crew.close())
  }
}

/** The same at one timer, whose cache line goes to and fro: skep's atomic operation alone has to share it, too. */
function atOne(fewer: number, more: number): Case['on'] {
  const start = against(one(fewer), one(more))
  return {
    ...onDesigns(start),
    floor: async () => ({ ...(await start('floor')), what: 'its atomic operation alone' }),
  }
}

/** Nanoseconds of an operation that one thread drives. */
function alone(operation: Operation): Case['on'] {
  return onDesigns(async (design) => {
    const crew = await Crew.open(design, 1)
    const measure = async (): Promise<number> => 1e6 / (await crew.drive(operation, disjoint(1), WINDOW))
    for (let round = 0; round < 2; round++) await measure()
    return running(measure, () => crew.close())
  })
}

/** Two threads go on at timer 0 while a third stands still inside a start of it. */
class Standstill {
  static readonly #WINDOW = 40
  readonly #crew: Crew
  /** The access before which the others did least. */
  #worst = 1
  #least = Infinity

  constructor(crew: Crew) {
    this.#crew = crew
  }

  /**
   * Throughput of the others at the step that hinders them most, over that without a third thread. The least of many
   * figures that vary is less than any of them usually is: the steps with the least figures are asked again, in turn
   * with what nobody hinders.
   */
  async measure(): Promise<number> {
    const [SUSPECTS, TURNS] = [3, 7]
    const crew = this.#crew
    const accesses = await crew.stand(2, 0).stood
    const once: { access: number; rate: number }[] = []
    for (let access = 1; access <= accesses; access++) once.push({ access, rate: await this.#standing(access) })
    const suspects = once.sort((one, other) => one.rate - other.rate).slice(0, SUSPECTS)
    let least = Infinity
    for (const { access } of suspects) {
      const rates: number[] = []
      for (let turn = 0; turn < TURNS; turn++) {
        const undisturbed = await crew.drive('rearm', one(2), Standstill.#WINDOW)
        rates.push((await this.#standing(access)) / undisturbed)
      }
      const rate = median(rates)
      least = Math.min(least, rate)
      if (rate < this.#least) [this.#least, this.#worst] = [rate, access]
    }
    return least
  }

  // Operations a millisecond; taken from the counters, because threads that hang do not answer.
  async #standing(access: number): Promise<number> {
    const crew = this.#crew
    const victim = crew.stand(2, access)
    await victim.stands
    const driving = crew.drive('rearm', one(2), Standstill.#WINDOW + 20)
    await sleep(10)
    const [begin, before] = [performance.now(), crew.operations]
    await sleep(Standstill.#WINDOW)
    const rate = (crew.operations - before) / (performance.now() - begin)
    victim.release()
    await Promise.all([driving, victim.stood])
    return rate
  }

  /** Two seconds, in the middle of which the third thread stands still for one, where it hinders most. */
  async series(): Promise<Series> {
    const STEP = 20
    const crew = this.#crew
    const driving = crew.drive('rearm', one(2), 2000)
    await sleep(10)
    const begin = performance.now()
    const points: [number, number][] = []
    let [last, before] = [begin, crew.operations]
    let victim: ReturnType<Crew['stand']> | undefined
    let released = false
    while (last - begin < 1950) {
      await sleep(STEP)
      const [now, operations] = [performance.now(), crew.operations]
      points.push([now - begin, (operations - before) / (now - last)])
      ;[last, before] = [now, operations]
      if (!victim && now - begin >= 500) victim = crew.stand(2, this.#worst)
      if (victim && !released && now - begin >= 1500) {
        victim.release()
        released = true
      }
    }
    await Promise.all([driving, victim?.stood])
    return points
  }
}

const standing: Case['on'] = onDesigns(async (design) => {
  const crew = await Crew.open(design, 3)
  const standstill = new Standstill(crew)
  await crew.drive('rearm', one(2), WINDOW)
  return {
    measure: () => standstill.measure(),
    series: () => standstill.series(),
    end: () => crew.close(),
  }
})

/** Two CPUs of a machine run a program each, from BPF code; against one alone. */
function programs(program: string, ready: readonly [string, number], count: number, second: bigint): Start {
  return async () => {
    const system = await skepSystem({ cpus: 2 })
    const object = program.startsWith('hash') ? 'maps' : 'timers'
    const loaded = await system.machine.load(new URL(`../../../bench/objects/${object}.bpf.o`, import.meta.url))
    const on = (cpu: number) => ({
      run: async (name: string, data: Uint8Array) => (await loaded.programs[name]!.run({ data, cpu })).data!,
    })
    await ask(loadedObject(loaded), ready[0], { count: ready[1] })
    const runs = (cpus: number[]) =>
      Promise.all(cpus.map((cpu) => ask(on(cpu), program, { count, argument: BigInt(cpu) * second })))
    const time = async (cpus: number[]): Promise<number> => {
      const begin = performance.now()
      for (const { operations } of await runs(cpus))
        if (operations !== BigInt(count)) throw new Error(`${program}: ${operations} of ${count} operations went well`)
      return performance.now() - begin
    }
    // Each has been alone: the keys of one may lie deeper in their buckets than the other's.
    const measure = async (): Promise<number> => ((await time([0])) + (await time([1]))) / (await time([0, 1]))
    for (let i = 0; i < 3; i++) await measure()
    await sleep(40)
    return running(measure, () => system.close())
  }
}

export const threads: Theme = {
  title: 'Several CPUs',
  cases: [
    {
      name: 'start of an armed timer, one thread, one loop for all designs',
      unit: 'ns',
      note: 'a specimen keeps its timers in a list and reads no clock: cheaper than a kernel’s',
      repetitions: 9,
      on: alone('rearm'),
    },
    {
      name: 'set_callback, one thread, one loop for all designs',
      unit: 'ns',
      repetitions: 9,
      on: alone('set_callback'),
    },
    {
      name: 'set_callback + start + cancel, one thread, one loop for all designs',
      unit: 'ns',
      repetitions: 9,
      on: alone('set_start_cancel'),
    },
    {
      name: 'two CPUs on timers of their own, of one alone',
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 1.9 }],
      on: onDesigns(against(disjoint(1), disjoint(2))),
    },
    {
      name: 'two CPUs on timers of their own, from BPF code, of one alone',
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 1.9 }],
      on: { skep: programs('rearm_from', ['prepare_timers', 1024], 1_600_000, 512n) },
    },
    {
      name: 'two CPUs on the same hash map, from BPF code, of one alone',
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 1.8 }],
      note: 'each looks up and updates 256 keys of its own',
      on: { skep: programs('hash_mixed', ['prepare_table', 1024], 400_000, 512n) },
    },
    {
      name: 'two CPUs on one timer, of one alone',
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 0.5 }],
      on: atOne(1, 2),
    },
    {
      name: `${MANY} threads on timers of their own, of two`,
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 0.9 }],
      on: onDesigns(against(disjoint(2), disjoint(MANY))),
    },
    {
      name: `${MANY} threads on one timer, of two`,
      unit: '×',
      better: 'more',
      repetitions: 9,
      reach: [{ atLeast: 0.9 }],
      on: atOne(2, MANY),
    },
    {
      name: 'two threads while a third stands still inside a start of their timer',
      unit: '×',
      better: 'more',
      repetitions: 3,
      reach: [{ atLeast: 0.9 }],
      note: 'throughput over that without the third, at the step of its start that hinders them most',
      on: standing,
    },
  ],
}
