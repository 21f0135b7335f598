// From a place in compiled code back to the BPF instruction, and from an Error's stack to such a place.
// Nobody keeps a program counter at run time; the engine's stack trace is the only record.

/** An instruction of a function, counted in 8-byte units. */
export interface CodePosition {
  readonly function: string
  readonly instruction: number
}

/** Positions of one compiled function. */
export interface PositionTable {
  readonly name: string
  /** Byte offsets in the module of the function's code: [start, end). */
  readonly start: number
  readonly end: number
  /** Pairs (byte offset in the module, instruction), ascending; each holds up to the next. -1 - n: `inlined[n]`. */
  readonly entries: Int32Array
  /** Places in code of other functions, which stands where they are called (inline.ts). */
  readonly inlined: readonly CodePosition[]
}

/** The instruction whose code covers a byte offset of the module; undefined outside of the table's function. */
export function lookUp(table: PositionTable, offset: number): CodePosition | undefined {
  if (offset < table.start || offset >= table.end) return undefined
  const { entries } = table
  let low = 0
  let high = entries.length / 2 - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (entries[2 * middle]! <= offset) low = middle
    else high = middle - 1
  }
  const entry = entries[2 * low + 1]!
  return entry < 0 ? table.inlined[-1 - entry] : { function: table.name, instruction: entry }
}

/** What `positionOf` needs of a compiled object. */
export interface Positioned {
  /** The name in the module's name section: unique by content. */
  readonly moduleName: string
  positions(functionIndex: number, offset: number): CodePosition | undefined
}

/** All positions of a stack, innermost first. */
export function positionsOf<T extends Positioned>(
  stack: string,
  objects: Iterable<T>,
): (CodePosition & { readonly object: T })[] {
  const byModule = new Map([...objects].map((object) => [object.moduleName, object]))
  const found: (CodePosition & { readonly object: T })[] = []
  // V8 writes wasm://wasm/<module name>-<hash>:wasm-function[<index>]:0x<offset>.
  for (const match of stack.matchAll(/wasm:\/\/wasm\/(\S+)-[0-9a-f]+:wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) {
    const object = byModule.get(match[1]!)
    const position = object?.positions(Number(match[2]), Number.parseInt(match[3]!, 16))
    if (object && position) found.push({ ...position, object })
  }
  return found
}

/** The innermost position of an error's stack that lies in one of the compiled objects. */
export function positionOf<T extends Positioned>(
  error: unknown,
  objects: Iterable<T>,
): (CodePosition & { readonly object: T }) | undefined {
  const stack = error instanceof Error ? error.stack : undefined
  return stack === undefined ? undefined : positionsOf(stack, objects)[0]
}

/** Positions of code that lies `by` bytes further on. */
export function shifted(positions: readonly number[], by: number): number[] {
  return positions.map((value, at) => (at % 2 === 0 ? value + by : value))
}
