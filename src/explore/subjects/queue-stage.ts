// The stage on which queues, stacks and bloom filters are explored: the core's check build, one map. Operations are the
// helpers that programs call; what must hold is exact: a sequence of values, whoever does what at the same time.
import { BPF_EXIST, E2BIG, ENOENT, MAP_TYPE_STACK } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, SequentialModel, Stage, View } from '../index.js'
import { coreStage, countFree, isFree, leaveFree } from './core-stage.js'

/** How many are free of each at first, where it is few. */
export interface Free {
  cells: number
  records: number
}

/** Values 0 to 7 are pushed. */
export const VALUES = 8
/** Operations that copy a value out, each to a place of its own. */
const OUTPUTS = 16
const PLACE = 64
const NEXT = 0xffffffn

/** A queue or stack. */
export interface QueueMap {
  map: number
  type: number
  maxEntries: number
}

/** And guest memory for operations on it. */
export interface QueuePlace extends QueueMap {
  /** Where value v lies. */
  value(v: number): number
  /** Where operation number n of a subject writes. */
  output(n: number): number
}

export interface QueueStage extends QueuePlace {
  stage: Stage
}

/** Lays the values out at an address of guest memory; the rest of the place lies behind them. */
export function placeOf(map: QueueMap, cpu: Cpu, memory: number): QueuePlace {
  const value = (v: number): number => memory + v * PLACE
  for (let v = 0; v < VALUES; v++) cpu.store32(value(v), 100 + v)
  return { ...map, value, output: (n) => value(VALUES + (n % OUTPUTS)) }
}

/** `module`: another build of the core. */
export function queueStage(
  type: number,
  maxEntries: number,
  { cpus = 2, traced = false, module }: { cpus?: number; traced?: boolean; module?: Uint8Array } = {},
): QueueStage {
  let place: QueuePlace
  const shape = { cpus, traced, coreBytes: 1 << 13, ...(module && { module }) }
  const stage = coreStage(shape, ({ cpu, buffer, createMap }) => {
    place = placeOf({ map: createMap([type, 0, 4, maxEntries, 0]), type, maxEntries }, cpu, buffer)
  })
  return { stage, ...place! }
}

type Helper = (map: bigint, value: bigint, flags?: bigint) => bigint

const helper = ({ exports }: Cpu, name: string): Helper => exports[name] as Helper

/** Pushes value v: the helper's result. */
export function push(at: QueuePlace, name: string, v: number, flags = 0): Operation {
  return {
    name,
    kind: 'push',
    args: { v, flags },
    run: (cpu) => Number(helper(cpu, 'bpf_map_push_elem')(BigInt(at.map), BigInt(at.value(v)), BigInt(flags))),
  }
}

function out(at: QueuePlace, name: string, kind: 'pop' | 'peek', n: number): Operation {
  return {
    name,
    kind,
    args: {},
    run(cpu) {
      const to = at.output(n)
      const result = Number(helper(cpu, `bpf_map_${kind}_elem`)(BigInt(at.map), BigInt(to)))
      return result === 0 ? cpu.load32(to) - 100 : result
    },
  }
}

/** Pops: the value or a negative errno. `n` tells operations of one subject apart. */
export const pop = (at: QueuePlace, name: string, n: number): Operation => out(at, name, 'pop', n)

/** Peeks, as `pop`. */
export const peek = (at: QueuePlace, name: string, n: number): Operation => out(at, name, 'peek', n)

/** Asks a bloom filter for value v: the helper's result. */
export function ask(at: QueuePlace, name: string, v: number): Operation {
  return {
    name,
    kind: 'ask',
    args: { v },
    run: (cpu) => Number(helper(cpu, 'bpf_map_peek_elem')(BigInt(at.map), BigInt(at.value(v)))),
  }
}

/**
 * Pushes values before the exploration; with `free` no more cells and records are free then, and how many are gone is
 * left in `gone`.
 */
export function holding(
  at: QueuePlace,
  values: readonly number[],
  free?: Free,
  gone: Free = { cells: 0, records: 0 },
): (cpus: Cpu[]) => void {
  return (cpus) => {
    const cpu = cpus[0]!
    for (const v of values) {
      const result = push(at, 'set-up', v).run(cpu)
      if (result !== 0) throw new Error(`set-up: push of ${v} gave ${String(result)}`)
    }
    if (!free) return
    gone.cells = leaveFree(cpu, cpu.load32(at.map + layout.MAP_POOL), free.cells)
    gone.records = leaveFree(cpu, cpu.load32(at.map + layout.MAP_STEP_POOL), free.records)
  }
}

/** The cells from tail to head, the change of the last step counted as made. */
function cells(at: QueueMap, view: View): number[] {
  const word = (field: number): number => view.load32(at.map + field)
  const record = word(layout.MAP_STEPS) + (Number(view.load64(at.map + layout.MAP_STEP) & NEXT) - 1) * 16
  const [to, link] = [view.load32(record), view.load32(record + 4)]
  const [tail, head] = [view.load32(record + 8), view.load32(record + 12)]
  const found: number[] = []
  for (let position = tail; position !== head; position = (position + 1) >>> 0) {
    const place = word(layout.MAP_BUCKETS) + (position & word(layout.MAP_BUCKET_MASK)) * 8
    found.push((place === link ? to : Number(view.load64(place) & NEXT)) - 1)
    if (found.length > at.maxEntries) throw new Error(`more than ${at.maxEntries} values`)
  }
  return found
}

/** The values from the oldest to the newest. */
export function values(at: QueueMap, view: View): number[] {
  const first = view.load32(at.map + layout.MAP_ELEMENTS)
  const stride = view.load32(at.map + layout.MAP_STRIDE)
  return cells(at, view).map((cell) => view.load32(first + cell * stride) - 100)
}

const free = (at: QueueMap, view: View, field: number): number => countFree(view, view.load32(at.map + field))

/** In every state: no cell twice, none of them free, each holds a value; the record of the last step is not free. */
export function check(at: QueueMap): (view: View) => string | undefined {
  return (view) => {
    const used = cells(at, view)
    const pool = view.load32(at.map + layout.MAP_POOL)
    if (new Set(used).size !== used.length) return `a cell is at two places: ${used.join()}`
    if (used.some((cell) => isFree(view, pool, cell))) return 'a cell that is in use is free'
    if (values(at, view).some((v) => v < 0 || v >= VALUES)) return `values: ${values(at, view).join()}`
    const record = Number(view.load64(at.map + layout.MAP_STEP) & NEXT) - 1
    return isFree(view, view.load32(at.map + layout.MAP_STEP_POOL), record)
      ? 'the record of the last step is free'
      : undefined
  }
}

/**
 * When all is done every cell and every record is in use or free, but for those that were `gone` before; a stopped CPU
 * may keep one of each per level.
 */
export function atRest(at: QueueMap, levels: number, gone?: Free): (view: View) => string | undefined {
  return (view) => {
    const count = view.load32(at.map + layout.MAP_ELEMENT_COUNT)
    const lostCells = count - cells(at, view).length - free(at, view, layout.MAP_POOL) - (gone?.cells ?? 0)
    const pool = view.load32(at.map + layout.MAP_STEP_POOL)
    const records = view.load32(pool + layout.BITMAP_BITS) - (gone?.records ?? 0)
    const lostRecords = records - 1 - free(at, view, layout.MAP_STEP_POOL)
    const stranded = view.stopped < 0 ? 0 : levels
    if (lostCells < 0 || lostCells > stranded) return `${lostCells} cells are lost`
    return lostRecords < 0 || lostRecords > stranded ? `${lostRecords} records are lost` : undefined
  }
}

/** A queue or stack as a sequence of values, oldest first: every operation takes effect at one moment. */
export function model(at: QueueMap, initial: readonly number[]): SequentialModel<readonly number[]> {
  const stack = at.type === MAP_TYPE_STACK
  return {
    initial,
    key: (state) => state.join(),
    moments({ kind, args, ended, result }) {
      const gives = (expected: number, state: readonly number[]) => (!ended || result === expected ? [state] : [])
      return [
        (state) => {
          if (kind === 'push') {
            const v = args['v'] as number
            if (state.length < at.maxEntries) return gives(0, [...state, v])
            return args['flags'] === BPF_EXIST ? gives(0, [...state.slice(1), v]) : gives(-E2BIG, state)
          }
          const next = stack ? state.at(-1) : state[0]
          if (next === undefined) return gives(-ENOENT, state)
          return gives(next, kind === 'peek' ? state : stack ? state.slice(0, -1) : state.slice(1))
        },
      ]
    },
    final: (view) => values(at, view).join(),
    agrees: (state, final) => state.join() === final,
  }
}

/**
 * A bloom filter as a set of values: one that was added is there; whether another one seems to be is its own affair.
 */
export function filterModel(): SequentialModel<readonly number[]> {
  return {
    initial: [],
    key: (state) => state.join(),
    moments({ kind, args, ended, result }) {
      const v = args['v'] as number
      return [
        (state) => {
          if (kind === 'push') return !ended || result === 0 ? [[...new Set([...state, v])].sort()] : []
          return !ended || result === 0 || (result === -ENOENT && !state.includes(v)) ? [state] : []
        },
      ]
    },
    final: () => '',
    agrees: () => true,
  }
}
