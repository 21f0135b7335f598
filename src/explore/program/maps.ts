// The maps of an object in a model: which types it can read, how large they may be there. Used by machine.ts.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_RINGBUF,
} from '../../../core/abi.js'
import { SkepError } from '../../error.js'
import { roundedEntries } from '../../machine/map/types.js'
import { MAP_TYPE_NAMES } from '../../object/map-types.js'
import type { MapSpec, ObjectSpec } from '../../object/spec.js'

export interface ModelMap {
  spec: MapSpec
  /** The core's structure. */
  address: number
  /** Elements: first address, bytes from one to the next, how many. */
  elements: number
  stride: number
  count: number
  /** Hash maps: where the first element's key lies, bytes from one to the next. */
  keys: number
  keyStride: number
  /** Per-CPU arrays: bytes from one CPU's values to the next one's; else 0. */
  cpuStride: number
}

/** Map types whose contents the model can read. */
const MODELLED = new Set([MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_RINGBUF])
/** Elements that a hash map has at most in the model. */
const MOST_ELEMENTS = 64
const FIXED_MEMORY = 3 << 20

/**
 * Makes the maps of an object fit into a model of so many CPUs: the memory that it takes, and which maps are smaller
 * there. Memory and core heap are rough upper bounds: they cost the model nothing. Throws SkepError UNSUPPORTED,
 * NO_MEMORY.
 */
export function fitted(spec: ObjectSpec, cpus: number): { memory: number; lowered: string[] } {
  const lowered: string[] = []
  let bytes = FIXED_MEMORY + cpus * (128 << 10)
  for (const map of spec.maps.values()) {
    if (!MODELLED.has(map.type))
      throw new SkepError(
        'UNSUPPORTED',
        `object '${spec.name}': map '${map.name}' is of type ${MAP_TYPE_NAMES[map.type] ?? map.type}, of which the check has no model`,
      )
    map.maxEntries = roundedEntries(map, cpus)
    if ((map.type === MAP_TYPE_HASH || map.type === MAP_TYPE_LRU_HASH) && map.maxEntries > MOST_ELEMENTS) {
      lowered.push(`${map.name}: ${MOST_ELEMENTS} instead of ${map.maxEntries}`)
      map.maxEntries = MOST_ELEMENTS
    }
    // A ring buffer has bytes instead of elements.
    if (map.valueSize === 0) bytes += 2 * map.maxEntries + 3 * 4096
    else bytes += (map.maxEntries + 64) * (map.valueSize + 2 * map.keySize + 80) * cpus + 3 * 4096
  }
  if (bytes > 512 << 20)
    throw new SkepError('NO_MEMORY', `the maps of '${spec.name}' are too large for a model: ${bytes} bytes`)
  return { memory: (bytes + 65535) & ~65535, lowered }
}
