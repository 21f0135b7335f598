// The set of states seen, as 128-bit hashes in typed arrays, and one mark per state for the cycle search. A collision of
// two different states among 2^24 is less likely than 2^-80: it is not checked. Owned by one search.

/** Thrown when the set would need more memory than it may have: the search is incomplete. */
export class OutOfRoom extends Error {}

/** Bytes of one state: hash, mark, and its share of an index that is at most half full. */
const BYTES_PER_STATE = 16 + 1 + 8

/** A set of 128-bit hashes that numbers its members in the order of their insertion. */
export class Visited {
  private keys = new Int32Array(4 << 10)
  private index = new Int32Array(1 << 11)
  /** 1 while the state's strongly connected component is still open. */
  marks = new Uint8Array(1 << 10)
  size = 0
  /** True if the last `add` found its state in the set already. */
  known = false

  constructor(private readonly limitBytes: number) {}

  /** Bytes that the set holds now. */
  get bytes(): number {
    return this.keys.byteLength + this.index.byteLength + this.marks.byteLength
  }

  /** Adds a state and returns its number; `known` says whether it was there. */
  add(h0: number, h1: number, h2: number, h3: number): number {
    const { keys, index } = this
    const mask = index.length - 1
    let slot = (h0 ^ (h3 >>> 7)) & mask
    for (;;) {
      const entry = index[slot]!
      if (entry === 0) break
      const at = (entry - 1) * 4
      if (keys[at] === h0 && keys[at + 1] === h1 && keys[at + 2] === h2 && keys[at + 3] === h3) {
        this.known = true
        return entry - 1
      }
      slot = (slot + 1) & mask
    }
    this.known = false
    const state = this.size++
    keys[state * 4] = h0
    keys[state * 4 + 1] = h1
    keys[state * 4 + 2] = h2
    keys[state * 4 + 3] = h3
    index[slot] = state + 1
    if (this.size * 4 === keys.length) this.grow()
    return state
  }

  private grow(): void {
    if (this.size * 2 * BYTES_PER_STATE > this.limitBytes) throw new OutOfRoom()
    const keys = new Int32Array(this.keys.length * 2)
    keys.set(this.keys)
    const marks = new Uint8Array(this.marks.length * 2)
    marks.set(this.marks)
    const index = new Int32Array(this.index.length * 2)
    const mask = index.length - 1
    for (let state = 0; state < this.size; state++) {
      let slot = (keys[state * 4]! ^ (keys[state * 4 + 3]! >>> 7)) & mask
      while (index[slot] !== 0) slot = (slot + 1) & mask
      index[slot] = state + 1
    }
    this.keys = keys
    this.marks = marks
    this.index = index
  }
}
