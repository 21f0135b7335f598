// One line on a terminal that says how far things are, from the second second on. Nothing where nobody watches.

const FIRST = 1000
const BETWEEN = 100

export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #began = performance.now()
  #last = 0
  #shown = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** Shows the text that `say` gives, if it is time to. */
  update(say: () => string): void {
    const now = performance.now()
    if (!this.#stream.isTTY || now - this.#began < FIRST || now - this.#last < BETWEEN) return
    this.#last = now
    this.#shown = true
    this.#stream.write(`\r\u001b[K${say().slice(0, (this.#stream.columns || 80) - 1)}`)
  }

  /** Takes the line away, before anything else is written. */
  clear(): void {
    if (this.#shown) this.#stream.write('\r\u001b[K')
    this.#shown = false
  }
}
