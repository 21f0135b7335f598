// The cases: each is measured on one subject and gives one figure. What belongs together (the same object) shares it.
import { setTimeout as sleep } from 'node:timers/promises'
import { readCapture } from '../examples/flow-timeout/capture.js'
import { REPOSITORY } from '../test/kernel/oracle.js'
import { ask, counter, type Loaded, type Subject } from './subject.js'

export interface Case {
  name: string
  /** What one figure is. */
  unit: 'ns' | 'µs' | 'ms'
  /** Loads what the case needs, warms up, and gives the function that takes one figure. */
  start(subject: Subject): Promise<Running>
}

export interface Running {
  measure(): Promise<number>
  end(): Promise<void>
}

const BENCH = 'bench/bench.bpf.o'
const FLOW = 'examples/flow-timeout/flow-timeout.bpf.o'

/** A case on one object: `prepare` once, `measure` for every figure. */
function onObject(
  name: string,
  unit: Case['unit'],
  object: string,
  measure: (loaded: Loaded) => Promise<number>,
  prepare: (loaded: Loaded) => Promise<void> = async () => {},
): Case {
  return {
    name,
    unit,
    async start(subject) {
      const loaded = await subject.load(object)
      await prepare(loaded)
      return { measure: () => measure(loaded), end: () => loaded.close() }
    },
  }
}

/** Repeats an operation `count` times in one run of its program and divides. */
function operation(name: string, program: string, count: number, ready?: [program: string, count: number]): Case {
  const measure = async (loaded: Loaded) => {
    const { nanoseconds, operations } = await ask(loaded, program, count)
    if (operations !== count) throw new Error(`${name}: ${count - operations} of ${count} operations failed`)
    return nanoseconds / count
  }
  return onObject(name, 'ns', BENCH, measure, async (loaded) => {
    if (ready) await ask(loaded, ...ready)
    // Warm-up: 20 runs, three times, with pauses in which a compiler that watches the program can finish and step in.
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) await ask(loaded, program, count)
      await sleep(40)
    }
  })
}

/** The same for operations that need something given back first (a kernel's memory, a work that has run). */
function allocating(name: string, program: string, ready?: [program: string, count: number]): Case {
  const COUNT = 16
  const measure = async (loaded: Loaded) => {
    const each: number[] = []
    for (let i = 0; i < 40; i++) {
      const { nanoseconds, operations } = await ask(loaded, program, COUNT)
      if (operations === COUNT) each.push(nanoseconds / COUNT)
      await sleep(1)
    }
    if (each.length < 20) throw new Error(`${name}: ${40 - each.length} of 40 runs were out of memory`)
    return median(each)
  }
  return onObject(name, 'ns', BENCH, measure, async (loaded) => {
    if (ready) await ask(loaded, ...ready)
    for (let i = 0; i < 5; i++) await measure(loaded)
  })
}

const TIMERS_READY: [string, number] = ['prepare_timers', 64]
const TABLE_READY: [string, number] = ['prepare_table', 1024]

const CROWD = 10_000
const LATENESSES = 4096

/** From the first callback to the last, per timer. */
async function fireCrowd(loaded: Loaded): Promise<number> {
  const { operations } = await ask(loaded, 'arm_crowd', CROWD, 30_000_000n)
  if (operations !== CROWD) throw new Error(`only ${operations} of ${CROWD} timers could be armed`)
  for (let turn = 0; (await counter(loaded, 'crowd_fired')) < CROWD; turn++) {
    if (turn === 400) throw new Error(`only ${await counter(loaded, 'crowd_fired')} of ${CROWD} timers fired`)
    await sleep(5)
  }
  return Number((await counter(loaded, 'crowd_last')) - (await counter(loaded, 'crowd_first'))) / CROWD
}

/** A timer that re-arms itself every millisecond, 250 times: how late it was, for the given share of the firings. */
function lateness(name: string, share: number): Case {
  const COUNT = 250
  return onObject(name, 'µs', BENCH, async (loaded) => {
    await ask(loaded, 'start_period', COUNT)
    while ((await counter(loaded, 'lateness_count')) < LATENESSES) await sleep(20)
    const bytes = await loaded.variable('lateness')
    const late = [...new Uint32Array(bytes.slice(-4 * COUNT).buffer)].sort((a, b) => a - b)
    return (late[Math.floor(COUNT * share)] ?? NaN) / 1000
  })
}

function flowPacket(name: string): Case {
  const frames = capture()
  const packet = frames.find((frame) => frame[23] === 6 && frame.length > 80) ?? new Uint8Array(64)
  const measure = (loaded: Loaded) => loaded.repeat('on_packet', packet, 100_000)
  return onObject(name, 'ns', FLOW, measure, async (loaded) => {
    for (const frame of frames) await loaded.run('on_packet', frame)
    for (let i = 0; i < 3; i++) await measure(loaded)
  })
}

function bootTime(name: string): Case {
  return {
    name,
    unit: 'ms',
    async start({ boot }) {
      if (!boot) throw new Error('is not booted')
      await boot()
      return { measure: boot, end: async () => {} }
    },
  }
}

function loadTime(name: string): Case {
  return {
    name,
    unit: 'ms',
    async start(subject) {
      const packet = capture()[0] ?? new Uint8Array(64)
      const measure = async () => {
        const begin = performance.now()
        const loaded = await subject.load(FLOW)
        await loaded.run('on_packet', packet)
        const time = performance.now() - begin
        await loaded.close()
        return time
      }
      await measure()
      return { measure, end: async () => {} }
    },
  }
}

function capture(): Uint8Array[] {
  return readCapture(`${REPOSITORY}examples/flow-timeout/capture.pcap`).map(({ bytes }) => bytes)
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

export const CASES: readonly Case[] = [
  // Every figure of a loop contains the loop's share, every one of a timer in an array the lookup of its element.
  operation('an empty turn of the loop', 'loop', 160_000),
  operation('array lookup', 'array_lookup', 80_000),
  operation('re-arm an armed timer', 'rearm', 40_000, TIMERS_READY),
  operation('re-arm the earliest timer', 'rearm_earliest', 8_000, TIMERS_READY),
  operation('set_callback', 'set_callback', 40_000, TIMERS_READY),
  operation('set_callback + start + cancel', 'set_start_cancel', 20_000, TIMERS_READY),
  allocating('init', 'init'),
  allocating('hash element: insert + init + set_callback + start + delete', 'element_with_timer'),
  allocating('start of idle work', 'wq_start', ['prepare_works', 16]),
  onObject('firing: each of 10,000 timers due at once', 'ns', BENCH, fireCrowd, async (loaded) => {
    for (let i = 0; i < 3; i++) await fireCrowd(loaded)
  }),
  operation('hash lookup, hit', 'hash_lookup', 40_000, TABLE_READY),
  operation('hash lookup, miss', 'hash_miss', 40_000, TABLE_READY),
  operation('hash update', 'hash_update', 20_000, TABLE_READY),
  operation('hash insert + delete', 'hash_insert_delete', 20_000, TABLE_READY),
  operation('ktime_get_ns', 'ktime', 40_000),
  flowPacket('flow-timeout: a packet of a known flow'),
  lateness('lateness of a 1 ms timer, median', 0.5),
  lateness('lateness of a 1 ms timer, 99 of 100', 0.99),
  bootTime('boot with two CPUs'),
  loadTime('load flow-timeout and run its first packet'),
]
