// The stage on which the buffers of a perf event array are explored, and with them ring buffers: the core's check build, an
// array, one ring in it. CPU 0 puts records, as programs do; CPU 1 is the host, which takes them and closes the buffer. What must
// hold: a record that was put is there once, whole, until it is taken once; one that was refused is nowhere.
import { EAGAIN, MAP_TYPE_PERF_EVENT_ARRAY, MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, Stage, View } from '../index.js'
import { coreStage } from './core-stage.js'

export const RING_BYTES = 4096
const UNIT = 8
const VALUES = 8
const PLACE = 64
const CURRENT_CPU = 0xffffffffn
const COMMITTED = 62n
const DISCARDED = 63n
const POSITIONS = 0x7fffffff

export interface RingStage {
  stage: Stage
  array: number
  ring: number
  /** Where value v lies. */
  value(v: number): number
}

/** A ring that programs write to directly, or (`perf`) the buffer of CPU 0 in a perf event array. `module`: another build. */
export function ringStage({ traced = false, cpus = 2, perf = true, module }: RingStageOptions = {}): RingStage {
  let array = 0
  let ring = 0
  let memory = 0
  const value = (v: number): number => memory + v * PLACE
  const stage = coreStage(
    { cpus, traced, coreBytes: 1 << 14, ...(module ? { module } : {}) },
    ({ cpu, header, buffer, createMap }) => {
      array = createMap([MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0])
      ring = createMap([MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0], PLACE)
      if (perf && cpu.exports['perf_event_open'](array, 0, ring, 0) !== 0)
        throw new Error('the buffer cannot be opened')
      for (let index = 0; index < cpus; index++) {
        const area = header(layout.HEADER_CPU_AREAS) + index * layout.CPU_BYTES
        cpu.store32(area + layout.CPU_PROGRAM, header(layout.HEADER_PROGRAMS))
      }
      memory = buffer
      for (let v = 0; v < VALUES; v++) cpu.store32(value(v), 100 + v)
    },
  )
  return { stage, array, ring, value }
}

interface RingStageOptions {
  traced?: boolean
  cpus?: number
  perf?: boolean
  module?: Uint8Array
}

type Output = (context: bigint, map: bigint, flags: bigint, data: bigint, size: bigint) => bigint

/** Puts value v in a record of so many bytes: the helper's result. */
export function put(at: RingStage, name: string, v: number, bytes: number): Operation {
  return {
    name,
    kind: 'put',
    args: { v },
    run: ({ exports }) =>
      Number(
        (exports['bpf_perf_event_output'] as Output)(
          0n,
          BigInt(at.array),
          CURRENT_CPU,
          BigInt(at.value(v)),
          BigInt(bytes),
        ),
      ),
  }
}

/** Puts value v into the ring itself, from any CPU: 0, or -EAGAIN if there is no room. */
export function output(at: RingStage, name: string, v: number, bytes: number): Operation {
  return {
    name,
    kind: 'put',
    args: { v },
    run: ({ exports }) =>
      Number(exports['bpf_ringbuf_output'](BigInt(at.ring), BigInt(at.value(v)), BigInt(bytes), 0n) as bigint),
  }
}

/** Reserves a record of the ring and gives it up: 0, or -EAGAIN if there was no room. */
export function discard(at: RingStage, name: string, v: number, bytes: number): Operation {
  return {
    name,
    kind: 'discard',
    args: { v },
    run({ exports }) {
      const sample = exports['bpf_ringbuf_reserve'](BigInt(at.ring), BigInt(bytes), 0n) as bigint
      if (sample === 0n) return -EAGAIN
      exports['bpf_ringbuf_discard'](sample, 0n)
      return 0
    },
  }
}

/** Repairs what the CPU that stopped has left. */
export const repair = (name: string): Operation => ({
  name,
  kind: 'offline',
  afterStop: true,
  run: (cpu) => Number(cpu.exports['cpu_offline'](cpu.stopped())),
})

/** Takes the oldest record: its value, -1 if there is none that is committed, -2 if another consumer was quicker. */
export function take(at: RingStage, name: string): Operation {
  return {
    name,
    kind: 'take',
    run(cpu: Cpu) {
      const record = (cpu.exports['ring_next'] as (map: number) => bigint)(at.ring)
      if (record === 0n) return -1
      const sample = Number(record & 0xffffffffn)
      const found = cpu.load32(sample) - 100
      return (cpu.exports['ring_release'] as (map: number, sample: number) => number)(at.ring, sample) ? found : -2
    },
  }
}

/** Takes the buffer out of the array. */
export function close(at: RingStage, name: string): Operation {
  return {
    name,
    kind: 'close',
    run: ({ exports }) => (exports['perf_event_close'] as (...words: number[]) => void)(at.array, 0, at.ring),
  }
}

/** Puts the values from 0 up before the exploration, in records of so many bytes each. */
export function holding(at: RingStage, bytes: readonly number[], how = put): (cpus: Cpu[]) => void {
  return (cpus) => {
    for (const [v, size] of bytes.entries())
      if (how(at, 'set-up', v, size).run(cpus[0]!) !== 0) throw new Error(`set-up: value ${v} was not put`)
  }
}

/** The values of a ring's records that are committed and not taken, oldest first. A string says what is wrong. */
export function records(ring: number, view: View): number[] | string {
  const word = (field: number): number => view.load32(ring + field)
  const endOf = (header: bigint): number => (Number(header >> 33n) + Number((header >> 9n) & 0xffffffn)) & POSITIONS
  const mask = RING_BYTES / UNIT - 1
  const last = view.load64(ring + layout.MAP_RING_LAST)
  const found: number[] = []
  for (let position = word(layout.MAP_RING_CONSUMED); position !== endOf(last);) {
    const header = view.load64(word(layout.MAP_RECORDS) + (position & mask) * UNIT)
    if (Number(header >> 33n) !== position)
      return header === last || position === Number(last >> 33n) ? found : `no record at ${position}`
    const owner = header & 63n
    if (owner === COMMITTED) found.push(view.load32(word(layout.MAP_ELEMENTS) + (position & mask) * UNIT + UNIT) - 100)
    else if (owner !== DISCARDED && view.stopped < 0) return `CPU ${owner} still holds the record at ${position}`
    position = endOf(header)
  }
  return found
}

/** Records of so many bytes for which an empty ring has room: its last byte stays free. */
export const capacity = (bytes: number): number => Math.ceil(RING_BYTES / (Math.ceil(bytes / UNIT) * UNIT + UNIT)) - 1

/** At the end: what was put, by its result or before, is taken or there, once; the refused ones are counted. */
export function atRest(at: RingStage, operations: readonly Operation[], before: readonly number[]) {
  return (view: View): string | undefined => {
    const left = records(at.ring, view)
    if (typeof left === 'string') return left
    const results = operations.filter(({ name }) => view.ended(name))
    const resultOf = ({ name }: Operation): number => view.result(name) as number
    const taken = results.filter(({ kind }) => kind === 'take').map(resultOf)
    const were = [...taken.filter((v) => v >= 0), ...left].sort()
    const puts = operations.filter(({ kind }) => kind === 'put')
    const certain = [
      ...before,
      ...puts.filter((one) => view.ended(one.name) && resultOf(one) === 0).map(({ args }) => args!['v'] as number),
    ]
    const possible = [
      ...certain,
      ...puts.filter(({ name }) => !view.ended(name)).map(({ args }) => args!['v'] as number),
    ]
    if (certain.some((v) => !were.includes(v))) return `put ${certain.join()}, found ${were.join()}`
    if (new Set(were).size !== were.length || were.some((v) => !possible.includes(v)))
      return `found ${were.join()}, put ${possible.join()}`
    const full = puts.filter((one) => view.ended(one.name) && resultOf(one) === -28).length
    const lost = view.load32(at.ring + layout.MAP_RING_LOST)
    return view.stopped < 0 && lost !== full ? `${lost} counted as lost, ${full} were refused` : undefined
  }
}
