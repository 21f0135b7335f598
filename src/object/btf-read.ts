// From the bytes of a `.BTF` section to types: parsing and all validation. What comes out of readBtf is safe to walk:
// every id is in range, no type contains itself by value, members lie inside their struct. Used by btf.ts, and by
// kernel-btf.ts, which reads single types.
import { Bytes } from './bytes.js'
import type { BtfMember, BtfType } from './btf-types.js'

const MAGIC = 0xeb9f
const BIG_ENDIAN_MAGIC = 0x9feb
const HEADER_SIZE = 24
const LINKAGES = ['static', 'global', 'extern'] as const
const KIND_NAMES = [
  'void INT PTR ARRAY STRUCT UNION ENUM FWD TYPEDEF VOLATILE CONST RESTRICT FUNC FUNC_PROTO VAR DATASEC FLOAT',
  'DECL_TAG TYPE_TAG ENUM64',
]
  .join(' ')
  .split(' ')

/** Where the parts of a BTF section lie. */
export interface BtfParts {
  /** Bytes from the section's start to the first type and to behind the last. */
  readonly start: number
  readonly end: number
  readonly strings: Bytes
}

export interface ParsedBtf {
  /** By id; [0] is void. */
  readonly types: BtfType[]
  /** The string section, which `.BTF.ext` shares. */
  readonly strings: Bytes
}

/** Reads the header. Throws SkepError BAD_BTF. */
export function btfParts(bytes: Bytes): BtfParts {
  if (bytes.length >= 2 && bytes.u16(0, 'the BTF magic') === BIG_ENDIAN_MAGIC)
    bytes.fail(0, 'expected little-endian BTF (magic 9f eb), found big-endian')
  if (bytes.u16(0, 'the BTF magic') !== MAGIC) bytes.fail(0, 'expected the BTF magic 9f eb (little endian)')
  if (bytes.u8(2, 'BTF version') !== 1) bytes.fail(2, `expected BTF version 1, found ${bytes.u8(2, 'BTF version')}`)
  const header = bytes.u32(4, 'length of the BTF header')
  if (header < HEADER_SIZE) bytes.fail(4, `expected a header of at least ${HEADER_SIZE} bytes, found ${header}`)
  const part = (offsetField: number, what: string) => {
    const start = header + bytes.u32(offsetField, `offset of the ${what}`)
    return [start, bytes.slice(start, bytes.u32(offsetField + 4, `length of the ${what}`), what)] as const
  }
  const [start, typeBytes] = part(8, 'BTF types')
  const [, stringBytes] = part(16, 'BTF strings')
  const strings = new Bytes(stringBytes, { ...bytes.origin, section: `${bytes.origin.section}, strings` })
  return { start, end: start + typeBytes.length, strings }
}

/**
 * Parses and validates. `sectionSize` gives the size of an ELF section, because compilers leave 0 in the type of a data
 * section. Throws SkepError BAD_BTF.
 */
export function readBtf(bytes: Bytes, sectionSize: (name: string) => number | undefined): ParsedBtf {
  const { start: typeStart, end, strings } = btfParts(bytes)
  const types: BtfType[] = [{ kind: 'void', name: '' }]
  const starts = [typeStart]
  const reader = new TypeReader(bytes, strings, sectionSize)
  for (let at = typeStart; at < end;) {
    starts.push(at)
    const [type, next] = reader.read(at, types.length)
    if (next > end) bytes.fail(at, `expected type ${types.length} to end inside the types`)
    types.push(type)
    at = next
  }
  types.forEach((type, id) => {
    for (const to of referencesOf(type))
      if (to >= types.length)
        bytes.fail(starts[id] ?? 0, `type ${id} ('${type.name}'): expected one of ${types.length} types, found ${to}`)
  })
  return { types, strings }
}

/** Reads one type; knows the layout of every kind. */
export class TypeReader {
  constructor(
    private readonly bytes: Bytes,
    private readonly strings: Bytes,
    private readonly sectionSize: (name: string) => number | undefined,
  ) {}

  private name(at: number): string {
    return this.strings.text(this.bytes.u32(at, 'name of a type'), 'a name')
  }

  /** The type at `at`, and where the next one begins. */
  read(at: number, id: number): [BtfType, number] {
    const bytes = this.bytes
    const name = this.name(at)
    const info = bytes.u32(at + 4, 'type info')
    const value = bytes.u32(at + 8, 'size or type')
    const kind = (info >>> 24) & 31
    const count = info & 0xffff
    const flag = info >>> 31 === 1
    const body = at + 12
    const entries = <T>(size: number, read: (at: number) => T): T[] => {
      bytes.need(body, count * size, `${count} entries of type ${id} ('${name}')`)
      return Array.from({ length: count }, (_, index) => read(body + index * size))
    }
    const linkage = (from: number, place: number) =>
      LINKAGES[from] ?? bytes.fail(place, `type ${id} ('${name}'): expected linkage 0 to 2, found ${from}`)
    switch (kind) {
      case 1:
        return [this.int(at, id, name, value), body + 4]
      case 2:
        return [{ kind: 'pointer', name, type: value }, body]
      case 3: {
        const type = bytes.u32(body, 'element type')
        return [{ kind: 'array', name, type, length: bytes.u32(body + 8, 'number of elements') }, body + 12]
      }
      case 4:
      case 5: {
        const members = entries(12, (entry): BtfMember => {
          const offset = bytes.u32(entry + 8, 'member offset')
          const member = { name: this.name(entry), type: bytes.u32(entry + 4, 'member type') }
          return flag
            ? { ...member, bitOffset: offset & 0xffffff, bits: offset >>> 24 }
            : { ...member, bitOffset: offset, bits: 0 }
        })
        return [{ kind: kind === 4 ? 'struct' : 'union', name, size: value, members }, body + count * 12]
      }
      case 6:
      case 19: {
        const wide = kind === 19
        if (![1, 2, 4, 8].includes(value))
          bytes.fail(at + 8, `enum '${name}': expected size 1, 2, 4 or 8, found ${value}`)
        const size = wide ? 12 : 8
        const values = entries(size, (entry) => {
          const low = bytes.u32(entry + 4, 'enumerator')
          const high = wide ? bytes.u32(entry + 8, 'enumerator') : 0
          const number = (BigInt(high) << 32n) | BigInt(low)
          return { name: this.name(entry), value: flag ? BigInt.asIntN(wide ? 64 : 32, number) : number }
        })
        return [{ kind: 'enum', name, size: value, signed: flag, values }, body + count * size]
      }
      case 7:
        return [{ kind: 'forward', name, union: flag }, body]
      case 8:
        return [{ kind: 'typedef', name, type: value }, body]
      case 9:
        return [{ kind: 'volatile', name, type: value }, body]
      case 10:
        return [{ kind: 'const', name, type: value }, body]
      case 11:
        return [{ kind: 'restrict', name, type: value }, body]
      case 12:
        return [{ kind: 'function', name, type: value, linkage: linkage(count, at + 4) }, body]
      case 13: {
        const parameters = entries(8, (entry) => ({
          name: this.name(entry),
          type: bytes.u32(entry + 4, 'parameter type'),
        }))
        return [{ kind: 'prototype', name, type: value, parameters }, body + count * 8]
      }
      case 14:
        return [{ kind: 'variable', name, type: value, linkage: linkage(bytes.u32(body, 'linkage'), body) }, body + 4]
      case 15: {
        const variables = entries(12, (entry) => ({
          type: bytes.u32(entry, 'variable'),
          offset: bytes.u32(entry + 4, 'variable offset'),
          size: bytes.u32(entry + 8, 'variable size'),
        }))
        return [{ kind: 'section', name, size: this.sectionSize(name) ?? value, variables }, body + count * 12]
      }
      case 16:
        return [{ kind: 'float', name, size: value }, body]
      case 17:
        return [{ kind: 'decl-tag', name, type: value, component: bytes.i32(body, 'component index') }, body + 4]
      case 18:
        return [{ kind: 'type-tag', name, type: value }, body]
      default:
        return bytes.fail(
          at + 4,
          `type ${id} ('${name}'): expected a kind from 1 to ${KIND_NAMES.length - 1}, found ${kind}`,
        )
    }
  }

  private int(at: number, id: number, name: string, size: number): BtfType {
    const data = this.bytes.u32(at + 12, 'integer encoding')
    const bits = data & 0xff
    const bitOffset = (data >>> 16) & 0xff
    const encoding = (data >>> 24) & 15
    if (![1, 2, 4, 8, 16].includes(size))
      this.bytes.fail(at + 8, `type ${id} ('${name}'): expected an integer of 1, 2, 4, 8 or 16 bytes, found ${size}`)
    if (bits === 0 || bitOffset + bits > size * 8)
      this.bytes.fail(at + 12, `type ${id} ('${name}'): expected 1 to ${size * 8} bits, found ${bits} at ${bitOffset}`)
    return { kind: 'int', name, size, signed: (encoding & 1) !== 0, bool: (encoding & 4) !== 0, bitOffset, bits }
  }
}

/** Every id that a type mentions. */
function referencesOf(type: BtfType): readonly number[] {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.members.map((member) => member.type)
    case 'prototype':
      return [type.type, ...type.parameters.map((parameter) => parameter.type)]
    case 'section':
      return type.variables.map((variable) => variable.type)
    default:
      return 'type' in type ? [type.type] : []
  }
}
