// The stage on which user ring buffers are explored: the core's check build, one ring, and a program with a callback
// that notes what it is given. CPUs submit samples, as hosts do, and drain them, as programs do. What must hold: a
// sample that was submitted is drained once, whole, or still there; one CPU drains at a time.
import { MAP_TYPE_USER_RINGBUF } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, Stage, View } from '../index.js'
import { trampolines } from '../trampoline.js'
import { coreStage } from './core-stage.js'
import { records, RING_BYTES } from './ring-stage.js'

export const SAMPLE_BYTES = 8
const EBUSY = -16
/** A frame with one below it. */
const FRAME = 4096
const BUDGET = 1000

/** A user ring, and what drains it. */
export interface UserRingPlace {
  ring: number
  callback: bigint
  /** What the drain that runs on a CPU has been given. */
  given: number[][]
}

export interface UserRingStage extends UserRingPlace {
  stage: Stage
}

/** The callback of a drain, called with a dynptr: it notes the value. */
export const noteSample = (given: number[][], cpu: Cpu, dynptr: bigint): bigint => {
  given[cpu.index]!.push(cpu.load32(Number(cpu.load64(Number(dynptr)))) - 100)
  return 0n
}

/** Makes a program's number and its loop budget those of what runs on a CPU. */
export function enterProgram(cpu: Cpu, area: number, program: number): void {
  cpu.store32(area + layout.CPU_PROGRAM, program)
  cpu.store32(area + layout.CPU_BUDGET, BUDGET)
}

export function userRingStage({ traced = false } = {}): UserRingStage {
  const given: number[][] = []
  let ring = 0
  let callback = 0
  const stage = coreStage({ cpus: 2, traced, coreBytes: 1 << 14 }, ({ cpu, all, header, createMap }) => {
    ring = createMap([MAP_TYPE_USER_RINGBUF, 0, 0, RING_BYTES, 0])
    for (const one of all) {
      const { table } = one.exports
      callback = table.grow(1)
      const [take] = trampolines(1, 0, (_index, dynptr) => noteSample(given, one, dynptr))
      table.set(callback, take)
    }
    const program = cpu.exports.program_create(callback, callback, callback + 1) as number
    for (const one of all) enterProgram(cpu, header(layout.HEADER_CPU_AREAS) + one.index * layout.CPU_BYTES, program)
  })
  return { stage, ring, callback: BigInt(callback), given }
}

/** What `produce` answers if there is no room. */
export const NO_ROOM = -1

/** Reserves a sample, writes value v and submits it, or gives it up: 0 or NO_ROOM. */
export function produce(
  at: UserRingPlace,
  name: string,
  v: number,
  submits = true,
  bytes: number = SAMPLE_BYTES,
): Operation {
  return {
    name,
    kind: submits ? 'submit' : 'discard',
    args: { v },
    run(cpu: Cpu) {
      const sample = cpu.exports.user_ring_reserve(at.ring, bytes) as number
      if (sample === 0) return NO_ROOM
      cpu.store32(sample, 100 + v)
      cpu.exports.user_ring_end(at.ring, sample, submits ? 1 : 0)
      return 0
    },
  }
}

/** Drains: the values that came, or EBUSY. */
export function drain(at: UserRingPlace, name: string): Operation {
  return {
    name,
    kind: 'drain',
    run(cpu: Cpu) {
      const outer = at.given[cpu.index]
      const own: number[] = (at.given[cpu.index] = [])
      const result = Number(cpu.exports.bpf_user_ringbuf_drain(BigInt(at.ring), at.callback, 0n, 0n, FRAME))
      if (outer) at.given[cpu.index] = outer
      if (result === EBUSY) return 'EBUSY'
      return result === own.length ? own.join() : `${result} of ${own.join()}`
    },
  }
}

/** Submits the values from 0 up before the exploration. */
export function holding(at: UserRingStage, count: number): (cpus: Cpu[]) => void {
  return (cpus) => {
    for (let v = 0; v < count; v++) void produce(at, 'set-up', v).run(cpus[0]!)
  }
}

/** At the end: what was submitted was drained or is there, once; nobody drains. */
export function atRest(at: UserRingStage, operations: readonly Operation[], before: number) {
  return (view: View): string | undefined => {
    const left = records(at.ring, view)
    if (typeof left === 'string') return left
    const drains = operations.filter(({ kind, name }) => kind === 'drain' && view.ended(name))
    const answers = drains.map(({ name }) => view.result(name) as string)
    const odd = answers.find((answer) => answer.includes('of'))
    if (odd !== undefined) return `a drain counted ${odd}`
    if (view.stopped < 0 && answers.length > 0 && answers.every((answer) => answer === 'EBUSY'))
      return 'every drain was refused'
    const drained = answers.flatMap((answer) =>
      answer === '' || answer === 'EBUSY' ? [] : answer.split(',').map(Number),
    )
    const submits = operations.filter(({ kind }) => kind === 'submit')
    const valueOf = ({ args }: Operation): number => args!['v'] as number
    const held = Array.from({ length: before }, (_, v) => v)
    const certain = [...held, ...submits.filter(({ name }) => view.ended(name)).map(valueOf)]
    const possible = [...held, ...submits.map(valueOf)]
    const found = [...drained, ...left]
    // A drain that stopped has not said what it was given.
    const silent = operations.some(({ kind, name }) => kind === 'drain' && !view.ended(name))
    if (!silent && certain.some((v) => !found.includes(v))) return `submitted ${certain.join()}, found ${found.join()}`
    if (new Set(found).size !== found.length || found.some((v) => !possible.includes(v)))
      return `found ${found.join()}, submitted ${possible.join()}`
    const drainer = view.load32(at.ring + layout.MAP_RING_DRAINER)
    return view.stopped < 0 && drainer !== 0 ? `CPU ${drainer - 1} still drains` : undefined
  }
}
