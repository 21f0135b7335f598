// In which states a question was answered already: those in which all the words that it has ever read, of whatever
// state, had these values. It need not be asked again there, if its answer depends on what it reads only. Values are
// compared by a hash of 128 bits, as states are. Owned by the rules of one search, which releases it.
import { Visited } from './visited.js'
import { WordSet } from './words.js'
import type { Words } from './words.js'

/** States that are remembered; then all are forgotten. */
const MOST = 1 << 18
/** After so many questions nothing is remembered any more, if less than half of the answers were known. */
const TRIAL = 64

export class Verdicts {
  /** What the question has read so far. Whoever asks it adds to this. */
  readonly read = new WordSet()
  private states: Visited | undefined
  /** How many words the states were told apart by. */
  private told = 0
  private asked = 0
  private known = 0

  constructor(private readonly words: Words) {}

  /** Whether it is worth while to ask what is known. */
  get helps(): boolean {
    return this.asked < TRIAL || this.known * 2 > this.asked
  }

  /** Hashes of fewer words count no more: changes whenever the question reads a new one. */
  get version(): number {
    return this.read.members.length
  }

  /** Hashes what was read in the present state: four words at `at`. */
  hash(into: Int32Array, at: number): void {
    this.words.hashOf(this.read, into, at)
  }

  /** Whether the answer is known where what was read has this hash. */
  knows(hash: Int32Array, at: number): boolean {
    const { states } = this
    this.asked++
    if (states === undefined || this.told !== this.version) return false
    const known = states.has(hash[at]!, hash[at + 1]!, hash[at + 2]!, hash[at + 3]!)
    if (known) this.known++
    return known
  }

  /**
   * The question was asked in the present state, and nothing is wrong. `into`: the hash of what was read when it was
   * asked, and now, if that is more.
   */
  add(into: Int32Array, at: number): void {
    if (this.states === undefined || this.told !== this.version || this.states.size === MOST) {
      this.release()
      this.states = new Visited(Infinity)
      if (this.told !== this.version) this.hash(into, at)
      this.told = this.version
    }
    this.states.add(into[at]!, into[at + 1]!, into[at + 2]!, into[at + 3]!)
  }

  /** Nobody asks any more. */
  release(): void {
    this.states?.release()
    this.states = undefined
  }
}
