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

/** The entries behind a type: where they begin, how many, and whose they are, for messages. */
interface List {
  readonly at: number
  readonly count: number
  readonly what: string
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
    const flag = info >>> 31 === 1
    const body = at + 12
    const list: List = { at: body, count: info & 0xffff, what: `type ${id} ('${name}')` }
    switch (KIND_NAMES[kind]) {
      case 'INT':
        return [this.int(at, id, name, value), body + 4]
      case 'PTR':
        return [{ kind: 'pointer', name, type: value }, body]
      case 'ARRAY': {
        const type = bytes.u32(body, 'element type')
        return [{ kind: 'array', name, type, length: bytes.u32(body + 8, 'number of elements') }, body + 12]
      }
      case 'STRUCT':
        return [{ kind: 'struct', name, size: value, members: this.members(list, flag) }, body + list.count * 12]
      case 'UNION':
        return [{ kind: 'union', name, size: value, members: this.members(list, flag) }, body + list.count * 12]
      case 'ENUM':
        return [this.enumeration(list, name, value, flag, false), body + list.count * 8]
      case 'ENUM64':
        return [this.enumeration(list, name, value, flag, true), body + list.count * 12]
      case 'FWD':
        return [{ kind: 'forward', name, union: flag }, body]
      case 'TYPEDEF':
        return [{ kind: 'typedef', name, type: value }, body]
      case 'VOLATILE':
        return [{ kind: 'volatile', name, type: value }, body]
      case 'CONST':
        return [{ kind: 'const', name, type: value }, body]
      case 'RESTRICT':
        return [{ kind: 'restrict', name, type: value }, body]
      case 'FUNC':
        return [{ kind: 'function', name, type: value, linkage: this.linkage(list.count, at + 4, list) }, body]
      case 'FUNC_PROTO': {
        const parameters = this.entries(list, 8, (entry) => ({
          name: this.name(entry),
          type: bytes.u32(entry + 4, 'parameter type'),
        }))
        return [{ kind: 'prototype', name, type: value, parameters }, body + list.count * 8]
      }
      case 'VAR': {
        const linkage = this.linkage(bytes.u32(body, 'linkage'), body, list)
        return [{ kind: 'variable', name, type: value, linkage }, body + 4]
      }
      case 'DATASEC': {
        const variables = this.entries(list, 12, (entry) => ({
          type: bytes.u32(entry, 'variable'),
          offset: bytes.u32(entry + 4, 'variable offset'),
          size: bytes.u32(entry + 8, 'variable size'),
        }))
        return [{ kind: 'section', name, size: this.sectionSize(name) ?? value, variables }, body + list.count * 12]
      }
      case 'FLOAT':
        return [{ kind: 'float', name, size: value }, body]
      case 'DECL_TAG':
        return [{ kind: 'decl-tag', name, type: value, component: bytes.i32(body, 'component index') }, body + 4]
      case 'TYPE_TAG':
        return [{ kind: 'type-tag', name, type: value }, body]
      default:
        return bytes.fail(at + 4, `${list.what}: expected a kind from 1 to ${KIND_NAMES.length - 1}, found ${kind}`)
    }
  }

  private entries<T>({ at, count, what }: List, size: number, read: (at: number) => T): T[] {
    this.bytes.need(at, count * size, `${count} entries of ${what}`)
    return Array.from({ length: count }, (_, index) => read(at + index * size))
  }

  /** Of a struct or union; with `bitfields` an offset's upper byte is the width in bits. */
  private members(list: List, bitfields: boolean): BtfMember[] {
    return this.entries(list, 12, (entry) => {
      const offset = this.bytes.u32(entry + 8, 'member offset')
      const member = { name: this.name(entry), type: this.bytes.u32(entry + 4, 'member type') }
      return bitfields
        ? { ...member, bitOffset: offset & 0xffffff, bits: offset >>> 24 }
        : { ...member, bitOffset: offset, bits: 0 }
    })
  }

  private enumeration(list: List, name: string, size: number, signed: boolean, wide: boolean): BtfType {
    if (![1, 2, 4, 8].includes(size))
      this.bytes.fail(list.at - 4, `enum '${name}': expected size 1, 2, 4 or 8, found ${size}`)
    const values = this.entries(list, wide ? 12 : 8, (entry) => {
      const low = this.bytes.u32(entry + 4, 'enumerator')
      const high = wide ? this.bytes.u32(entry + 8, 'enumerator') : 0
      const number = (BigInt(high) << 32n) | BigInt(low)
      return { name: this.name(entry), value: signed ? BigInt.asIntN(wide ? 64 : 32, number) : number }
    })
    return { kind: 'enum', name, size, signed, values }
  }

  private linkage(found: number, place: number, { what }: List): (typeof LINKAGES)[number] {
    return LINKAGES[found] ?? this.bytes.fail(place, `${what}: expected linkage 0 to 2, found ${found}`)
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
