// What a subject says: which module, how memory starts, what each CPU does, what must hold. Types only, and
// `subject()`, which checks what the types cannot. Subjects are written by people: keep it small.
import { SkepError } from '../error.js'
import { MOST_CPUS } from './choices.js'
import type { Cpu } from './executor.js'
import type { SequentialModel } from './linearize.js'
import type { Stage } from './stage.js'

/** What an operation may return; compared and shown by value. */
export type Value = number | bigint | string | boolean | undefined

/** A function that a CPU runs, whose accesses to shared memory the explorer orders. */
export interface Operation {
  /** Shown in traces and results; unique names make them readable. */
  name: string
  /** Must be a function of its accesses' results only: it is run again from its start for every step. */
  run(cpu: Cpu): Value | void
  /** For the sequential model: what kind of operation this is, and with what arguments. */
  kind?: string
  args?: Record<string, Value>
  /** Only startable once a CPU has stopped for ever (a repair). */
  afterStop?: boolean
  /** May wait for ever if a CPU has stopped. */
  mayWait?: boolean
  /**
   * Addresses of words that it may write, though only few interleavings show it: a search knows it from the start, and
   * need not begin again when it learns it late. A word too many costs states, one too few time.
   */
  writes?: readonly number[]
  /** A fault (`host.fault`) is a result, not a violation. */
  mayFault?: boolean
}

/** What one CPU does. */
export interface CpuScript {
  /** Operations in order. */
  operations: Operation[]
  /**
   * Operations that may each be started once, in this order, at any step of a running operation, and run to their end.
   */
  nmi?: Operation[]
  /** This CPU may stop for ever at any step of an operation. */
  mayStop?: boolean
  /** The instance (CPU number of the stage) that runs it; its position in the list if not given. */
  as?: number
}

/** Reads a state: memory, and the results so far. */
export interface View {
  load32(address: number): number
  load64(address: number): bigint
  load16(address: number): number
  /** A ghost word (`cpu.ghost(n)`). */
  ghost(word: number): number
  /** Result of an operation by name; undefined if it has not ended. */
  result(name: string): Value
  /** Whether the operation of that name has ended. */
  ended(name: string): boolean
  /** The node in the stage's logs of the operation that runs on a CPU, 0 if none does: its next access, its results. */
  node(cpu: number): number
  /** The CPU that has stopped for ever, or -1. */
  readonly stopped: number
}

/** What is explored: who does what, and what must hold. Made by subject(). */
export interface Subject<S = unknown> {
  /** Shown in reports. */
  name: string
  /** What it runs on; several subjects can share one, one after the other. */
  stage: Stage
  /** Runs once, natively, from the stage's image: brings memory into the initial state. */
  setup?(cpus: Cpu[]): void
  cpus: CpuScript[]
  /** Levels of nested operations on one CPU; 2 if not given. */
  nmiDepth?: number
  /** Must hold in every state. A string (or a throw) is what is wrong. */
  check?(view: View): string | void
  /** Must hold when every CPU is done. */
  atRest?(view: View): string | void
  /** Results must be those of some order of the operations in this model. */
  model?: SequentialModel<S>
  /**
   * What a cycle in the state graph means: 'lock-free' (default): any cycle is a violation; 'fair': only if every CPU
   * that could go on does take part; 'none': cycles are allowed.
   */
  progress?: 'lock-free' | 'fair' | 'none'
  /** A sleeping CPU counts as done (a CPU loop waiting for work). */
  sleepIsRest?: boolean
  /** A sleep with a time limit may time out. */
  sleepTimesOut?: boolean
  /** Every allocation may fail (`cpu.mayFail`, the pools of the core). */
  allocationsFail?: boolean
  /** No operation may take more own steps than this. 10,000 if not given. */
  maxSteps?: number
  /** Names an address: `cb#1.state`. */
  nameOf?(address: number): string | undefined
  /** Shows a value of an address (64-bit values as bigint). */
  show?(address: number, value: bigint, width: number): string | undefined
  /** Shows what an operation returned: `-EBUSY`. */
  showResult?(value: Value): string | undefined
}

/** Who writes JavaScript has no types that say so. */
function assertShape({ name, stage, cpus }: Partial<Subject>): void {
  const wrong = (what: string): never => {
    throw new SkepError('BAD_SUBJECT', `subject ${String(name)}: ${what}`)
  }
  if (!Array.isArray(stage?.cpus)) wrong('stage must be a Stage')
  if (!Array.isArray(cpus) || cpus.length === 0) return wrong('cpus must be a list of { operations: [{ name, run }] }')
  cpus.forEach((cpu, position) => {
    for (const [field, list] of Object.entries({ operations: cpu?.operations, nmi: cpu?.nmi ?? [] })) {
      if (!Array.isArray(list)) return wrong(`cpus[${position}].${field} must be a list of { name, run }`)
      for (const operation of list as (Operation | undefined)[])
        if (typeof operation?.name !== 'string' || typeof operation.run !== 'function')
          wrong(`cpus[${position}].${field} has something that is not { name, run }: a name, and a function of the CPU`)
    }
  })
}

/** Checks a subject and returns it. Throws SkepError BAD_SUBJECT, which names it. */
export function subject<S = unknown>(spec: Subject<S>): Subject<S> {
  assertShape(spec as Partial<Subject>)
  const count = spec.cpus.reduce((sum, cpu) => sum + cpu.operations.length + (cpu.nmi?.length ?? 0), 0)
  if (spec.cpus.length > MOST_CPUS)
    throw new SkepError(
      'BAD_SUBJECT',
      `subject ${spec.name}: ${spec.cpus.length} CPUs, at most ${MOST_CPUS} can be explored`,
    )
  if (count > 30)
    throw new SkepError('BAD_SUBJECT', `subject ${spec.name}: ${count} operations, at most 30 can be explored`)
  const used = new Set<number>()
  spec.cpus.forEach((cpu, position) => {
    const as = cpu.as ?? position
    if (as >= spec.stage.cpus.length)
      throw new SkepError('BAD_SUBJECT', `subject ${spec.name}: the stage has no CPU ${as}`)
    if (used.has(as)) throw new SkepError('BAD_SUBJECT', `subject ${spec.name}: CPU ${as} appears twice`)
    used.add(as)
    if ((cpu.nmi?.length ?? 0) > 4)
      throw new SkepError('BAD_SUBJECT', `subject ${spec.name}: more than four NMI operations on one CPU`)
  })
  return { ...spec.stage.names, ...spec }
}
