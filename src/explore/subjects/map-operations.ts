// What is done to the keys of a hash map, by name, and the stages on which it is done: subjects with maps of one shape
// share one. For the catalogues of maps.
import { BPF_EXIST, BPF_NOEXIST } from '../../../core/abi.js'
import type { Operation } from '../subject.js'
import { lookup, mapStage, remove, update } from './map-stage.js'
import type { MapStage, MapStageOptions } from './map-stage.js'
import { once } from './shared-operations.js'

/** Makes an operation of that name. */
export type Make = (at: MapStage, name: string) => Operation

// The same, but subjects of one stage share what was made.
const shared = (makers: Record<string, Make>): Record<string, Make> =>
  Object.fromEntries(
    Object.entries(makers).map(([what, make]): [string, Make] => [
      what,
      (at, name) => once(at.stage, `${what} ${name}`, () => make(at, name)),
    ]),
  )

/** The operations on keys 1 and 2. */
export const MAP_OPERATIONS = shared({
  'look up 1': (at, name) => lookup(at, name, 1),
  'look up 2': (at, name) => lookup(at, name, 2),
  'delete 1': (at, name) => remove(at, name, 1),
  'delete 2': (at, name) => remove(at, name, 2),
  'update 1': (at, name) => update(at, name, 1),
  'update 2': (at, name) => update(at, name, 2),
  'create 1': (at, name) => update(at, name, 1, BPF_NOEXIST),
  'replace 2': (at, name) => update(at, name, 2, BPF_EXIST),
})

/** What an LRU map is about: insertions that evict. Keys 0 and 3 are not there at first. */
export const LRU_OPERATIONS: Record<string, Make> = {
  ...MAP_OPERATIONS,
  ...shared({
    'insert 3': (at, name) => update(at, name, 3),
    'insert 0': (at, name) => update(at, name, 0),
  }),
}

/** The maps of a stage. */
export interface Shape extends Omit<MapStageOptions, 'traced' | 'module'> {
  type: number
  maxEntries: number
}

const stages = new Map<string, MapStage>()

/** The stage of a shape; one of its own over the core that is given. */
export function stageOf({ type, maxEntries, ...more }: Shape, traced: boolean, module?: Uint8Array): MapStage {
  if (module) return mapStage(type, maxEntries, { ...more, module })
  const key = JSON.stringify([type, maxEntries, more, traced])
  const known = stages.get(key)
  if (known) return known
  const stage = mapStage(type, maxEntries, { ...more, traced })
  stages.set(key, stage)
  return stage
}
