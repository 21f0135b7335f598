// The maps of a machine: creation in guest and core memory, handles, ids, pins, and taking memory back after the last
// reference. Two kinds of reference, as in the kernel: user references (handles and pins) keep timers and work alive,
// plain ones (handles, pins, loaded code) keep the memory.
import {
  BPF_F_RDONLY,
  BPF_F_WRONLY,
  E2BIG,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_STACK_TRACE,
  MAX_MAPS,
} from '../../../core/abi.js'
import { HEADER, HEADER_MAPS, MAP_ID, MAP_STATE, MAP_USER_REFERENCES } from '../../../core/layout.js'
import { show, SkepError } from '../../error.js'
import type { Btf } from '../../object/btf.js'
import { MAP_TYPE_NAMES } from '../../object/map-types.js'
import type { MapSpec } from '../../object/spec.js'
import type { Answering, Mode } from '../answer.js'
import { errnoError } from '../errno.js'
import type { Kernel } from '../boot/kernel.js'
import { MapAccess, type Staging } from './access.js'
import { MapHandle } from './handle.js'
import { holdsReferences, MapReferences } from './references.js'
import { programCpusOf } from '../options/boot-options.js'
import { openPerfEvents } from './perf-events.js'
import type { MapAt } from '../run/redirect.js'
import { allocateBoth } from '../cpu/ranges.js'

/** MAP_STATE: free, and ready to be taken back. */
const STATE_FREE = 0
const STATE_RECLAIMABLE = 3

/** One map that exists in the core. */
export interface LiveMap {
  readonly id: number
  readonly name: string
  readonly address: number
  readonly spec: MapSpec
  readonly btf: Btf | undefined
  readonly guest: number
  readonly guestBytes: number
  readonly core: number
  readonly coreBytes: number
  /**
   * Where keys and values pass that the run buffer is too small for: the host's, then those of the CPUs kept for
   * threads that join, each as large.
   */
  readonly staging: Staging | undefined
  /** Plain references of handles, pins and loaded code. */
  references: number
  /** What stands in a program array or a map of maps. */
  readonly held?: MapReferences
}

export class MapTable {
  readonly #kernel: Kernel
  readonly #live = new Map<number, LiveMap>()
  readonly #dead = new Set<LiveMap>()
  readonly #pins = new Map<string, LiveMap>()
  /** Open handles of this thread. */
  readonly #handles = new Set<MapHandle<Mode>>()
  #nextId = 1

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** True while memory of closed maps waits to be taken back. */
  get dying(): boolean {
    return this.#dead.size > 0
  }

  get live(): Iterable<LiveMap> {
    return this.#live.values()
  }

  /** Maps whose memory waits for a grace period. */
  get waiting(): number {
    return this.#dead.size
  }

  /**
   * Creates a map with one user reference and one plain reference, both the caller's. Throws before anything exists.
   */
  create(spec: MapSpec, btf: Btf | undefined): LiveMap {
    const { core } = this.#kernel.host
    const { name, type, keySize, valueSize, maxEntries, flags, timerOffset, workOffset, lockOffset, extra } = spec
    const hasTimer = timerOffset >= 0 ? 1 : 0
    const hasWork = workOffset >= 0 ? 1 : 0
    const sizes = [type, keySize, valueSize, maxEntries, flags, hasTimer, hasWork, extra] as const
    const staging = this.#stagingOf(spec)
    const mapBytes = this.#kernel.guest.roundUp(checked(core.map_bytes_guest(...sizes), spec))
    const guestBytes = mapBytes + staging * (1 + this.#kernel.shape.joins)
    const coreBytes = checked(core.map_bytes_core(...sizes), spec)
    const attributes = [type, keySize, valueSize, maxEntries, flags, timerOffset, workOffset, lockOffset] as const
    const made = this.#kernel.withRoom(() => {
      const { guest, heap, memory } = this.#kernel
      const places = allocateBoth(guest, guestBytes, heap, coreBytes)
      if (!places) return undefined
      memory.fill(places[0], guest.roundUp(guestBytes))
      memory.fill(places[1], heap.roundUp(coreBytes))
      const address = core.map_create(...attributes, ...places, extra)
      if (address >= 0 || address <= -4096) return { guest: places[0], core: places[1], address: address >>> 0 }
      guest.release(places[0], guestBytes)
      heap.release(places[1], coreBytes)
      // Its attributes passed when its bytes were counted: E2BIG is that there is no structure left.
      if (address !== -E2BIG) throw notCreated(spec, address)
      return undefined
    })
    if (!made) throw this.#noRoom(name, guestBytes, coreBytes)
    const live: LiveMap & { held?: MapReferences } = {
      id: this.#nextId++,
      name,
      spec,
      btf,
      ...made,
      guestBytes,
      coreBytes,
      staging: staging === 0 ? undefined : { address: made.guest + mapBytes, bytes: staging },
      references: 1,
    }
    this.#kernel.memory.setWord(live.address + MAP_ID, live.id)
    if (holdsReferences(type)) live.held = new MapReferences(this.#kernel, live)
    this.#live.set(live.id, live)
    return live
  }

  /** Takes a plain reference. */
  get(map: LiveMap): void {
    map.references++
    this.#kernel.host.core.map_get(map.address)
  }

  /** Drops a plain reference; after the last the map has no id any more. */
  put(map: LiveMap): void {
    this.#kernel.host.core.map_put(map.address)
    if (--map.references > 0) return
    this.#live.delete(map.id)
    this.#dead.add(map)
  }

  /**
   * A handle that owns one user and one plain reference: its own, or the pair that is already taken for it (`taken`).
   * `access` is BPF_F_RDONLY, BPF_F_WRONLY or 0.
   */
  handle<M extends Mode>(map: LiveMap, answer: Answering<M>, access = 0, taken = false): MapHandle<M> {
    const kernel = this.#kernel
    if (!taken) this.open(map)
    const { address, size } = kernel.host.runBuffer
    const staging = map.staging ?? { address, bytes: size }
    const description = {
      id: map.id,
      name: map.name,
      btf: map.btf,
      keyType: map.spec.key,
      valueType: map.spec.value,
      access: access & (BPF_F_RDONLY | BPF_F_WRONLY),
    }
    const owner = {
      use: <T>(work: () => T): T => {
        kernel.check()
        return work()
      },
      settle: () => kernel.settle(),
      references: map.held,
      programNamed: (id: number) => kernel.objects.byId(id)?.spec.name,
      perfEvents: (bytes: number) => openPerfEvents(kernel, map, bytes),
      pins: {
        add: (name: string) => this.pin(map, name),
        remove: (name: string) => this.unpin(name, map),
        names: () => this.pinsOf(map),
      },
      hold: () => {
        this.open(map)
        return () => this.#letGo(map)
      },
      holdBesideHandle: () => () => undefined,
      release: () => {
        this.#handles.delete(handle)
        if (kernel.closed) return
        this.#letGo(map)
      },
    }
    const bytes = new MapAccess(kernel.host, map.address, map.name, staging, programCpusOf(kernel.shape))
    const handle = new MapHandle(bytes, description, owner, answer)
    this.#handles.add(handle)
    return handle
  }

  /** The map of a handle of this machine. Throws BAD_MAP for another machine's, CLOSED for a closed one. */
  ofHandle(handle: MapHandle<Mode>): LiveMap {
    if (!this.#handles.has(handle)) {
      if (!handle.open) throw new SkepError('CLOSED', `the handle on map '${handle.name}' is closed`)
      throw new SkepError('BAD_MAP', `map '${handle.name}' is not of this machine, or its handle is another thread's`)
    }
    return this.byId(handle.id)
  }

  /** The machine ends: whoever waits for records of a ring buffer is told. */
  endConsumers(): void {
    for (const handle of this.#handles) handle.endConsumers()
  }

  #letGo(map: LiveMap): void {
    if (this.#kernel.closed) return
    this.close(map)
    this.#kernel.settle()
  }

  /** Drops a user reference and a plain one. */
  close(map: LiveMap): void {
    this.#kernel.host.core.map_user_put(map.address)
    if (map.spec.type === MAP_TYPE_PROG_ARRAY && this.#kernel.memory.word(map.address + MAP_USER_REFERENCES) === 0)
      map.held?.clear()
    this.put(map)
  }

  /** The live map with this id. Throws ENOENT. */
  byId(id: number): LiveMap {
    const map = this.#live.get(id)
    if (!map) throw new SkepError('ENOENT', `no map has the id ${id}`)
    return map
  }

  /** The map at an address of the core; undefined if that is none. */
  byAddress(address: number): LiveMap | undefined {
    for (const map of this.#live.values()) if (map.address === address) return map
    return undefined
  }

  /** The map at an address of the core, live or closed, as long as its memory is there. */
  knownAt(address: number): LiveMap | undefined {
    for (const map of this.#dead) if (map.address === address) return map
    return this.byAddress(address)
  }

  /** Name and type of the map at an address of the core; undefined if that is none. */
  readonly named: MapAt = (address) => {
    const map = this.byAddress(address)
    return map && { name: map.name, type: map.spec.type }
  }

  /** The map whose number the page map holds (index of its structure + 1). */
  byPageNumber(number: number): LiveMap | undefined {
    return this.byAddress(this.#kernel.memory.word(HEADER + HEADER_MAPS) + (number - 1) * 256)
  }

  /** Names a map so that it outlives its handles. Throws EEXIST if the name is taken. */
  pin(map: LiveMap, name: string): void {
    if (typeof name !== 'string' || name === '')
      throw new SkepError('BAD_VALUE', `pin: expected a name, got ${show(name)}`)
    if (this.#pins.has(name)) throw new SkepError('EEXIST', `a map is pinned as '${name}' already`)
    this.open(map)
    this.#pins.set(name, map)
  }

  /** Takes a pin's name away, of this map or of any. Throws ENOENT. */
  unpin(name: string, of?: LiveMap): void {
    const map = this.pinned(name)
    if (of !== undefined && map !== of) throw new SkepError('ENOENT', `map '${of.name}' is not pinned as '${name}'`)
    this.#pins.delete(name)
    this.#letGo(map)
  }

  /** The map with that pin. Throws ENOENT, BAD_VALUE. */
  pinned(name: string): LiveMap {
    if (typeof name !== 'string')
      throw new SkepError('BAD_VALUE', `expected the id of a map or the name of a pin, got ${show(name)}`)
    const map = this.#pins.get(name)
    if (!map) throw new SkepError('ENOENT', `no map is pinned as '${name}'`)
    return map
  }

  get pins(): string[] {
    return [...this.#pins.keys()]
  }

  pinsOf(map: LiveMap): string[] {
    return this.pins.filter((name) => this.#pins.get(name) === map)
  }

  /** Takes back the memory of maps whose grace period is over. */
  reclaim(): void {
    const { memory, guest, heap } = this.#kernel
    for (const map of this.#dead) {
      if (memory.word(map.address + MAP_STATE) !== STATE_RECLAIMABLE) continue
      memory.setWord(map.address + MAP_STATE, STATE_FREE)
      guest.release(map.guest, map.guestBytes)
      heap.release(map.core, map.coreBytes)
      this.#dead.delete(map)
      map.held?.releaseAll()
    }
  }

  /** Takes a user reference and a plain one. */
  open(map: LiveMap): void {
    this.get(map)
    this.#kernel.host.core.map_user_get(map.address)
  }

  /** Bytes that operations need beside the run buffers of CPUs, which are all alike; 0 if those are enough. */
  #stagingOf({ keySize, valueSize }: MapSpec): number {
    const { shape, host, guest } = this.#kernel
    const needed = 2 * keySize + 32 + (valueSize + 8) * (programCpusOf(shape) + 1)
    return needed > host.runBuffer.size ? guest.roundUp(needed) : 0
  }

  #noRoom(name: string, guestBytes: number, coreBytes: number): SkepError {
    const { guest, heap } = this.#kernel
    for (const [space, bytes, called, option] of [
      [guest, guestBytes, 'guest', `'memory'`],
      [heap, coreBytes, 'core', `'coreMemory' (or 'memory')`],
    ] as const) {
      const { total, largest } = space.available()
      if (largest < bytes)
        return new SkepError(
          'NO_MEMORY',
          `map '${name}' needs ${bytes} bytes of ${called} memory; ` +
            `${total} are free, at most ${largest} in one piece. Boot with a larger ${option}`,
          { map: name, bytes, free: total },
        )
    }
    return new SkepError(
      'NO_MEMORY',
      `map '${name}': a machine has at most ${MAX_MAPS} maps, data sections among them; close objects or handles`,
    )
  }
}

/** The kernel's answer, with all that it was asked for: which of it was wrong is not said by an errno. */
function notCreated(spec: MapSpec, result: number): SkepError {
  const { name, type, keySize, valueSize, maxEntries, flags } = spec
  const entries = maxEntries === 0 ? '0, for the loader to set: maxEntries' : maxEntries
  const unset = valueSize === 0 && type === MAP_TYPE_STACK_TRACE
  const value = unset ? '0, for the loader to set: valueSize' : valueSize
  return errnoError(
    result,
    `map '${name}' (${MAP_TYPE_NAMES[type] ?? type}; key_size ${keySize}, value_size ${value}, ` +
      `map_flags ${flags}, max_entries ${entries}) cannot be created`,
    { map: name },
  )
}

function checked(result: number, spec: MapSpec): number {
  if (result < 0 && result > -4096) throw notCreated(spec, result)
  return result >>> 0
}
