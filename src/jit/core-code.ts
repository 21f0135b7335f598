// The code of the core's functions, for those that the compiler writes in place of their calls (in-place.ts): read from
// core.wasm, so that what runs there is what was built from the core's sources, which are explored. Only as much of
// WebAssembly as the core's compiler makes of small functions; anything else is an error, which a test would meet.
// Called by in-place.ts and compile.ts; made once, by machine/cpu/core-module.ts.
import { I32, I64, op, VOID, type ValueType } from './encoder.js'

/** Reads LEB128 numbers. */
export class CodeReader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    return this.bytes[this.at++]!
  }

  /** Unsigned, below 2^32; signed ones can be passed over with it as well. */
  u32(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift < 32) value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }

  skip(bytes: number): void {
    this.at += bytes
  }
}

/** A function of the core. */
export interface CoreFunction {
  readonly parameters: readonly ValueType[]
  readonly result: ValueType | undefined
  /** Behind the parameters. */
  readonly locals: readonly ValueType[]
  /** Where its instructions begin. */
  readonly start: number
}

const FUNCTION = 0x00
const TABLE = 0x01
const MEMORY = 0x02

const SECTIONS = { types: 1, imports: 2, functions: 3, globals: 6, exports: 7, code: 10 } as const

export class CoreCode {
  readonly #types: { parameters: ValueType[]; results: ValueType[] }[] = []
  readonly #typeOf: number[] = []
  readonly #exports = new Map<string, number>()
  readonly #names = new Map<number, string>()
  /** Start of each defined function's body. */
  readonly #bodies: number[] = []
  #imported = 0
  /** The one global that can change: the address of the CPU's area. */
  area = -1

  /** `bytes`: core.wasm. */
  constructor(readonly bytes: Uint8Array) {
    const reader = new CodeReader(bytes, 8)
    while (reader.at < bytes.length) {
      const id = reader.byte()
      const size = reader.u32()
      const end = reader.at + size
      this.#section(id, reader)
      reader.at = end
    }
  }

  #section(id: number, reader: CodeReader): void {
    const each = (read: () => void): void => {
      for (let count = reader.u32(); count > 0; count -= 1) read()
    }
    const types = (): ValueType[] => Array.from({ length: reader.u32() }, () => reader.byte() as ValueType)
    const text = (): string => {
      const length = reader.u32()
      reader.skip(length)
      return Buffer.from(this.bytes.subarray(reader.at - length, reader.at)).toString()
    }
    if (id === SECTIONS.types)
      each(() => {
        reader.skip(1)
        this.#types.push({ parameters: types(), results: types() })
      })
    else if (id === SECTIONS.imports)
      each(() => {
        text()
        text()
        this.#import(reader)
      })
    else if (id === SECTIONS.functions) each(() => this.#typeOf.push(reader.u32()))
    else if (id === SECTIONS.globals) this.#globals(reader)
    else if (id === SECTIONS.exports)
      each(() => {
        const name = text()
        const kind = reader.byte()
        const index = reader.u32()
        if (kind !== FUNCTION) return
        this.#exports.set(name, index)
        this.#names.set(index, name)
      })
    else if (id === SECTIONS.code)
      each(() => {
        const size = reader.u32()
        this.#bodies.push(reader.at)
        reader.skip(size)
      })
  }

  #import(reader: CodeReader): void {
    const kind = reader.byte()
    if (kind === FUNCTION) {
      reader.u32()
      this.#imported += 1
    } else if (kind === MEMORY || kind === TABLE) {
      if (kind === TABLE) reader.skip(1)
      const flags = reader.byte()
      reader.u32()
      if (flags & 1) reader.u32()
    } else throw new Error('the core imports a global')
  }

  #globals(reader: CodeReader): void {
    for (let index = 0, count = reader.u32(); index < count; index += 1) {
      reader.skip(1)
      if (reader.byte() === 1) this.area = index
      // A constant.
      reader.skip(1)
      reader.u32()
      reader.skip(1)
    }
  }

  /** Number of an export. */
  indexOf(name: string): number {
    const index = this.#exports.get(name)
    if (index === undefined) throw new Error(`the core has no function '${name}'`)
    return index
  }

  /** What the function of that number is exported as. */
  exportOf(index: number): string | undefined {
    return this.#names.get(index)
  }

  /** The function of that number. */
  functionAt(index: number): CoreFunction {
    const at = index - this.#imported
    if (at < 0) throw new Error(`function ${index} of the core is an import`)
    const { parameters, results } = this.#types[this.#typeOf[at]!]!
    const reader = new CodeReader(this.bytes, this.#bodies[at]!)
    const locals: ValueType[] = []
    for (let runs = reader.u32(); runs > 0; runs -= 1) {
      const count = reader.u32()
      const type = reader.byte() as ValueType
      for (let i = 0; i < count; i += 1) locals.push(type)
    }
    return { parameters, result: results[0], locals, start: reader.at }
  }
}

const ATOMIC_FENCE = 3

/** The type of a block, loop or if. Throws on what is none or one value: a type by its number is another one elsewhere. */
export function blockType(reader: CodeReader): number {
  const type = reader.byte()
  if (type !== VOID && type !== I32 && type !== I64) throw new Error(`a block of type ${type} in place of a call`)
  return type
}

/**
 * Passes over what belongs to an instruction behind its opcode. Throws on what the core's small functions do not have.
 */
export function passOperands(reader: CodeReader, opcode: number): void {
  if (opcode >= op.i32_load && opcode <= op.i64_store32) {
    reader.u32()
    reader.u32()
  } else if (opcode === op.i32_const || opcode === op.i64_const || opcode === op.br || opcode === op.br_if) reader.u32()
  else if (opcode === op.atomic) {
    // It has one operand, not two.
    if (reader.u32() === ATOMIC_FENCE) throw new Error('atomic.fence in place of a call')
    reader.u32()
    reader.u32()
  } else if (opcode !== op.else && opcode !== op.drop && opcode !== op.select && opcode !== op.unreachable) {
    if (opcode < op.i32_eqz || opcode > op.i64_extend32_s) throw new Error(`instruction ${opcode} in place of a call`)
  }
}
