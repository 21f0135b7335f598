// Source maps (version 3) read by hand: from a byte offset in a wasm module to file and line of its source. Modules
// have one generated line; the mappings of a line are VLQ differences.

export interface Place {
  file: string
  line: number
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]))

export class SourceMap {
  private readonly offsets: number[] = []
  private readonly files: number[] = []
  private readonly lines: number[] = []
  private readonly sources: string[]

  /** `text` is the JSON of a source map. Throws a plain Error on anything else. */
  constructor(text: string) {
    const { version, sources, mappings } = JSON.parse(text) as { version: number; sources: string[]; mappings: string }
    if (version !== 3) throw new Error(`source map of version ${version}, expected 3`)
    this.sources = sources
    let offset = 0
    let file = 0
    let line = 0
    for (const segment of mappings.split(';')[0]!.split(',')) {
      const [skip = 0, source, down] = decode(segment)
      offset += skip
      if (source === undefined || down === undefined) continue
      file += source
      line += down
      this.offsets.push(offset)
      this.files.push(file)
      this.lines.push(line)
    }
  }

  /** The place of the instruction at a byte offset; undefined before the first mapping. */
  find(offset: number): Place | undefined {
    let low = 0
    let high = this.offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.offsets[middle]! <= offset) low = middle + 1
      else high = middle
    }
    if (low === 0) return undefined
    return { file: this.sources[this.files[low - 1]!]!, line: this.lines[low - 1]! + 1 }
  }
}

// One segment of base 64 digits: five bits each, the lowest first, the sixth says that more follow; the sign is bit 0.
function decode(segment: string): number[] {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (const digit of segment) {
    const bits = VALUES.get(digit)
    if (bits === undefined) throw new Error(`source map: ${digit} is no digit of a mapping`)
    value += (bits & 31) * 2 ** shift
    if (bits & 32) {
      shift += 5
      continue
    }
    numbers.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2)
    value = shift = 0
  }
  return numbers
}
