// Which accesses order matters for: those to a word that an operation of another CPU uses too which is still to come,
// or runs, one of the two writing. An access to any other word is independent of everything that other CPUs will do.
// What operations use is learnt on the way; an access that was taken to be independent and is not makes the search
// begin again. Owned by a Stage, for one subject at a time.

/**
 * Fields of a word, as offsets: calls that read it, that write it; calls that a read, a write of it was taken to be
 * independent of.
 */
const READERS = 0
const WRITERS = 1
const READ_PAST = 2
const WRITTEN_PAST = 3
/**
 * Calls that free a word or use it anew (poison, cleanse); calls that a plain access was taken to be independent of.
 */
const FREED = 4
const PLAIN_PAST = 5
const STRIDE = 6

export class Sharing {
  /** How often an access was found that an earlier one had been taken to be independent of. */
  grown = 0
  /** Whether any call was seen to free a word: until then plain accesses need not be noted. */
  frees = false
  /** Another number whenever another use of a word becomes known, or what was noted no longer counts; never 0. */
  version = 1
  /** Calls are bits. */
  private readonly words: Int32Array
  private readonly used: number[] = []

  constructor(words: number) {
    this.words = new Int32Array(words * STRIDE)
  }

  /** Forgets all that was learnt: another subject comes. */
  forget(): void {
    for (const word of this.used) this.words.fill(0, word * STRIDE, word * STRIDE + STRIDE)
    this.used.length = 0
    this.grown = 0
    this.frees = false
    this.version++
  }

  /** A search begins: what was taken to be independent before no longer counts. */
  begin(): void {
    for (const word of this.used)
      for (const past of [READ_PAST, WRITTEN_PAST, PLAIN_PAST]) this.words[word * STRIDE + past] = 0
    this.grown = 0
    this.version++
  }

  /** The calls that are known to write the word at an address, or, for one who writes it, to use it. */
  usersOf(address: number, write: boolean): number {
    const at = (address >>> 2) * STRIDE
    return write ? this.words[at + WRITERS]! | this.words[at + READERS]! : this.words[at + WRITERS]!
  }

  /** The calls that are known to read the word at an address, or to write it. */
  touchedBy(address: number, write: boolean): number {
    return this.words[(address >>> 2) * STRIDE + (write ? WRITERS : READERS)]!
  }

  /** The calls that are known to free the word at an address, or to use it anew. */
  freersOf(address: number): number {
    return this.words[(address >>> 2) * STRIDE + FREED]!
  }

  /** An access is taken to be independent of all that `calls` do. */
  passes(calls: number, address: number, wide: boolean, write: boolean): void {
    const at = (address >>> 2) * STRIDE + (write ? WRITTEN_PAST : READ_PAST)
    const { words } = this
    words[at]! |= calls
    if (wide) words[at + STRIDE]! |= calls
  }

  /** A plain access is taken to be independent of all that `calls` free. */
  passesPlain(calls: number, address: number, wide: boolean): void {
    const at = (address >>> 2) * STRIDE + PLAIN_PAST
    const { words } = this
    words[at]! |= calls
    if (wide) words[at + STRIDE]! |= calls
  }

  /** Notes that a call uses a word, or two. */
  touch(call: number, address: number, wide: boolean, write: boolean): void {
    const at = (address >>> 2) * STRIDE
    const bit = 1 << call
    const field = write ? WRITERS : READERS
    if ((this.words[at + field]! & bit) === 0) this.add(at, field, bit)
    if (wide && (this.words[at + STRIDE + field]! & bit) === 0) this.add(at + STRIDE, field, bit)
  }

  /** The same for all words of a range. */
  touchAll(call: number, address: number, bytes: number, write: boolean): void {
    for (let word = address >>> 2; word * 4 < address + bytes && word * STRIDE < this.words.length; word++)
      this.touch(call, word * 4, false, write)
  }

  /** Notes that a call frees the words of a range, or uses them anew. */
  free(call: number, address: number, bytes: number): void {
    this.touchAll(call, address, bytes, true)
    const { words } = this
    const bit = 1 << call
    if (!this.frees) this.grown++
    this.frees = true
    for (let at = (address >>> 2) * STRIDE; at * 4 < (address + bytes) * STRIDE && at < words.length; at += STRIDE) {
      if ((words[at + FREED]! & bit) !== 0) continue
      words[at + FREED]! |= bit
      this.version++
      if ((words[at + PLAIN_PAST]! & bit) !== 0) this.grown++
    }
  }

  private add(at: number, field: number, bit: number): void {
    const { words } = this
    if ((words[at + READERS]! | words[at + WRITERS]!) === 0) this.used.push(at / STRIDE)
    words[at + field]! |= bit
    this.version++
    const past = words[at + WRITTEN_PAST]! | (field === WRITERS ? words[at + READ_PAST]! : 0)
    if ((past & bit) !== 0) this.grown++
  }
}
