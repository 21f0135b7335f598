// Global variables and their types from DWARF 4 (.debug_info) as far as clang writes it for C: so that traces speak of
// `head.next` instead of an address.
import { Reader } from '../../jit/module-reader.js'

export interface Variable {
  name: string
  address: number
  type: Type
}

export interface Type {
  kind: 'base' | 'pointer' | 'struct' | 'array' | 'enum'
  bytes: number
  signed: boolean
  /** Of a structure or union. */
  members: { name: string; offset: number; type: Type }[]
  /** Of an array. */
  element?: Type
}

interface Entry {
  tag: number
  attributes: Map<number, number | string | Uint8Array>
  children: Entry[]
}

/** Tags and attributes of the standard. */
const TAG = { array: 0x01, enum: 0x04, member: 0x0d, pointer: 0x0f, struct: 0x13, typedef: 0x16, union: 0x17, subrange: 0x21, base: 0x24, variable: 0x34 } // prettier-ignore
const AT = { location: 0x02, name: 0x03, size: 0x0b, upper: 0x2f, count: 0x37, member: 0x38, encoding: 0x3e, type: 0x49 } // prettier-ignore
const QUALIFIERS: readonly number[] = [TAG.typedef, 0x26, 0x35, 0x37]
const SIGNED: readonly unknown[] = [5, 6]
const ADDRESS = 0x03

type Abbreviation = { tag: number; children: boolean; attributes: [attribute: number, form: number][] }

class Information {
  private readonly entries = new Map<number, Entry>()
  private readonly types = new Map<number, Type>()
  readonly top: Entry[] = []

  constructor(
    private readonly info: Reader,
    private readonly abbreviations: Uint8Array,
    private readonly strings: Uint8Array,
  ) {
    while (info.at < info.bytes.length) this.unit()
  }

  private word(bytes: number): number {
    let value = 0
    for (let i = 0; i < bytes; i++) value += this.info.byte() * 2 ** (8 * i)
    return value
  }

  private unit(): void {
    const begin = this.info.at
    const length = this.word(4)
    const end = this.info.at + length
    const version = this.word(2)
    if (version !== 4) throw new Error(`debug information of DWARF ${version}, expected 4`)
    const table = this.table(this.word(4))
    this.word(1)
    const open: Entry[] = []
    while (this.info.at < end) {
      const at = this.info.at
      const code = this.info.leb()
      if (code === 0) {
        open.pop()
        continue
      }
      const { tag, children, attributes } = table.get(code)!
      const entry: Entry = { tag, attributes: new Map(), children: [] }
      for (const [attribute, form] of attributes) entry.attributes.set(attribute, this.value(form, begin))
      this.entries.set(at, entry)
      ;(open.at(-1)?.children ?? this.top).push(entry)
      if (children) open.push(entry)
    }
    this.info.at = end
  }

  private table(offset: number): Map<number, Abbreviation> {
    const reader = new Reader(this.abbreviations, offset)
    const table = new Map<number, Abbreviation>()
    for (let code = reader.leb(); code !== 0; code = reader.leb()) {
      const tag = reader.leb()
      const children = reader.byte() === 1
      const attributes: [number, number][] = []
      for (;;) {
        const pair: [number, number] = [reader.leb(), reader.leb()]
        if (pair[0] === 0) break
        attributes.push(pair)
      }
      table.set(code, { tag, children, attributes })
    }
    return table
  }

  private value(form: number, unit: number): number | string | Uint8Array {
    const { info } = this
    const block = (length: number): Uint8Array => info.bytes.subarray(info.at, (info.at += length))
    switch (form) {
      case 0x01: // addr, data4, sec_offset, ref_addr
      case 0x06:
      case 0x17:
      case 0x10:
        return this.word(4)
      case 0x03:
        return block(this.word(2))
      case 0x04:
        return block(this.word(4))
      case 0x05:
        return this.word(2)
      case 0x07:
        return this.word(8)
      case 0x08:
        return string(info.bytes, info.at, (end) => (info.at = end))
      case 0x09:
      case 0x18:
        return block(info.leb())
      case 0x0a:
        return block(info.byte())
      case 0x0b:
      case 0x0c:
        return info.byte()
      case 0x0d:
      case 0x0f:
        return info.leb()
      case 0x0e:
        return string(this.strings, this.word(4))
      case 0x13:
        return unit + this.word(4)
      case 0x19:
        return 1
    }
    throw new Error(`debug information in form 0x${form.toString(16)}, which C does not need`)
  }

  typeOf(entry: Entry): Type | undefined {
    const reference = entry.attributes.get(AT.type)
    return typeof reference === 'number' ? this.type(reference) : undefined
  }

  private type(reference: number): Type | undefined {
    const known = this.types.get(reference)
    if (known) return known
    const entry = this.entries.get(reference)
    if (!entry) return undefined
    if (QUALIFIERS.includes(entry.tag)) return this.typeOf(entry)
    const { tag, attributes } = entry
    const type: Type = {
      kind: tag === TAG.pointer ? 'pointer' : tag === TAG.array ? 'array' : tag === TAG.enum ? 'enum' : tag === TAG.base ? 'base' : 'struct',
      bytes: Number(attributes.get(AT.size) ?? 4),
      signed: SIGNED.includes(attributes.get(AT.encoding)),
      members: [],
    } // prettier-ignore
    // A type may contain a pointer to itself.
    this.types.set(reference, type)
    if (tag === TAG.struct || tag === TAG.union)
      for (const child of entry.children) {
        const member = child.tag === TAG.member ? this.typeOf(child) : undefined
        const name = String(child.attributes.get(AT.name) ?? '')
        if (member) type.members.push({ name, offset: Number(child.attributes.get(AT.member) ?? 0), type: member })
      }
    if (tag === TAG.array) this.array(entry, type)
    return type
  }

  private array(entry: Entry, type: Type): void {
    const element = this.typeOf(entry)
    if (!element) return
    const counts = entry.children
      .filter((child) => child.tag === TAG.subrange)
      .map(({ attributes }) => Number(attributes.get(AT.count) ?? Number(attributes.get(AT.upper) ?? -1) + 1))
    let inner = element
    for (const count of counts.slice(1).reverse())
      inner = { kind: 'array', bytes: count * inner.bytes, signed: false, members: [], element: inner }
    type.element = inner
    type.bytes = (counts[0] ?? 0) * inner.bytes
  }
}

function string(bytes: Uint8Array, at: number, ends: (end: number) => void = () => undefined): string {
  let end = at
  while (bytes[end] !== 0) end++
  ends(end + 1)
  return Buffer.from(bytes.subarray(at, end)).toString()
}

/** Global and static variables with their addresses. */
export function variablesOf(info: Uint8Array, abbreviations: Uint8Array, strings: Uint8Array): Variable[] {
  const read = new Information(new Reader(info), abbreviations, strings)
  const found: Variable[] = []
  const look = (entry: Entry): void => {
    const location = entry.attributes.get(AT.location)
    const name = entry.attributes.get(AT.name)
    if (entry.tag === TAG.variable && location instanceof Uint8Array && location[0] === ADDRESS && name !== undefined) {
      const type = read.typeOf(entry)
      const address = location[1]! | (location[2]! << 8) | (location[3]! << 16) | (location[4]! << 24)
      if (type) found.push({ name: String(name), address, type })
    }
    entry.children.forEach(look)
  }
  read.top.forEach(look)
  return found
}

/** What lies at an address, `queue[1].next`, and its type; undefined outside of all variables. */
export function placeOf(variables: readonly Variable[], address: number): { name: string; type: Type } | undefined {
  const variable = variables.find((one) => address >= one.address && address < one.address + one.type.bytes)
  return variable && within(variable.name, variable.type, address - variable.address)
}

function within(name: string, type: Type, offset: number): { name: string; type: Type } {
  if (type.kind === 'array' && type.element && type.element.bytes > 0)
    return within(`${name}[${Math.floor(offset / type.element.bytes)}]`, type.element, offset % type.element.bytes)
  if (type.kind === 'struct') {
    const member = type.members.find((one) => offset >= one.offset && offset < one.offset + one.type.bytes)
    if (member) return within(member.name === '' ? name : `${name}.${member.name}`, member.type, offset - member.offset)
  }
  return { name: offset === 0 ? name : `${name}+${offset}`, type }
}

/** The object that a pointer with this value points to: `&queue[1]`; undefined if it is none of the variables. */
export function objectAt(variables: readonly Variable[], address: number): string | undefined {
  const variable = variables.find((one) => address >= one.address && address < one.address + one.type.bytes)
  if (!variable) return undefined
  let { name, type } = variable
  let offset = address - variable.address
  while (type.kind === 'array' && type.element && type.element.bytes > 0) {
    name += `[${Math.floor(offset / type.element.bytes)}]`
    offset %= type.element.bytes
    type = type.element
  }
  return offset === 0 ? `&${name}` : `&${within(name, type, offset).name}`
}
