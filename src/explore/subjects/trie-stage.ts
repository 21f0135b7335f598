// The stage on which LPM tries are explored: the core's check build, one trie over keys of one byte. Operations are the
// helpers that programs call, each in a read-side section as a program is; a lookup reads the value behind the address
// that it got. What must hold is exact: a set of prefixes with values, whoever does what at the same time.
import {
  BPF_EXIST,
  BPF_F_NO_PREALLOC,
  BPF_NOEXIST,
  EEXIST,
  ENOENT,
  ENOMEM,
  ENOSPC,
  MAP_TYPE_LPM_TRIE,
} from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu, Operation, SequentialModel, Stage, View } from '../index.js'
import { coreStage, countFree, isFree, leaveFree } from './core-stage.js'

const PLACE = 64
const NEXT = 0xffffffn
const BITS = 8

/** A prefix: the first `length` bits of `data`. */
export interface Prefix {
  length: number
  data: number
}

/** `1011/4` and the like: bits, highest first. */
export function prefix(bits: string): Prefix {
  return { length: bits.length, data: Number.parseInt(bits.padEnd(BITS, '0') || '0', 2) }
}

export interface TrieMap {
  map: number
  maxEntries: number
}

/** And guest memory for operations on it. */
export interface TriePlace extends TrieMap {
  /** Memory for keys and values: operation number n of a subject has its own. */
  place(n: number): number
}

export interface TrieStage extends TriePlace {
  stage: Stage
}

/** How the stage is made; `module`: another build of the core. */
interface StageOptions {
  cpus?: number
  patience?: number
  traced?: boolean
  module?: Uint8Array
}

export function trieStage(
  maxEntries: number,
  { cpus = 2, patience = 8, traced = false, module }: StageOptions = {},
): TrieStage {
  let map = 0
  let memory = 0
  const shape = { cpus, traced, coreBytes: 1 << 14, ...(module && { module }) }
  const stage = coreStage(shape, ({ cpu, buffer, createMap }) => {
    map = createMap([MAP_TYPE_LPM_TRIE, 5, 4, maxEntries, BPF_F_NO_PREALLOC])
    cpu.store32(map + layout.MAP_PATIENCE, patience)
    memory = buffer
  })
  return { stage, map, maxEntries, place: (n) => memory + n * PLACE }
}

type Call = (...args: (bigint | number)[]) => bigint

/** Lays the operands of operation n out before the exploration; `value` lies behind the key. */
function lay(at: TriePlace, cpu: Cpu, n: number, { length, data }: Prefix, value = 0): void {
  cpu.store32(at.place(n), length)
  cpu.store32(at.place(n) + 4, data)
  cpu.store32(at.place(n) + 16, value)
}

/** An operation and what must lie in memory for it. */
export interface Laid {
  operation: Operation
  lay(cpu: Cpu): void
}

function inSection<T>({ exports }: Cpu, work: () => T): T {
  const outermost = (exports['section_enter'] as () => number)()
  const result = work()
  ;(exports['section_exit'] as (outermost: number) => void)(outermost)
  return result
}

const key = ({ length, data }: Prefix): number => length * 256 + data

export function update(at: TriePlace, name: string, n: number, where: Prefix, value: number, flags = 0): Laid {
  const address = at.place(n)
  return {
    lay: (cpu) => lay(at, cpu, n, where, value),
    operation: {
      name,
      kind: 'update',
      args: { key: key(where), value, flags },
      run: (cpu) =>
        inSection(
          cpu,
          () =>
          Number((cpu.exports['bpf_map_update_elem'] as Call)(BigInt(at.map), BigInt(address), BigInt(address + 16), BigInt(flags))), // prettier-ignore
        ),
    },
  }
}

export function remove(at: TriePlace, name: string, n: number, where: Prefix): Laid {
  return {
    lay: (cpu) => lay(at, cpu, n, where),
    operation: {
      name,
      kind: 'delete',
      args: { key: key(where) },
      run: (cpu) =>
        inSection(cpu, () => Number((cpu.exports['bpf_map_delete_elem'] as Call)(BigInt(at.map), BigInt(at.place(n))))),
    },
  }
}

/** The value of the longest prefix, -1 none. */
export function lookup(at: TriePlace, name: string, n: number, where: Prefix): Laid {
  return {
    lay: (cpu) => lay(at, cpu, n, where),
    operation: {
      name,
      kind: 'lookup',
      args: { key: key(where) },
      run: (cpu) =>
        inSection(cpu, () => {
          const value = Number((cpu.exports['bpf_map_lookup_elem'] as Call)(BigInt(at.map), BigInt(at.place(n))))
          return value === 0 ? -1 : cpu.load32(value)
        }),
    },
  }
}

/** The key after a key, -1 at the end. */
export function next(at: TriePlace, name: string, n: number, where: Prefix): Laid {
  return {
    lay: (cpu) => lay(at, cpu, n, where),
    operation: {
      name,
      kind: 'next',
      args: { key: key(where) },
      run(cpu) {
        const into = at.place(n) + 32
        const result = (cpu.exports['map_next_key'] as (...args: number[]) => number)(at.map, at.place(n), into)
        return result < 0 ? -1 : cpu.load32(into) * 256 + (cpu.load32(into + 4) & 255)
      },
    },
  }
}

export type Held = readonly (readonly [key: number, value: number])[]

/** Puts prefixes into the trie before the exploration. */
export function holding(
  at: TrieStage,
  held: readonly [Prefix, number][],
  laid: readonly Laid[],
): (cpus: Cpu[]) => void {
  return (cpus) => {
    const cpu = cpus[0]!
    for (const [where, value] of held) {
      const { lay: put, operation } = update(at, 'set-up', 0, where, value)
      put(cpu)
      const result = operation.run(cpu)
      if (result !== 0) throw new Error(`set-up: update gave ${String(result)}`)
    }
    for (const each of laid) each.lay(cpu)
  }
}

/** How many are free of each at first, where it is few. */
export interface Free {
  elements?: number
  nodes?: number
  records?: number
}

const POOLS = { elements: layout.MAP_POOL, nodes: layout.MAP_NODE_POOL, records: layout.MAP_STEP_POOL } as const

/** Leaves so many free: how many are gone. */
export function leaveOnly(at: TrieStage, cpu: Cpu, free: Free): Required<Free> {
  const gone = { elements: 0, nodes: 0, records: 0 }
  for (const what of ['elements', 'nodes', 'records'] as const)
    if (free[what] !== undefined) gone[what] = leaveFree(cpu, cpu.load32(at.map + POOLS[what]), free[what])
  return gone
}

interface Node {
  index: number
  length: number
  data: number
  element: number
  children: (Node | undefined)[]
}

/** The trie with the change of the last step made. That it is one `check` has seen. */
function tree(at: TrieMap, view: View): Node | undefined {
  const word = (field: number): number => view.load32(at.map + field)
  const record = word(layout.MAP_STEPS) + (Number(view.load64(at.map + layout.MAP_STEP) & NEXT) - 1) * 16
  const [to, changed] = [view.load32(record), view.load32(record + 4)]
  const read = (link: number): Node | undefined => {
    const index = (link === changed ? to : Number(view.load64(link) & NEXT)) - 1
    if (index < 0) return undefined
    const address = word(layout.MAP_NODES) + index * word(layout.MAP_NODE_BYTES)
    const node: Node = {
      index,
      length: view.load32(address + 16),
      element: view.load32(address + 20) - 1,
      data: view.load32(address + 24) >>> 24,
      children: [],
    }
    node.children = [read(address), read(address + 8)]
    return node
  }
  return read(word(layout.MAP_BUCKETS))
}

/** The nodes of a trie, those below a node before it. */
function nodes(node: Node | undefined, found: Node[] = []): Node[] {
  if (!node) return found
  for (const child of node.children) nodes(child, found)
  found.push(node)
  return found
}

/** Keys and values, in the order of the keys. */
export function contents(at: TrieMap, view: View): Held {
  const first = view.load32(at.map + layout.MAP_ELEMENTS)
  const stride = view.load32(at.map + layout.MAP_STRIDE)
  const held = nodes(tree(at, view))
    .filter(({ element }) => element >= 0)
    .map(({ length, data, element }) => [key({ length, data }), view.load32(first + element * stride)] as const)
  return sorted(held)
}

const sorted = (held: Held): Held => [...held].sort(([a], [b]) => a - b)

const free = (at: TrieMap, view: View, field: number): number => countFree(view, view.load32(at.map + field))

/** In every state: a trie, of nodes and elements that are not free. It runs at every step, so it builds nothing. */
export function check(at: TrieMap): (view: View) => string | undefined {
  return (view) => {
    const word = (field: number): number => view.load32(at.map + field)
    const record = word(layout.MAP_STEPS) + ((view.load32(at.map + layout.MAP_STEP) & 0xffffff) - 1) * 16
    const [to, changed] = [view.load32(record), view.load32(record + 4)]
    const [first, bytes] = [word(layout.MAP_NODES), word(layout.MAP_NODE_BYTES)]
    const [nodePool, pool] = [word(layout.MAP_NODE_POOL), word(layout.MAP_POOL)]
    const walk = (link: number, aboveLength: number, aboveData: number, bit: number): string | undefined => {
      const index = (link === changed ? to : view.load32(link) & 0xffffff) - 1
      if (index < 0) return undefined
      const address = first + index * bytes
      const length = view.load32(address + 16)
      const data = view.load32(address + 24) >>> 24
      const element = view.load32(address + 20) - 1
      if (aboveLength >= 0) {
        if (length <= aboveLength) return 'a prefix is not longer than the one above it'
        if ((data ^ aboveData) >> (BITS - aboveLength) !== 0) return 'a prefix lies under another one'
        if (((data >> (BITS - 1 - aboveLength)) & 1) !== bit) return 'a prefix is the wrong child'
      }
      if (isFree(view, nodePool, index)) return 'a node of the trie is free'
      if (element >= 0 && isFree(view, pool, element)) return 'an element of the trie is free'
      if (element < 0 && (isEmpty(address) || isEmpty(address + 8))) return 'a node has neither value nor two children'
      return walk(address, length, data, 0) ?? walk(address + 8, length, data, 1)
    }
    const isEmpty = (link: number): boolean => (link === changed ? to : view.load32(link) & 0xffffff) === 0
    return walk(word(layout.MAP_BUCKETS), -1, 0, 0)
  }
}

/**
 * When all is done nodes, elements and records are in use or free, but for those that were `gone` before; a stopped CPU
 * keeps at most what it had in hand.
 */
export function atRest(at: TrieMap, gone?: Required<Free>): (view: View) => string | undefined {
  return (view) => {
    const all = nodes(tree(at, view))
    const bits = (field: number): number => view.load32(view.load32(at.map + field) + layout.BITMAP_BITS)
    const stopped = view.stopped < 0 ? 0 : 1
    const lost = {
      nodes: bits(layout.MAP_NODE_POOL) - free(at, view, layout.MAP_NODE_POOL) - all.length,
      elements:
        bits(layout.MAP_POOL) - free(at, view, layout.MAP_POOL) - all.filter(({ element }) => element >= 0).length,
      records: bits(layout.MAP_STEP_POOL) - free(at, view, layout.MAP_STEP_POOL) - 1,
    }
    const most = { nodes: 3 * stopped, elements: stopped, records: stopped }
    for (const what of ['nodes', 'elements', 'records'] as const) {
      const mine = lost[what] - (gone?.[what] ?? 0)
      if (mine < 0 || mine > most[what]) return `${mine} ${what} are lost`
    }
    return undefined
  }
}

const covers = (one: number, other: number): boolean => {
  const length = one >> 8
  return length <= other >> 8 && ((one ^ other) & 255) >> (BITS - length) === 0
}

/** The kernel's order: what begins with a prefix before the prefix, 0 before 1. */
function follows(one: number, other: number): boolean {
  if (covers(one, other)) return true
  return !covers(other, one) && (one & 255) > (other & 255)
}

/** A trie as prefixes with values; `scarce`: an update may find no element. */
export function model(at: TrieMap, held: readonly [Prefix, number][], scarce = false): SequentialModel<Held> {
  return {
    initial: sorted(held.map(([where, value]) => [key(where), value])),
    key: (state) => state.join(),
    moments({ kind, args, ended, result }) {
      const where = args['key'] as number
      const gives = (expected: number, state: Held) => (!ended || result === expected ? [state] : [])
      return [
        (state) => {
          if (kind === 'lookup') {
            const found = state.filter(([one]) => covers(one, where)).sort(([a], [b]) => b - a)[0]
            return gives(found ? found[1] : -1, state)
          }
          if (kind === 'next') {
            const behind = state.filter(([one]) => one !== where && follows(one, where))
            const found = behind.find(([one]) => behind.every(([other]) => other === one || follows(other, one)))
            return gives(found ? found[0] : -1, state)
          }
          const present = state.some(([one]) => one === where)
          const others = state.filter(([one]) => one !== where)
          if (kind === 'delete') return present ? gives(0, others) : gives(-ENOENT, state)
          if (scarce && ended && result === -ENOMEM) return [state]
          if (present && args['flags'] === BPF_NOEXIST) return gives(-EEXIST, state)
          if (!present && args['flags'] === BPF_EXIST) return gives(-ENOENT, state)
          if (!present && state.length >= at.maxEntries) return gives(-ENOSPC, state)
          return gives(0, sorted([...others, [where, args['value'] as number]]))
        },
      ]
    },
    final: (view) => contents(at, view).join(),
    agrees: (state, final) => state.join() === final,
  }
}
