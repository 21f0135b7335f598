// The model's memory: every word of a state in one array – shared memory first, then what the explorer itself keeps
// (ghost words, poison, clock, CPUs, results). One way to write, `put`: it keeps the undo log and a 128-bit hash of the
// difference to the image. Owned by a Stage; written by access.ts, world.ts and native set-up only.

/** Words with undo and an incremental hash. Indices are word indices; values are signed 32-bit. */
export class Words {
  words: Int32Array
  /** Hash of the difference to the state at the last `resetHash`; equal states have equal hashes. */
  h0 = 0
  h1 = 0
  h2 = 0
  h3 = 0
  private undo = new Int32Array(1 << 12)
  /** Length of the undo log: a mark to come back to. */
  top = 0

  constructor(length: number) {
    this.words = new Int32Array(length)
  }

  /** Makes room for `length` words; the new ones are zero. */
  grow(length: number): void {
    if (length <= this.words.length) return
    const larger = new Int32Array(length)
    larger.set(this.words)
    this.words = larger
  }

  /** Writes one word; a write that changes nothing costs nothing. */
  put(index: number, value: number): void {
    const old = this.words[index]!
    value |= 0
    if (old === value) return
    if (this.top + 2 > this.undo.length) {
      const larger = new Int32Array(this.undo.length * 2)
      larger.set(this.undo)
      this.undo = larger
    }
    this.undo[this.top++] = index
    this.undo[this.top++] = old
    this.words[index] = value
    this.mix(index, old)
    this.mix(index, value)
  }

  /** Takes every write since the mark back. The hash is not touched: who marks keeps the hash too. */
  rollback(mark: number): void {
    const { words, undo } = this
    for (let top = this.top; top > mark;) {
      const old = undo[--top]!
      words[undo[--top]!] = old
    }
    this.top = mark
  }

  /** Forgets the undo log and makes the present contents the image that hashes count from. */
  resetHash(): void {
    this.h0 = this.h1 = this.h2 = this.h3 = 0
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
