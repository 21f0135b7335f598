// The transition system of one subject: which choices a state offers and what a choice does. A state is the words of
// the stage's memory plus control words (per CPU: place in its script, stack of log nodes; per operation: result). All
// changes go through Words.put, so a search undoes them by a mark. Used by search.ts, walk.ts and trace.ts.
import { Choices, NMI, NMI_WAITS, STOP, TIME_OUT } from './choices.js'
import type { WorldOptions } from './choices.js'
import { Control, DEPTH, NMI_STARTED, PLACE } from './control.js'
import type { Leaps } from './leaps.js'
import type { LogTree } from './log.js'
import * as log from './node.js'
import type { Call, Observation } from './observation.js'
import type { Sharing } from './sharing.js'
import { Steps } from './steps.js'
import type { Subject } from './subject.js'
import type { Words } from './words.js'

export class World {
  readonly words: Words
  readonly logs: LogTree
  readonly control: Control
  readonly choices: Choices
  /** What is known of the words that operations use. */
  readonly sharing: Sharing
  private readonly steps: Steps
  private readonly leaps: Leaps | undefined

  constructor(
    readonly subject: Subject,
    private readonly options: WorldOptions = {},
  ) {
    const { stage } = subject
    this.words = stage.memory
    this.logs = stage.logs
    this.control = new Control(subject, this.words)
    this.sharing = stage.sharing
    this.sharing.begin()
    this.control.calls.forEach(({ operation }, call) => {
      for (const address of operation.writes ?? []) this.sharing.touch(call, address, false, true)
    })
    const { words, logs, control, sharing } = this
    this.choices = new Choices(subject, control, words, logs, sharing, stage.independence, options)
    this.leaps = options.leaps === true && options.full !== true ? stage.leaps : undefined
    this.steps = new Steps(subject, control, this.choices, words, logs, options.full === true)
    this.leaps?.begin(control, this.steps.plain)
  }

  get calls(): Call[] {
    return this.control.calls
  }

  get cpuCount(): number {
    return this.control.cpuCount
  }

  /** What the last step violated. */
  get violation(): string | undefined {
    return this.steps.violation
  }

  /** A violation by a race may be an order that a word established which is not known to be shared yet: learn first. */
  get doubtful(): boolean {
    return this.steps.doubtful
  }

  /** Most own steps of each call so far. */
  get ownSteps(): readonly number[] {
    return this.steps.ownSteps
  }

  /** Accesses that the last step made: none if a CPU stopped, or an NMI began and waits. */
  get accesses(): number {
    return this.steps.accesses
  }

  /** Told of every access; for traces only. */
  set observer(observer: (observation: Observation) => void) {
    this.steps.observer = observer
  }

  /** Does one choice. What it broke is left in `violation`. */
  step(choice: number): void {
    const { control, words, steps } = this
    const cpu = choice >> 3
    const at = control.cpu(cpu)
    steps.accesses = 0
    if (this.options.preemptions !== undefined) {
      words.put(control.last + 1, words.words[control.last + 1]! + this.choices.cost(cpu))
      if (this.options.switches !== undefined)
        words.put(control.last + 2, words.words[control.last + 2]! + this.choices.turns(choice))
      words.put(control.last, cpu + 1)
    }
    switch (choice & 7) {
      case STOP:
        return this.stop(cpu, at)
      case TIME_OUT:
        this.begin(cpu, at)
        return steps.timeOut(cpu, at)
      case NMI:
      case NMI_WAITS:
        return this.nest(cpu, at, (choice & 7) === NMI_WAITS)
      default:
        this.go(cpu, at)
    }
  }

  // The CPU's next step, by a leap if one is known.
  private go(cpu: number, at: number): void {
    const { leaps, steps } = this
    if (leaps?.take(cpu, at) === true) {
      steps.violation = undefined
      steps.accesses = leaps.accesses
      return
    }
    this.begin(cpu, at)
    steps.run(cpu, at)
    if (steps.violation === undefined) leaps?.keep(cpu, at, steps.accesses)
  }

  // Begins the CPU's next operation if none runs on it.
  private begin(cpu: number, at: number): void {
    const { control, words } = this
    if (words.words[at + DEPTH] !== 0) return
    const place = words.words[at + PLACE]!
    words.put(at + PLACE, place + 1)
    control.push(at, control.scripts[cpu]!.first + place)
  }

  private stop(cpu: number, at: number): void {
    const { control, words, subject } = this
    this.steps.violation = undefined
    control.stop(cpu, at)
    words.put(subject.stage.hidden + 2, (subject.cpus[cpu]!.as ?? cpu) + 1)
  }

  // Starts the CPU's next NMI over what runs there.
  private nest(cpu: number, at: number, waits: boolean): void {
    const { control, words } = this
    this.steps.violation = undefined
    const call = control.scripts[cpu]!.nmiFirst + words.words[at + NMI_STARTED]!
    words.put(at + NMI_STARTED, words.words[at + NMI_STARTED]! + 1)
    control.push(at, call)
    const root = control.roots[call]!
    if (!waits && !this.choices.mayFail(root) && this.choices.runnable(root, false)) this.steps.run(cpu, at)
  }

  /** Whether the state offers this choice. */
  enabled(choice: number): boolean {
    return this.choices.enabled(choice)
  }

  /** The CPU that stopped for ever (its position in the subject), or -1. */
  get stopped(): number {
    return this.control.stopped
  }

  /** Number of the value that a call returned, or -1. */
  resultNumber(call: number): number {
    return this.control.resultNumber(call)
  }

  /** Number of the value that ends the call in an observation (which is made before the result is written). */
  resultNumberAfter(seen: Observation): number {
    return this.logs.nodes[this.logs.child(seen.node, seen.low, seen.high) * log.NODE_STRIDE + log.NODE_CODE]!
  }

  /** Calls that had ended when this one began, as bits; bit 31: it has begun. Kept for subjects with a model. */
  startMask(call: number): number {
    return this.control.startMask(call)
  }

  /** The log node of the innermost operation that runs on a CPU; 0 if none does. */
  node(cpu: number): number {
    return this.control.node(cpu)
  }

  /** The calls running on a CPU, outermost first. */
  running(cpu: number): Call[] {
    return this.control.running(cpu)
  }

  /** Why nobody can go on: undefined if that is as it should be, else who waits. Only for states without a choice. */
  stuck(): string | undefined {
    return this.choices.stuck()
  }
}
