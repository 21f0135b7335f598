// Maps that an object shares with others: given by the caller of load(), or pinned by name as libbpf does it
// (LIBBPF_PIN_BY_NAME). A reused map must be what the object says, in libbpf's words. Called by load.ts.
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../../../core/abi.js'
import { show, SkepError } from '../../error.js'
import type { MapSpec, ObjectSpec } from '../../object/spec.js'
import type { Mode } from '../answer.js'
import type { Kernel } from '../boot/kernel.js'
import { MapHandle } from '../map/handle.js'
import type { LiveMap } from '../map/table.js'

/** Where maps that are not created come from. */
export interface ReuseOptions {
  /**
   * Maps of this machine to use instead of creating them, by the name in the object: handles, also of other objects.
   * The object gets a user reference of its own on each.
   */
  maps?: Readonly<Record<string, MapHandle<Mode>>>
  /**
   * Goes in front of the names of maps that the object pins by name: 'app' pins `flows` as 'app/flows'. Default none.
   */
  pinRoot?: string
}

/** A map that is there already, and what its user may do. */
export interface Reused {
  readonly map: LiveMap
  /** BPF_F_RDONLY, BPF_F_WRONLY of the handle that was given. */
  readonly access: number
}

/** The name under which an object pins a map; undefined if it does not. */
export function pinName({ name, pinning }: MapSpec, { pinRoot }: ReuseOptions): string | undefined {
  if (pinning !== 1) return undefined
  return pinRoot === undefined || pinRoot === '' ? name : `${pinRoot}/${name}`
}

/** Throws NO_SUCH_NAME if a map is given for a name that the object does not have. */
export function checkGiven(spec: ObjectSpec, { maps = {} }: ReuseOptions): void {
  for (const name of Object.keys(maps))
    if (!spec.maps.has(name))
      throw new SkepError(
        'NO_SUCH_NAME',
        `maps: object '${spec.name}' has no map '${name}'; it has ${[...spec.maps.keys()].join(', ') || 'none'}`,
      )
}

/**
 * The map to use for one of an object's: the one that is given, else the one that is pinned. Throws BAD_MAP, CLOSED.
 */
export function reusedMap(kernel: Kernel, spec: MapSpec, options: ReuseOptions): Reused | undefined {
  const given: unknown = options.maps?.[spec.name]
  if (given !== undefined) {
    const map = givenMap(kernel, spec, given)
    refuseMismatch(spec, map, `couldn't reuse map '${map.name}'`)
    return { map, access: (given as MapHandle<Mode>).accessFlags }
  }
  const pin = pinName(spec, options)
  if (pin === undefined || !kernel.maps.pins.includes(pin)) return undefined
  const map = kernel.maps.pinned(pin)
  refuseMismatch(spec, map, `couldn't reuse pinned map at '${pin}'`)
  return { map, access: 0 }
}

function givenMap(kernel: Kernel, spec: MapSpec, given: unknown): LiveMap {
  if (!(given instanceof MapHandle))
    throw new SkepError('BAD_MAP', `map '${spec.name}': expected the handle of a map, got ${show(given)}`)
  return kernel.maps.ofHandle(given as MapHandle<Mode>)
}

const FIELDS = [
  ['type', 'type'],
  ['key_size', 'keySize'],
  ['value_size', 'valueSize'],
  ['max_entries', 'maxEntries'],
  ['map_flags', 'flags'],
  ['offset of bpf_timer', 'timerOffset'],
  ['offset of bpf_wq', 'workOffset'],
  ['offset of bpf_spin_lock', 'lockOffset'],
] as const

function refuseMismatch(wanted: MapSpec, { spec }: LiveMap, refusal: string): void {
  const field = mismatch(wanted, spec) ?? innerMismatch(wanted, spec)
  if (field)
    throw new SkepError('BAD_MAP', `map '${wanted.name}': ${refusal}: parameter mismatch: ${field}`, {
      map: wanted.name,
    })
}

/** What differs, in words. Flags of handles are not the map's. */
function mismatch(wanted: MapSpec, found: MapSpec): string | undefined {
  const mask = ~(BPF_F_RDONLY | BPF_F_WRONLY)
  for (const [name, field] of FIELDS) {
    const [theirs, ours] = field === 'flags' ? [found.flags & mask, wanted.flags & mask] : [found[field], wanted[field]]
    if (theirs !== ours) return `${name} is ${theirs}, the object says ${ours}`
  }
  return undefined
}

function innerMismatch({ inner: wanted }: MapSpec, { inner: found }: MapSpec): string | undefined {
  if (!wanted || !found) return wanted || found ? `only one of them has inner maps` : undefined
  const field = mismatch(wanted, found)
  return field && `of the inner maps: ${field}`
}
