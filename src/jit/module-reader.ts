// Reads WebAssembly modules: numbers and names, sections, imports and exports. For whoever looks into compiled code:
// the core's (core-code.ts), what is explored and what C files are compiled to (../explore). Throws plain Errors.

/** What is imported or exported. */
export const FUNCTION = 0
const TABLE = 1
const MEMORY = 2
export const GLOBAL = 3

/** Sections by number. */
export const SECTIONS = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
} as const

/** Reads LEB128 numbers of a module. */
export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    if (this.at >= this.bytes.length) throw new Error('the wasm module ends in the middle')
    return this.bytes[this.at++]!
  }

  /** Unsigned, 32 bits; signed numbers of any length may be passed over with it as well. */
  leb(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift < 32) value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }

  text(): string {
    const length = this.leb()
    return Buffer.from(this.bytes.subarray(this.at, (this.at += length))).toString()
  }
}

/** Calls `each` for every section, at its content. */
export function sections(module: Uint8Array, each: (id: number, reader: Reader, end: number) => void): void {
  const reader = new Reader(module, 8)
  while (reader.at < module.length) {
    const id = reader.byte()
    const size = reader.leb()
    const end = reader.at + size
    each(id, reader, end)
    reader.at = end
  }
}

/** Calls `each` for every import of the section at which the reader stands; `from`: the module that it comes from. */
export function readImports(reader: Reader, each: (kind: number, from: string) => void): void {
  for (let count = reader.leb(); count > 0; count--) {
    const from = reader.text()
    reader.text()
    const kind = reader.byte()
    if (kind === FUNCTION) reader.leb()
    else if (kind === GLOBAL) reader.at += 2
    else if (kind === TABLE || kind === MEMORY) {
      if (kind === TABLE) reader.byte()
      const hasMaximum = (reader.leb() & 1) !== 0
      reader.leb()
      if (hasMaximum) reader.leb()
    } else throw new Error(`an import of kind ${kind}`)
    each(kind, from)
  }
}

/** Calls `each` for every function that the section at which the reader stands exports. */
export function readExports(reader: Reader, each: (index: number, name: string) => void): void {
  for (let count = reader.leb(); count > 0; count--) {
    const name = reader.text()
    const kind = reader.byte()
    const index = reader.leb()
    if (kind === FUNCTION) each(index, name)
  }
}
