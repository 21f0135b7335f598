// What a user holds of a loaded program: its name, its type, and run(). Made by LoadedObject (load/object.ts); how a
// run is done is the machine's (boot/local.ts, boot/threads.ts).
import type { Answer, Mode } from '../answer.js'
import type { LiveProgram } from '../load/object-table.js'
import type { ProgramType } from '../../object/spec.js'
import type { ContextFields } from './context-fields.js'
import type { RunOptions, RunResult, RunResultBytes, RunResultFields, RunResultPlain } from './context.js'
import type { PreparedRun, PrepareOptions } from './prepared.js'

/** Runs programs of a machine; the front ends differ here. */
export interface Runner<M extends Mode> {
  run(program: LiveProgram, options: RunOptions): Answer<M, RunResult>
  prepare(program: LiveProgram, options: PrepareOptions): PreparedRun
}

type GivenBytes = RunOptions & { ctx: Uint8Array | readonly (number | bigint)[] }
type GivenFields = RunOptions & { ctx: ContextFields }
type GivenNoContext = RunOptions & { ctx?: undefined }

/** A loaded program. */
export class Program<M extends Mode = 'direct'> {
  /** The function's name. */
  readonly name: string
  /** The kernel's name in lower case: 'xdp', 'sched_cls'. */
  readonly type: ProgramType
  /** ELF section, which decided the type. */
  readonly section: string
  /** True if its section says so (`SEC("syscall")`, `SEC("fentry.s/…")`). */
  readonly sleepable: boolean
  /** @internal */
  readonly live: LiveProgram
  readonly #runner: Runner<M>

  /** @internal */
  constructor(live: LiveProgram, runner: Runner<M>) {
    this.name = live.spec.name
    this.type = live.spec.type
    this.section = live.spec.section
    this.sleepable = live.spec.sleepable
    this.live = live
    // Not to be seen where a program is printed.
    Object.defineProperty(this, 'live', { enumerable: false })
    this.#runner = runner
  }

  /**
   * Runs the program as BPF_PROG_TEST_RUN does. Throws SkepError: BAD_RUN for a context or data that does not fit the
   * program's type, CPU_DEAD, CLOSED, or FAULT_… with program, C line and address; maps are intact after a fault.
   */
  run(options: GivenBytes): Answer<M, RunResultBytes>
  run(options: GivenFields): Answer<M, RunResultFields>
  run(options?: GivenNoContext): Answer<M, RunResultPlain>
  run(options?: RunOptions): Answer<M, RunResult>
  run(options: RunOptions = {}): Answer<M, RunResult> {
    return this.#runner.run(this.live, options)
  }

  /**
   * Makes a run ready that is repeated many times on the calling thread, without the objects, copies and clock readings
   * of run(): for hot loops. Machines with worker threads have none (their way to many runs is `repeat`). Throws
   * SkepError: as run(), NOT_LOCAL on a machine with worker threads, NO_MEMORY: a prepared run takes 81 KiB until it or
   * the object is closed.
   */
  prepare(this: Program, options: PrepareOptions = {}): PreparedRun {
    return this.#runner.prepare(this.live, options)
  }
}
