// CO-RE relocations. There is no kernel here whose types could differ, so the only target is the object's own BTF, for
// which the compiler has already written the right numbers into the instructions. A record is accepted if it can be
// resolved there and the instruction holds what comes out; every other one is listed as unsupported by name, as is
// every flavour (`struct name___flavour`), which asks about another kernel's types. Used by read.ts.
import type { Btf } from './btf.js'
import type { CoreRecord } from './btf-ext.js'
import type { ReadContext } from './context.js'
import type { FunctionSpec } from './spec.js'

const KINDS = [
  'byte offset',
  'byte size',
  'field exists',
  'signed',
  'left shift',
  'right shift',
  'local type id',
  'target type id',
  'type exists',
  'type size',
  'enumerator exists',
  'enumerator value',
  'type matches',
]

/** Lists what cannot be resolved in `context.unsupported`. */
export function resolveCoreRelocations(context: ReadContext): void {
  const { btf } = context.spec
  if (!btf) return
  for (const [section, records] of context.ext?.relocations ?? []) {
    const names = context.functionsBySection.get(section)?.values() ?? []
    const functions = [...names].flatMap((name) => context.spec.functions.get(name) ?? [])
    for (const record of records) {
      const fn = functionAround(functions, record.offset)
      const wanted = valueOf(btf, record)
      if (fn && wanted !== undefined && immediateAt(fn, record.offset - fn.sectionOffset) === wanted) continue
      const what = KINDS[record.kind] ?? `kind ${record.kind}`
      const where = fn ? `function '${fn.name}', instruction ${(record.offset - fn.sectionOffset) / 8}` : section
      context.unsupported.add(`${where}: CO-RE relocation of '${nameOf(btf, record)}' (${what}, ${record.access})`)
    }
  }
}

/** The function that an offset lies in; `functions` are in order. */
function functionAround(functions: readonly FunctionSpec[], offset: number): FunctionSpec | undefined {
  let low = 0
  let high = functions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((functions[middle]?.sectionOffset ?? Infinity) <= offset) low = middle + 1
    else high = middle
  }
  const fn = functions[low - 1]
  return fn && offset < fn.sectionOffset + fn.code.length ? fn : undefined
}

function nameOf(btf: Btf, record: CoreRecord): string {
  return btf.types[record.type] ? btf.name(record.type) : `type ${record.type}`
}

/** The number that an instruction carries: an offset for loads and stores, else its immediate. */
function immediateAt(fn: FunctionSpec, at: number): bigint | undefined {
  const { code } = fn
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  if (at % 8 !== 0 || at + 8 > code.length) return undefined
  const opcode = view.getUint8(at)
  const immediate = view.getUint32(at + 4, true)
  if (opcode === 0x18 && at + 16 <= code.length)
    return (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(immediate)
  const instructionClass = opcode & 7
  if (instructionClass >= 1 && instructionClass <= 3) return BigInt(view.getInt16(at + 2, true))
  return instructionClass === 4 || instructionClass === 7 ? BigInt(immediate) : undefined
}

/** What the record comes to for the object's own types; undefined if it cannot be resolved. */
function valueOf(btf: Btf, record: CoreRecord): bigint | undefined {
  const type = btf.types[record.type]
  if (!type || btf.resolved(record.type).name.includes('___')) return undefined
  const path = record.access.split(':').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : NaN))
  if (path.some((index) => Number.isNaN(index))) return undefined
  switch (record.kind) {
    case 6:
    case 7:
      return BigInt(record.type)
    case 8:
    case 12:
      return 1n
    case 9:
      return btf.hasSize(record.type) ? BigInt(btf.sizeOf(record.type)) : undefined
    case 10:
    case 11: {
      const resolved = btf.resolved(record.type)
      const value = resolved.kind === 'enum' ? resolved.values[path[0] ?? -1]?.value : undefined
      if (value === undefined) return undefined
      return record.kind === 10 ? 1n : BigInt.asUintN(64, value)
    }
    default:
      return fieldValue(btf, record, path)
  }
}

function fieldValue(btf: Btf, record: CoreRecord, path: readonly number[]): bigint | undefined {
  const field = fieldAt(btf, record.type, path)
  if (!field) return undefined
  const { bitOffset, bits } = field
  const type = btf.resolved(field.type)
  let size = btf.sizeOf(field.type)
  let offset = Math.floor(bitOffset / 8)
  if (bits > 0) {
    // The smallest aligned word that holds the whole bitfield.
    for (; ; size *= 2) {
      offset = Math.floor(bitOffset / 8 / size) * size
      if (bitOffset + bits - offset * 8 <= size * 8 || size >= 8) break
    }
  }
  const width = bits || size * 8
  const signed = (type.kind === 'int' || type.kind === 'enum') && type.signed
  const values = [offset, size, 1, signed ? 1 : 0, 64 - (bitOffset + width - offset * 8), 64 - width]
  const value = values[record.kind]
  return value === undefined ? undefined : BigInt(value)
}

/** Follows an access path: the first number indexes the type itself, the others members and elements. */
function fieldAt(
  btf: Btf,
  id: number,
  path: readonly number[],
): { type: number; bitOffset: number; bits: number } | undefined {
  if (!btf.hasSize(id)) return undefined
  let at = { type: id, bitOffset: (path[0] ?? 0) * btf.sizeOf(id) * 8, bits: 0 }
  for (const index of path.slice(1)) {
    const type = btf.resolved(at.type)
    if (type.kind === 'struct' || type.kind === 'union') {
      const member = type.members[index]
      if (!member) return undefined
      at = { type: member.type, bitOffset: at.bitOffset + member.bitOffset, bits: member.bits }
    } else if (type.kind === 'array') {
      // An index beyond the array is how C writes a flexible one.
      at = { type: type.type, bitOffset: at.bitOffset + index * btf.sizeOf(type.type) * 8, bits: 0 }
    } else return undefined
  }
  return at
}
