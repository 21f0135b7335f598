// Programs that are run from outside: packets, a whole capture, and what a run costs its caller.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { readCapture } from '../../examples/flow-timeout/capture.js'
import { boot } from '../../src/index.js'
import { openKernel, REPOSITORY } from '../../test/kernel/oracle.js'
import { running, type Start, type Theme } from '../case.js'
import type { Loaded } from '../systems/system.js'
import { clockAlone } from './calls.js'
import { medianOf, onBoth } from './on-object.js'

const FLOW = 'examples/flow-timeout/flow-timeout.bpf.o'
const CALLS = 'bench/objects/calls.bpf.o'
const BATCH = 1024
/** Loops of one figure, which is their median: one that was interrupted does not count. */
const RUNS = 15

const frames = (): Uint8Array[] =>
  readCapture(`${REPOSITORY}examples/flow-timeout/capture.pcap`).map(({ bytes }) => bytes)

async function knownFlow(loaded: Loaded): Promise<number> {
  const packet = frames().find((frame) => frame[23] === 6 && frame.length > 80) ?? new Uint8Array(64)
  return medianOf(RUNS, () => loaded.repeat('on_packet', packet, 5_000))
}

/** Warm-up of what JavaScript drives. */
async function warm(measure: () => number | Promise<number>): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) await measure()
    await sleep(40)
  }
}

/** Nanoseconds of a run that TypeScript asks for, one after the other, on an inline machine. */
function inline(object: string, program: string, packets: () => Uint8Array[], times: number): Start {
  return async () => {
    const machine = boot({ cpus: 'inline' })
    const target = machine.load(`${REPOSITORY}${object}`).programs[program]!
    const all = packets()
    const measure = (): number => {
      const begin = performance.now()
      for (let turn = 0; turn < times; turn++) for (const data of all) target.run({ data })
      return ((performance.now() - begin) * 1e6) / times / all.length
    }
    const figure = (): Promise<number> => medianOf(RUNS, async () => measure())
    await warm(figure)
    return running(figure, () => machine.close())
  }
}

/** The same by a prepared run, whose packet is filled in every time. */
function prepared(object: string, program: string, packets: () => Uint8Array[], times: number): Start {
  return async () => {
    const machine = boot({ cpus: 'inline' })
    const run = machine.load(`${REPOSITORY}${object}`).programs[program]!.prepare()
    const all = packets()
    const measure = (): number => {
      const begin = performance.now()
      for (let turn = 0; turn < times; turn++)
        for (const data of all) {
          run.data.set(data)
          run.length = data.length
          run.run()
        }
      return ((performance.now() - begin) * 1e6) / times / all.length
    }
    const figure = (): Promise<number> => medianOf(RUNS, async () => measure())
    await warm(figure)
    return running(figure, () => machine.close())
  }
}

/** The same through BPF_PROG_TEST_RUN, one system call for each run, from a loop in C. */
function testRun(object: string, program: string, packets: () => Uint8Array[], times: number): Start {
  return async () => {
    const kernel = await openKernel()
    if (typeof kernel === 'string') return kernel
    await kernel.ask('cpu', 0)
    const { result } = await kernel.load(`${REPOSITORY}${object}`)
    if (result !== 0) return `the kernel refuses ${object}: errno ${-result}`
    const all = packets()
    const measure = async (): Promise<number> => {
      const words = all.map((packet) => Buffer.from(packet).toString('hex'))
      const answer = await kernel.ask('each', program, times, ...words)
      if (answer.result !== 0) throw new Error(`each: errno ${-answer.result}`)
      return Number(answer['nanoseconds']) / times / all.length
    }
    const figure = (): Promise<number> => medianOf(RUNS, measure)
    await figure()
    return running(figure, () => kernel.close())
  }
}

/** Microseconds until the answer of a run on a worker CPU that is awake, one after the other. */
const worker: Start = async (bench) => {
  const { machine } = await bench.skep()
  const object = await machine.load(`${REPOSITORY}${CALLS}`)
  const data = new Uint8Array(64)
  const measure = async (): Promise<number> => {
    const RUNS = 500
    const begin = performance.now()
    for (let i = 0; i < RUNS; i++) await object.programs['nothing']!.run({ data })
    return ((performance.now() - begin) * 1e3) / RUNS
  }
  await warm(measure)
  return running(measure, () => object.close())
}

/** A batch in one call: the caller's time for each packet of it. */
const batches: Start = async (bench) => {
  const { machine } = await bench.skep()
  const object = await machine.load(`${REPOSITORY}${CALLS}`)
  const data = new Uint8Array(64)
  const measure = async (): Promise<number> => {
    const CALLS_IN_A_ROW = 50
    const begin = performance.now()
    for (let i = 0; i < CALLS_IN_A_ROW; i++) await object.programs['nothing']!.run({ data, repeat: BATCH })
    return ((performance.now() - begin) * 1e6) / CALLS_IN_A_ROW / BATCH
  }
  await warm(measure)
  return running(
    () => medianOf(7, measure),
    () => object.close(),
  )
}

/** How much longer the first run of a program takes than one that follows when all is compiled. Both in one loop. */
const longFirstCall: Start = async (bench) => {
  const { load } = await bench.skep()
  const packet = new Uint8Array(32)
  new DataView(packet.buffer).setUint32(0, 50_000_000, true)
  const measure = async (): Promise<number> => {
    const loaded = await load('bench/objects/long-run.bpf.o')
    const time = async (): Promise<number> => {
      const answer = await loaded.run('long_run', packet)
      return Number(new DataView(answer.buffer, answer.byteOffset).getBigUint64(8, true))
    }
    const first = await time()
    for (let i = 0; i < 3; i++) {
      await time()
      await sleep(20)
    }
    const later = Math.min(await time(), await time())
    await loaded.close()
    return first / later
  }
  await measure()
  return running(measure)
}

const onePacket = (): Uint8Array[] => [new Uint8Array(64)]

export const run: Theme = {
  title: 'Running programs',
  cases: [
    {
      name: 'flow-timeout: a packet of a known flow',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      note: 'parses it, looks the flow up, counts, refreshes its timer; many runs in one call',
      on: {
        ...onBoth(FLOW, knownFlow, async (loaded) => {
          for (const frame of frames()) await loaded.run('on_packet', frame)
          for (let i = 0; i < 3; i++) await knownFlow(loaded)
        }),
        floor: clockAlone,
      },
    },
    {
      name: 'flow-timeout: a whole capture, each packet',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      note: '386 packets, each a run of its own: from TypeScript by a prepared run on an inline machine; from C by BPF_PROG_TEST_RUN',
      on: { skep: prepared(FLOW, 'on_packet', frames, 1), linux: testRun(FLOW, 'on_packet', frames, 1) },
    },
    {
      name: 'a run from TypeScript: inline',
      unit: 'ns',
      note: 'run(): the least XDP program with a packet of 64 bytes; Linux: a system call for each',
      on: { skep: inline(CALLS, 'nothing', onePacket, 1_000), linux: testRun(CALLS, 'nothing', onePacket, 1_000) },
    },
    {
      name: 'a run from TypeScript: inline, prepared',
      unit: 'ns',
      reach: [{ atMost: 60 }],
      note: 'the same by prepare(), its packet filled in every time',
      on: { skep: prepared(CALLS, 'nothing', onePacket, 10_000), linux: testRun(CALLS, 'nothing', onePacket, 1_000) },
    },
    {
      name: 'a run from TypeScript: on a worker',
      unit: 'µs',
      reach: [{ atMost: 15 }],
      note: 'until the answer is there; the CPU is awake',
      on: { skep: worker },
    },
    {
      name: 'a batch to a worker, each packet',
      unit: 'ns',
      reach: [{ atMost: 100 }],
      note: `${BATCH} runs with one packet in one call`,
      on: { skep: batches },
    },
    {
      name: 'a long first run, of the same run later',
      unit: '×',
      repetitions: 7,
      reach: [{ atMost: 1.2 }],
      note: '50 million turns of a loop without a call, right after load; 1: optimised code from the start',
      on: { skep: longFirstCall },
    },
  ],
}
