// The map types that this machine has. Read by load.ts before anything is loaded, and by the inspection of objects.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
} from '../../core/abi.js'

/** BPF_MAP_TYPE_* numbers. */
export const mapTypes: ReadonlySet<number> = new Set([
  MAP_TYPE_HASH,
  MAP_TYPE_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
])
