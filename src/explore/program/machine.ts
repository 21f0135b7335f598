// A machine in the model's memory with one object loaded: its maps, the interpreter's image of its programs, and the
// runs as operations. Boots once per check; the prelude (`before`) and the clock are part of every subject's set-up.
import * as layout from '../../../core/layout.js'
import { DOOR_PEEK, FRAMES, FRAME_REGISTER_BYTES, MAP_TYPE_PERCPU_ARRAY, STACKS_PER_CPU } from '../../../core/abi.js'
import { SkepError } from '../../error.js'
import { errnoError } from '../../machine/errno.js'
import { buildImage, imageBytes, type InterpretedObject } from '../../interp/image.js'
import { placeRun, type RunOptions } from '../../machine/run/context.js'
import { programTypeNumbers } from '../../machine/program-types.js'
import { faultCode, rawFault } from '../../machine/cpu/fault.js'
import { helperById, kfuncByName, requireHelper } from '../../machine/helpers.js'
import { supported } from '../../machine/load/load.js'
import { lineAt } from '../../machine/observe/fault-report.js'
import { assertSupported } from '../../object/check.js'
import type { ObjectSpec } from '../../object/spec.js'
import { moduleBytes } from '../builds.js'
import { Violation } from '../access.js'
import { GuestFault, UNWOUND } from '../executor.js'
import type { Cpu } from '../executor.js'
import { Stage } from '../stage.js'
import type { Operation } from '../subject.js'
import { Door } from './door.js'
import { fitted, type ModelMap } from './maps.js'

/** Result of `timers` where nothing was due. */
export const NOTHING_FIRES = 'nothing fires'

/** One run of a program on a CPU. */
export interface RunSpec {
  program: string
  cpu: number
  options: RunOptions
}

const CONTROL_BLOCKS = 8
const CLOCK = 1_000_000_000n
const FREED = 63n
const NEVER = (1n << 53n) - 1n
/** Turns of a CPU's loop that one operation `timers` makes at most. */
const TURNS = 4

/** `count@0`, `count@0#2`. */
function namesOf(runs: readonly RunSpec[]): string[] {
  return runs.map(({ program, cpu }, index) => {
    const same = runs.slice(0, index).filter((one) => one.program === program && one.cpu === cpu).length
    return `${program}@${cpu}${same > 0 ? `#${same + 1}` : ''}`
  })
}

export class ProgramMachine {
  readonly stage: Stage
  readonly maps: ModelMap[] = []
  readonly doors: Door[] = []
  readonly image: InterpretedObject
  /** Maps whose max_entries the model lowers. */
  readonly lowered: readonly string[]
  readonly operations: { cpu: number; operation: Operation }[] = []
  readonly before: { cpu: number; operation: Operation }[] = []
  areas = 0
  blocks = 0
  /** Table index of the first helper stub. */
  private stubs = 0
  private readonly programs = new Map<string, number>()
  private built: InterpretedObject | undefined

  /** Throws SkepError for an object that cannot be loaded and for runs that it does not have. */
  constructor(
    readonly spec: ObjectSpec,
    readonly cpus: number,
    runs: readonly RunSpec[],
    before: readonly RunSpec[],
  ) {
    assertSupported(spec, supported)
    const { memory, lowered } = fitted(spec, cpus)
    this.lowered = lowered
    this.stage = new Stage({
      module: moduleBytes('core'),
      memory,
      cpus,
      imports: (cpu) => ({ hook: this.hook(cpu) }),
      boot: (all) => this.boot(all, memory),
    })
    this.image = this.built!
    // What has ended before takes no names from what is explored.
    const names = [...namesOf(before), ...namesOf(runs)]
    const placed = [...before, ...runs].map((run, index, all) => this.placed(run, names[index]!, all))
    // What was placed belongs to the image from which every subject starts.
    this.stage.memory.forget()
    this.before = placed.slice(0, before.length)
    this.operations = placed.slice(before.length)
  }

  private hook(cpu: Cpu): Record<string, unknown> {
    const { doors } = this
    const { executor } = cpu
    return {
      access32: (code: number, address: number, a: number, b: number): number =>
        (doors[cpu.index] ?? executor).access32(code, address, a, b),
      access64: (code: number, address: number, a: number, aHigh: number, b: number, bHigh: number): number =>
        (doors[cpu.index] ?? executor).access64(code, address, a, aHigh, b, bHigh),
      high: (): number => (doors[cpu.index] ?? executor).high(),
    }
  }

  private boot(cpus: Cpu[], memory: number): void {
    const core = cpus[0]!
    if (core.exports.machine_boot(memory, cpus.length, CONTROL_BLOCKS, memory >> 2) !== 0)
      throw new SkepError('NO_MEMORY', `a model of ${memory} bytes has no room for ${cpus.length} CPUs`)
    core.setClock(CLOCK)
    for (const cpu of cpus) cpu.exports.cpu_attach(cpu.index)
    const header = (field: number): number => core.load32(layout.HEADER + field)
    this.areas = header(layout.HEADER_CPU_AREAS)
    this.blocks = header(layout.HEADER_CONTROL_BLOCKS)
    const functions = [...this.spec.functions.values()]
    const image = (header(layout.HEADER_CORE_HEAP) + 63) & ~63
    this.createMaps(core, image + imageBytes(functions))
    const first = core.exports.table.length as number
    this.link(core, image, first)
    const module = new WebAssembly.Module(this.built!.bytes)
    for (const cpu of cpus) this.install(cpu, module, first, image)
    for (const { name, entry, type } of this.spec.programs.values()) {
      const at = first + this.functionNames().indexOf(entry)
      const program = core.exports.program_create(at, first, first + functions.length) as number
      core.store32(program + layout.PROGRAM_TYPE, programTypeNumbers[type])
      this.programs.set(name, program)
    }
  }

  private functionNames(): string[] {
    return [...this.spec.functions.keys()]
  }

  private createMaps(core: Cpu, heap: number): void {
    let guest = core.load32(layout.HEADER + layout.HEADER_GUEST_HEAP)
    for (const spec of this.spec.maps.values()) {
      const { type, keySize, valueSize, maxEntries, flags, timerOffset, workOffset, lockOffset, extra } = spec
      const fields = [timerOffset >= 0 ? 1 : 0, workOffset >= 0 ? 1 : 0] as const
      const sizes = [type, keySize, valueSize, maxEntries, flags, ...fields, extra] as const
      heap = (heap + 63) & ~63
      const { exports } = core
      const address = exports.map_create(
        ...[type, keySize, valueSize, maxEntries, flags, timerOffset, workOffset, lockOffset, guest, heap, extra],
      ) as number
      if (address <= 0 && address > -4096) throw errnoError(address, `map '${spec.name}' cannot be created`)
      guest += (exports.map_bytes_guest(...sizes) + 4095) & ~4095
      heap += exports.map_bytes_core(...sizes)
      const field = (offset: number): number => core.load32(address + offset)
      this.maps.push({
        spec,
        address,
        elements: field(layout.MAP_ELEMENTS),
        stride: field(layout.MAP_STRIDE),
        count: field(layout.MAP_ELEMENT_COUNT),
        keys: field(layout.MAP_RECORDS) + (keySize > 8 ? layout.RECORD_KEY : layout.RECORD_ORDER),
        keyStride: field(layout.MAP_RECORD_BYTES),
        cpuStride: type === MAP_TYPE_PERCPU_ARRAY ? field(layout.MAP_CPU_STRIDE) : 0,
      })
      if (spec.contents) this.write(core, field(layout.MAP_ELEMENTS), spec.contents)
    }
    if (guest > core.load32(layout.HEADER + layout.HEADER_GUEST_END))
      throw new SkepError('NO_MEMORY', `the maps of '${this.spec.name}' do not fit into the model`)
  }

  // Bytes at a 4-aligned address of zeroed memory.
  private write(core: Cpu, address: number, bytes: Uint8Array): void {
    const padded = new Uint8Array((bytes.length + 3) & ~3)
    padded.set(bytes)
    new Int32Array(padded.buffer).forEach((word, index) => {
      if (word !== 0) core.store32(address + index * 4, word)
    })
  }

  private link(core: Cpu, image: number, first: number): void {
    const { spec } = this
    const map = (name: string): ModelMap => {
      const found = this.maps.find((one) => one.spec.name === name)
      if (!found) throw new SkepError('UNRESOLVED', `object '${spec.name}' has no map '${name}'`)
      return found
    }
    const functions = [...spec.functions.values()]
    const names = this.functionNames()
    this.stubs = first + functions.length
    this.built = buildImage(
      functions,
      {
        mapAddress: (name) => map(name).address,
        mapValueAddress: (name, offset) => map(name).elements + offset,
        helperImport: (id, fn, instruction) =>
          requireHelper(helperById(id), `function '${fn}', instruction ${instruction}: helper ${id}`),
        kfuncImport: (name) => kfuncByName(name),
        callbackIndex: (name) => first + names.indexOf(name),
        callable: { first, end: first + functions.length },
        guestBase: core.load32(layout.HEADER + layout.HEADER_GUEST_BASE),
        guestEnd: core.load32(layout.HEADER + layout.HEADER_GUEST_END),
        fileName: spec.name,
      },
      [...spec.programs.values()].map(({ entry }) => entry),
      image,
      first + functions.length,
    )
  }

  private install(cpu: Cpu, module: WebAssembly.Module, first: number, image: number): void {
    const { exports } = cpu
    const area = this.areas + cpu.index * layout.CPU_BYTES
    const { exports: stubs } = new WebAssembly.Instance(module, {
      env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }), table: exports.table },
      core: exports,
      cpu: { area: new WebAssembly.Global({ value: 'i32' }, area) },
      host: {
        fault_at(kind: number, address: bigint): never {
          throw new GuestFault(kind, BigInt.asUintN(64, address))
        },
      },
    })
    const { built } = this
    const names = [...this.functionNames().map((name) => built!.exports.get(name) ?? ''), ...built!.helperStubs]
    exports.table.grow(first + names.length - exports.table.length)
    names.forEach((name, index) => exports.table.set(first + index, stubs[name] ?? null))
    const registers = cpu.load32(area + layout.CPU_REGISTERS)
    this.doors[cpu.index] = new Door(
      cpu.executor,
      {
        registers,
        registersEnd: registers + STACKS_PER_CPU * FRAMES * FRAME_REGISTER_BYTES,
        instruction: area + layout.CPU_INSTRUCTION,
        image,
        imageEnd: image + built!.image.length,
      },
      built!.image,
    )
  }

  // Lays context and data of a run into its part of the CPU's run buffer, and makes the operation.
  private placed(run: RunSpec, name: string, all: readonly RunSpec[]): { cpu: number; operation: Operation } {
    const program = this.spec.programs.get(run.program)
    const loaded = this.programs.get(run.program)
    if (!program || loaded === undefined)
      throw new SkepError('NO_PROGRAM', `object '${this.spec.name}' has no program '${run.program}'`)
    if (run.cpu >= this.cpus) throw new SkepError('BAD_OPTION', `there is no CPU ${run.cpu} in this check`)
    const { memory } = this.stage
    const area = this.areas + run.cpu * layout.CPU_BYTES
    const buffer = memory.words[(area + layout.CPU_RUN_BUFFER) >> 2]!
    const size = memory.words[(area + layout.CPU_RUN_BUFFER_BYTES) >> 2]!
    const same = all.filter(({ cpu }) => cpu === run.cpu)
    const part = Math.floor(size / same.length) & ~63
    const address = buffer + same.indexOf(run) * part
    const bytes = new Uint8Array(address + part)
    const { contextAddress, context } = placeRun(
      program,
      run.options,
      {
        bytes,
        view: new DataView(bytes.buffer, address, part),
        address,
        size: part,
        task: area + layout.CPU_TASK,
        // It is new: all 0.
        prepare: () => undefined,
      },
      () => undefined,
    )
    new Int32Array(bytes.buffer, address, part >> 2).forEach((word, at) => memory.put((address >> 2) + at, word))
    return {
      cpu: run.cpu,
      operation: {
        name,
        run: (cpu) => this.guarded(cpu, () => String(cpu.exports.program_run(loaded, contextAddress, context) >> 0)),
      },
    }
  }

  /** What a CPU does between programs: its timers that are due, and its work. */
  timers(cpu: number): Operation {
    return {
      name: `timers@${cpu}`,
      run: (on) => {
        const area = this.areas + cpu * layout.CPU_BYTES
        // Through the door, so that a narrator answers these as well.
        const peek = (field: number): number => this.doors[cpu]!.access32(DOOR_PEEK | (4 << 8), area + field, 0, 0)
        const fired = (): number => peek(layout.CPU_FIRINGS) + peek(layout.CPU_WORKS)
        const first = fired()
        for (let turn = 0, more = 1; more !== 0 && turn < TURNS; turn++) {
          const result = this.guarded(on, () => String((more = on.exports.cpu_poll())))
          if (result.startsWith('fault')) return result
        }
        const count = fired() - first
        return count === 0 ? NOTHING_FIRES : `${count} fired`
      },
    }
  }

  // A fault ends the run, as on a machine; it is the run's result.
  private guarded(cpu: Cpu, body: () => string): string {
    const door = this.doors[cpu.index]!
    door.at = 0
    try {
      return body()
    } catch (thrown) {
      if (thrown === UNWOUND || thrown instanceof Violation) throw thrown
      const kind = thrown instanceof GuestFault ? thrown.kind : rawFault(thrown, NOWHERE)?.kind
      if (kind === undefined) throw thrown
      const place = this.lineOf(door.at)
      cpu.exports.cpu_unwind()
      return `fault ${faultCode(kind)}${place ? ` at ${place.file}:${place.line}: ${place.text}` : ''}`
    }
  }

  /** The C line of an instruction of the image; undefined if the object does not say. */
  lineOf(address: number): { function: string; file: string; line: number; text: string } | undefined {
    const position = this.image.locate(address)
    const lines = position && this.spec.functions.get(position.function)?.lines
    const line = lines && lineAt(lines, position.instruction)
    return line && { function: position.function, file: line.file, line: line.line, text: line.text.trim() }
  }

  /** The function at a table index; undefined if none of the object's is. */
  functionAt(index: number): string | undefined {
    const first = this.stubs - this.spec.functions.size
    return index >= first && index < this.stubs ? this.functionNames()[index - first] : undefined
  }

  /** Whether an address is one that programs can use: stacks, contexts, packets, map values. */
  isGuest(address: number): boolean {
    const word = (field: number): number => this.stage.memory.words[(layout.HEADER + field) >> 2]!
    return address >= word(layout.HEADER_GUEST_BASE) && address < word(layout.HEADER_GUEST_END)
  }

  /** The control block whose state word lies at an address; undefined if none does. */
  blockOfState(address: number): number | undefined {
    const block = address - layout.CB_STATE
    const offset = block - this.blocks
    const inside = offset >= 0 && offset < CONTROL_BLOCKS * layout.CONTROL_BLOCK_BYTES
    return inside && offset % layout.CONTROL_BLOCK_BYTES === 0 ? block : undefined
  }

  /** The helper behind a table index that a call names. */
  helperAt(index: number): string {
    const stub = this.image.helperStubs[index - this.stubs]
    return stub?.replace(/^helper /, '') ?? `helper ${index}`
  }

  /** Brings memory into the initial state, natively: the prelude, then the clock to where all its timers are due. */
  setUp(cpus: Cpu[], due: boolean): void {
    for (const { cpu, operation } of this.before) {
      const result = operation.run(cpus[cpu]!)
      if (String(result).startsWith('fault'))
        throw new SkepError('FAULT', `${operation.name} before the check: ${String(result)}`)
    }
    if (this.before.length === 0) return
    for (let turn = 0; turn < 3; turn++) for (const cpu of cpus) this.timers(cpu.index).run(cpu)
    if (!due) return
    let latest = 0n
    for (const block of this.controlBlocks()) {
      const state = cpus[0]!.load64(block + layout.CB_STATE)
      const units = state >> 11n
      if (((state >> 5n) & 63n) !== FREED && units !== 0n && units !== NEVER && units > latest) latest = units
    }
    if (latest > 0n) cpus[0]!.setClock(latest << 3n)
  }

  /** Addresses of all control blocks. */
  controlBlocks(): number[] {
    return Array.from({ length: CONTROL_BLOCKS }, (_, index) => this.blocks + index * layout.CONTROL_BLOCK_BYTES)
  }
}

const NOWHERE = { cpu: 0, program: 0, instruction: 0, callback: false }
