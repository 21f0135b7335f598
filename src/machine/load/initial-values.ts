// Static initialisers of maps of maps and of program arrays: what `values` of the definition names. Called by load.ts.
import { MAP_TYPE_PROG_ARRAY } from '../../../core/abi.js'
import { SkepError } from '../../error.js'
import { errnoError } from '../errno.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveMap } from '../map/table.js'
import type { LiveObject } from './object-table.js'

/** Puts inner maps where the definitions say. Throws EINVAL if one does not fit. */
export function fillMapsOfMaps(
  kernel: Kernel,
  maps: ReadonlyMap<string, LiveMap>,
  created: ReadonlySet<LiveMap>,
): void {
  for (const map of created)
    if (map.spec.type !== MAP_TYPE_PROG_ARRAY)
      for (const [index, name] of map.spec.initial ?? []) {
        const inner = maps.get(name)
        if (!inner) throw new SkepError('UNRESOLVED', `map '${map.name}': there is no map '${name}' to put at ${index}`)
        fill(kernel, map, index, inner.id)
      }
}

/** Puts programs where the definitions say; one that was not selected leaves its place empty. */
export function fillProgramArrays(kernel: Kernel, object: LiveObject, created: ReadonlySet<LiveMap>): void {
  for (const map of created)
    if (map.spec.type === MAP_TYPE_PROG_ARRAY)
      for (const [index, name] of map.spec.initial ?? []) {
        const program = object.programs.get(name)
        if (program) fill(kernel, map, index, program)
      }
}

function fill(kernel: Kernel, map: LiveMap, index: number, value: unknown): void {
  const { core, memory, runBuffer } = kernel.host
  const held = map.held?.take(value)
  if (!held) return
  const key = new Uint8Array(map.spec.keySize)
  new DataView(key.buffer).setUint32(0, index, true)
  memory.write(runBuffer.address, key)
  memory.setWord(runBuffer.address + ((key.length + 7) & ~7), held.address)
  const result = core.map_update(map.address, runBuffer.address, runBuffer.address + ((key.length + 7) & ~7), 0)
  if (result === 0) {
    map.held?.hold(key, held)
    return
  }
  held.release()
  throw errnoError(result, `map '${map.name}': initial value at ${index}`)
}
