// The set of states seen, as 128-bit hashes in typed arrays, and one mark per state for the cycle search. A collision
// of two different states among 2^24 is less likely than 2^-80: it is not checked. A slot of the index is the number of
// a state and, above it, those bits of its hash that do not say where it belongs: other states that lie there need not
// be looked at. Owned by one search, which releases it.
import { takeArray, keepArray } from './arrays.js'

/** Thrown when the set would need more memory than it may have: the search is incomplete. */
export class OutOfRoom extends Error {}

/** The index grows fourfold up to so many slots, beyond them twofold. */
const QUICK_GROWTH = 1 << 20

/** A set of 128-bit hashes that numbers its members in the order of their insertion. */
export class Visited {
  private keys = takeArray(4 << 10)
  private index = takeArray(1 << 11)
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
    const places = index.length - 1
    let slot = h3 & places
    for (let entry; (entry = index[slot]!) !== 0; slot = (slot + 1) & places) {
      if (((entry ^ h3) & ~places) !== 0) continue
      const state = (entry & places) - 1
      const at = state * 4
      if (keys[at] !== h0 || keys[at + 1] !== h1 || keys[at + 2] !== h2 || keys[at + 3] !== h3) continue
      this.known = true
      return state
    }
    this.known = false
    const state = this.size++
    index[slot] = (h3 & ~places) | (state + 1)
    const at = state * 4
    keys[at] = h0
    keys[at + 1] = h1
    keys[at + 2] = h2
    keys[at + 3] = h3
    if (at + 4 === keys.length) this.growKeys()
    if (this.size * 2 === index.length) this.growIndex()
    return state
  }

  /** Whether a state is in the set. */
  has(h0: number, h1: number, h2: number, h3: number): boolean {
    const { keys, index } = this
    const places = index.length - 1
    for (let slot = h3 & places, entry; (entry = index[slot]!) !== 0; slot = (slot + 1) & places) {
      const at = ((entry & places) - 1) * 4
      if (((entry ^ h3) & ~places) !== 0) continue
      if (keys[at] === h0 && keys[at + 1] === h1 && keys[at + 2] === h2 && keys[at + 3] === h3) return true
    }
    return false
  }

  /** The set is not used any more: the next one may have its memory. */
  release(): void {
    keepArray(this.keys)
    keepArray(this.index)
  }

  private growKeys(): void {
    this.checkRoom(this.keys.byteLength + this.marks.byteLength)
    const keys = takeArray(this.keys.length * 2)
    keys.set(this.keys)
    keepArray(this.keys)
    this.keys = keys
    const marks = new Uint8Array(this.marks.length * 2)
    marks.set(this.marks)
    this.marks = marks
  }

  private growIndex(): void {
    const { keys } = this
    const times = this.index.length < QUICK_GROWTH ? 4 : 2
    this.checkRoom(this.index.byteLength * (times - 1))
    const index = takeArray(this.index.length * times)
    const places = index.length - 1
    for (let state = 0; state < this.size; state++) {
      const h3 = keys[state * 4 + 3]!
      let slot = h3 & places
      while (index[slot] !== 0) slot = (slot + 1) & places
      index[slot] = (h3 & ~places) | (state + 1)
    }
    keepArray(this.index)
    this.index = index
  }

  private checkRoom(more: number): void {
    if (this.bytes + more > this.limitBytes) throw new OutOfRoom()
  }
}
