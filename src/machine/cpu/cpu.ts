// One CPU of a machine on the thread that drives it: its instance of the core, its function table, its entry points.
// Whatever a guest program throws is caught here, repaired in the core (cpu_unwind) and thrown on as a CpuFault.
import { POLL_MORE } from '../../../core/abi.js'
import {
  CPU_FIRING,
  CPU_INSTRUCTION,
  CPU_PROGRAM,
  CPU_REQUEST_DURATION,
  CPU_RUN_BUFFER,
  CPU_RUN_BUFFER_BYTES,
} from '../../../core/layout.js'
import { coreExports, type CoreExports } from './core.js'
import { GuestFault, rawFault, type RawFault } from './fault.js'
import type { Memory } from './memory.js'
import { runBufferAt, type RunBuffer } from './run-buffer.js'

/** CPU_FIRING while a callback runs (core/run/fire.ts). */
const FIRING_RUNNING = 3

/** The compiled code of one object, as sent to every CPU. */
export interface ObjectCode {
  readonly module: WebAssembly.Module
  /** Table index of the first function. */
  readonly tableFirst: number
  /** Export names in order of table index. */
  readonly exports: readonly string[]
  /** How many of them are functions of the object; the interpreter's helper stubs follow. */
  readonly functions: number
}

/** A fault of a guest program, caught at the CPU's entry; the CPU is usable again. */
export class CpuFault extends Error {
  readonly raw: RawFault

  constructor(raw: RawFault, cause: unknown) {
    super('guest fault', { cause })
    this.raw = raw
  }
}

export class Cpu {
  readonly index: number
  readonly memory: Memory
  readonly area: number
  readonly core: CoreExports
  /** Where this CPU's runs have their context and data. */
  readonly runBuffer: RunBuffer
  /** Whose task was placed last, if it is there still: of prepared runs (run/prepared.ts). */
  taskOf: object | undefined
  readonly #instance: WebAssembly.Instance
  // A property of our own: exports of a module are found by their names in a table each time.
  readonly #preparedRun: CoreExports['prepared_run']

  /**
   * Attaches this thread to CPU `index` of a booted machine, through an instance of the core that is no other CPU's.
   */
  constructor(instance: WebAssembly.Instance, memory: Memory, index: number) {
    this.#instance = instance
    this.core = coreExports(instance)
    this.#preparedRun = this.core.prepared_run
    this.index = index
    this.memory = memory
    this.area = memory.cpuArea(index)
    this.core.cpu_attach(index)
    this.runBuffer = runBufferAt(memory, this.core, this.area)
  }

  /** Instantiates an object's code here and puts its functions into the table. */
  install(code: ObjectCode): void {
    const { table } = this.core
    const end = code.tableFirst + code.exports.length
    if (table.length < end) table.grow(end - table.length)
    const guest = new WebAssembly.Instance(code.module, {
      env: { memory: this.memory.shared, table },
      core: this.#instance.exports,
      cpu: { area: new WebAssembly.Global({ value: 'i32' }, this.area) },
      host: {
        fault_at(kind: number, address: bigint): never {
          throw new GuestFault(kind, BigInt.asUintN(64, address))
        },
      },
    })
    code.exports.forEach((name, index) => table.set(code.tableFirst + index, guest.exports[name] ?? null))
  }

  /** Takes functions out of the table; nothing may call them any more. */
  uninstall(tableFirst: number, count: number): void {
    const { table } = this.core
    for (let index = tableFirst; index < tableFirst + count && index < table.length; index++) table.set(index, null)
  }

  /** Runs a program `repeat` times; the last r0 as u32. Throws CpuFault. */
  runRepeat(program: number, contextAddress: number, context: number, repeat: number): number {
    try {
      return this.core.program_run_repeat(program, contextAddress, context, repeat) >>> 0
    } catch (error) {
      return this.#unwind(error)
    }
  }

  /** Runs what lies prepared at an address of the core; r0 as u32. Throws CpuFault. */
  runPrepared(prepared: number): number {
    try {
      return this.#preparedRun(prepared) >>> 0
    } catch (error) {
      const { memory, area, runBuffer } = this
      memory.setWord(area + CPU_RUN_BUFFER, runBuffer.address)
      memory.setWord(area + CPU_RUN_BUFFER_BYTES, runBuffer.size)
      return this.#unwind(error)
    }
  }

  /** Mean nanoseconds of a run of the last runRepeat. */
  get lastDuration(): number {
    const { memory, area } = this
    return memory.word(area + CPU_REQUEST_DURATION) + memory.word(area + CPU_REQUEST_DURATION + 4) * 2 ** 32
  }

  /** One turn between programs; true if there is more to do at once. Throws CpuFault for a fault in a callback. */
  poll(): boolean {
    return (this.guard(() => this.core.cpu_poll()) & POLL_MORE) !== 0
  }

  /** Runs `work`, which enters the core. A guest fault is repaired and becomes a CpuFault. */
  guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      return this.#unwind(error)
    }
  }

  #unwind(error: unknown): never {
    const raw = rawFault(error, {
      cpu: this.index,
      program: this.memory.word(this.area + CPU_PROGRAM),
      instruction: this.memory.word(this.area + CPU_INSTRUCTION),
      callback: this.memory.word(this.area + CPU_FIRING) === FIRING_RUNNING,
    })
    if (!raw) throw error
    this.core.cpu_unwind()
    throw new CpuFault(raw, error)
  }
}
