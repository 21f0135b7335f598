// The stage on which the buffers of a perf event array are explored, and with them ring buffers: the core's check
// build, an array, a ring in it for each of the first CPUs. These put records, as programs do; the last CPU is the
// host, which takes them and closes buffers. What must hold: a record that was put is there once, whole, until it is
// taken once; one that was refused is nowhere.
import { BPF_RB_AVAIL_DATA, EAGAIN, MAP_TYPE_PERF_EVENT_ARRAY, MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, Stage, View } from '../index.js'
import { coreStage } from './core-stage.js'
import { GIVEN_UP, reachable } from './ring-model.js'
import type { RingState } from './ring-model.js'

export const RING_BYTES = 4096
const UNIT = 8
/** Values 0 to 7 are put. */
export const VALUES = 8
const PLACE = 64
const CURRENT_CPU = 0xffffffffn
const COMMITTED = 62n
const DISCARDED = 63n
const POSITIONS = 0x7fffffff

/** A ring, and guest memory for operations on it. */
export interface RingPlace {
  ring: number
  /** Where value v lies. */
  value(v: number): number
  /** What a compiled program that names the ring has of it as constants: core/helper/ring-at-once.ts. */
  constants: readonly number[]
  /** True: operations are as of such a program, which first tries at once. */
  atOnce?: boolean
}

export interface RingStage extends RingPlace {
  stage: Stage
  array: number
  /** All rings: the buffers of CPU 0, CPU 1 …; `ring` is the first. */
  rings: readonly number[]
}

/** Lays the values out at an address of guest memory. */
export function placeOf(ring: number, cpu: Cpu, memory: number): RingPlace {
  const value = (v: number): number => memory + v * PLACE
  for (let v = 0; v < VALUES; v++) cpu.store32(value(v), 100 + v)
  const word = (field: number): number => cpu.load32(ring + field)
  const constants = [ring, word(layout.MAP_RECORDS), word(layout.MAP_ELEMENTS), word(layout.MAP_MAX_ENTRIES) / UNIT - 1]
  return { ring, value, constants }
}

/**
 * A ring that programs write to directly, or `buffers` of a perf event array, for CPU 0 and on. `module`: another
 * build.
 */
export function ringStage({ traced = false, cpus = 2, buffers = 1, module }: RingStageOptions = {}): RingStage {
  let array = 0
  const rings: number[] = []
  let place: RingPlace
  const stage = coreStage(
    { cpus, traced, coreBytes: 1 << 14, ...(module ? { module } : {}) },
    ({ cpu, header, buffer, createMap }) => {
      array = createMap([MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0])
      const attributes = [MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0]
      const [guest, core] = ['guest', 'core'].map((part) => cpu.exports[`map_bytes_${part}`](...attributes, 0, 0, 0))
      for (let index = 0; index < Math.max(1, buffers); index++) {
        const ring = createMap(attributes, PLACE + index * core, index * guest)
        rings.push(ring)
        if (buffers > 0 && cpu.exports['perf_event_open'](array, index, ring, index) !== 0)
          throw new Error('the buffer cannot be opened')
      }
      for (let index = 0; index < cpus; index++) {
        const area = header(layout.HEADER_CPU_AREAS) + index * layout.CPU_BYTES
        cpu.store32(area + layout.CPU_PROGRAM, header(layout.HEADER_PROGRAMS))
      }
      place = placeOf(rings[0]!, cpu, buffer)
    },
  )
  return { stage, array, rings, ...place! }
}

interface RingStageOptions {
  traced?: boolean
  cpus?: number
  /** 0: none, the ring is one that programs write to. */
  buffers?: number
  module?: Uint8Array
}

type Output = (context: bigint, map: bigint, flags: bigint, data: bigint, size: bigint) => bigint

/** Puts value v in a record of so many bytes, into the own CPU's buffer or that of an index: the helper's result. */
export function put(at: RingStage, name: string, v: number, bytes: number, index?: number): Operation {
  return {
    name,
    kind: 'put',
    args: { v },
    run: ({ exports }) =>
      Number(
        (exports['bpf_perf_event_output'] as Output)(
          0n,
          BigInt(at.array),
          index === undefined ? CURRENT_CPU : BigInt(index),
          BigInt(at.value(v)),
          BigInt(bytes),
        ),
      ),
  }
}

/** Puts value v into the ring itself, from any CPU: 0, or -EAGAIN if there is no room. */
export function output(at: RingPlace, name: string, v: number, bytes: number): Operation {
  return {
    name,
    kind: 'put',
    args: { v },
    run: (cpu) => Number(helped(at, cpu, 'output', BigInt(at.ring), BigInt(at.value(v)), BigInt(bytes), 0n)),
  }
}

/** What a ring buffer helper answers, or what is in its place in a compiled program. */
function helped(at: RingPlace, { exports }: Cpu, helper: string, ...values: bigint[]): bigint {
  const atOnce = at.atOnce ? (exports[`ringbuf_${helper}_at_once`](...values, ...at.constants) as bigint) : 0n
  return atOnce ? atOnce - 1n : (exports[`bpf_ringbuf_${helper}`](...values) as bigint)
}

/** Reserves a record of so many bytes: where its sample lies, 0 if there is no room. */
export const reserveSample = (at: RingPlace, cpu: Cpu, bytes: number): number =>
  Number(helped(at, cpu, 'reserve', BigInt(at.ring), BigInt(bytes), 0n))

/** Reserves a record of the ring, then submits it or gives it up: 0, or -EAGAIN if there was no room. */
function reserving(at: RingPlace, name: string, kind: 'put' | 'discard', v: number, bytes: number): Operation {
  return {
    name,
    kind,
    args: { v },
    run(cpu) {
      const sample = reserveSample(at, cpu, bytes)
      if (sample === 0) return -EAGAIN
      if (kind === 'put') {
        cpu.store32(sample, 100 + v)
        helped(at, cpu, 'submit', BigInt(sample), 0n)
      } else cpu.exports['bpf_ringbuf_discard'](BigInt(sample), 0n)
      return 0
    },
  }
}

/** Reserves a record for value v and submits it. */
export const submit = (at: RingPlace, name: string, v: number, bytes: number): Operation =>
  reserving(at, name, 'put', v, bytes)

/** Reserves a record, which has no value, and gives it up. */
export const discard = (at: RingPlace, name: string, v: number, bytes: number): Operation =>
  reserving(at, name, 'discard', v, bytes)

/** How many bytes are not consumed, in records of so many bytes each. */
export function query(at: RingPlace, name: string, bytes: number): Operation {
  return {
    name,
    kind: 'query',
    run: ({ exports }) =>
      Number(exports['bpf_ringbuf_query'](BigInt(at.ring), BigInt(BPF_RB_AVAIL_DATA)) as bigint) / recordBytes(bytes),
  }
}

function takeFrom(ring: number, cpu: Cpu): number {
  const { ring_next, ring_sample, ring_release } = cpu.exports
  const record: bigint = ring_next(ring)
  if (record === 0n) return -1
  const position = Number(record >> 32n)
  const found = cpu.load32(ring_sample(ring, position)) - 100
  return ring_release(ring, position) ? found : -2
}

/** Takes the oldest record: its value, -1 if there is none that is committed, -2 if another consumer was quicker. */
export const take = ({ ring }: Pick<RingPlace, 'ring'>, name: string): Operation => ({
  name,
  kind: 'take',
  run: (cpu) => takeFrom(ring, cpu),
})

/** The same from the buffer of CPU `index`. */
export const takeOf = ({ rings }: RingStage, name: string, index: number): Operation => ({
  ...take({ ring: rings[index]! }, name),
  args: { ring: index },
})

/** Takes a record of any buffer as soon as there is one: sleeps at the array's bell meanwhile. */
export function awaitRecord(at: RingStage, name: string): Operation {
  const bell = at.array + layout.MAP_RING_BELL
  return {
    name,
    kind: 'take',
    mayWait: true,
    run(cpu) {
      for (;;) {
        cpu.retry()
        const seen = cpu.load32(bell)
        const found = at.rings.map((ring) => () => takeFrom(ring, cpu)).reduce((v, next) => (v < 0 ? next() : v), -1)
        if (found >= 0) return found
        cpu.sleep(bell, seen)
      }
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

/**
 * Puts the values from 0 up before the exploration, in records of so many bytes each; into the rings one after the
 * other.
 */
export function holding(at: RingStage, bytes: readonly number[], how = put): (cpus: Cpu[]) => void {
  return (cpus) => {
    let v = 0
    for (const index of at.rings.keys())
      for (const size of bytes)
        if (how(at, 'set-up', v++, size).run(cpus[index]!) !== 0) throw new Error(`set-up: value ${v - 1} was not put`)
  }
}

/** What a ring holds, nothing of it reserved, as its model says it. A string says what is wrong. */
export function ringState(ring: number, view: View): RingState | string {
  const word = (field: number): number => view.load32(ring + field)
  const endOf = (header: bigint): number => (Number(header >> 33n) + Number((header >> 9n) & 0xffffffn)) & POSITIONS
  const mask = RING_BYTES / UNIT - 1
  const last = view.load64(ring + layout.MAP_RING_LAST)
  const found: number[] = []
  for (let position = word(layout.MAP_RING_CONSUMED); position !== endOf(last);) {
    // The last record may have no header yet.
    const written = view.load64(word(layout.MAP_RECORDS) + (position & mask) * UNIT)
    const header = Number(written >> 33n) === position ? written : last
    if (Number(header >> 33n) !== position) return `no record at ${position}`
    const owner = header & 63n
    if (owner === COMMITTED) found.push(view.load32(word(layout.MAP_ELEMENTS) + (position & mask) * UNIT + UNIT) - 100)
    else if (owner === DISCARDED) found.push(GIVEN_UP)
    else if (view.stopped < 0) return `CPU ${owner} still holds the record at ${position}`
    position = endOf(header)
  }
  return found
}

/** The values of a ring's records that are committed and not taken, oldest first. A string says what is wrong. */
export function records(ring: number, view: View): number[] | string {
  const state = ringState(ring, view)
  return typeof state === 'string' ? state : reachable(state)
}

const recordBytes = (bytes: number): number => Math.ceil(bytes / UNIT) * UNIT + UNIT

/** Records of so many bytes for which an empty ring has room: its last byte stays free. */
export const capacity = (bytes: number): number => Math.ceil(RING_BYTES / recordBytes(bytes)) - 1

/** The same for a user ring, all of which may be used. */
export const userCapacity = (bytes: number): number => Math.floor(RING_BYTES / recordBytes(bytes))

/** At the end: what was put, by its result or before, is taken or there, once; the refused ones are counted. */
export function atRest(at: RingStage, operations: readonly Operation[], before: readonly number[]) {
  return (view: View): string | undefined => {
    const found = at.rings.map((ring) => records(ring, view))
    const wrong = found.find((left) => typeof left === 'string')
    if (wrong !== undefined) return wrong
    const left = found.flat() as number[]
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
    const most = possible.length + operations.filter(({ kind }) => kind === 'discard').length
    const asked = results.filter(({ kind }) => kind === 'query').map(resultOf)
    if (asked.some((count) => count > most)) return `${asked.join()} records in the ring, ${most} were put`
    const full = puts.filter((one) => view.ended(one.name) && resultOf(one) === -28).length
    const lost = at.rings.reduce((sum, ring) => sum + view.load32(ring + layout.MAP_RING_LOST), 0)
    return view.stopped < 0 && lost !== full ? `${lost} counted as lost, ${full} were refused` : undefined
  }
}
