// Names of the words of a machine of the core with maps, for traces: `cpu0.map_operations`, `map.count`, `bucket[0]`,
// `element#1.link`, and links as what they lead to. Reads the maps' headers, which do not change once a map is made.
// For the stages of core-stage.ts; the timers and works of a machine have names of their own (async-memory.ts).
import {
  MAP_TYPE_HASH,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_QUEUE,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_STACK,
  MAP_TYPE_USER_RINGBUF,
  MAX_PROGRAMS,
} from '../../../core/abi.js'
import { errnoResult } from '../errno-result.js'
import * as layout from '../../../core/layout.js'
import type { Names } from '../stage.js'
import { fieldsOf } from './fields.js'

type Load32 = (address: number) => number

/** So many records of that many bytes from an address on, and how one is called. */
interface Region {
  at: number
  bytes: number
  count: number
  name(index: number): string
  /** What stands at an offset of a record, where it has fields. */
  fields?: ReadonlyMap<number, string>
  /** Offsets of links to what `leadsTo` names: {version, mark, next : 24}. */
  links?: readonly number[]
  leadsTo?: string
}

const HASHES = [MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_PERCPU_HASH, MAP_TYPE_LRU_PERCPU_HASH]

const HEADER_FIELDS = fieldsOf('HEADER_')
const PROGRAM_FIELDS = fieldsOf('PROGRAM_')
const CPU_FIELDS = fieldsOf('CPU_')
const MAP_FIELDS = fieldsOf('MAP_')
const RECORD_FIELDS = new Map([
  [layout.RECORD_LINK, 'link'],
  [layout.RECORD_ORDER, 'order'],
  [layout.RECORD_KEY, 'key'],
])
const SHARE_FIELDS = fieldsOf('SHARE_')
const POOL_FIELDS = new Map([
  [layout.BITMAP_BITS, 'bits'],
  [layout.BITMAP_LEVELS, 'levels'],
  [layout.BITMAP_LEVEL, 'level'],
])
const STEP_FIELDS = new Map([
  [0, 'change'],
  [8, 'count'],
])
const NODE_FIELDS = new Map([
  [0, 'child_0'],
  [8, 'child_1'],
  [16, 'head'],
  [24, 'data'],
])

/** Where the words of a machine are; a map's own are in `regionsOfMap`. */
function* regionsOfMachine(load32: Load32, cpus: number): Generator<Region> {
  yield { at: layout.HEADER, bytes: layout.HEADER_BYTES, count: 1, name: () => 'machine', fields: HEADER_FIELDS }
  const guest = load32(layout.HEADER + layout.HEADER_GUEST_BASE)
  yield { at: guest, bytes: load32(layout.HEADER + layout.HEADER_GUEST_END) - guest, count: 1, name: () => 'guest' }
  const programs = load32(layout.HEADER + layout.HEADER_PROGRAMS)
  yield {
    at: programs,
    bytes: layout.PROGRAM_BYTES,
    count: MAX_PROGRAMS,
    name: (i) => `prog${i + 1}`,
    fields: PROGRAM_FIELDS,
  }
  const at = load32(layout.HEADER + layout.HEADER_CPU_AREAS)
  yield { at, bytes: layout.CPU_BYTES, count: cpus, name: (cpu) => `cpu${cpu}`, fields: CPU_FIELDS }
}

/** Where those of a map are, of whatever type. */
function* regionsOfMap(map: number, load32: Load32, cpus: number): Generator<Region> {
  const field = (offset: number): number => load32(map + offset)
  const numbered = (name: string) => (index: number) => `${name}[${index}]`
  const type = field(layout.MAP_TYPE)
  const elements = field(layout.MAP_ELEMENT_COUNT)
  yield { at: map, bytes: layout.MAP_BYTES, count: 1, name: () => 'map', fields: MAP_FIELDS }
  if (type !== MAP_TYPE_RINGBUF && type !== MAP_TYPE_USER_RINGBUF && field(layout.MAP_STRIDE) > 0)
    for (let cpu = 0; cpu < (field(layout.MAP_CPU_STRIDE) > 0 ? cpus : 1); cpu++)
      yield {
        at: field(layout.MAP_ELEMENTS) + cpu * field(layout.MAP_CPU_STRIDE),
        bytes: field(layout.MAP_STRIDE),
        count: elements,
        name: (index) => `element#${index}.value${cpu === 0 ? '' : ` of CPU ${cpu}`}`,
      }
  if (HASHES.includes(type)) {
    const buckets = field(layout.MAP_BUCKET_MASK) + 1
    const link = { links: [0], leadsTo: 'element' }
    yield { at: field(layout.MAP_BUCKETS), bytes: 8, count: buckets, name: numbered('bucket'), ...link }
    const bytes = field(layout.MAP_RECORD_BYTES)
    yield {
      at: field(layout.MAP_RECORDS),
      bytes,
      count: elements,
      name: (i) => `element#${i}`,
      fields: RECORD_FIELDS,
      ...link,
    }
    yield {
      at: field(layout.MAP_SHARES),
      bytes: layout.SHARE_BYTES,
      count: cpus,
      name: (cpu) => `map.cpu${cpu}`,
      fields: SHARE_FIELDS,
    }
  }
  if (type === MAP_TYPE_QUEUE || type === MAP_TYPE_STACK)
    yield { at: field(layout.MAP_BUCKETS), bytes: 8, count: field(layout.MAP_BUCKET_MASK) + 1, name: numbered('place') }
  if (type === MAP_TYPE_QUEUE || type === MAP_TYPE_STACK || type === MAP_TYPE_LPM_TRIE) {
    const steps = cpus * layout.LOOKUP_LEVELS + 1
    yield { at: field(layout.MAP_STEPS), bytes: 16, count: steps, name: (i) => `step#${i}`, fields: STEP_FIELDS }
    yield* regionsOfPool(field(layout.MAP_STEP_POOL), 'map.free_steps', load32)
  }
  if (type === MAP_TYPE_LPM_TRIE) {
    const link = { links: [0], leadsTo: 'node' }
    yield { at: field(layout.MAP_BUCKETS), bytes: 8, count: 1, name: () => 'map.root', ...link }
    const [at, bytes] = [field(layout.MAP_NODES), field(layout.MAP_NODE_BYTES)]
    yield {
      at,
      bytes,
      count: load32(field(layout.MAP_NODE_POOL) + layout.BITMAP_BITS),
      name: (i) => `node#${i}`,
      fields: NODE_FIELDS,
      links: [0, 8],
      leadsTo: 'node',
    }
    yield { at: field(layout.MAP_RECORDS), bytes: 8, count: elements, name: (i) => `element#${i}.grace_period` }
    yield* regionsOfPool(field(layout.MAP_NODE_POOL), 'map.free_nodes', load32)
  }
  if (type === MAP_TYPE_RINGBUF || type === MAP_TYPE_USER_RINGBUF) {
    const bytes = field(layout.MAP_MAX_ENTRIES)
    if (field(layout.MAP_RECORDS) !== 0)
      yield { at: field(layout.MAP_RECORDS), bytes: 8, count: bytes >> 3, name: numbered('header') }
    yield { at: field(layout.MAP_ELEMENTS), bytes: bytes * 2, count: 1, name: () => 'data' }
  } else yield* regionsOfPool(field(layout.MAP_POOL), 'map.free_elements', load32)
}

/** Those of a pool: level 0 has a bit for each object. */
function* regionsOfPool(at: number, name: string, load32: Load32): Generator<Region> {
  if (at === 0) return
  yield { at, bytes: layout.BITMAP_BYTES, count: 1, name: () => name, fields: POOL_FIELDS }
  let words = load32(at + layout.BITMAP_BITS)
  for (let level = 0; level < load32(at + layout.BITMAP_LEVELS); level++) {
    words = Math.ceil(words / 32)
    const first = load32(at + layout.BITMAP_LEVEL + level * 4)
    yield {
      at: first,
      bytes: 4,
      count: words,
      name: (word) => `${name}${level === 0 ? '' : `.level${level}`}[${word}]`,
    }
  }
}

const MARK = Number(layout.RECORD_MARK)
const NEXT = Number(layout.RECORD_NEXT)

/** A link: what it leads to, the mark of an element that has left, the version. */
function linkText(value: bigint, leadsTo: string): string {
  const word = Number(value & 0xffffffffn)
  const next = (word & NEXT) === 0 ? 'none' : `${leadsTo}#${(word & NEXT) - 1}`
  return `{${next}${word & MARK ? ', marked' : ''}, v${value >> 25n}}`
}

/** The names of a machine's words and of those of these maps; read when they are asked for first. */
export function coreNames(load32: Load32, cpus: number, maps: readonly number[]): Names {
  let known: Region[] | undefined
  const find = (address: number): { region: Region; index: number; offset: number } | undefined => {
    known ??= [...maps.flatMap((map) => [...regionsOfMap(map, load32, cpus)]), ...regionsOfMachine(load32, cpus)]
    for (const region of known) {
      const from = address - region.at
      if (region.bytes === 0 || from < 0 || from >= region.bytes * region.count) continue
      return { region, index: Math.floor(from / region.bytes), offset: from % region.bytes }
    }
    return undefined
  }
  return {
    nameOf(address) {
      const found = find(address)
      if (!found) return undefined
      const { region, index, offset } = found
      const name = region.name(index)
      if (!region.fields) return offset === 0 ? name : `${name}+${offset}`
      const field = region.fields.get(offset)
      if (field !== undefined) return `${name}.${field}`
      const [before] = [...region.fields].filter(([at]) => at < offset).sort((one, other) => other[0] - one[0])
      return before ? `${name}.${before[1]}+${offset - before[0]}` : `${name}+${offset}`
    },
    showResult: errnoResult,
    show(address, value, width) {
      const found = width === 8 ? find(address) : undefined
      const { links, leadsTo } = found?.region ?? {}
      return leadsTo !== undefined && links!.includes(found!.offset) ? linkText(value, leadsTo) : undefined
    },
  }
}
