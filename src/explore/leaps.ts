// What steps did, so that they need not be made again access by access: a leap is the words that a step read, with
// their values, and the words that it changed, with what this does to the hash. Where all that a step reads is as it
// was, it does what it did. Leaps are forgotten whenever more becomes known of the words that CPUs share (sharing.ts):
// then steps may end elsewhere, and what they pass must be noted again. Owned by a Stage, for one search at a time.
import { DOOR_NOW } from '../../core/abi.js'
import { operationOf } from './access.js'
import { enlarged } from './arrays.js'
import { CALL, CPU_WORDS, DEPTH, NMI_STARTED, NODE, PLACE, PLAIN_SET } from './control.js'
import type { Control } from './control.js'
import * as log from './node.js'
import type { NodeTable } from './node.js'
import type { PlainSets } from './races.js'
import type { Stage } from './stage.js'
import type { Words } from './words.js'

/**
 * Fields of a leap. Pairs follow: word and value of all that the step reads, then of all that it changes; then the
 * nodes whose accesses it compares with plain accesses of other CPUs.
 */
const NEXT = 0
const BEGIN = 1
const CALLED = 2
const OVER = 3
/** Where the pairs of words that are read end, and those of words that are changed. */
const READ_END = 4
const CHANGE_END = 5
const LEAP_END = 6
const ACCESSES = 7
const DELTA = 8
const HASH = 12
const HEADER = 13

/** Accesses of a step that becomes a leap, at most. */
const LONGEST = 64
/**
 * What a leap takes at most: for each access two words and the bits of their poison, read and changed; control words.
 */
const LARGEST = HEADER + LONGEST * 13 + 512
/** What all leaps of a stage may take, in 32-bit words; then they are forgotten. */
const MOST = 1 << 22
const FIRST_HEADS = 1 << 8

export class Leaps {
  /** Accesses of the leap that was taken last. */
  accesses = 0
  private control: Control | undefined
  private plain: PlainSets | undefined
  /** Nodes of the accesses that the step has made, and how many; more than LONGEST if it cannot become a leap. */
  private readonly path = new Int32Array(LONGEST)
  private length = 0
  /** Those whose accesses were compared with the plain accesses of other CPUs. */
  private readonly compared = new Int32Array(LONGEST)
  private comparisons = 0
  /** Where the step began: place in the undo log, node, call, calls that were over. */
  private mark = 0
  private node = 0
  private call = 0
  private over = 0
  private hash = 0
  private h0 = 0
  private h1 = 0
  private h2 = 0
  private h3 = 0
  private data = new Int32Array(1 << 14)
  private top = 1
  private heads = new Int32Array(FIRST_HEADS)
  /** Heads in use, a power of two, less one; leaps. */
  private places = FIRST_HEADS - 1
  private count = 0
  /** What the leaps were made with. */
  private version = 0
  private poisoned = false
  /** Per word: the last step that was kept which reads it. */
  private noted = new Int32Array(0)
  private kept = 0

  constructor(
    private readonly stage: Stage,
    private readonly words: Words,
    private readonly logs: NodeTable,
  ) {}

  /** A search begins. */
  begin(control: Control, plain: PlainSets): void {
    this.control = control
    this.plain = plain
    const { length } = this.words.words
    if (this.noted.length < length) this.noted = new Int32Array(length)
    this.forget()
  }

  /** Makes the next step of a CPU by a leap if one is known that fits. If not, the step is made access by access. */
  take(cpu: number, at: number): boolean {
    const { stage } = this
    const control = this.control!
    if (stage.sharing.version !== this.version || stage.poisoned !== this.poisoned) this.forget()
    this.mark = this.words.mark()
    const { words } = this.words
    const depth = words[at + DEPTH]!
    const call = depth === 0 ? control.scripts[cpu]!.first + words[at + PLACE]! : words[at + CALL + depth - 1]!
    const node = depth === 0 ? control.roots[call]! : words[at + NODE + depth - 1]!
    const over = words[control.over]!
    const hash = this.hashOf(node, call, over)
    const { data } = this
    for (let leap = this.heads[hash & this.places]!; leap !== 0; leap = data[leap + NEXT]!) {
      if (data[leap + BEGIN] !== node || data[leap + CALLED] !== call || data[leap + OVER] !== over) continue
      const end = data[leap + READ_END]!
      let pair = leap + HEADER
      while (pair < end && words[data[pair]!] === data[pair + 1]) pair += 2
      if (pair < end || this.races(cpu, leap)) continue
      this.words.change(data, end, data[leap + CHANGE_END]!, leap + DELTA)
      this.accesses = data[leap + ACCESSES]!
      return true
    }
    this.node = node
    this.call = call
    this.over = over
    this.hash = hash
    ;({ h0: this.h0, h1: this.h1, h2: this.h2, h3: this.h3 } = this.words)
    this.length = 0
    this.comparisons = 0
    return false
  }

  // Whether an access of the leap races: then the step is made, to say so.
  private races(cpu: number, leap: number): boolean {
    const { data } = this
    const { nodes } = this.logs
    for (let at = data[leap + CHANGE_END]!; at < data[leap + LEAP_END]!; at++) {
      const n = data[at]! * log.NODE_STRIDE
      if (this.control!.raced(cpu, this.plain!, nodes[n + log.NODE_CODE]!, nodes[n + log.NODE_ADDRESS]!) >= 0)
        return true
    }
    return false
  }

  /** The step makes the access of this node. */
  passes(node: number): void {
    if (this.length < LONGEST) this.path[this.length] = node
    this.length++
  }

  /** The access of this node is compared with the plain accesses of other CPUs. */
  compares(node: number): void {
    if (this.comparisons < LONGEST) this.compared[this.comparisons++] = node
    else this.gives()
  }

  /** The step reads or changes more than the words of its accesses: it cannot become a leap. */
  gives(): void {
    this.length = LONGEST + 1
  }

  /** The step was made, with so many accesses, and violated nothing. */
  keep(cpu: number, at: number, accesses: number): void {
    const { sharing, poisoned } = this.stage
    if (this.length > LONGEST || sharing.version !== this.version || poisoned !== this.poisoned) return
    if (this.top + LARGEST > this.data.length) this.makeRoom()
    const leap = this.top
    this.kept++
    let end = this.noteControl(leap + HEADER, cpu, at)
    for (let i = 0; i < this.length; i++) end = this.noteAccess(end, this.path[i]!)
    const { undo, place } = this.words
    for (let entry = this.mark; entry < place; entry += 2) end = this.note(end, undo[entry]!)
    const { data } = this
    data[leap + READ_END] = end
    for (let entry = this.mark; entry < place; entry += 2) {
      const index = undo[entry]!
      const value = this.words.words[index]!
      if (value === undo[entry + 1]) continue
      data[end++] = index
      data[end++] = value
    }
    data[leap + CHANGE_END] = end
    for (let i = 0; i < this.comparisons; i++) data[end++] = this.compared[i]!
    data[leap + LEAP_END] = end
    this.words.mark()
    data[leap + DELTA] = this.h0 ^ this.words.h0
    data[leap + DELTA + 1] = this.h1 ^ this.words.h1
    data[leap + DELTA + 2] = this.h2 ^ this.words.h2
    data[leap + DELTA + 3] = this.h3 ^ this.words.h3
    data[leap + BEGIN] = this.node
    data[leap + CALLED] = this.call
    data[leap + OVER] = this.over
    data[leap + ACCESSES] = accesses
    data[leap + HASH] = this.hash
    this.top = end
    if (++this.count > this.places) this.enlarge()
    else this.hang(leap)
  }

  private forget(): void {
    this.heads.fill(0, 0, this.places + 1)
    this.places = FIRST_HEADS - 1
    this.top = 1
    this.count = 0
    this.version = this.stage.sharing.version
    this.poisoned = this.stage.poisoned
  }

  private hang(leap: number): void {
    const { data, heads } = this
    const head = data[leap + HASH]! & this.places
    data[leap + NEXT] = heads[head]!
    heads[head] = leap
  }

  private enlarge(): void {
    this.places = this.places * 2 + 1
    if (this.places >= this.heads.length) this.heads = new Int32Array(this.places + 1)
    else this.heads.fill(0, 0, this.places + 1)
    for (let leap = 1; leap < this.top; leap = this.data[leap + LEAP_END]!) this.hang(leap)
  }

  private makeRoom(): void {
    if (this.data.length >= MOST) return this.forget()
    this.data = enlarged(this.data, this.data.length * 4)
  }

  private noteAccess(end: number, node: number): number {
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    const flags = nodes[n + log.NODE_FLAGS]!
    if (!(flags & log.WORD)) {
      if (operationOf(nodes[n + log.NODE_CODE]!) !== DOOR_NOW) return end
      end = this.note(end, this.stage.hidden)
      return this.note(end, this.stage.hidden + 1)
    }
    const first = nodes[n + log.NODE_ADDRESS]! >>> 2
    for (let word = first; word <= first + (flags & log.WIDE ? 1 : 0); word++) {
      end = this.note(end, word)
      if (this.poisoned) end = this.note(end, this.stage.poison + (word >>> 5))
    }
    return end
  }

  // The control words that a step of this CPU may read, beside the calls that are over and the operation that it is a
  // step of: before an operation's first access, whether it was noted what had ended before it (a retry loop may come
  // back to there); of the operations below, whether one has begun that may stop, and if it ends, all; of other CPUs,
  // if an operation ends, whether they can still stop.
  private noteControl(end: number, cpu: number, at: number): number {
    const control = this.control!
    const { scripts } = control
    const { nmiCount, mayStop } = scripts[cpu]!
    const ended = this.words.valueBefore(this.mark, control.done) !== this.words.words[control.done]
    end = this.note(end, at + DEPTH)
    end = this.note(end, at + PLACE)
    end = this.note(end, at + PLAIN_SET)
    end = this.note(end, control.done)
    if (this.logs.nodes[this.node * log.NODE_STRIDE + log.NODE_STEPS] === 0)
      end = this.note(end, control.results + this.call * 2 + 1)
    if (nmiCount > 0) end = this.note(end, at + NMI_STARTED)
    if (mayStop) end = this.note(end, at + NODE)
    if (ended && nmiCount > 0) for (let word = 0; word < CPU_WORDS; word++) end = this.note(end, at + word)
    if (!scripts.some((script) => script.mayStop)) return end
    end = this.note(end, control.stops)
    for (let other = 0; ended && other < control.cpuCount; other++) {
      end = this.note(end, control.cpu(other) + DEPTH)
      end = this.note(end, control.cpu(other) + PLACE)
    }
    return end
  }

  // Adds a word with the value that it had when the step began.
  private note(end: number, index: number): number {
    if (this.noted[index] === this.kept) return end
    this.noted[index] = this.kept
    this.data[end] = index
    this.data[end + 1] = this.words.valueBefore(this.mark, index)
    return end + 2
  }

  // Leaps of one node are told apart by the word of its access first of all: it is what other CPUs change.
  private hashOf(node: number, call: number, over: number): number {
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    const value = nodes[n + log.NODE_FLAGS]! & log.WORD ? this.words.words[nodes[n + log.NODE_ADDRESS]! >>> 2]! : 0
    let x = Math.imul(node ^ (call << 20), 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b) ^ Math.imul(over, 0xc2b2ae35)
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
    return x ^ (x >>> 13)
  }
}
