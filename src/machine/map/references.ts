// What stands in a program array or a map of maps: programs and inner maps by address, each with a reference that this
// file holds until the place has changed. As in the kernel, an inner map gets no user reference by it: its timers and
// work stop with its last handle or pin; a program array is emptied when its own last user reference goes.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_PROG_ARRAY,
} from '../../../core/abi.js'
import { SkepError } from '../../error.js'
import type { ProgramType } from '../../object/spec.js'
import type { Mode } from '../answer.js'
import type { Kernel } from '../boot/kernel.js'
import { MapHandle } from './handle.js'
import type { LiveMap } from './table.js'
import { isRecord } from '../options/given-options.js'
import { Program } from '../run/program.js'
import type { LiveProgram } from '../load/object-table.js'

/** True for the kinds of map whose values are programs or maps. */
export function holdsReferences(type: number): boolean {
  return type === MAP_TYPE_PROG_ARRAY || type === MAP_TYPE_ARRAY_OF_MAPS || type === MAP_TYPE_HASH_OF_MAPS
}

/** A reference that is held until `release`. */
export interface Held {
  readonly address: number
  release(): void
}

export class MapReferences {
  readonly #kernel: Kernel
  readonly #map: LiveMap
  readonly #held = new Map<string, Held>()
  /** Type of the programs in a program array: that of the first. */
  #owner: ProgramType | undefined

  constructor(kernel: Kernel, map: LiveMap) {
    this.#kernel = kernel
    this.#map = map
  }

  /** Takes a reference on what a user wants to set. Throws EINVAL for what cannot stand in this map, BAD_VALUE. */
  take(value: unknown): Held {
    const { core } = this.#kernel.host
    if (this.#map.spec.type === MAP_TYPE_PROG_ARRAY) {
      const program = value instanceof Program ? value.live : (value as LiveProgram)
      if (!isRecord(program) || this.#kernel.objects.byAddress(program.address) !== program)
        throw new SkepError('BAD_VALUE', `map '${this.#map.name}' takes programs of the same machine`)
      if (this.#owner !== undefined && this.#owner !== program.spec.type)
        throw new SkepError('EINVAL', `map '${this.#map.name}' has ${this.#owner} programs, not ${program.spec.type}`)
      if (core.program_get(program.address) === 0)
        throw new SkepError('ENOENT', `program '${program.spec.name}' is being unloaded`)
      this.#owner = program.spec.type
      return { address: program.address, release: () => core.program_put(program.address) }
    }
    const inner = this.#inner(value)
    this.#refuseOther(inner)
    this.#kernel.maps.get(inner)
    return { address: inner.address, release: () => this.#kernel.maps.put(inner) }
  }

  /** The place of a key holds this now; undefined: it is empty. */
  hold(key: Uint8Array, held: Held | undefined): void {
    const place = key.join()
    this.#held.get(place)?.release()
    if (held) this.#held.set(place, held)
    else this.#held.delete(place)
  }

  /** Everything goes. */
  releaseAll(): void {
    for (const held of this.#held.values()) held.release()
    this.#held.clear()
  }

  /** Empties a program array. */
  clear(): void {
    const { core, memory } = this.#kernel.host
    for (let at = 0; at < this.#map.spec.maxEntries; at++)
      memory.setWord(core.map_element_value(this.#map.address, at) >>> 0, 0)
    this.releaseAll()
  }

  #inner(value: unknown): LiveMap {
    if (value instanceof MapHandle) return this.#kernel.maps.ofHandle(value as MapHandle<Mode>)
    if (typeof value === 'number') return this.#kernel.maps.byId(value)
    throw new SkepError('BAD_VALUE', `map '${this.#map.name}' takes handles or ids of maps`)
  }

  #refuseOther(inner: LiveMap): void {
    const template = this.#map.spec.inner
    const fields = ['type', 'keySize', 'valueSize', 'flags', 'timerOffset', 'workOffset', 'lockOffset'] as const
    const field =
      fields.find((name) => template?.[name] !== inner.spec[name]) ??
      (inner.spec.type === MAP_TYPE_ARRAY && template?.maxEntries !== inner.spec.maxEntries ? 'maxEntries' : undefined)
    if (field !== undefined)
      throw new SkepError(
        'EINVAL',
        `map '${inner.name}' cannot stand in '${this.#map.name}': its ${field} is ${inner.spec[field]}, ` +
          `expected ${template?.[field] ?? 'a definition of the inner maps'}`,
      )
  }
}
