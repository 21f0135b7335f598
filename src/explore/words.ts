// The model's memory: every word of a state in one array – shared memory first, then what the explorer itself keeps
// (ghost words, poison, clock, CPUs, results). One way to write, `put`: it keeps the undo log. A 128-bit hash of the
// difference to the image follows at each `mark`, from the undo log: a word that a step writes ten times counts once.
// Owned by a Stage; written by access.ts, steps.ts and native set-up only.
import { enlarged } from './arrays.js'

/** A set of word indices. */
export class WordSet {
  /** In the order in which they were added. */
  readonly members: number[] = []
  /** Open addressing: index + 1, at most a quarter of the places. */
  private table = new Int32Array(1 << 8)
  private shift = 32 - 8

  add(index: number): void {
    if (this.holds(index)) return
    if (this.members.push(index) * 4 > this.table.length) {
      this.table = new Int32Array(this.table.length * 4)
      this.shift -= 2
      for (const member of this.members) this.place(member)
    } else this.place(index)
  }

  holds(index: number): boolean {
    const { table } = this
    const last = table.length - 1
    for (let slot = this.home(index), entry; (entry = table[slot]!) !== 0; slot = (slot + 1) & last)
      if (entry === index + 1) return true
    return false
  }

  private place(index: number): void {
    const last = this.table.length - 1
    let slot = this.home(index)
    while (this.table[slot] !== 0) slot = (slot + 1) & last
    this.table[slot] = index + 1
  }

  // Words of objects of one size have the same last bits.
  private home(index: number): number {
    return Math.imul(index, 0x9e3779b1) >>> this.shift
  }
}

/** Words beyond those asked for: subjects of one stage want some more or fewer, and growing copies them all. */
const SPARE_WORDS = 128

/** Words with undo and an incremental hash. Indices are word indices; values are signed 32-bit. */
export class Words {
  words: Int32Array
  /**
   * Hash of the difference to the state at the last `resetHash`, as of the last `mark`; equal states have equal hashes.
   */
  h0 = 0
  h1 = 0
  h2 = 0
  h3 = 0
  /** Pairs (index, value before): at most one for each word between two marks. */
  undo = new Int32Array(1 << 12)
  private top = 0
  /** Entries of the undo log before this one are in the hash. */
  private hashed = 0
  /** Per word: in which stretch between two marks it was last written. */
  private written: Int32Array
  private stretch = 1

  constructor(length: number) {
    this.words = new Int32Array(length + SPARE_WORDS)
    this.written = new Int32Array(length + SPARE_WORDS)
  }

  /** Makes room for `length` words; the new ones are zero. */
  grow(length: number): void {
    if (length <= this.words.length) return
    this.words = enlarged(this.words, length + SPARE_WORDS)
    this.written = enlarged(this.written, length + SPARE_WORDS)
  }

  /** Writes one word. */
  put(index: number, value: number): void {
    if (this.written[index] !== this.stretch) {
      if (this.words[index] === value) return
      this.written[index] = this.stretch
      if (this.top + 2 > this.undo.length) this.enlarge()
      this.undo[this.top++] = index
      this.undo[this.top++] = this.words[index]!
    }
    this.words[index] = value
  }

  /** Brings the hash up to date and returns the place in the undo log to come back to. */
  mark(): number {
    const { undo, words, top } = this
    for (let at = this.hashed; at < top; at += 2) {
      const index = undo[at]!
      const old = undo[at + 1]!
      const value = words[index]!
      if (old === value) continue
      this.mix(index, old)
      this.mix(index, value)
    }
    this.hashed = top
    this.nextStretch()
    return top
  }

  /** Where the undo log stands. */
  get place(): number {
    return this.top
  }

  /** The value that a word had where the undo log stood at this place. */
  valueBefore(place: number, index: number): number {
    for (let at = place; at < this.top; at += 2) if (this.undo[at] === index) return this.undo[at + 1]!
    return this.words[index]!
  }

  /**
   * Writes different words after a `mark`: pairs (index, value) from `first` to `end` of `pairs`. What this does to the
   * hash is known: four words at `delta`.
   */
  change(pairs: Int32Array, first: number, end: number, delta: number): void {
    const { words } = this
    while (this.top + end - first > this.undo.length) this.enlarge()
    const { undo } = this
    let { top } = this
    for (let at = first; at < end; at += 2) {
      const index = pairs[at]!
      undo[top] = index
      undo[top + 1] = words[index]!
      words[index] = pairs[at + 1]!
      top += 2
    }
    this.top = this.hashed = top
    this.h0 ^= pairs[delta]!
    this.h1 ^= pairs[delta + 1]!
    this.h2 ^= pairs[delta + 2]!
    this.h3 ^= pairs[delta + 3]!
  }

  /** Hashes the present values of these words: four words at `at`. */
  hashOf({ members }: WordSet, into: Int32Array, at: number): void {
    into.fill(0, at, at + 4)
    const { h0, h1, h2, h3 } = this
    this.h0 = this.h1 = this.h2 = this.h3 = 0
    for (const index of members) this.mix(index, this.words[index]!)
    this.moveHash(into, at, h0, h1, h2, h3)
  }

  /**
   * What the writes since the mark, one for each word, have done to such a hash. False if they changed none of these
   * words.
   */
  rehash(mark: number, set: WordSet, into: Int32Array, at: number): boolean {
    const { undo, words, h0, h1, h2, h3 } = this
    let changed = false
    for (let entry = mark; entry < this.top; entry += 2) {
      const index = undo[entry]!
      if (!set.holds(index) || undo[entry + 1] === words[index]) continue
      if (!changed) this.h0 = this.h1 = this.h2 = this.h3 = 0
      changed = true
      this.mix(index, undo[entry + 1]!)
      this.mix(index, words[index]!)
    }
    if (changed) this.moveHash(into, at, h0, h1, h2, h3)
    return changed
  }

  // Adds the lanes to a hash elsewhere; they are what they were again.
  private moveHash(into: Int32Array, at: number, h0: number, h1: number, h2: number, h3: number): void {
    into[at]! ^= this.h0
    into[at + 1]! ^= this.h1
    into[at + 2]! ^= this.h2
    into[at + 3]! ^= this.h3
    this.h0 = h0
    this.h1 = h1
    this.h2 = h2
    this.h3 = h3
  }

  /**
   * Takes every write since the mark back. The hash is not touched: who marked keeps the hash, if there were marks
   * since.
   */
  rollback(mark: number): void {
    const { words, undo } = this
    for (let top = this.top; top > mark;) {
      const old = undo[--top]!
      words[undo[--top]!] = old
    }
    this.top = mark
    this.hashed = mark
    this.nextStretch()
  }

  /** Forgets the undo log and makes the present contents the image that hashes count from. */
  forget(): void {
    this.top = this.hashed = 0
    this.resetHash()
  }

  /** Makes the present contents the image that hashes count from. */
  resetHash(): void {
    this.mark()
    this.h0 = this.h1 = this.h2 = this.h3 = 0
  }

  private nextStretch(): void {
    if (++this.stretch < 0x7fffffff) return
    this.written.fill(0)
    this.stretch = 1
  }

  private enlarge(): void {
    this.undo = enlarged(this.undo, this.undo.length * 2)
  }

  // Each lane is a different mixture of (index, value), bijective in the value, so that the xor over all changed words
  // behaves as a random 128-bit number. No lane waits for another one: the processor works at all four at once.
  private mix(index: number, value: number): void {
    let x = (Math.imul(index, 0x85ebca6b) + Math.imul(value ^ 0x7f4a7c15, 0x9e3779b1)) | 0
    x = Math.imul(x ^ (x >>> 16), 0xc2b2ae35)
    x = Math.imul(x ^ (x >>> 13), 0x27d4eb2f)
    this.h0 ^= x ^ (x >>> 15)
    x = (Math.imul(index, 0x165667b1) + Math.imul(value ^ 0x3c6ef372, 0x2c1b3c6d)) | 0
    x = Math.imul(x ^ (x >>> 15), 0x297a2d39)
    x = Math.imul(x ^ (x >>> 14), 0x1b873593)
    this.h1 ^= x ^ (x >>> 16)
    x = (Math.imul(index, 0xcc9e2d51) + Math.imul(value ^ 0x1f83d9ab, 0x38b34ae5)) | 0
    x = Math.imul(x ^ (x >>> 17), 0x7feb352d)
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
    this.h2 ^= x ^ (x >>> 16)
    x = (Math.imul(index, 0xb5297a4d) + Math.imul(value ^ 0x510e527f, 0x68e31da5)) | 0
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    this.h3 ^= x ^ (x >>> 15)
  }
}
