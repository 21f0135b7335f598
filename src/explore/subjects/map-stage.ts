// The stage on which hash maps are explored: the core's check build on two CPUs, one map, its keys in one bucket so
// that every operation meets every other (or even and odd keys in one each). Operations are the helpers that programs
// call.
import {
  BPF_EXIST,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  ENOENT,
  ENOMEM,
  FRAMES,
  FRAME_BYTES,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
} from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, SequentialModel, Stage, View } from '../index.js'
import { trampolines } from '../trampoline.js'
import { coreStage } from './core-stage.js'
import { enterProgram } from './user-ring-stage.js'

const MARK = 1n << 24n
const NEXT = 0xffffffn

const isLru = (type: number): boolean => type === MAP_TYPE_LRU_HASH || type === MAP_TYPE_LRU_PERCPU_HASH

/** A map that is explored; all of its keys lie in one bucket, or in two. */
export interface OneBucketMap {
  map: number
  type: number
  maxEntries: number
  cpus: number
}

/** And guest memory for operations on it. */
export interface MapPlace extends OneBucketMap {
  /** Where a key lies; its value, 100 + key, lies behind it. */
  place(key: number): number
}

export interface MapStage extends MapPlace {
  stage: Stage
  /** What a program calls for each element, if the stage has one. */
  callback?: Callback
}

interface Callback {
  /** Its index in the table. */
  fn: bigint
  /** The frame of the program, by CPU. */
  frames: number[]
  /** Keys that the walk on a CPU was given. */
  met: number[][]
}

/** Lays the keys 0 to 7 out at an address of guest memory. */
export function placeOf(map: OneBucketMap, cpu: Cpu, memory: number, keySize = 4): MapPlace {
  const place = (key: number): number => memory + key * 128
  for (let key = 0; key < 8; key++) {
    for (let at = 0; at < keySize; at += 4) cpu.store32(place(key) + at, key)
    cpu.store32(place(key) + 64, 100 + key)
  }
  return { ...map, place }
}

export interface MapStageOptions {
  /** Disturbed walks before a lookup asks for help. */
  patience?: number
  keySize?: number
  valueSize?: number
  /** Offset of a bpf_spin_lock in the values. */
  lock?: number
  cpus?: number
  /** Rooms that a CPU keeps at most. */
  roomsKept?: number
  /** Changes may go the short way (core/map/short.ts). */
  short?: boolean
  /** Buckets, 1 or 2; max_entries is at least as many. */
  buckets?: number
  /** CPUs run a program that walks over the map (visitAll). */
  walks?: boolean
  traced?: boolean
  /** The check build to explore, if not the package's. */
  module?: Uint8Array
}

export function mapStage(type: number, maxEntries: number, options: MapStageOptions = {}): MapStage {
  const { patience = 8, keySize = 4, valueSize = 4, lock = -1, cpus = 2, roomsKept = 16 } = options
  const { short = false, buckets = 1, walks = false, traced = false, module } = options
  let place: MapPlace
  let callback: Callback | undefined
  const stage = coreStage(
    { cpus, traced, coreBytes: 1 << 13, ...(module ? { module } : {}) },
    ({ cpu, all, header, buffer, createMap }) => {
      const map = createMap([type, keySize, valueSize, maxEntries, 0], 0, 0, lock)
      cpu.store32(map + layout.MAP_BUCKET_MASK, buckets - 1)
      cpu.store32(map + layout.MAP_PATIENCE, patience)
      if (!short) cpu.store32(map + layout.MAP_SHORT, 0)
      if (!isLru(type)) cpu.store32(map + layout.MAP_ROOMS_KEPT, roomsKept)
      place = placeOf({ map, type, maxEntries, cpus }, cpu, buffer, keySize)
      if (walks) callback = callbackOn(all, header(layout.HEADER_CPU_AREAS), keySize)
    },
  )
  return { stage, ...place!, ...(callback && { callback }) }
}

/** Makes every CPU run a program with a callback that notes the keys that it is passed. */
function callbackOn(all: readonly Cpu[], areas: number, keySize: number): Callback {
  const met: number[][] = []
  let fn = 0
  for (const one of all) {
    const { table } = one.exports
    fn = table.grow(1)
    const note = (_index: number, _map: bigint, key: bigint): bigint => {
      const words = Array.from({ length: keySize / 4 }, (_, at) => one.load32(Number(key) + 4 * at))
      if (words.some((word) => word !== words[0])) one.fail(`a mixture of two keys was passed: ${words.join()}`)
      met[one.index]!.push(words[0]!)
      return 0n
    }
    table.set(fn, trampolines(1, 0, note)[0])
  }
  const program: number = all[0]!.exports['program_create'](fn, fn, fn + 1)
  const frames = all.map((one) => {
    const area = areas + one.index * layout.CPU_BYTES
    enterProgram(one, area, program)
    return one.load32(area + layout.CPU_STACKS) + FRAME_BYTES * FRAMES
  })
  return { fn: BigInt(fn), frames, met }
}

// Maps of maps and of devices are written by the host alone.
const byHost = (at: OneBucketMap): boolean => at.type === MAP_TYPE_HASH_OF_MAPS || at.type === MAP_TYPE_DEVMAP_HASH

function set(at: MapPlace, { exports }: Cpu, key: number, flags: number): number {
  const address = at.place(key)
  if (byHost(at)) return exports['map_update'](at.map, address, address + 64, flags)
  const value = BigInt(address + 64)
  return Number(exports['bpf_map_update_elem'](BigInt(at.map), BigInt(address), value, BigInt(flags)) as bigint)
}

function unset(at: MapPlace, { exports }: Cpu, key: number): number {
  if (byHost(at)) return exports['map_delete'](at.map, at.place(key))
  return Number(exports['bpf_map_delete_elem'](BigInt(at.map), BigInt(at.place(key))) as bigint)
}

export function update(at: MapPlace, name: string, key: number, flags = 0): Operation {
  return { name, kind: 'update', args: { key, flags }, run: (cpu) => set(at, cpu, key, flags) }
}

export function remove(at: MapPlace, name: string, key: number): Operation {
  return { name, kind: 'delete', args: { key }, run: (cpu) => unset(at, cpu, key) }
}

export function lookup(at: MapPlace, name: string, key: number): Operation {
  const address = BigInt(at.place(key))
  return {
    name,
    kind: 'lookup',
    args: { key },
    run: ({ exports }) => (exports['bpf_map_lookup_elem'](BigInt(at.map), address) as bigint) !== 0n,
  }
}

/** Walks over the map by next key, as a user of BPF_MAP_GET_NEXT_KEY: the keys in the order of the walk. */
export function walk(at: MapStage, name: string): Operation {
  const staging = at.place(7)
  return {
    name,
    kind: 'walk',
    run(cpu) {
      const keys: number[] = []
      let result: number = cpu.exports['map_next_key'](at.map, 0, staging)
      while (result === 0 && keys.length < 8) {
        keys.push(cpu.load32(staging))
        result = cpu.exports['map_next_key'](at.map, staging, staging)
      }
      return keys.join()
    },
  }
}

/** Walks over the map by bpf_for_each_map_elem: the keys that the callback was passed, in that order. */
export function visitAll(at: MapStage, name: string): Operation {
  const { fn, frames, met } = at.callback!
  return {
    name,
    kind: 'walk',
    run({ index, exports }) {
      met[index] = []
      exports['bpf_for_each_map_elem'](BigInt(at.map), fn, 0n, 0n, frames[index]!)
      return met[index].join()
    },
  }
}

/** Walks over the elements by index: the indices met. */
export function walkElements(at: MapStage, name: string): Operation {
  return {
    name,
    kind: 'walk',
    run({ exports }) {
      const met: number[] = []
      for (let i: number = exports['map_next'](at.map, 0); i >= 0; i = exports['map_next'](at.map, i + 1)) met.push(i)
      return met.join()
    },
  }
}

function setUp(at: MapStage, cpu: Cpu, key: number, stays: boolean): void {
  let result = set(at, cpu, key, 0)
  if (result === 0 && !stays) result = unset(at, cpu, key)
  if (result !== 0) throw new Error(`set-up: update or delete of ${key} gave ${result}`)
}

/** Fills the map before the exploration. */
export function holding(at: MapStage, ...keys: number[]): (cpus: Cpu[]) => void {
  return (cpus) => {
    for (const key of keys) setUp(at, cpus[0]!, key, true)
  }
}

/** The same; then each of these CPUs gives an element back, its spare from then on, and the last one all free rooms. */
export function sparing(at: MapStage, keys: readonly number[], sparers: readonly number[]): (cpus: Cpu[]) => void {
  const free = Array.from({ length: at.maxEntries - keys.length }, (_, one) => 7 - one)
  return (cpus) => {
    holding(at, ...keys)(cpus)
    for (const cpu of sparers.map((index) => cpus[index]!)) {
      // In a full map an element is given back when its key is replaced.
      for (const key of keys.slice(0, free.length ? 0 : 1)) setUp(at, cpu, key, true)
      for (const key of free) setUp(at, cpu, key, true)
      for (const key of free) setUp(at, cpu, key, false)
    }
  }
}

interface Element {
  index: number
  key: number
  marked: boolean
  value: number
  /** Where its value lies. */
  at: number
}

/** The elements that can be reached from the buckets, marked ones too. */
export function elements(at: OneBucketMap, view: View): Element[] {
  const buckets = view.load32(at.map + layout.MAP_BUCKET_MASK) + 1
  return Array.from({ length: buckets }, (_, bucket) => elementsOf(at, view, bucket)).flat()
}

function elementsOf(at: OneBucketMap, view: View, bucket: number): Element[] {
  const word = (field: number): number => view.load32(at.map + field)
  const found: Element[] = []
  let link = view.load64(word(layout.MAP_BUCKETS) + 8 * bucket)
  while ((link & NEXT) !== 0n) {
    const index = Number(link & NEXT) - 1
    if (found.length > word(layout.MAP_ELEMENT_COUNT)) throw new Error('the list has a cycle')
    const record = word(layout.MAP_RECORDS) + index * word(layout.MAP_RECORD_BYTES)
    const element = word(layout.MAP_ELEMENTS) + index * word(layout.MAP_STRIDE)
    link = view.load64(record)
    found.push({
      index,
      key: view.load32(record + (word(layout.MAP_KEY_SIZE) > 8 ? layout.RECORD_KEY : layout.RECORD_ORDER)),
      marked: (link & MARK) !== 0n,
      value: view.load32(element),
      at: element,
    })
  }
  return found
}

/** What every CPU has for the keys that are in a per-CPU map. */
export function cpuValues(at: OneBucketMap, view: View): { key: number; cpu: number; value: number }[] {
  const word = (field: number): number => view.load32(at.map + field)
  const live = elements(at, view).filter(({ marked }) => !marked)
  return live.flatMap(({ index, key }) =>
    Array.from({ length: at.cpus }, (_, cpu) => {
      const own = word(layout.MAP_ELEMENTS) + cpu * word(layout.MAP_CPU_STRIDE) + index * word(layout.MAP_STRIDE)
      return { key, cpu, value: view.load32(own) }
    }),
  )
}

/** Address of what a CPU keeps of the map. */
const share = (at: OneBucketMap, view: View, cpu: number): number =>
  view.load32(at.map + layout.MAP_SHARES) + cpu * layout.SHARE_BYTES

/** Elements of the pool, and the spares: with their number, to see that none is there twice. */
function freeElements(at: OneBucketMap, view: View): { free: Set<number>; count: number } {
  const pool = view.load32(at.map + layout.MAP_POOL)
  const words = view.load32(pool + layout.BITMAP_LEVEL)
  const free: number[] = []
  for (let index = 0; index < view.load32(pool + layout.BITMAP_BITS); index++)
    if ((view.load32(words + (index >> 5) * 4) >>> (index & 31)) & 1) free.push(index)
  for (let cpu = 0; cpu < at.cpus; cpu++) {
    const spare = view.load32(share(at, view, cpu) + layout.SHARE_SPARE)
    if (spare) free.push(spare - 1)
  }
  return { free: new Set(free), count: free.length }
}

/** Rooms that are handed out and that no CPU keeps. */
function roomsTaken(at: OneBucketMap, view: View): number {
  let taken = view.load32(at.map + layout.MAP_COUNT)
  for (let cpu = 0; cpu < at.cpus; cpu++) taken -= view.load32(share(at, view, cpu) + layout.SHARE_ROOMS) & 0xffff
  return taken
}

/** In every state: no key twice, nothing free in the list, values belong to their keys, never more than max_entries. */
export function check(at: OneBucketMap): (view: View) => string | undefined {
  return (view) => {
    const list = elements(at, view)
    const live = list.filter(({ marked }) => !marked)
    const { free, count } = freeElements(at, view)
    const keys = new Set(live.map(({ key }) => key))
    if (keys.size !== live.length) return `a key is in the map twice: ${live.map(({ key }) => key).join()}`
    if (free.size !== count) return 'an element is free twice'
    for (const { index, key, value } of live) {
      if (free.has(index)) return `element ${index} is in the map and free`
      if (value !== 100 + key) return `key ${key} has the value ${value}`
    }
    if (list.some(({ index }) => free.has(index))) return 'a free element can still be reached'
    if (live.length > at.maxEntries) return `the map holds ${live.length}`
    return undefined
  }
}

/** When all is done: every element is in the map or free, and the count is exact; a stopped CPU may keep one. */
export function atRest(at: OneBucketMap, levels = 1): (view: View) => string | undefined {
  return (view) => {
    const list = elements(at, view)
    const live = list.filter(({ marked }) => !marked).length
    const free = freeElements(at, view).count
    const lost = view.load32(at.map + layout.MAP_ELEMENT_COUNT) - live - free
    const count = roomsTaken(at, view)
    const stranded = view.stopped < 0 ? 0 : levels * 2
    if (lost < 0 || lost > stranded) return `${lost} elements are lost`
    if (count - live < 0 || count - live > stranded) return `the count is ${count}, the map holds ${live}`
    if (view.stopped < 0 && list.length !== live) return 'a marked element is still linked'
    return undefined
  }
}

/** A map as a set of keys. */
export function model(at: OneBucketMap, keys: number[]): SequentialModel<readonly number[]> {
  const lru = isLru(at.type)
  const without = (state: readonly number[], key: number): number[] => state.filter((one) => one !== key)
  return {
    initial: [...keys].sort(),
    key: (state) => state.join(),
    moments({ kind, args, ended, result, overlapping }) {
      if (kind === 'offline') return [(state) => (!ended || result === 0 ? [state] : [])]
      const key = args['key'] as number
      const flags = args['flags'] as number
      const gives = (expected: number | boolean, state: readonly number[]) =>
        !ended || result === expected ? [state] : []
      // An operation under way may hold the room of one element.
      const underWay = overlapping.filter((one) => one.kind !== 'lookup').length
      const crowded = (state: readonly number[]) => state.length + underWay >= at.maxEntries
      const effect = (state: readonly number[]): (readonly number[])[] => {
        const present = state.includes(key)
        if (kind === 'lookup') return gives(present, state)
        if (kind === 'delete') return present ? gives(0, without(state, key)) : gives(-ENOENT, state)
        if (present) return gives(flags & BPF_NOEXIST ? -EEXIST : 0, state)
        if (flags & BPF_EXIST) return gives(-ENOENT, state)
        return [
          ...(state.length < at.maxEntries ? gives(0, [...state, key].sort()) : []),
          ...(crowded(state) ? gives(lru ? -ENOMEM : -E2BIG, state) : []),
        ]
      }
      // To evict is a moment of its own, before the insertion: between the two neither key is there.
      // Also of the very key, if somebody inserted it after the look that found it absent.
      const evict = (state: readonly number[]): (readonly number[])[] =>
        (state.includes(key) && underWay === 0) || !crowded(state)
          ? [state]
          : [state, ...state.map((out) => without(state, out))]
      return lru && kind === 'update' && !(flags & BPF_EXIST) ? [evict, effect] : [effect]
    },
    final: (view) =>
      elements(at, view)
        .filter(({ marked }) => !marked)
        .map(({ key }) => key)
        .sort()
        .join(),
    agrees: (state, final) => state.join() === final,
  }
}
