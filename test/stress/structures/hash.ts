// Hash and LRU maps under stress: a few keys, which all lie in one bucket.
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import {
  atRest,
  check,
  elements,
  lookup,
  model,
  placeOf,
  remove,
  update,
} from '../../../src/explore/subjects/map-stage.js'
import type { OneBucketMap } from '../../../src/explore/subjects/map-stage.js'
import type { Structure } from './structure.js'

const ENTRIES = 3
/** Keys 0 to 4: more than the map holds. */
const KEYS = 5

export const hash = (type: number): Structure<OneBucketMap, readonly number[]> => ({
  create(machine, cpus) {
    const { address } = machine.arrayMap({ type, entries: ENTRIES, valueSize: 4, timer: -1 })
    machine.setU32(address + layout.MAP_BUCKET_MASK, 0)
    return { map: address, type, maxEntries: ENTRIES, cpus }
  },
  model: (at) => model(at, []),
  shown: (keys) => `keys ${keys.join(', ') || 'none'}`,
  part(map, { thread, cpu, memory, perform }) {
    const at = placeOf(map, cpu, memory)
    return {
      operate() {
        const key = thread.below(KEYS)
        perform(
          thread.pick([
            () => update(at, '', key),
            () => update(at, '', key, thread.pick([BPF_ANY, BPF_NOEXIST, BPF_EXIST])),
            () => remove(at, '', key),
            () => lookup(at, '', key),
          ])(),
        )
      },
      state: (view) =>
        elements(map, view)
          .map(({ key }) => key)
          .sort(),
      wrong: (view) => check(map)(view) ?? atRest(map)(view),
    }
  },
})
