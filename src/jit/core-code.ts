// The code of the core's functions, for those that the compiler writes in place of their calls (in-place.ts): read from
// core.wasm, so that what runs there is what was built from the core's sources, which are explored. Only as much of
// WebAssembly as the core's compiler makes of small functions; anything else is an error, which a test would meet.
// Called by in-place.ts and compile.ts; made once, by machine/cpu/core-module.ts.
import { I32, I64, op, VOID, type ValueType } from './encoder.js'
import { FUNCTION, GLOBAL, Reader, readExports, readImports, SECTIONS, sections } from './module-reader.js'

/** A function of the core. */
export interface CoreFunction {
  readonly parameters: readonly ValueType[]
  readonly result: ValueType | undefined
  /** Behind the parameters. */
  readonly locals: readonly ValueType[]
  /** Where its instructions begin. */
  readonly start: number
}

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
    sections(bytes, (id, reader) => this.#section(id, reader))
  }

  #section(id: number, reader: Reader): void {
    const each = (read: () => void): void => {
      for (let count = reader.leb(); count > 0; count -= 1) read()
    }
    const types = (): ValueType[] => Array.from({ length: reader.leb() }, () => reader.byte() as ValueType)
    if (id === SECTIONS.type)
      each(() => {
        reader.at += 1
        this.#types.push({ parameters: types(), results: types() })
      })
    else if (id === SECTIONS.import)
      readImports(reader, (kind) => {
        if (kind === GLOBAL) throw new Error('the core imports a global')
        if (kind === FUNCTION) this.#imported += 1
      })
    else if (id === SECTIONS.function) each(() => this.#typeOf.push(reader.leb()))
    else if (id === SECTIONS.global) this.#globals(reader)
    else if (id === SECTIONS.export)
      readExports(reader, (index, name) => {
        this.#exports.set(name, index)
        this.#names.set(index, name)
      })
    else if (id === SECTIONS.code)
      each(() => {
        const size = reader.leb()
        this.#bodies.push(reader.at)
        reader.at += size
      })
  }

  #globals(reader: Reader): void {
    for (let index = 0, count = reader.leb(); index < count; index += 1) {
      reader.at += 1
      if (reader.byte() === 1) this.area = index
      // A constant.
      reader.at += 1
      reader.leb()
      reader.at += 1
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
    const reader = new Reader(this.bytes, this.#bodies[at]!)
    const locals: ValueType[] = []
    for (let runs = reader.leb(); runs > 0; runs -= 1) {
      const count = reader.leb()
      const type = reader.byte() as ValueType
      for (let i = 0; i < count; i += 1) locals.push(type)
    }
    return { parameters, result: results[0], locals, start: reader.at }
  }
}

const ATOMIC_FENCE = 3

/**
 * The type of a block, loop or if. Throws on what is none or one value: a type by its number is another one elsewhere.
 */
export function blockType(reader: Reader): number {
  const type = reader.byte()
  if (type !== VOID && type !== I32 && type !== I64) throw new Error(`a block of type ${type} in place of a call`)
  return type
}

/**
 * Passes over what belongs to an instruction behind its opcode. Throws on what the core's small functions do not have.
 */
export function passOperands(reader: Reader, opcode: number): void {
  if (opcode >= op.i32_load && opcode <= op.i64_store32) {
    reader.leb()
    reader.leb()
  } else if (opcode === op.i32_const || opcode === op.i64_const || opcode === op.br || opcode === op.br_if) reader.leb()
  else if (opcode === op.atomic) {
    // It has one operand, not two.
    if (reader.leb() === ATOMIC_FENCE) throw new Error('atomic.fence in place of a call')
    reader.leb()
    reader.leb()
  } else if (opcode !== op.else && opcode !== op.drop && opcode !== op.select && opcode !== op.unreachable) {
    if (opcode < op.i32_eqz || opcode > op.i64_extend32_s) throw new Error(`instruction ${opcode} in place of a call`)
  }
}
