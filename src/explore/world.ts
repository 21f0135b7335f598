// The transition system of one subject: which choices a state offers and what a choice does. A state is the words of the
// stage's memory plus control words (per CPU: place in its script, stack of log nodes; per operation: result). All changes
// go through Words.put, so a search undoes them by a mark. Used by search.ts, walk.ts and trace.ts.
import { DOOR_COPY, DOOR_FILL, DOOR_NOW, DOOR_SLEEP, DOOR_WAIT_WHILE, DOOR_WAKE } from '../../core/abi.js'
import { checkRange, isWordAccess, mayWrite, operationOf, perform, result, Violation, widthOf } from './access.js'
import { checkPoison, special } from './effects.js'
import { DOOR_CLEANSE, DOOR_POISON, DOOR_STOPPED } from './executor.js'
import type { LogTree } from './log.js'
import * as log from './node.js'
import type { Call, Observation } from './observation.js'
import { PlainSets } from './races.js'
import { Sharing } from './sharing.js'
import type { Stage } from './stage.js'
import type { Subject } from './subject.js'
import type { Words } from './words.js'

/** A choice is `cpu << 3 | kind`. */
export const STEP = 0
export const NMI = 1
export const STOP = 2
export const TIME_OUT = 3
/** As NMI, but the nested operation makes no step yet. Offered where the interrupted one stands before a quiet access. */
export const NMI_WAITS = 4
export const KINDS = 5

/** Control words of one CPU. */
const PLACE = 0
const NMI_STARTED = 1
const STATUS = 2
const DEPTH = 3
const NODE = 4
const CALL = 7
const PLAIN = 10
const CPU_WORDS = 11
/** STATUS: */
const ASLEEP = 1
const WOKEN = 2
const STOPPED = 3
/** Levels of nesting that the control words have room for, beside the operation at the bottom. */
const MAX_NMI_DEPTH = 2
/** Quiet accesses in a row after which a loop is taken to be endless. */
const QUIET_LIMIT = 100_000

export interface WorldOptions {
  /** Every access is a scheduling point, plain ones and those to words that only one CPU uses too. */
  full?: boolean
  /** Offers NMI_WAITS everywhere, so that any interleaving can be repeated in a `full` world. */
  replay?: boolean
  /** At most this many preemptions. */
  preemptions?: number | undefined
}

export class World {
  readonly words: Words
  readonly logs: LogTree
  readonly calls: Call[] = []
  readonly cpuCount: number
  /** What the last step violated. */
  violation: string | undefined
  /** Most own steps of each call so far. */
  readonly ownSteps: number[] = []
  /** A violation by a race may be an order that a word established which is not known to be shared yet: learn first. */
  doubtful = false
  /** Told of every access; for traces only. */
  observer: ((observation: Observation) => void) | undefined
  /** Which words only one CPU uses: known to the stage, and learnt here. */
  readonly sharing: Sharing
  private readonly plain = new PlainSets()
  private readonly base: number
  private readonly results: number
  private readonly done: number
  private readonly stops: number
  private readonly last: number
  private readonly scripts: { first: number; count: number; nmiFirst: number; nmiCount: number; mayStop: boolean }[] =
    []
  private readonly roots: number[] = []
  private readonly nmiDepth: number
  private readonly ordered: boolean
  private readonly maxSteps: number

  constructor(
    readonly subject: Subject,
    private readonly options: WorldOptions = {},
  ) {
    const stage: Stage = subject.stage
    this.words = stage.memory
    this.logs = stage.logs
    this.cpuCount = subject.cpus.length
    this.nmiDepth = Math.min(subject.nmiDepth ?? MAX_NMI_DEPTH, MAX_NMI_DEPTH)
    this.ordered = subject.model !== undefined
    this.maxSteps = subject.maxSteps ?? 10_000
    subject.cpus.forEach((script, index) => {
      const cpu = stage.cpus[script.as ?? index]!
      const first = this.calls.length
      for (const operation of script.operations) this.calls.push({ operation, cpu: index, nmi: false })
      const nmiFirst = this.calls.length
      for (const operation of script.nmi ?? []) this.calls.push({ operation, cpu: index, nmi: true })
      for (let i = first; i < this.calls.length; i++) this.roots.push(this.logs.root(this.calls[i]!.operation, cpu))
      const count = nmiFirst - first
      const nmiCount = this.calls.length - nmiFirst
      this.scripts.push({ first, count, nmiFirst, nmiCount, mayStop: script.mayStop === true })
    })
    for (let i = 0; i < this.calls.length; i++) this.ownSteps.push(0)
    this.base = stage.control
    this.results = this.base + this.cpuCount * CPU_WORDS
    this.done = this.results + this.calls.length * 2
    this.stops = this.done + 1
    this.last = this.done + 2
    this.words.grow(this.done + 4)
    this.sharing = new Sharing(stage.shared)
  }

  /** The CPU whose choices alone need to be explored here (it stands before a quiet access), or -1. */
  quietCpu(): number {
    if (this.options.full === true) return -1
    const { words } = this.words
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      const at = this.base + cpu * CPU_WORDS
      const depth = words[at + DEPTH]!
      if (depth === 0 || words[at + STATUS] === STOPPED) continue
      if (this.quiet(words[at + NODE + depth - 1]!)) return cpu
    }
    return -1
  }

  // Whether the next access of a node is independent of everything that other CPUs can do: plain (a race would be found),
  // or to a word that no other CPU uses in a way that matters.
  private quiet(node: number): boolean {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    if (nodes[n + log.NODE_QUIET] === 1) return true
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS) return false
    const code = nodes[n + log.NODE_CODE]!
    if (!isWordAccess(operationOf(code))) return false
    return !this.sharing.isShared(nodes[n + log.NODE_ADDRESS]!, widthOf(code))
  }

  /** Whether the state offers this choice. */
  enabled(choice: number): boolean {
    const { words } = this.words
    const cpu = choice >> 3
    const at = this.base + cpu * CPU_WORDS
    if (words[at + STATUS] === STOPPED || !this.offers(at, cpu, choice & 7)) return false
    return this.options.preemptions === undefined || this.cost(cpu) + words[this.last + 1]! <= this.options.preemptions
  }

  /** Whether a CPU could make a step, whatever the preemption bound says. */
  canStep(cpu: number): boolean {
    const at = this.base + cpu * CPU_WORDS
    return this.words.words[at + STATUS] !== STOPPED && this.offers(at, cpu, STEP)
  }

  // 1 if letting this CPU go on takes the processor from another one that could go on with its operation.
  private cost(cpu: number): number {
    const { words } = this.words
    const last = words[this.last]! - 1
    if (last < 0 || last === cpu) return 0
    const at = this.base + last * CPU_WORDS
    return words[at + DEPTH] !== 0 && words[at + STATUS] !== STOPPED && this.offers(at, last, STEP) ? 1 : 0
  }

  private offers(at: number, cpu: number, kind: number): boolean {
    const { words } = this.words
    const script = this.scripts[cpu]!
    const depth = words[at + DEPTH]!
    switch (kind) {
      case STEP: {
        if (depth > 0) return this.runnable(words[at + NODE + depth - 1]!, words[at + STATUS] === ASLEEP)
        const place = words[at + PLACE]!
        if (place >= script.count) return false
        const call = script.first + place
        if (this.calls[call]!.operation.afterStop === true && words[this.stops] === 0) return false
        return this.runnable(this.roots[call]!, false)
      }
      case NMI:
      case NMI_WAITS: {
        if (depth === 0 || depth > this.nmiDepth || words[at + NMI_STARTED]! >= script.nmiCount) return false
        if (!this.begun(at, depth)) return false
        const waits = this.options.full !== true && this.quiet(words[at + NODE + depth - 1]!)
        return this.options.replay === true || waits === (kind === NMI_WAITS)
      }
      case STOP:
        return script.mayStop && depth > 0 && words[this.stops] === 0 && this.begun(at, 1)
      default:
        return this.subject.sleepTimesOut === true && words[at + STATUS] === ASLEEP && this.limitedSleep(at, depth)
    }
  }

  private begun(at: number, depth: number): boolean {
    return this.logs.nodes[this.words.words[at + NODE + depth - 1]! * log.NODE_STRIDE + log.NODE_STEPS]! > 0
  }

  private limitedSleep(at: number, depth: number): boolean {
    const node = this.words.words[at + NODE + depth - 1]! * log.NODE_STRIDE
    return (
      operationOf(this.logs.nodes[node + log.NODE_CODE]!) === DOOR_SLEEP && this.logs.nodes[node + log.NODE_B_LOW]! >= 0
    )
  }

  private runnable(node: number, asleep: boolean): boolean {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS) return true
    const operation = operationOf(nodes[n + log.NODE_CODE]!)
    if (operation === DOOR_WAIT_WHILE)
      return this.words.words[nodes[n + log.NODE_ADDRESS]! >>> 2] !== nodes[n + log.NODE_A_LOW]
    return !(asleep && operation === DOOR_SLEEP)
  }

  /** Does one choice. What it broke is left in `violation`. */
  step(choice: number): void {
    const { words } = this.words
    const cpu = choice >> 3
    const kind = choice & 7
    const at = this.base + cpu * CPU_WORDS
    this.violation = undefined
    if (this.options.preemptions !== undefined) {
      this.words.put(this.last + 1, words[this.last + 1]! + this.cost(cpu))
      this.words.put(this.last, cpu + 1)
    }
    switch (kind) {
      case STOP:
        this.words.put(at + STATUS, STOPPED)
        this.words.put(at + PLAIN, 0)
        this.words.put(this.stops, cpu + 1)
        this.words.put(this.subject.stage.hidden + 2, (this.subject.cpus[cpu]!.as ?? cpu) + 1)
        return
      case TIME_OUT:
        this.words.put(at + STATUS, 0)
        this.advance(cpu, at, words[at + DEPTH]!, 2, 0)
        break
      case NMI:
      case NMI_WAITS: {
        const call = this.scripts[cpu]!.nmiFirst + words[at + NMI_STARTED]!
        this.words.put(at + NMI_STARTED, words[at + NMI_STARTED]! + 1)
        this.push(at, words[at + DEPTH]!, call)
        if (kind === NMI_WAITS || !this.runnable(this.roots[call]!, false)) return
        this.perform(cpu, at)
        break
      }
      default:
        if (words[at + DEPTH] === 0) {
          const place = words[at + PLACE]!
          this.words.put(at + PLACE, place + 1)
          this.push(at, 0, this.scripts[cpu]!.first + place)
        }
        this.perform(cpu, at)
    }
    if (this.options.full === true) return
    for (let quiet = 0; this.violation === undefined && this.goesOnQuietly(cpu, at); quiet++) {
      if (quiet > QUIET_LIMIT) this.violation = 'an endless loop of plain accesses'
      this.perform(cpu, at)
    }
  }

  // The CPU's next access needs no scheduling point and the CPU has no other choice.
  private goesOnQuietly(cpu: number, at: number): boolean {
    const { words } = this.words
    const depth = words[at + DEPTH]!
    if (depth === 0) return false
    if (!this.quiet(words[at + NODE + depth - 1]!)) return false
    return !this.offers(at, cpu, NMI_WAITS) && !this.offers(at, cpu, STOP)
  }

  private push(at: number, depth: number, call: number): void {
    this.words.put(at + DEPTH, depth + 1)
    this.words.put(at + NODE + depth, this.roots[call]!)
    this.words.put(at + CALL + depth, call)
  }

  // Performs the pending access of the top operation of a CPU.
  private perform(cpu: number, at: number): void {
    const { words } = this.words
    const { nodes } = this.logs
    const depth = words[at + DEPTH]!
    const node = words[at + NODE + depth - 1]! * log.NODE_STRIDE
    if (nodes[node + log.NODE_STATUS] !== log.ACCESS) return this.settle(cpu, at, depth, node / log.NODE_STRIDE)
    const code = nodes[node + log.NODE_CODE]!
    const address = nodes[node + log.NODE_ADDRESS]!
    const a = nodes[node + log.NODE_A_LOW]!
    const operation = operationOf(code)
    let low = 0
    let high = 0
    try {
      if (isWordAccess(operation)) {
        checkRange(address >>> 0, widthOf(code), widthOf(code), this.subject.stage.limit)
        checkPoison(this.subject, address, widthOf(code))
        this.sharing.touch(cpu, address, widthOf(code), mayWrite(operation))
        this.checkRaces(cpu, at, code, address, this.quiet(node / log.NODE_STRIDE))
        perform(
          this.words,
          code,
          address,
          a,
          nodes[node + log.NODE_A_HIGH]!,
          nodes[node + log.NODE_B_LOW]!,
          nodes[node + log.NODE_B_HIGH]!,
        )
        low = result.low
        high = result.high
      } else {
        if (nodes[node + log.NODE_QUIET] === 0) this.words.put(at + PLAIN, 0)
        if (operation === DOOR_SLEEP || operation === DOOR_WAIT_WHILE) this.sharing.touch(cpu, address, 4, false)
        if (operation === DOOR_SLEEP) {
          if (words[address >>> 2] !== a && words[at + STATUS] !== WOKEN) low = 1
          else if (words[at + STATUS] !== WOKEN) return this.words.put(at + STATUS, ASLEEP)
          this.words.put(at + STATUS, 0)
        } else if (operation === DOOR_WAKE) this.wake(address)
        else if (operation === DOOR_NOW) {
          low = words[this.subject.stage.hidden]!
          high = words[this.subject.stage.hidden + 1]!
        } else this.performSpecial(cpu, operation, code, address, node)
        if (operation === DOOR_STOPPED) low = words[this.subject.stage.hidden + 2]!
      }
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown
      this.violation = `${this.calls[words[at + CALL + depth - 1]!]!.operation.name}: ${thrown.message}`
    }
    this.advance(cpu, at, depth, low, high)
  }

  private performSpecial(cpu: number, operation: number, code: number, address: number, node: number): void {
    const { nodes } = this.logs
    const a = nodes[node + log.NODE_A_LOW]!
    const length = nodes[node + log.NODE_B_LOW]! >>> 0
    if (operation === DOOR_FILL || operation === DOOR_COPY) {
      this.sharing.touch(cpu, address, length, true)
      if (operation === DOOR_COPY) this.sharing.touch(cpu, a, length, false)
    } else if (operation === DOOR_POISON || operation === DOOR_CLEANSE) this.sharing.touch(cpu, address, a, true)
    special(this.subject, code, address, a, nodes[node + log.NODE_A_HIGH]!, length)
  }

  private wake(address: number): void {
    const { words } = this.words
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      const at = this.base + cpu * CPU_WORDS
      if (words[at + STATUS] !== ASLEEP) continue
      const node = words[at + NODE]! * log.NODE_STRIDE
      if (this.logs.nodes[node + log.NODE_ADDRESS] === address) this.words.put(at + STATUS, WOKEN)
    }
  }

  private checkRaces(cpu: number, at: number, code: number, address: number, quiet: boolean): void {
    const { words } = this.words
    // What only one CPU uses races with nobody.
    if (this.options.full !== true && !this.sharing.isShared(address, widthOf(code))) return
    for (let other = 0; other < this.cpuCount; other++) {
      const set = words[this.base + other * CPU_WORDS + PLAIN]!
      if (set === 0 || other === cpu || !this.plain.conflicts(set, code, address)) continue
      this.doubtful = this.sharing.grown.length > 0 && this.options.full !== true
      throw new Violation(
        `a plain access races with CPU ${other} at ${this.subject.nameOf?.(address) ?? '0x' + address.toString(16)}`,
      )
    }
    if (PlainSets.isPlain(code)) this.words.put(at + PLAIN, this.plain.add(words[at + PLAIN]!, code, address))
    else if (!quiet || this.options.full === true) this.words.put(at + PLAIN, 0)
  }

  // The access returned: the operation is one node further, and may have ended.
  private advance(cpu: number, at: number, depth: number, low: number, high: number): void {
    const { words } = this.words
    const node = words[at + NODE + depth - 1]!
    const call = words[at + CALL + depth - 1]!
    if (this.ordered && words[this.results + call * 2 + 1] === 0)
      this.words.put(this.results + call * 2 + 1, words[this.done]! | 0x80000000)
    const next = this.logs.child(node, low, high)
    this.words.put(at + NODE + depth - 1, next)
    if (this.observer) this.observe(cpu, depth, call, node, low, high, next)
    this.settle(cpu, at, depth, next)
  }

  // Ends the operation if its node says so.
  private settle(cpu: number, at: number, depth: number, node: number): void {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    const { words } = this.words
    const call = words[at + CALL + depth - 1]!
    const steps = nodes[n + log.NODE_STEPS]!
    if (steps > this.ownSteps[call]!) {
      this.ownSteps[call] = steps
      if (steps > this.maxSteps)
        this.violation ??= `${this.calls[call]!.operation.name} took more than ${this.maxSteps} own steps`
    }
    const status = nodes[n + log.NODE_STATUS]!
    if (status === log.ACCESS) return
    if (status === log.BROKEN) {
      this.violation ??= `${this.calls[call]!.operation.name}: ${this.logs.messages[nodes[n + log.NODE_CODE]!]}`
      return
    }
    this.words.put(at + DEPTH, depth - 1)
    this.words.put(at + NODE + depth - 1, 0)
    this.words.put(at + CALL + depth - 1, 0)
    this.words.put(this.results + call * 2, nodes[n + log.NODE_CODE]! + 1)
    this.words.put(this.done, words[this.done]! | (1 << call))
  }

  private observe(cpu: number, depth: number, call: number, node: number, low: number, high: number, next: number) {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    this.observer!({
      cpu,
      depth,
      call,
      code: nodes[n + log.NODE_CODE]!,
      address: nodes[n + log.NODE_ADDRESS]!,
      aLow: nodes[n + log.NODE_A_LOW]!,
      aHigh: nodes[n + log.NODE_A_HIGH]!,
      bLow: nodes[n + log.NODE_B_LOW]!,
      bHigh: nodes[n + log.NODE_B_HIGH]!,
      low,
      high,
      node,
      ended: nodes[next * log.NODE_STRIDE + log.NODE_STATUS] === log.FINISHED,
    })
  }

  /** The CPU that stopped for ever (its position in the subject), or -1. */
  get stopped(): number {
    return this.words.words[this.stops]! - 1
  }

  /** Number of the value that a call returned, or -1. */
  resultNumber(call: number): number {
    return this.words.words[this.results + call * 2]! - 1
  }

  /** Number of the value that ends the call in an observation (which is made before the result is written). */
  resultNumberAfter(seen: Observation): number {
    return this.logs.nodes[this.logs.child(seen.node, seen.low, seen.high) * log.NODE_STRIDE + log.NODE_CODE]!
  }

  /** Calls that had ended when this one began, as bits; bit 31: it has begun. Kept for subjects with a model. */
  startMask(call: number): number {
    return this.words.words[this.results + call * 2 + 1]!
  }

  /** The log node of the innermost operation that runs on a CPU; 0 if none does. */
  node(cpu: number): number {
    const at = this.base + cpu * CPU_WORDS
    const depth = this.words.words[at + DEPTH]!
    return depth === 0 ? 0 : this.words.words[at + NODE + depth - 1]!
  }

  /** The calls running on a CPU, outermost first. */
  running(cpu: number): Call[] {
    const { words } = this.words
    const at = this.base + cpu * CPU_WORDS
    return Array.from({ length: words[at + DEPTH]! }, (_, level) => this.calls[words[at + CALL + level]!]!)
  }

  /** Why nobody can go on: undefined if that is as it should be, else who waits. Only for states without a choice. */
  stuck(): string | undefined {
    const { words } = this.words
    const waiting: string[] = []
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      const at = this.base + cpu * CPU_WORDS
      const status = words[at + STATUS]!
      if (status === STOPPED || (status === ASLEEP && this.subject.sleepIsRest === true)) continue
      const running = this.running(cpu)
      const top = running.at(-1)
      const script = this.scripts[cpu]!
      const place = words[at + PLACE]!
      const next = place < script.count ? this.calls[script.first + place]!.operation : undefined
      const blocked = top?.operation ?? (next?.afterStop === true && this.stopped < 0 ? undefined : next)
      if (blocked === undefined || (this.stopped >= 0 && running.every((call) => call.operation.mayWait === true)))
        continue
      waiting.push(`CPU ${cpu} ${status === ASLEEP ? 'sleeps' : 'waits'} in ${blocked.name}`)
    }
    return waiting.length === 0 ? undefined : waiting.join(', ')
  }
}
