// The model's memory: every word of a state in one array – shared memory first, then what the explorer itself keeps
// (ghost words, poison, clock, CPUs, results). One way to write, `put`: it keeps the undo log. A 128-bit hash of the
// difference to the image follows at each `mark`, from the undo log: a word that a step writes ten times counts once.
// Owned by a Stage; written by access.ts, steps.ts and native set-up only.

/** Words with undo and an incremental hash. Indices are word indices; values are signed 32-bit. */
export class Words {
  words: Int32Array
  /** Hash of the difference to the state at the last `resetHash`, as of the last `mark`; equal states have equal hashes. */
  h0 = 0
  h1 = 0
  h2 = 0
  h3 = 0
  /** Pairs (index, value before): at most one for each word between two marks. */
  private undo = new Int32Array(1 << 12)
  private top = 0
  /** Entries of the undo log before this one are in the hash. */
  private hashed = 0
  /** Per word: in which stretch between two marks it was last written. */
  private written: Int32Array
  private stretch = 1

  constructor(length: number) {
    this.words = new Int32Array(length)
    this.written = new Int32Array(length)
  }

  /** Makes room for `length` words; the new ones are zero. */
  grow(length: number): void {
    if (length <= this.words.length) return
    const larger = new Int32Array(length)
    larger.set(this.words)
    this.words = larger
    const written = new Int32Array(length)
    written.set(this.written)
    this.written = written
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

  /** Takes every write since the mark back. The hash is not touched: who marked keeps the hash, if there were marks since. */
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
    const larger = new Int32Array(this.undo.length * 2)
    larger.set(this.undo)
    this.undo = larger
  }

  // Six Feistel-like rounds over (index, value): bijective in the first two lanes, and each lane a different mixture, so
  // that the xor over all changed words behaves as a random 128-bit number.
  private mix(index: number, value: number): void {
    let x = (index ^ 0x9e3779b9) | 0
    let y = (value ^ 0x7f4a7c15) | 0
    x = (x + Math.imul(y ^ (y >>> 15), 0x85ebca6b)) | 0
    y = (y + Math.imul(x ^ (x >>> 13), 0xc2b2ae35)) | 0
    x = (x + Math.imul(y ^ (y >>> 16), 0x27d4eb2f)) | 0
    y = (y + Math.imul(x ^ (x >>> 15), 0x165667b1)) | 0
    x = (x + Math.imul(y ^ (y >>> 13), 0x9e3779b1)) | 0
    y = (y + Math.imul(x ^ (x >>> 16), 0x2c1b3c6d)) | 0
    this.h0 ^= x
    this.h1 ^= y
    x = (x + Math.imul(y ^ (y >>> 15), 0x297a2d39)) | 0
    y = (y + Math.imul(x ^ (x >>> 14), 0x1b873593)) | 0
    x = (x + Math.imul(y ^ (y >>> 13), 0xcc9e2d51)) | 0
    y = (y + Math.imul(x ^ (x >>> 16), 0x38b34ae5)) | 0
    this.h2 ^= x
    this.h3 ^= y
  }
}
