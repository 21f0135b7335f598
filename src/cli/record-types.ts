// As what `skep run` shows the records of ring and perf buffers: the struct that a map's definition names, or
// `--record`.
import { MAP_TYPE_PERF_EVENT_ARRAY, MAP_TYPE_RINGBUF } from '../../core/abi.js'
import { SkepError } from '../error.js'
import { howToKeep, recordType } from '../object/maps.js'
import type { ObjectSpec } from '../object/spec.js'

/**
 * By name of the map, the BTF type of its records. Throws SkepError BAD_OPTION for a map or struct that is not there.
 */
export function recordTypes(spec: ObjectSpec, asked: Readonly<Record<string, unknown>> = {}): Map<string, number> {
  const { btf, maps, name } = spec
  const types = new Map<string, number>()
  for (const map of maps.values()) types.set(map.name, recordType(btf, map.type, map.value))
  for (const [mapName, struct] of Object.entries(asked)) {
    const map = maps.get(mapName)
    const type = btf?.find('struct', String(struct)) ?? 0
    const option = `--record ${mapName}=${String(struct)}`
    if (map?.type !== MAP_TYPE_RINGBUF && map?.type !== MAP_TYPE_PERF_EVENT_ARRAY)
      throw new SkepError('BAD_OPTION', `${option}: object '${name}' has no ring or perf buffer '${mapName}'`)
    if (type === 0)
      throw new SkepError(
        'BAD_OPTION',
        `${option}: the BTF of object '${name}' has no such struct; ${howToKeep(String(struct))}`,
      )
    types.set(mapName, type)
  }
  return types
}

/** Records by their type; those that are shorter stay bytes. */
export function decodedRecords({ btf }: ObjectSpec, type: number, records: readonly Uint8Array[]): unknown[] {
  if (!btf || type === 0) return [...records]
  return records.map((record) => (record.length < btf.sizeOf(type) ? record : btf.decode(type, record)))
}
