// Puts compiled functions into one wasm module: types, imports, exports, code, names.
import type { EmittedFunction } from './context.js'
import { ByteWriter, FUNCREF, I32, I64, type ValueType } from './encoder.js'
import type { HelperImport } from './link.js'
import type { PositionTable } from './positions.js'

/** Most pages a 32-bit memory can have: the import accepts every machine's memory. */
const MAX_PAGES = 65536

/** Number of the type of guest functions in every module. */
export const GUEST_FUNCTION = 0

export interface NamedFunction extends EmittedFunction {
  readonly name: string
}

/** A function of the core that the module has for itself; its result is an i64. */
export interface OwnFunction {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly body: Uint8Array
}

export interface AssembledModule {
  readonly bytes: Uint8Array
  readonly moduleName: string
  readonly tables: PositionTable[]
}

/** Types by their signature, numbered as they come. */
class Types {
  readonly #numbers = new Map<string, number>()
  readonly section = new ByteWriter()

  get count(): number {
    return this.#numbers.size
  }

  number(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}:${results.join()}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(key, number)
    this.section.byte(0x60).u32(parameters.length)
    for (const type of parameters) this.section.byte(type)
    this.section.u32(results.length)
    for (const type of results) this.section.byte(type)
    return number
  }
}

/** A vector: count, then what `contents` holds. */
function vector(count: number, contents: ByteWriter): ByteWriter {
  return new ByteWriter(contents.length + 8).u32(count).append(contents.bytes())
}

/**
 * Functions come after `host.fault_at` and the imported helpers, in their order, then those of the core. `table`: also
 * import env.table.
 */
export function assembleModule(
  imports: readonly HelperImport[],
  functions: readonly NamedFunction[],
  own: readonly OwnFunction[] = [],
  table = false,
): AssembledModule {
  const types = new Types()
  // Type GUEST_FUNCTION.
  const bpfType = types.number([I64, I64, I64, I64, I64, I32], [I64])

  const importSection = new ByteWriter()
  importSection.name('env').name('memory').byte(0x02).byte(0x03).u32(1).u32(MAX_PAGES)
  if (table) importSection.name('env').name('table').byte(0x01).byte(FUNCREF).byte(0).u32(0)
  importSection.name('cpu').name('area').byte(0x03).byte(I32).byte(0)
  importSection
    .name('host')
    .name('fault_at')
    .byte(0x00)
    .u32(types.number([I32, I64], []))
  for (const { name, parameters, frame, returns, takesAddress, signature } of imports) {
    const taken: ValueType[] = Array.from({ length: parameters }, () => I64)
    if (frame || takesAddress) taken.push(I32)
    const type = signature
      ? types.number(signature.parameters, signature.result === undefined ? [] : [signature.result])
      : types.number(taken, returns ? [I64] : [])
    importSection.name('core').name(name).byte(0x00).u32(type)
  }
  const firstFunction = 1 + imports.length

  const functionSection = new ByteWriter()
  const exportSection = new ByteWriter()
  const codeSection = new ByteWriter(1 << 16)
  const names = new ByteWriter()
  /** Offset of each body in the code section's contents without the count. */
  const bodyStarts: number[] = []
  functions.forEach(({ name, body }, at) => {
    functionSection.u32(bpfType)
    exportSection
      .name(name)
      .byte(0x00)
      .u32(firstFunction + at)
    codeSection.u32(body.length)
    bodyStarts.push(codeSection.length)
    codeSection.append(body)
    names.u32(firstFunction + at).name(name)
  })
  own.forEach(({ name, parameters, body }, at) => {
    functionSection.u32(types.number(parameters, [I64]))
    codeSection.u32(body.length).append(body)
    names.u32(firstFunction + functions.length + at).name(name)
  })
  const defined = functions.length + own.length

  const module = new ByteWriter(codeSection.length + 4096)
  module.append(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00))
  module.section(1, vector(types.count, types.section))
  module.section(2, vector((table ? 4 : 3) + imports.length, importSection))
  module.section(3, vector(defined, functionSection))
  module.section(7, vector(functions.length, exportSection))
  const code = vector(defined, codeSection)
  const codeStart = module.section(10, code) + (code.length - codeSection.length)

  // The name tells one module from another in a stack trace, so it must be unique: a hash of all that came before.
  const moduleName = `skep-${hash(module.bytes())}`
  const nameSection = new ByteWriter().name('name')
  nameSection.section(0, new ByteWriter().name(moduleName))
  nameSection.section(1, vector(defined, names))
  module.section(0, nameSection)

  const tables = functions.map(({ name, body, positions, inlined = [] }, at): PositionTable => {
    const start = codeStart + bodyStarts[at]!
    const entries = Int32Array.from(positions, (value, index) => (index % 2 === 0 ? value + start : value))
    return { name, start, end: start + body.length, entries, inlined }
  })
  return { bytes: module.bytes().slice(), moduleName, tables }
}

/** FNV-1a in two independent halves, as 16 hexadecimal digits. */
function hash(bytes: Uint8Array): string {
  let one = 0x811c9dc5
  let other = 0x9e3779b9
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193)
    other = Math.imul(other ^ byte, 0x85ebca6b)
    other ^= other >>> 15
  }
  return [one, other].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
