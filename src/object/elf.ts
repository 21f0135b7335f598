// The ELF container: sections, symbols and relocations of a relocatable 64-bit little-endian BPF file. Knows nothing of
// what the sections mean. Sections may not overlap, so that all later work is linear in the file's size.
import { Bytes, hex, type Origin } from './bytes.js'

const ELF_MAGIC = 0x464c457f
const MACHINE_BPF = 247
const HEADER_SIZE = 64
const SECTION_HEADER_SIZE = 64
const SYMBOL_SIZE = 24
const REL_SIZE = 16

export enum SectionType {
  Null = 0,
  ProgBits = 1,
  SymTab = 2,
  StrTab = 3,
  Rela = 4,
  NoBits = 8,
  Rel = 9,
}

export const SHF_ALLOC = 2
export const SHF_EXECINSTR = 4

export interface Section {
  readonly index: number
  readonly name: string
  readonly type: number
  readonly flags: number
  /** Bytes; for NoBits what it will take up in memory. */
  readonly size: number
  readonly link: number
  readonly info: number
  /** Empty for NoBits. */
  readonly bytes: Bytes
}

export type SymbolType = 'none' | 'object' | 'function' | 'section' | 'file' | 'other'

export interface ElfSymbol {
  readonly index: number
  readonly name: string
  readonly type: SymbolType
  readonly binding: 'local' | 'global' | 'weak'
  /** Undefined for absolute, common and undefined symbols. */
  readonly section: Section | undefined
  readonly undefined: boolean
  /** Bytes from the start of its section. */
  readonly value: number
  readonly size: number
}

export interface ElfRelocation {
  /** Byte offset in the section that is relocated. */
  readonly offset: number
  /** R_BPF_*. */
  readonly type: number
  readonly symbol: ElfSymbol
}

export interface Elf {
  readonly file: string
  readonly sections: readonly Section[]
  readonly symbols: readonly ElfSymbol[]
  /** The symbols that lie in a section, in file order. */
  symbolsIn(section: Section): readonly ElfSymbol[]
  /** Relocations of a section, in file order. */
  relocations(section: Section): ElfRelocation[]
  /** The section of that name, if there is exactly one; several are an error. */
  section(name: string): Section | undefined
}

/** Reads the container. Throws SkepError BAD_ELF naming file, section and offset. */
export function readElf(data: Uint8Array, file: string): Elf {
  const bytes = new Bytes(data, { file, code: 'BAD_ELF' })
  checkHeader(bytes)
  const sections = readSections(bytes)
  const symbols = readSymbols(bytes, sections)
  const relocationSections = new Map<number, Section[]>()
  for (const section of sections) {
    if (section.type !== SectionType.Rel && section.type !== SectionType.Rela) continue
    const list = relocationSections.get(section.info)
    if (list) list.push(section)
    else relocationSections.set(section.info, [section])
  }
  const symbolsBySection = new Map<Section, ElfSymbol[]>()
  for (const symbol of symbols) {
    if (!symbol.section) continue
    const list = symbolsBySection.get(symbol.section)
    if (list) list.push(symbol)
    else symbolsBySection.set(symbol.section, [symbol])
  }
  return {
    file,
    sections,
    symbols,
    symbolsIn: (section) => symbolsBySection.get(section) ?? [],
    relocations: (section) =>
      (relocationSections.get(section.index) ?? []).flatMap((from) => readRelocations(from, section, symbols)),
    section(name) {
      const found = sections.filter((section) => section.name === name)
      if (found.length > 1) bytes.fail(0, `expected one section '${name}', found ${found.length}`)
      return found[0]
    },
  }
}

function checkHeader(bytes: Bytes): void {
  if (bytes.u32(0, 'the ELF magic') !== ELF_MAGIC)
    bytes.fail(0, 'expected the ELF magic 7f 45 4c 46 of an object file (clang -target bpf -g -O2 -c makes one)')
  bytes.need(0, HEADER_SIZE, 'an ELF header')
  const expect = (offset: number, found: number, wanted: number, what: string, hint = '') => {
    if (found !== wanted) bytes.fail(offset, `expected ${what} (${wanted}), found ${found}${hint}`)
  }
  expect(4, bytes.u8(4, 'class'), 2, 'a 64-bit file')
  expect(5, bytes.u8(5, 'byte order'), 1, 'little-endian byte order')
  expect(6, bytes.u8(6, 'version'), 1, 'ELF version 1')
  expect(18, bytes.u16(18, 'machine'), MACHINE_BPF, 'machine BPF', ': clang compiles for it with -target bpf')
  expect(16, bytes.u16(16, 'file type'), 1, 'a relocatable file')
  expect(58, bytes.u16(58, 'section header size'), SECTION_HEADER_SIZE, 'section headers of 64 bytes')
}

function readSections(bytes: Bytes): Section[] {
  const table = bytes.u64(40, 'offset of the section headers')
  bytes.need(table, SECTION_HEADER_SIZE, 'the first section header')
  // Counts that do not fit their 16 bits are in the first section header.
  const count = bytes.u16(60, 'number of sections') || bytes.u64(table + 32, 'number of sections')
  const namesField = bytes.u16(62, 'index of the section names')
  const namesIndex = namesField === 0xffff ? bytes.u32(table + 40, 'index of the section names') : namesField
  bytes.need(table, count * SECTION_HEADER_SIZE, `${count} section headers`)
  if (namesIndex >= count) bytes.fail(62, `expected the section names in one of ${count} sections, found ${namesIndex}`)

  const at = (index: number) => table + index * SECTION_HEADER_SIZE
  const contents = (index: number, origin: Origin): Bytes => {
    const header = at(index)
    if (bytes.u32(header + 4, 'section type') === SectionType.NoBits) return new Bytes(new Uint8Array(0), origin)
    const offset = bytes.u64(header + 24, 'section offset')
    const size = bytes.u64(header + 32, 'section size')
    return new Bytes(bytes.slice(offset, size, `section ${index}`), origin)
  }
  const names = contents(namesIndex, { ...bytes.origin, section: '(section names)' })
  const sections: Section[] = []
  let total = 0
  for (let index = 0; index < count; index++) {
    const header = at(index)
    const type = bytes.u32(header + 4, 'section type')
    const empty = type === SectionType.Null
    const name = empty ? '' : names.text(bytes.u32(header, 'section name'), `the name of section ${index}`)
    const origin = { ...bytes.origin, section: name }
    const data = empty ? new Bytes(new Uint8Array(0), origin) : contents(index, origin)
    total += data.length
    if (total > bytes.length) bytes.fail(header, `expected sections that do not overlap, '${name}' does`)
    sections.push({
      index,
      name,
      type,
      flags: bytes.u32(header + 8, 'section flags'),
      size: empty ? 0 : bytes.u64(header + 32, 'section size'),
      link: bytes.u32(header + 40, 'section link'),
      info: bytes.u32(header + 44, 'section info'),
      bytes: data,
    })
  }
  return sections
}

const SYMBOL_TYPES: readonly SymbolType[] = ['none', 'object', 'function', 'section', 'file']
const SYMBOL_BINDINGS = ['local', 'global', 'weak'] as const

function readSymbols(file: Bytes, sections: readonly Section[]): ElfSymbol[] {
  const tables = sections.filter((section) => section.type === SectionType.SymTab)
  if (tables.length > 1) file.fail(0, `expected one symbol table, found ${tables.length}`)
  const table = tables[0]
  if (!table) return []
  const bytes: Bytes = table.bytes
  if (bytes.length % SYMBOL_SIZE !== 0) bytes.fail(bytes.length, `expected whole symbols of ${SYMBOL_SIZE} bytes`)
  const names = sections[table.link]
  if (!names || names.type !== SectionType.StrTab)
    bytes.fail(0, `expected the symbols' names in a string table, found section ${table.link}`)
  const symbols: ElfSymbol[] = []
  for (let index = 0; index < bytes.length / SYMBOL_SIZE; index++) {
    const at = index * SYMBOL_SIZE
    const info = bytes.u8(at + 4, 'symbol info')
    const where = bytes.u16(at + 6, 'symbol section')
    const reserved = where === 0 || where >= 0xff00
    const section = reserved ? undefined : sections[where]
    if (!reserved && !section) bytes.fail(at + 6, `expected one of ${sections.length} sections, found ${where}`)
    const binding = SYMBOL_BINDINGS[info >> 4]
    if (!binding) bytes.fail(at + 4, `expected a local, global or weak symbol, found binding ${info >> 4}`)
    const type = SYMBOL_TYPES[info & 15] ?? 'other'
    const name = names.bytes.text(bytes.u32(at, 'symbol name'), `the name of symbol ${index}`)
    symbols.push({
      index,
      name: type === 'section' && name === '' ? (section?.name ?? '') : name,
      type,
      binding,
      section,
      undefined: where === 0,
      value: bytes.u64(at + 8, 'symbol value'),
      size: bytes.u64(at + 16, 'symbol size'),
    })
  }
  return symbols
}

function readRelocations(from: Section, target: Section, symbols: readonly ElfSymbol[]): ElfRelocation[] {
  const bytes: Bytes = from.bytes
  if (from.type === SectionType.Rela) bytes.fail(0, 'expected relocations without addends (REL), as BPF has them')
  if (bytes.length % REL_SIZE !== 0) bytes.fail(bytes.length, `expected whole relocations of ${REL_SIZE} bytes`)
  const relocations: ElfRelocation[] = []
  for (let at = 0; at < bytes.length; at += REL_SIZE) {
    const offset = bytes.u64(at, 'relocation offset')
    const type = bytes.u32(at + 8, 'relocation type')
    const index = bytes.u32(at + 12, 'relocation symbol')
    const symbol = symbols[index]
    if (!symbol) bytes.fail(at + 12, `expected one of ${symbols.length} symbols, found ${index}`)
    if (offset >= target.size)
      bytes.fail(
        at,
        `expected an offset inside section '${target.name}' (${hex(target.size)} bytes), found ${hex(offset)}`,
      )
    relocations.push({ offset, type, symbol })
  }
  return relocations
}
