// The control words of a subject's world: per CPU its place in its script and the stack of operations that run on it,
// per operation its result. They lie behind the stage's memory in the same array, so undo and hash cover them. Owned by
// a World.
import { NODE_STEPS, NODE_STRIDE } from './node.js'
import type { Call } from './observation.js'
import type { PlainSets, Raced } from './races.js'
import type { Subject } from './subject.js'
import type { Words } from './words.js'

/** Words of one CPU, as offsets from `Control.cpu`. */
export const PLACE = 0
export const NMI_STARTED = 1
export const STATUS = 2
export const DEPTH = 3
/** Log nodes and calls of the operations that run, outermost first. */
export const NODE = 4
export const CALL = 7
/** Number of the set of plain accesses since the CPU's last scheduling point (races.ts). */
export const PLAIN_SET = 10
/** How many they are. */
export const CPU_WORDS = 11

/** STATUS: */
export const ASLEEP = 1
export const WOKEN = 2
export const STOPPED = 3

/** Levels of nesting that the control words have room for, beside the operation at the bottom. */
export const MAX_NMI_DEPTH = 2

/** What a CPU of the subject does: its calls, by number. */
export interface Script {
  first: number
  count: number
  nmiFirst: number
  nmiCount: number
  mayStop: boolean
}

export class Control {
  readonly calls: Call[] = []
  readonly scripts: Script[] = []
  /** The log node at which each call begins. */
  readonly roots: number[] = []
  readonly cpuCount: number
  /** Per CPU: the calls of all others, as bits. */
  readonly others: number[]
  private readonly base: number
  private readonly repairs: number
  /** Word index of [result number + 1, start mask] of each call. */
  readonly results: number
  /** Word index of the calls that have ended, as bits. */
  readonly done: number
  /** Word index of the calls that will make no access any more, as bits: ended, or never to come. */
  readonly over: number
  /** Word index of the CPU that stopped for ever, plus 1. */
  readonly stops: number
  /** Word index of [CPU that made the last step, plus 1; preemptions; switches so far], kept if they are bounded. */
  readonly last: number

  constructor(
    subject: Subject,
    private readonly words: Words,
  ) {
    const { stage } = subject
    this.cpuCount = subject.cpus.length
    subject.cpus.forEach((script, index) => {
      const cpu = stage.cpus[script.as ?? index]!
      const first = this.calls.length
      for (const operation of script.operations) this.calls.push({ operation, cpu: index, nmi: false })
      const nmiFirst = this.calls.length
      for (const operation of script.nmi ?? []) this.calls.push({ operation, cpu: index, nmi: true })
      for (let i = first; i < this.calls.length; i++) this.roots.push(stage.logs.root(this.calls[i]!.operation, cpu))
      const count = nmiFirst - first
      const nmiCount = this.calls.length - nmiFirst
      this.scripts.push({ first, count, nmiFirst, nmiCount, mayStop: script.mayStop === true })
    })
    const all = (1 << this.calls.length) - 1
    this.others = this.scripts.map((_, cpu) => all & ~this.callsOf(cpu))
    this.repairs = this.callsAfterStop()
    this.base = stage.control
    this.results = this.base + this.cpuCount * CPU_WORDS
    this.done = this.results + this.calls.length * 2
    this.over = this.done + 1
    this.stops = this.done + 2
    this.last = this.done + 3
    words.grow(this.done + 6)
  }

  /** Word index of a CPU's words. */
  cpu(cpu: number): number {
    return this.base + cpu * CPU_WORDS
  }

  /** The calls of a CPU, as bits. */
  private callsOf(cpu: number): number {
    const { first, count, nmiCount } = this.scripts[cpu]!
    return ((1 << (count + nmiCount)) - 1) << first
  }

  // The calls that begin only if a CPU stops, and those that come after them.
  private callsAfterStop(): number {
    let bits = 0
    for (const { first, count } of this.scripts) {
      const at = this.calls.slice(first, first + count).findIndex(({ operation }) => operation.afterStop === true)
      if (at >= 0) bits |= ((1 << (count - at)) - 1) << (first + at)
    }
    return bits
  }

  /** Begins a call on a CPU, over what runs there. */
  push(at: number, call: number): void {
    const { words } = this
    const depth = words.words[at + DEPTH]!
    words.put(at + DEPTH, depth + 1)
    words.put(at + NODE + depth, this.roots[call]!)
    words.put(at + CALL + depth, call)
  }

  /** Ends the innermost call of a CPU with a value's number. */
  pop(at: number, call: number, value: number): void {
    const { words } = this
    const depth = words.words[at + DEPTH]! - 1
    words.put(at + DEPTH, depth)
    words.put(at + NODE + depth, 0)
    words.put(at + CALL + depth, 0)
    words.put(this.results + call * 2, value + 1)
    words.put(this.done, words.words[this.done]! | (1 << call))
    let over = words.words[this.over]! | (1 << call)
    const { cpu } = this.calls[call]!
    if (depth === 0 && words.words[at + PLACE] === this.scripts[cpu]!.count) {
      over |= this.callsOf(cpu)
      if (this.repairs !== 0 && this.nobodyStops()) over |= this.repairs
    }
    words.put(this.over, over)
  }

  /** A CPU stops for ever. What it has read until then is no part of the state any more: nobody goes on from there. */
  stop(cpu: number, at: number): void {
    const { words } = this
    words.put(at + STATUS, STOPPED)
    words.put(at + PLAIN_SET, 0)
    for (let level = words.words[at + DEPTH]! - 1; level >= 0; level--) words.put(at + NODE + level, 0)
    words.put(this.stops, cpu + 1)
    words.put(this.over, words.words[this.over]! | this.callsOf(cpu))
  }

  // Whether no CPU has stopped, and all that may have ended.
  private nobodyStops(): boolean {
    const { words } = this.words
    if (words[this.stops] !== 0) return false
    return this.scripts.every(({ mayStop, count }, cpu) => {
      const at = this.cpu(cpu)
      return !mayStop || (words[at + DEPTH] === 0 && words[at + PLACE] === count)
    })
  }

  /** A CPU whose plain accesses since its last scheduling point an access of another CPU races with, or -1. */
  raced(cpu: number, plain: PlainSets, code: number, address: number): number {
    const { words } = this.words
    for (let other = 0, at = this.base + PLAIN_SET; other < this.cpuCount; other++, at += CPU_WORDS) {
      const theirs = words[at]!
      if (theirs !== 0 && other !== cpu && plain.conflicts(theirs, code, address)) return other
    }
    return -1
  }

  /** The same for an access to a range of bytes: the CPU and the first byte. */
  racedWithin(cpu: number, plain: PlainSets, address: number, length: number, write: boolean): Raced | undefined {
    for (let other = 0; other < this.cpuCount; other++) {
      const theirs = this.words.words[this.cpu(other) + PLAIN_SET]!
      const at = theirs === 0 || other === cpu ? -1 : plain.meets(theirs, address, length, write)
      if (at >= 0) return { cpu: other, address: at }
    }
    return undefined
  }

  /** The CPU that stopped for ever (its position in the subject), or -1. */
  get stopped(): number {
    return this.words.words[this.stops]! - 1
  }

  /** The control words that say which calls have ended and how, who waits, and what overlapped. */
  *endWords(): Generator<number> {
    yield this.stops
    for (let word = this.results; word < this.done; word++) yield word
    for (let cpu = 0; cpu < this.cpuCount; cpu++)
      for (const field of [PLACE, STATUS, DEPTH, CALL, CALL + 1, CALL + 2]) yield this.cpu(cpu) + field
  }

  /** Number of the value that a call returned, or -1. */
  resultNumber(call: number): number {
    return this.words.words[this.results + call * 2]! - 1
  }

  /** Calls that had ended when this one began, as bits; bit 31: it has begun. Kept for subjects with a model. */
  startMask(call: number): number {
    return this.words.words[this.results + call * 2 + 1]!
  }

  /** The log node of the innermost operation that runs on a CPU; 0 if none does, or the CPU has stopped. */
  node(cpu: number): number {
    const at = this.cpu(cpu)
    const depth = this.words.words[at + DEPTH]!
    return depth === 0 ? 0 : this.words.words[at + NODE + depth - 1]!
  }

  /** The calls running on a CPU, outermost first. */
  running(cpu: number): Call[] {
    const { words } = this.words
    const at = this.cpu(cpu)
    return Array.from({ length: words[at + DEPTH]! }, (_, level) => this.calls[words[at + CALL + level]!]!)
  }

  /** Whether the operation at a level of a CPU's stack has made a step. */
  begun(nodes: Int32Array, at: number, depth: number): boolean {
    return nodes[this.words.words[at + NODE + depth - 1]! * NODE_STRIDE + NODE_STEPS]! > 0
  }
}
