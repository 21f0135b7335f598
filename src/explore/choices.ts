// Which choices a state offers: which CPU may make a step, take an NMI, stop for ever, sleep to the end of its limit.
// Reads the state only. Owned by a World.
import { DOOR_SLEEP, DOOR_WAIT_WHILE } from '../../core/abi.js'
import { operationOf } from './access.js'
import { addressName } from './address-name.js'
import { ASLEEP, DEPTH, MAX_NMI_DEPTH, NMI_STARTED, NODE, PLACE, STATUS, STOPPED } from './control.js'
import type { Control } from './control.js'
import type { Independence } from './independence.js'
import type { LogTree } from './log.js'
import * as log from './node.js'
import type { Sharing } from './sharing.js'
import type { Subject } from './subject.js'
import type { Words } from './words.js'

/** A choice is `cpu << 3 | kind`. */
export const STEP = 0
export const NMI = 1
export const STOP = 2
/** The pending access goes the other way: a sleep comes to the end of its limit, an allocation fails. */
export const TIME_OUT = 3
/**
 * As NMI, but the nested operation makes no step yet. Offered where the interrupted one stands before a quiet access.
 */
export const NMI_WAITS = 4
export const KINDS = 5

const interrupts = (choice: number): boolean => {
  const kind = choice & 7
  return kind === NMI || kind === NMI_WAITS || kind === STOP
}

/** How many switches a choice is, `last` being the CPU of the one before or negative: see Choices.turns. */
const switchesIn = (last: number, choice: number): number =>
  (last >= 0 && last !== choice >> 3 ? 1 : 0) + (interrupts(choice) ? 1 : 0)

/** The switches of an interleaving. */
export function switchesOf(choices: readonly number[]): number {
  return choices.reduce((sum, choice, at) => sum + switchesIn(at === 0 ? -1 : choices[at - 1]! >> 3, choice), 0)
}

/** Choices of all CPUs are bits of one word: bit `cpu * KINDS + kind`. */
export const MOST_CPUS = 6
const KIND_BITS = (1 << KINDS) - 1

/** The choice of a bit number. */
export const choiceOfBit: readonly number[] = Array.from(
  { length: MOST_CPUS * KINDS },
  (_, bit) => (Math.floor(bit / KINDS) << 3) | (bit % KINDS),
)

export interface WorldOptions {
  /** Every access is a scheduling point, plain ones and those to words that only one CPU uses too. */
  full?: boolean
  /** Offers NMI_WAITS everywhere, so that any interleaving can be repeated in a `full` world. */
  replay?: boolean
  /** At most this many preemptions. */
  preemptions?: number | undefined
  /** Beside that, at most this many switches: moves to another CPU, NMIs and stops. */
  switches?: number | undefined
  /**
   * Steps whose like was made before are not made access by access (leaps.ts); searches say so, if not told otherwise.
   */
  leaps?: boolean
}

export class Choices {
  private readonly nmiDepth: number
  private readonly full: boolean
  private readonly allocationsFail: boolean
  private readonly checked: boolean

  constructor(
    private readonly subject: Subject,
    private readonly control: Control,
    private readonly words: Words,
    private readonly logs: LogTree,
    private readonly sharing: Sharing,
    private readonly independence: Independence,
    private readonly options: WorldOptions,
  ) {
    this.nmiDepth = Math.min(subject.nmiDepth ?? MAX_NMI_DEPTH, MAX_NMI_DEPTH)
    this.full = options.full === true
    this.allocationsFail = subject.allocationsFail === true
    this.checked = subject.check !== undefined
  }

  /** The CPU whose choices alone need to be explored here (it stands before a quiet access), or -1. */
  quietCpu(): number {
    if (this.full) return -1
    const { words } = this.words
    for (let cpu = 0; cpu < this.control.cpuCount; cpu++) {
      const at = this.control.cpu(cpu)
      const depth = words[at + DEPTH]!
      if (depth === 0 || words[at + STATUS] === STOPPED) continue
      // What ends before an operation begins is part of a history: the beginning has its place among the others' steps.
      if (!this.control.begun(this.logs.nodes, at, depth)) continue
      if (this.quiet(cpu, words[at + NODE + depth - 1]!)) return cpu
    }
    return -1
  }

  /**
   * Whether the next access of a CPU, at this node, is independent of everything that others can still do: plain (a
   * race would be found) and to nothing that they free, or to a word that no operation of theirs uses, as far as is
   * known, which runs or is still to come. One that a retry loop comes back to never is: a loop of quiet accesses would
   * leave the others out for ever.
   */
  quiet(cpu: number, node: number): boolean {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS) return false
    const flags = nodes[n + log.NODE_FLAGS]!
    if (flags & log.TURN) return false
    if (flags & log.QUIET && (!this.sharing.frees || !(flags & log.WORD))) return true
    if (flags & log.FAILS) return !this.allocationsFail
    if (!(flags & log.WORD)) return false
    const { independence } = this
    const calls = this.pending(cpu, (flags & log.WRITES) !== 0)
    if (flags & log.QUIET) return independence.outlives(node, calls)
    if (independence.meets(node, calls)) return false
    independence.passes(node, calls)
    return true
  }

  /**
   * The calls of other CPUs that an access may meet, as bits: those that are not over. Under a bound on preemptions all
   * of them, for who is alone goes first, which may take a preemption; all for a write, too, if a check looks at every
   * state.
   */
  pending(cpu: number, write: boolean): number {
    const others = this.control.others[cpu]!
    if (this.options.preemptions !== undefined || (write && this.checked)) return others
    return others & ~this.words.words[this.control.over]!
  }

  /** All choices that the state offers whatever the preemption bound says, as bits. */
  offered(): number {
    let bits = 0
    for (let cpu = this.control.cpuCount - 1; cpu >= 0; cpu--) bits = (bits << KINDS) | this.offeredOf(cpu)
    return bits
  }

  /** The choices among `offered` bits that the bounds on preemptions and switches allow. */
  allowed(offered: number): number {
    const { preemptions, switches } = this.options
    if (preemptions === undefined) return offered
    const { words } = this.words
    let bits = offered
    for (let cpu = 0; cpu < this.control.cpuCount; cpu++) {
      if (this.cost(cpu) + words[this.control.last + 1]! > preemptions) bits &= ~this.ofCpu(cpu)
      if (switches === undefined) continue
      const more = switches - words[this.control.last + 2]!
      for (let kind = 0; kind < KINDS; kind++)
        if (this.turns((cpu << 3) | kind) > more) bits &= ~(1 << (cpu * KINDS + kind))
    }
    return bits
  }

  /** How many switches a choice is: it moves to another CPU, and it may begin an NMI or stop its CPU. */
  turns(choice: number): number {
    return switchesIn(this.words.words[this.control.last]! - 1, choice)
  }

  /** The bits of a CPU's choices. */
  ofCpu(cpu: number): number {
    return KIND_BITS << (cpu * KINDS)
  }

  /** Whether the state offers this choice, within the bounds. */
  enabled(choice: number): boolean {
    const cpu = choice >> 3
    if (((this.offeredOf(cpu) >> (choice & 7)) & 1) === 0) return false
    return this.allowed(1 << (cpu * KINDS + (choice & 7))) !== 0
  }

  /** 1 if letting this CPU go on takes the processor from another one that could go on with its operation. */
  cost(cpu: number): number {
    const { words } = this.words
    const last = words[this.control.last]! - 1
    if (last < 0 || last === cpu) return 0
    return words[this.control.cpu(last) + DEPTH] !== 0 && (this.offeredOf(last) & (1 << STEP)) !== 0 ? 1 : 0
  }

  /** Whether the CPU has a choice beside its next step that a quiet access must not pass over. */
  interruptible(cpu: number, at: number): boolean {
    return this.stops(cpu, at) || this.nests(cpu, at)
  }

  private offeredOf(cpu: number): number {
    const { words } = this.words
    const at = this.control.cpu(cpu)
    const status = words[at + STATUS]!
    if (status === STOPPED) return 0
    const depth = words[at + DEPTH]!
    const script = this.control.scripts[cpu]!
    if (depth === 0) {
      const place = words[at + PLACE]!
      if (place >= script.count) return 0
      const call = script.first + place
      if (this.control.calls[call]!.operation.afterStop === true && words[this.control.stops] === 0) return 0
      const root = this.control.roots[call]!
      if (this.mayFail(root)) return (1 << STEP) | (1 << TIME_OUT)
      return this.runnable(root, false) ? 1 << STEP : 0
    }
    const node = words[at + NODE + depth - 1]!
    let bits = this.runnable(node, status === ASLEEP) ? 1 << STEP : 0
    if (script.nmiCount !== 0 && this.nests(cpu, at)) {
      const waits = !this.full && this.quiet(cpu, node)
      if (this.options.replay === true) bits |= (1 << NMI) | (1 << NMI_WAITS)
      else bits |= waits ? 1 << NMI_WAITS : 1 << NMI
    }
    if (this.stops(cpu, at)) bits |= 1 << STOP
    if (status === ASLEEP && this.subject.sleepTimesOut === true && this.limitedSleep(node)) bits |= 1 << TIME_OUT
    if (this.mayFail(node)) bits |= 1 << TIME_OUT
    return bits
  }

  /** Whether a node stands before an allocation that may fail. */
  mayFail(node: number): boolean {
    if (!this.allocationsFail) return false
    const n = node * log.NODE_STRIDE
    return (
      this.logs.nodes[n + log.NODE_STATUS] === log.ACCESS && (this.logs.nodes[n + log.NODE_FLAGS]! & log.FAILS) !== 0
    )
  }

  private nests(cpu: number, at: number): boolean {
    const { words } = this.words
    const depth = words[at + DEPTH]!
    if (depth === 0 || depth > this.nmiDepth || words[at + NMI_STARTED]! >= this.control.scripts[cpu]!.nmiCount)
      return false
    return this.control.begun(this.logs.nodes, at, depth)
  }

  private stops(cpu: number, at: number): boolean {
    const { words } = this.words
    if (!this.mayStillStop(cpu) || words[at + DEPTH] === 0) return false
    if (!this.control.begun(this.logs.nodes, at, 1)) return false
    if (this.full || this.options.replay === true || this.control.scripts[cpu]!.nmiCount !== 0) return true
    return this.hasChanged(words[at + NODE]!)
  }

  /** Whether a CPU stops at some step from here on. */
  mayStillStop(cpu: number): boolean {
    return this.control.scripts[cpu]!.mayStop && this.words.words[this.control.stops] === 0
  }

  // Whether what led to a node, an operation's first access or the one before, may have left something that others see.
  // To stop behind an access that has only read is to stop before it: what others did in between they can do after.
  private hasChanged(node: number): boolean {
    const { nodes } = this.logs
    for (;;) {
      const n = node * log.NODE_STRIDE
      if (nodes[n + log.NODE_WROTE] === 1 || nodes[n + log.NODE_STEPS]! <= 1) return true
      node = nodes[n + log.NODE_PARENT]!
      const above = node * log.NODE_STRIDE
      if (nodes[above + log.NODE_STATUS] !== log.LOOP_HEAD) return (nodes[above + log.NODE_FLAGS]! & log.WORD) === 0
      // A loop whose turns write: what led here may be the end of one.
      if (nodes[above + log.NODE_A_LOW] !== 0) return true
    }
  }

  private limitedSleep(node: number): boolean {
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    return operationOf(nodes[n + log.NODE_CODE]!) === DOOR_SLEEP && nodes[n + log.NODE_B_LOW]! >= 0
  }

  /** Whether the pending access of a node can be made now; `asleep` if its CPU sleeps in it. */
  runnable(node: number, asleep: boolean): boolean {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS || nodes[n + log.NODE_FLAGS]! & log.WORD) return true
    const operation = operationOf(nodes[n + log.NODE_CODE]!)
    if (operation === DOOR_WAIT_WHILE)
      return this.words.words[nodes[n + log.NODE_ADDRESS]! >>> 2] !== nodes[n + log.NODE_A_LOW]
    return !(asleep && operation === DOOR_SLEEP)
  }

  /** Why nobody can go on: undefined if that is as it should be, else who waits. Only for states without a choice. */
  stuck(): string | undefined {
    const { words } = this.words
    const { calls, scripts, stopped } = this.control
    const waiting: string[] = []
    for (let cpu = 0; cpu < this.control.cpuCount; cpu++) {
      const at = this.control.cpu(cpu)
      const status = words[at + STATUS]!
      if (status === STOPPED || (status === ASLEEP && this.subject.sleepIsRest === true)) continue
      const running = this.control.running(cpu)
      const top = running.at(-1)
      const script = scripts[cpu]!
      const place = words[at + PLACE]!
      const next = place < script.count ? calls[script.first + place]!.operation : undefined
      const blocked = top?.operation ?? (next?.afterStop === true && stopped < 0 ? undefined : next)
      if (blocked === undefined || (stopped >= 0 && running.every((call) => call.operation.mayWait === true))) continue
      const word = top && this.awaited(words[at + NODE + running.length - 1]!)
      waiting.push(
        `CPU ${cpu} ${status === ASLEEP ? 'sleeps' : 'waits'} in ${blocked.name}${word === undefined ? '' : ` for ${word}`}`,
      )
    }
    return waiting.length === 0 ? undefined : waiting.join(', ')
  }

  /** The name of the word that a node's pending access waits for, if it waits. */
  private awaited(node: number): string | undefined {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS) return undefined
    const operation = operationOf(nodes[n + log.NODE_CODE]!)
    if (operation !== DOOR_WAIT_WHILE && operation !== DOOR_SLEEP) return undefined
    return addressName(this.subject, nodes[n + log.NODE_ADDRESS]!)
  }
}
