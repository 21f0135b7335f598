// A machine of the core alone, for tests of its exports: several CPUs on one thread, a clock that the test sets,
// programs whose functions are JavaScript (wrapped by a small module, since a wasm table holds wasm functions only).
import { readFileSync } from 'node:fs'
import * as abi from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { trampolines } from '../../src/explore/trampoline.js'
import { standingClock } from '../../src/machine/cpu/clock.js'
import { realDoor, type Before } from './real-door.js'

type Export = (...values: (number | bigint)[]) => number | bigint
export type Callback = (map: bigint, key: bigint, value: bigint) => bigint | void

const core = new WebAssembly.Module(readFileSync(new URL('../../core/core.wasm', import.meta.url)))

export class Fault extends Error {
  constructor(
    readonly kind: number,
    readonly detail: bigint,
  ) {
    super(`fault ${kind} ${detail}`)
  }
}

/**
 * A CPU on the calling thread over a memory that other threads have too (stress tests). `build`: not the shipped core.
 */
export function attachCpu(memory: WebAssembly.Memory, index: number, clock: () => number, build?: Build) {
  const u32 = (address: number): number => new DataView(memory.buffer).getUint32(address, true)
  const cpu = new Cpu({ memory, clock, u32 }, index, build)
  cpu.call('cpu_attach', index)
  const view = new DataView(memory.buffer)
  return {
    index,
    exports: cpu.exports,
    area: cpu.area,
    scratch: view.getUint32(cpu.area + layout.CPU_SCRATCH, true),
    call: cpu.call.bind(cpu),
    helper: cpu.helper.bind(cpu),
    inSection: cpu.inSection.bind(cpu),
    u32: (address: number) => view.getUint32(address, true),
    setU32: (address: number, value: number) => view.setUint32(address, value, true),
    u64: (address: number) => view.getBigUint64(address, true),
    setFunction: cpu.setFunction.bind(cpu),
  }
}
export type AttachedCpu = ReturnType<typeof attachCpu>

/** A build of the core. Of a check build, what comes before each access. */
export interface Build {
  module: WebAssembly.Module
  before?: Before
  /** How it sleeps: as realDoor is told. */
  sleep?: (nanoseconds: number) => number
}

/** What a CPU needs of its machine. */
interface Host {
  readonly memory: WebAssembly.Memory
  clock(): number
  u32(address: number): number
}

/** One CPU: its instance of the core. */
export class Cpu {
  readonly exports: Record<string, Export>
  readonly table: WebAssembly.Table

  constructor(
    readonly machine: Host,
    readonly index: number,
    { module, before, sleep }: Build = { module: core },
  ) {
    const clock = (): number => machine.clock()
    const instance = new WebAssembly.Instance(module, {
      env: { memory: machine.memory },
      ...(before ? { hook: realDoor(machine.memory, before, clock, sleep) } : {}),
      host: {
        clock: standingClock(clock).onto(machine.memory),
        fault: (kind: number, detail: bigint) => {
          throw new Fault(kind, detail)
        },
      },
    })
    this.exports = instance.exports as Record<string, Export>
    this.table = instance.exports['table'] as WebAssembly.Table
    this.table.grow(256)
  }

  /** Calls an export that takes and returns 32-bit numbers. */
  call(name: string, ...values: number[]): number {
    const exported = this.exports[name]
    if (exported === undefined) throw new Error(`the core exports no ${name}`)
    return Number(exported(...values))
  }

  /** Calls a helper: 64-bit arguments and result, inside a section as a program's call would be. */
  helper(name: string, ...values: (number | bigint)[]): number {
    const exported = this.exports[name]
    if (exported === undefined) throw new Error(`the core exports no ${name}`)
    // A run begins by reading the clock.
    new DataView(this.machine.memory.buffer).setBigUint64(
      this.area + layout.CPU_NOW,
      BigInt(Math.floor(this.machine.clock())),
      true,
    )
    return this.inSection(() => Number(exported(...values.map((value) => BigInt.asUintN(64, BigInt(value))))))
  }

  /** Does what a program does: inside a section. */
  inSection<T>(work: () => T): T {
    const token = this.call('section_enter')
    try {
      return work()
    } finally {
      this.call('section_exit', token)
    }
  }

  /** Puts a JavaScript function into this CPU's function table. */
  setFunction(index: number, target: Callback): void {
    const [wrapped] = trampolines(1, 0, (_index, map, key, value) => target(map, key, value) ?? 0n)
    this.table.set(index, wrapped)
  }

  get area(): number {
    return this.machine.u32(layout.HEADER + layout.HEADER_CPU_AREAS) + this.index * layout.CPU_BYTES
  }
}

export interface ArrayMap {
  address: number
  /** Guest address of the timer (or work) of element `index`. */
  timer(index: number): number
  work(index: number): number
  value(index: number): number
}

interface MapOptions {
  type?: number
  keySize?: number
  /** Bytes. */
  valueSize?: number
  entries?: number
  flags?: number
  /** Offsets in the value. */
  timer?: number
  work?: number
}

export class CoreMachine {
  readonly memory: WebAssembly.Memory
  readonly cpus: Cpu[]
  /** Nanoseconds. */
  now = 1_000_000
  private nextFunction = 1
  private guestHeap: number
  private coreHeap: number

  constructor(options: { cpus?: number; controlBlocks?: number; megabytes?: number; build?: Build } = {}) {
    const pages = (options.megabytes ?? 8) * 16
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    const count = options.cpus ?? 2
    this.cpus = Array.from({ length: count }, (_, index) => new Cpu(this, index, options.build))
    const booted = this.cpu(0).call('machine_boot', pages * 65536, count, options.controlBlocks ?? 64, 1 << 20)
    if (booted !== 0) throw new Error(`machine_boot: ${booted}`)
    for (const cpu of this.cpus) cpu.call('cpu_attach', cpu.index)
    this.guestHeap = this.u32(layout.HEADER + layout.HEADER_GUEST_HEAP)
    this.coreHeap = this.u32(layout.HEADER + layout.HEADER_CORE_HEAP)
  }

  cpu(index: number): Cpu {
    const found = this.cpus[index]
    if (found === undefined) throw new Error(`no CPU ${index}`)
    return found
  }

  clock(): number {
    return this.now
  }

  u32(address: number): number {
    return new DataView(this.memory.buffer).getUint32(address, true)
  }

  setU32(address: number, value: number): void {
    new DataView(this.memory.buffer).setUint32(address, value, true)
  }

  u64(address: number): bigint {
    return new DataView(this.memory.buffer).getBigUint64(address, true)
  }

  /** Puts a JavaScript function into every CPU's function table; its index. */
  addFunction(target: (cpu: Cpu, map: bigint, key: bigint, value: bigint) => bigint | void): number {
    const index = this.nextFunction++
    for (const cpu of this.cpus) cpu.setFunction(index, (map, key, value) => target(cpu, map, key, value))
    return index
  }

  /** Loads a program whose callbacks are the table range [first, end). */
  program(first: number, end: number): number {
    return this.cpu(0).call('program_create', 0, first, end)
  }

  /** An array map, or one of another type, with its creator's user reference; offsets -1 for none. */
  arrayMap(options: MapOptions = {}): ArrayMap {
    const { entries = 4, valueSize = 64, timer = 8, work = -1, type = abi.MAP_TYPE_ARRAY } = options
    const attributes = [type, options.keySize ?? 4, valueSize, entries, options.flags ?? 0]
    const cpu = this.cpu(0)
    const guest = this.guestHeap
    const core = (this.coreHeap + 63) & ~63
    const special = [timer >= 0 ? 1 : 0, work >= 0 ? 1 : 0]
    this.guestHeap += (cpu.call('map_bytes_guest', ...attributes, ...special) + 4095) & ~4095
    this.coreHeap = core + cpu.call('map_bytes_core', ...attributes, ...special)
    const address = cpu.call('map_create', ...attributes, timer, work, -1, guest, core)
    if (address < 0) throw new Error(`map_create: ${address}`)
    const value = (index: number) => guest + index * this.u32(address + layout.MAP_STRIDE)
    return { address, value, timer: (index) => value(index) + timer, work: (index) => value(index) + work }
  }

  /** Polls every CPU until nothing is left to do at the present time. */
  settle(): void {
    for (let round = 0; round < 100; round++) {
      let more = 0
      for (const cpu of this.cpus) more |= cpu.call('cpu_poll') | cpu.call('cpu_reclaim_pending')
      if (more === 0) return
    }
    throw new Error('the machine does not settle')
  }

  /** Control blocks that are in the pool. */
  freeBlocks(): number {
    const pool = this.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCK_POOL)
    const leaf = this.u32(pool + layout.BITMAP_LEVEL)
    const words = Math.ceil(this.u32(pool + layout.BITMAP_BITS) / 32)
    let count = 0
    for (let word = 0; word < words; word++)
      for (let bits = this.u32(leaf + word * 4); bits !== 0; bits &= bits - 1) count++
    return count
  }

  programReferences(program: number): number {
    return this.cpu(0).call('program_references', program) as number
  }
}
