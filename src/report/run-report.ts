// What `skep run` says, as plain data: the shape of its JSON output, which stays compatible between versions (members
// may be added). The text form is run-text.ts.
import type { TimerInfo } from '../machine/observe/control-blocks.js'
import type { LifecycleEvent } from '../machine/observe/lifecycle.js'
import type { MachineStatistics } from '../machine/observe/statistics.js'
import type { TraceLine } from '../machine/observe/trace.js'
import type { ProgramType } from '../object/spec.js'
import { retvalName } from './retval.js'

export interface RunReport {
  object: string
  clock: 'virtual' | 'real'
  cpus: number
  /** What packet programs were run on, for people; undefined if none was run. */
  input?: string
  programs: ProgramReport[]
  /** Every run, with --json. */
  runs?: RunRecord[]
  /** Runs and callbacks that ended in a fault. */
  faults: FaultReport[]
  printed: TraceLine[]
  /** With --trace. */
  lifecycle?: LifecycleEvent[]
  /** Events that came too fast to be recorded. */
  lifecycleLost?: number
  maps: Record<string, MapReport>
  variables: Record<string, unknown>
  timers: TimerInfo[]
  statistics: MachineStatistics
  /** What the clock showed at the start; all times are by the same clock. */
  start: number
  /** Nanoseconds since the machine's epoch at the end. */
  time: number
  /**
   * Why it ended there: nothing was armed any more, --for was over, too many turns of a virtual clock without an end in
   * sight, or the user interrupted it.
   */
  ended: 'idle' | 'time' | 'limit' | 'interrupted'
}

export interface ProgramReport {
  name: string
  type: ProgramType
  /** Runs that ended without a fault; --repeat counts each time. */
  runs: number
  faults: number
  retvals: { retval: number; name?: string; runs: number }[]
  /** Mean nanoseconds of a run; 0 on a virtual clock. */
  duration: number
  /** What the last run left in a context that was given, where the program's type takes one of its own. */
  context?: ContextReport
}

export interface ContextReport {
  /** BTF id of its struct, 0 if the program names none. */
  type: number
  /** Decoded by BTF; bytes where there is no type. */
  value: unknown
  /** False if it is as it was given. */
  changed: boolean
}

export interface RunRecord {
  program: string
  cpu: number
  /** Nanoseconds since the machine's epoch. */
  time: number
  /** Index in the capture, of packet programs. */
  packet?: number
  retval: number
  retvalName?: string
  data?: Uint8Array
  /** xdp: what lies in front of the packet. */
  metadata?: Uint8Array
  ctx?: unknown
}

export interface FaultReport {
  code: string
  message: string
}

export interface MapReport {
  type: string
  maxEntries: number
  /**
   * Elements at the end; of an array all of them; of a ring buffer the records that nobody took; of a perf event array
   * the records that came out of it; of a queue or stack its values. Not there for maps that do not tell.
   */
  size?: number
  /** Of a perf event array: records that found its buffer full. */
  lost?: number
  /** With --maps or --json. */
  entries?: { key: unknown; value: unknown }[]
  /** Of a queue or a stack, with --maps or --json: in the order in which they come out. */
  values?: readonly unknown[]
  /** Of a ring buffer or a perf event array, with --maps or --json: its records, by their type or as bytes. */
  records?: readonly unknown[]
}

/** Counts the runs of one program. */
export class Tally {
  readonly #counts = new Map<number, number>()
  #runs = 0
  #nanoseconds = 0
  faults = 0
  context: ContextReport | undefined

  constructor(
    readonly name: string,
    readonly type: ProgramType,
  ) {}

  add(retval: number, repeat: number, duration: number): void {
    this.#counts.set(retval, (this.#counts.get(retval) ?? 0) + repeat)
    this.#runs += repeat
    this.#nanoseconds += duration * repeat
  }

  /** Most frequent return value first. */
  report(): ProgramReport {
    const { name, type, faults, context } = this
    const retvals = [...this.#counts]
      .sort(([, a], [, b]) => b - a)
      .map(([retval, runs]) => {
        const known = retvalName(type, retval)
        return { retval, ...(known === undefined ? {} : { name: known }), runs }
      })
    return {
      name,
      type,
      runs: this.#runs,
      faults,
      retvals,
      duration: this.#runs === 0 ? 0 : this.#nanoseconds / this.#runs,
      ...(context ? { context } : {}),
    }
  }
}
