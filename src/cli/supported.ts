// What this package can load, for `skep inspect`: the machine's tables in the form that the object reader's check takes.
import { MAP_TYPE_ARRAY, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_PERCPU_ARRAY } from '../../core/abi.js'
import { helpers, kfuncs } from '../machine/helpers.js'
import type { Supported } from '../object/check.js'

export const supported: Supported = {
  helpers: new Set(helpers.map(({ id }) => id!)),
  kfuncs: new Set(kfuncs.map(({ name }) => name)),
  mapTypes: new Set([MAP_TYPE_HASH, MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_LRU_HASH]),
}
