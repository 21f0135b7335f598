// A machine for map tests: the shipped core on one shared memory, one instance per CPU, all on this thread, no
// programs. Keys and values are staged in the guest window; areas of maps are taken from the heaps as the host would.
import { readFile } from 'node:fs/promises'
import {
  BITMAP_BITS,
  BITMAP_LEVEL,
  CPU_RUN_BUFFER,
  CPU_SCRATCH,
  CPU_BYTES,
  HEADER,
  HEADER_CORE_HEAP,
  HEADER_CORE_HEAP_END,
  HEADER_CPU_AREAS,
  HEADER_GUEST_END,
  HEADER_GUEST_HEAP,
  MAP_COUNT,
  MAP_POOL,
  MAP_SHARES,
  SHARE_BYTES,
  SHARE_ROOMS,
  SHARE_SPARE,
} from '../../core/layout.js'
import { standingClock } from '../../src/machine/cpu/clock.js'

/** What the tests call of the core; the helpers take and give 64-bit numbers. */
export interface Core {
  table: WebAssembly.Table
  machine_boot(memoryBytes: number, cpus: number, controlBlocks: number, coreBytes: number): number
  cpu_attach(cpu: number): void
  section_enter(): number
  section_exit(outermost: number): void
  map_bytes_core(...attributes: number[]): number
  map_bytes_guest(...attributes: number[]): number
  map_create(...attributes: number[]): number
  map_lookup(map: number, key: number): number
  map_lookup_cpu(map: number, key: number, cpu: number): number
  map_update(map: number, key: number, value: number, flags: number): number
  map_delete(map: number, key: number): number
  map_push(map: number, value: number, flags: number): number
  map_pop(map: number, value: number): number
  map_peek(map: number, value: number): number
  map_next(map: number, cursor: number): number
  map_next_key(map: number, key: number, next: number): number
  map_element_key(map: number, index: number): number
  map_element_value(map: number, index: number): number
  bpf_map_lookup_elem(map: bigint, key: bigint): bigint
  bpf_map_update_elem(map: bigint, key: bigint, value: bigint, flags: bigint): bigint
  bpf_map_delete_elem(map: bigint, key: bigint): bigint
  bpf_map_lookup_percpu_elem(map: bigint, key: bigint, cpu: bigint): bigint
  bpf_for_each_map_elem(map: bigint, fn: bigint, context: bigint, flags: bigint, frame: number): bigint
  cpu_offline(dead: number): number
  bpf_timer_init(timer: bigint, map: bigint, flags: bigint): bigint
}

export class Fault extends Error {
  constructor(
    readonly kind: number,
    readonly detail: bigint,
  ) {
    super(`fault ${kind} at 0x${BigInt.asUintN(64, detail).toString(16)}`)
  }
}

export interface MapAttributes {
  type: number
  keySize: number
  valueSize: number
  maxEntries: number
  flags?: number
  timer?: number
  work?: number
  lock?: number
  extra?: number
}

/** Compiled once for all tests of a process. */
export const coreModule = await WebAssembly.compile(await readFile(new URL('../../core/core.wasm', import.meta.url)))

export function instantiate(memory: WebAssembly.Memory): Core {
  const fault = (kind: number, detail: bigint): never => {
    throw new Fault(kind, detail)
  }
  const clock = standingClock(() => 1_000_000).onto(memory)
  return new WebAssembly.Instance(coreModule, { env: { memory }, host: { clock, fault } }).exports as unknown as Core
}

/** Address of the area of a CPU. */
export function areaOf(view: DataView, cpu: number): number {
  return view.getUint32(HEADER + HEADER_CPU_AREAS, true) + cpu * CPU_BYTES
}

export class Machine {
  readonly memory: WebAssembly.Memory
  readonly cpus: Core[] = []
  readonly view: DataView
  readonly bytes: Uint8Array
  #coreHeap: number
  #guestHeap: number

  constructor({ cpus = 1, megabytes = 16, controlBlocks = 64, coreBytes = 4 << 20 } = {}) {
    const pages = megabytes << 4
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    this.view = new DataView(this.memory.buffer)
    this.bytes = new Uint8Array(this.memory.buffer)
    for (let index = 0; index < cpus; index++) this.cpus.push(instantiate(this.memory))
    const booted = this.core.machine_boot(pages << 16, cpus, controlBlocks, coreBytes)
    if (booted !== 0) throw new Error(`machine_boot: ${booted}`)
    this.cpus.forEach((core, index) => core.cpu_attach(index))
    this.#coreHeap = this.word(HEADER + HEADER_CORE_HEAP)
    this.#guestHeap = this.word(HEADER + HEADER_GUEST_HEAP)
  }

  get core(): Core {
    return this.cpus[0] as Core
  }

  word(address: number): number {
    return this.view.getUint32(address, true)
  }

  /** Address of the area of a CPU. */
  area(cpu: number): number {
    return areaOf(this.view, cpu)
  }

  /** Staging memory of a CPU, in the guest window: for a key, and for a value. */
  keyAt(cpu = 0): number {
    return this.word(this.area(cpu) + CPU_SCRATCH) + 1024
  }

  valueAt(cpu = 0): number {
    return this.word(this.area(cpu) + CPU_RUN_BUFFER)
  }

  /** Creates a map; its address, or the negative errno that sizes or creation gave. */
  create(a: MapAttributes): number {
    const shape = [a.type, a.keySize, a.valueSize, a.maxEntries, a.flags ?? 0]
    const has = [a.timer === undefined ? 0 : 1, a.work === undefined ? 0 : 1]
    const extra = a.extra ?? 0
    const coreBytes = this.core.map_bytes_core(...shape, ...has, extra)
    const guestBytes = this.core.map_bytes_guest(...shape, ...has, extra)
    if (coreBytes < 0 || guestBytes < 0) return Math.min(coreBytes, guestBytes)
    const core = this.#coreHeap
    const guest = this.#guestHeap
    if (core + coreBytes > this.word(HEADER + HEADER_CORE_HEAP_END)) throw new Error('core heap is too small')
    if (guest + guestBytes > this.word(HEADER + HEADER_GUEST_END)) throw new Error('guest window is too small')
    const map = this.core.map_create(...shape, a.timer ?? -1, a.work ?? -1, a.lock ?? -1, guest, core, extra)
    if (map > 0) {
      this.#coreHeap += coreBytes
      this.#guestHeap += guestBytes
    }
    return map
  }

  stageKey(key: Uint8Array | number, cpu = 0): number {
    const at = this.keyAt(cpu)
    if (typeof key === 'number') this.view.setUint32(at, key, true)
    else this.bytes.set(key, at)
    return at
  }

  stageValue(value: Uint8Array, cpu = 0): number {
    const at = this.valueAt(cpu)
    this.bytes.set(value, at)
    return at
  }

  update(map: number, key: Uint8Array | number, value: Uint8Array, flags = 0, cpu = 0): number {
    return this.cpus[cpu]!.map_update(map, this.stageKey(key, cpu), this.stageValue(value, cpu), flags)
  }

  /** A copy of the value, or undefined. */
  lookup(map: number, key: Uint8Array | number, size: number, cpu = 0): Uint8Array | undefined {
    const at = this.cpus[cpu]!.map_lookup(map, this.stageKey(key, cpu)) >>> 0
    return at === 0 ? undefined : this.bytes.slice(at, at + size)
  }

  delete(map: number, key: Uint8Array | number, cpu = 0): number {
    return this.cpus[cpu]!.map_delete(map, this.stageKey(key, cpu))
  }
}

const shares = (machine: Machine, map: number): number[] =>
  machine.cpus.map((_, cpu) => machine.word(map + MAP_SHARES) + cpu * SHARE_BYTES)

/** Rooms of a hash map that are handed out and that no CPU keeps: its elements, at rest. */
export function roomsTaken(machine: Machine, map: number): number {
  const kept = shares(machine, map).map((share) => machine.word(share + SHARE_ROOMS) & 0xffff)
  return kept.reduce((taken, rooms) => taken - rooms, machine.word(map + MAP_COUNT))
}

/** Whether a CPU keeps a spare element of a hash map. */
export function hasSpare(machine: Machine, map: number, cpu: number): boolean {
  return machine.word(shares(machine, map)[cpu]! + SHARE_SPARE) !== 0
}

/** Elements in the pool of a hash map, and spare ones. */
export function freeElements(machine: Machine, map: number): number {
  const pool = machine.word(map + MAP_POOL)
  const words = machine.word(pool + BITMAP_LEVEL)
  let free = machine.cpus.filter((_, cpu) => hasSpare(machine, map, cpu)).length
  for (let bit = 0; bit < machine.word(pool + BITMAP_BITS); bit++)
    free += (machine.word(words + (bit >> 5) * 4) >>> (bit & 31)) & 1
  return free
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}
