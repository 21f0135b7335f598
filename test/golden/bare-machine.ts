// The least that runs an object: core, object reader and compiler put together on the calling thread, without the
// package's own machine in between. What fails here is not the fault of handles, threads or event loops.
import { CPU_RUN_BUFFER, HEADER, HEADER_CORE_HEAP, HEADER_CPU_AREAS, CPU_BYTES } from '../../core/layout.js'
import { HEADER_GUEST_BASE, HEADER_GUEST_END, HEADER_GUEST_HEAP } from '../../core/layout.js'
import { compile } from '../../src/jit/compile.js'
import { coreExports, coreModule, instantiateCore, type CoreExports } from '../../src/machine/core.js'
import { helperById, kfuncByName, requireHelper } from '../../src/machine/helpers.js'
import { readObject } from '../../src/object/read.js'
import type { MapSpec, ObjectSpec } from '../../src/object/spec.js'

const MEGABYTES = 8
const PAGES = MEGABYTES * 16
/** Offset of data and data_end in struct __sk_buff; packets lie behind context and headroom in the run buffer. */
const SKB_DATA = 76
const PACKET = 4096 + 256

interface BareCpu {
  core: CoreExports
  instance: WebAssembly.Instance
  area: number
}

export interface BareObject {
  spec: ObjectSpec
  maps: Map<string, number>
  /** Addresses of programs. */
  programs: Map<string, number>
}

export class BareMachine {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  readonly cpus: BareCpu[] = []
  /** Nanoseconds. */
  now = 1_000_000
  #guestHeap: number
  #coreHeap: number
  #nextFunction = 1

  constructor(cpus: number) {
    for (let cpu = 0; cpu < cpus; cpu++) {
      const instance = instantiateCore(coreModule(), this.memory, () => this.now)
      this.cpus.push({ core: coreExports(instance), instance, area: 0 })
    }
    const booted = this.core.machine_boot(PAGES * 65536, cpus, 256, 1 << 20)
    if (booted !== 0) throw new Error(`machine_boot: ${booted}`)
    this.cpus.forEach((cpu, index) => {
      cpu.core.cpu_attach(index)
      cpu.area = this.#word(HEADER + HEADER_CPU_AREAS) + index * CPU_BYTES
    })
    this.#guestHeap = this.#word(HEADER + HEADER_GUEST_HEAP)
    this.#coreHeap = this.#word(HEADER + HEADER_CORE_HEAP)
  }

  /** Where host calls are made. */
  get core(): CoreExports {
    return this.cpus[0]!.core
  }

  /** Guest memory where the host may put keys and values. */
  get staging(): number {
    return this.#word(this.cpus[0]!.area + CPU_RUN_BUFFER)
  }

  read(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address >>> 0, (address >>> 0) + length)
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, address)
  }

  async load(path: string): Promise<BareObject> {
    const spec = await readObject(path)
    const maps = new Map([...spec.maps.values()].map((map) => [map.name, this.#createMap(map)]))
    const functions = [...spec.functions.values()]
    const first = this.#nextFunction
    const indices = new Map(functions.map(({ name }, at) => [name, first + at]))
    this.#nextFunction += functions.length
    const compiled = compile(functions, {
      mapAddress: (name) => maps.get(name)!,
      mapValueAddress: (name, offset) => (this.core.map_element_value(maps.get(name)!, 0) >>> 0) + offset,
      helperImport: (id) => requireHelper(helperById(id), `helper ${id}`),
      kfuncImport: kfuncByName,
      callbackIndex: (name) => indices.get(name)!,
      guestBase: this.#word(HEADER + HEADER_GUEST_BASE),
      guestEnd: this.#word(HEADER + HEADER_GUEST_END),
      fileName: path,
    })
    const module = new WebAssembly.Module(compiled.bytes)
    for (const cpu of this.cpus) {
      const { table } = cpu.core
      if (table.length < this.#nextFunction) table.grow(this.#nextFunction - table.length)
      const guest = new WebAssembly.Instance(module, {
        env: { memory: this.memory, table },
        core: cpu.instance.exports,
        cpu: { area: new WebAssembly.Global({ value: 'i32' }, cpu.area) },
        host: {
          fault_at(kind: number, address: bigint): never {
            throw new Error(`fault ${kind} at ${address}`)
          },
        },
      })
      for (const [name, index] of indices) table.set(index, guest.exports[compiled.exports.get(name)!])
    }
    const programs = new Map(
      [...spec.programs.values()].map(({ name, entry }) => [
        name,
        this.core.program_create(indices.get(entry)!, first, this.#nextFunction) >>> 0,
      ]),
    )
    return { spec, maps, programs }
  }

  /** Runs a tc program with a packet; the packet afterwards. */
  run(program: number, packet: Uint8Array, cpu: number): Uint8Array {
    const { core, area } = this.cpus[cpu]!
    const context = this.#word(area + CPU_RUN_BUFFER)
    const view = new DataView(this.memory.buffer)
    this.write(context, new Uint8Array(256))
    this.write(context + PACKET, packet)
    view.setUint32(context + SKB_DATA, context + PACKET, true)
    view.setUint32(context + SKB_DATA + 4, context + PACKET + packet.length, true)
    core.program_run(program, context, 0)
    this.settle()
    return this.read(context + PACKET, packet.length)
  }

  /** Lets every CPU do what is due, until nothing is. */
  settle(): void {
    for (let turn = 0; turn < 1000; turn++) if (!this.cpus.some(({ core }) => core.cpu_poll() & 1)) return
    throw new Error('the machine does not settle')
  }

  /** Moves the clock on, from expiry to expiry. */
  advance(nanoseconds: number): void {
    const end = this.now + nanoseconds
    for (;;) {
      this.settle()
      const next = Math.ceil(Math.min(...this.cpus.map(({ core }) => core.cpu_next_expiry())))
      if (next > end) break
      this.now = Math.max(this.now, next)
    }
    this.now = end
    this.settle()
  }

  #createMap(map: MapSpec): number {
    const { type, keySize, valueSize, maxEntries, timerOffset, workOffset, lockOffset } = map
    const shape = [type, keySize, valueSize, maxEntries, map.flags & 1] as const
    const special = [timerOffset >= 0 ? 1 : 0, workOffset >= 0 ? 1 : 0] as const
    const guest = this.#guestHeap
    const core = (this.#coreHeap + 63) & ~63
    this.#guestHeap += (this.core.map_bytes_guest(...shape, ...special) + 4095) & ~4095
    this.#coreHeap = core + this.core.map_bytes_core(...shape, ...special)
    const address = this.core.map_create(...shape, timerOffset, workOffset, lockOffset, guest, core)
    if (address < 0) throw new Error(`map_create ${map.name}: ${address}`)
    if (map.contents) this.write(this.core.map_element_value(address, 0) >>> 0, map.contents)
    return address
  }

  #word(address: number): number {
    return new DataView(this.memory.buffer).getUint32(address, true)
  }
}
