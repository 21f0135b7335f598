// Which words of memory matter for order: those that two CPUs use, one of them writing. An access to any other word is
// independent of everything that other CPUs do. A search begins with what the stage knows, learns, and begins again.

export class Sharing {
  /** Words found to be shared that the stage did not know: accesses to them were taken to be quiet and are not. */
  readonly grown: number[] = []
  /** Per word: the CPUs that used it as bits, bit 7 if it was written. */
  private readonly touched: Uint8Array

  /** `shared` is the stage's knowledge: one byte per word, only ever set by `learn`. */
  constructor(private readonly shared: Uint8Array) {
    this.touched = new Uint8Array(shared.length)
  }

  /** Whether a word of an access of `width` bytes is known to be shared. */
  isShared(address: number, width: number): boolean {
    const word = address >>> 2
    return this.shared[word] !== 0 || (width === 8 && this.shared[word + 1] !== 0)
  }

  /** Notes that a CPU (0 to 6) uses a word, or two, and finds out whether that makes it a shared one. */
  touch(cpu: number, address: number, wide: boolean, write: boolean): void {
    const word = address >>> 2
    const bits = write ? (1 << cpu) | 128 : 1 << cpu
    if ((this.touched[word]! & bits) !== bits) this.add(word, bits)
    if (wide && (this.touched[word + 1]! & bits) !== bits) this.add(word + 1, bits)
  }

  /** The same for all words of a range. */
  touchAll(cpu: number, address: number, bytes: number, write: boolean): void {
    for (let word = address >>> 2; word * 4 < address + bytes && word < this.touched.length; word++)
      this.touch(cpu, word * 4, false, write)
  }

  private add(word: number, bits: number): void {
    const after = this.touched[word]! | bits
    this.touched[word] = after
    const users = after & 127
    if (after & 128 && (users & (users - 1)) !== 0 && this.shared[word] === 0) this.grown.push(word)
  }

  /** Makes what was found known to the stage. */
  learn(): void {
    for (const word of this.grown) this.shared[word] = 1
  }
}
