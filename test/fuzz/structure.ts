// Where the fields of an object file are: what refers, counts and bounds in its tables, so that damage can be aimed at
// them.
// For the fuzzer's `objects` property; it reads only objects that a compiler wrote.

/** One number in the file that other parts of the file depend on. */
export interface Field {
  readonly at: number
  readonly bytes: 1 | 2 | 4 | 8
}

/** The fields of one table: a group is picked before a field, so that small tables are damaged as often as big ones. */
export interface FieldGroup {
  readonly name: string
  readonly fields: readonly Field[]
}

type Row = readonly [offset: number, bytes: Field['bytes']][]

const SECTION_HEADER = 64
const SECTION_ROW: Row = [
  [0x00, 4],
  [0x04, 4],
  [0x08, 8],
  [0x18, 8],
  [0x20, 8],
  [0x28, 4],
  [0x2c, 4],
  [0x30, 8],
  [0x38, 8],
]
const SYMBOL_ROW: Row = [
  [0, 4],
  [4, 1],
  [5, 1],
  [6, 2],
  [8, 8],
  [16, 8],
]
const RELOCATION_ROW: Row = [
  [0, 8],
  [8, 4],
  [12, 4],
]
const ELF_HEADER: readonly Field[] = [
  { at: 0x10, bytes: 2 },
  { at: 0x12, bytes: 2 },
  { at: 0x28, bytes: 8 },
  { at: 0x34, bytes: 2 },
  { at: 0x3a, bytes: 2 },
  { at: 0x3c, bytes: 2 },
  { at: 0x3e, bytes: 2 },
]
const SYMBOLS = 2
const RELOCATIONS = 9
const BTF_MAGIC = 0xeb9f
/** Words that follow a BTF type of a kind: fixed, or for each of its members. */
const FIXED_WORDS: Partial<Record<number, number>> = { 1: 1, 3: 3, 14: 1, 17: 1 }
const MEMBER_WORDS: Partial<Record<number, number>> = { 4: 3, 5: 3, 6: 2, 13: 2, 15: 3, 19: 3 }
/** Kinds whose third word is a type: pointer, typedef, volatile, const, restrict, function, variable, tags. */
const REFERRING = new Set([2, 8, 9, 10, 11, 12, 14, 17, 18])

/** A BTF type that refers to another one, by the place of that reference. */
export interface TypeReference {
  readonly id: number
  readonly at: number
}

export interface Structure {
  readonly groups: readonly FieldGroup[]
  readonly references: readonly TypeReference[]
}

function rows(start: number, end: number, stride: number, row: Row): Field[] {
  const fields: Field[] = []
  for (let at = start; at + stride <= end; at += stride)
    for (const [offset, bytes] of row) fields.push({ at: at + offset, bytes })
  return fields
}

function words(start: number, end: number): Field[] {
  return rows(start, end, 4, [[0, 4]])
}

/** All tables of a little-endian ELF64 object, and the references between its BTF types. */
export function structureOf(file: Uint8Array): Structure {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const groups: FieldGroup[] = [{ name: 'ELF header', fields: ELF_HEADER }]
  const references: TypeReference[] = []
  const table = Number(view.getBigUint64(0x28, true))
  const tableEnd = table + view.getUint16(0x3c, true) * SECTION_HEADER
  groups.push({ name: 'section headers', fields: rows(table, tableEnd, SECTION_HEADER, SECTION_ROW) })
  for (let at = table; at < tableEnd; at += SECTION_HEADER) {
    const type = view.getUint32(at + 4, true)
    const start = Number(view.getBigUint64(at + 0x18, true))
    const end = start + Number(view.getBigUint64(at + 0x20, true))
    if (type === SYMBOLS) groups.push({ name: 'symbols', fields: rows(start, end, 24, SYMBOL_ROW) })
    else if (type === RELOCATIONS) groups.push({ name: 'relocations', fields: rows(start, end, 16, RELOCATION_ROW) })
    else if (type === 1 && end - start >= 24 && end <= file.length && view.getUint16(start, true) === BTF_MAGIC) {
      const header = start + view.getUint32(start + 4, true)
      // Both sections begin alike: .BTF has 6 words of header, .BTF.ext more.
      groups.push({ name: 'BTF header', fields: words(start + 4, header) })
      if (header - start > 24) groups.push({ name: 'line info', fields: words(header, end) })
      else groups.push(...typeFields(view, start, header, references))
    }
  }
  return { groups: groups.filter(({ fields }) => fields.length > 0), references }
}

function typeFields(view: DataView, start: number, header: number, references: TypeReference[]): FieldGroup[] {
  const types = header + view.getUint32(start + 8, true)
  const typesEnd = types + view.getUint32(start + 12, true)
  const strings = header + view.getUint32(start + 16, true)
  const stringsEnd = strings + view.getUint32(start + 20, true)
  for (let at = types, id = 1; at + 12 <= typesEnd; id += 1) {
    const info = view.getUint32(at + 4, true)
    const kind = (info >>> 24) & 31
    if (REFERRING.has(kind)) references.push({ id, at: at + 8 })
    if (kind === 3) references.push({ id, at: at + 12 })
    at += 12 + 4 * ((FIXED_WORDS[kind] ?? 0) + (MEMBER_WORDS[kind] ?? 0) * (info & 0xffff))
  }
  return [
    { name: 'BTF types', fields: words(types, typesEnd) },
    { name: 'BTF strings', fields: rows(strings, stringsEnd, 1, [[0, 1]]) },
  ]
}
