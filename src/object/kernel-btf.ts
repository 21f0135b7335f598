// The BTF of a kernel, which CO-RE relocations are resolved against: well over a hundred thousand types, of which an
// object asks for a handful. So only where each type begins is found out at once; types are read when they are asked
// for and nothing is validated but what is read. Used by core-relocations.ts.
import { reasonOf, SkepError } from '../error.js'
import { btfParts, TypeReader, type BtfParts } from './btf-read.js'
import type { BtfType } from './btf-types.js'
import { Bytes, hex } from './bytes.js'

/** What resolving needs of BTF: an object's own, or a kernel's. */
export interface TypeTable {
  /** Throws SkepError for an id that is not there. */
  type(id: number): BtfType
  /** The id behind typedefs, qualifiers and type tags. */
  resolve(id: number): number
  /** Bytes. Throws SkepError for what has no size. */
  sizeOf(id: number): number
}

/** Bytes of every type; and those that follow by kind: fixed, and for each entry. */
const HEAD = 12
const EXTRA = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0]
const ENTRY = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12]
/** Longer chains and deeper arrays occur in no kernel; hostile ones may be endless. */
const DEEPEST = 32

export class KernelBtf implements TypeTable {
  private readonly bytes: Bytes
  private readonly parts: BtfParts
  /** Where each type begins and its name, by id; [0] is void. */
  private readonly starts: Uint32Array
  private readonly names: Uint32Array
  private readonly types = new Map<number, BtfType>([[0, { kind: 'void', name: '' }]])
  private readonly byName = new Map<string, readonly number[]>()
  private readonly reader: TypeReader

  /** Takes BTF as it stands in /sys/kernel/btf, or an ELF file with a section `.BTF`. Throws SkepError BAD_BTF. */
  constructor(data: Uint8Array, file: string) {
    this.bytes = new Bytes(btfOf(data, file), { file, section: '.BTF', code: 'BAD_BTF' })
    this.parts = btfParts(this.bytes)
    const { starts, names } = this.index()
    this.starts = starts
    this.names = names
    this.reader = new TypeReader(this.bytes, this.parts.strings, () => undefined)
  }

  private index(): { starts: Uint32Array; names: Uint32Array } {
    const { start, end } = this.parts
    const { data } = this.bytes
    const view = new DataView(data.buffer, data.byteOffset, end)
    const most = 1 + Math.floor((end - start) / HEAD)
    const starts = new Uint32Array(most)
    const names = new Uint32Array(most)
    let count = 1
    for (let at = start; at < end; count += 1) {
      if (at + HEAD > end) this.bytes.fail(at, `expected type ${count} to end inside the types`)
      const info = view.getUint32(at + 4, true)
      const kind = (info >>> 24) & 31
      const entry = ENTRY[kind]
      if (kind === 0 || entry === undefined)
        this.bytes.fail(at, `type ${count}: expected a kind from 1 to 19, found ${kind}`)
      starts[count] = at
      names[count] = view.getUint32(at, true)
      at += HEAD + EXTRA[kind]! + entry * (info & 0xffff)
      if (at > end) this.bytes.fail(starts[count]!, `expected type ${count} to end inside the types`)
    }
    return { starts: starts.subarray(0, count), names: names.subarray(0, count) }
  }

  type(id: number): BtfType {
    const known = this.types.get(id)
    if (known) return known
    const start = this.starts[id]
    if (start === undefined) this.bytes.fail(0, `expected a type from 0 to ${this.starts.length - 1}, found ${id}`)
    const [type] = this.reader.read(start, id)
    this.types.set(id, type)
    return type
  }

  resolve(id: number): number {
    let at = id
    for (let depth = 0; depth < DEEPEST; depth += 1) {
      const type = this.type(at)
      if (!isModifier(type)) return at
      at = type.type
    }
    return this.bytes.fail(this.starts[id] ?? 0, `type ${id}: expected at most ${DEEPEST} typedefs and qualifiers`)
  }

  sizeOf(id: number): number {
    let elements = 1
    let at = this.resolve(id)
    for (let depth = 0; depth < DEEPEST; depth += 1) {
      const type = this.type(at)
      if (type.kind === 'pointer') return 8 * elements
      if ('size' in type) return type.size * elements
      if (type.kind !== 'array') break
      elements *= type.length
      at = this.resolve(type.type)
    }
    return this.bytes.fail(this.starts[id] ?? 0, `type ${id} ('${this.type(id).name}') has no size`)
  }

  /** Ids of the types of that name, flavours (`name___suffix`) included. */
  named(name: string): readonly number[] {
    let ids = this.byName.get(name)
    if (!ids) {
      ids = this.findNamed(new TextEncoder().encode(name))
      this.byName.set(name, ids)
    }
    return ids
  }

  private findNamed(name: Uint8Array): number[] {
    const strings = this.parts.strings.data
    const { names } = this
    const [first] = name
    const ids: number[] = []
    for (let id = 1; id < names.length; id += 1) {
      const at = names[id]!
      if (strings[at] !== first || at === 0 || !matches(strings, at, name)) continue
      const after = strings[at + name.length]
      if (after === 0 || (after === UNDERSCORE && essentialName(this.type(id).name).length === name.length))
        ids.push(id)
    }
    return ids
  }
}

const UNDERSCORE = 0x5f

function matches(strings: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index += 1) if (strings[at + index] !== name[index]) return false
  return true
}

function isModifier(type: BtfType): type is BtfType & { type: number } {
  return ['typedef', 'volatile', 'const', 'restrict', 'type-tag'].includes(type.kind)
}

/** A type's name without its flavour: 'task_struct___old' → 'task_struct'. */
export function essentialName(name: string): string {
  return /^(.*[^_])___[^_]/s.exec(name)?.[1] ?? name
}

const ELF_MAGIC = 0x464c457f

/** The section `.BTF` of an ELF file of any machine (little endian, 64 bits), or the bytes themselves. */
function btfOf(data: Uint8Array, file: string): Uint8Array {
  const bytes = new Bytes(data, { file, code: 'BAD_BTF' })
  if (data.length < 4 || bytes.u32(0, 'a magic number') !== ELF_MAGIC) return data
  if (bytes.u8(4, 'class') !== 2 || bytes.u8(5, 'byte order') !== 1)
    bytes.fail(4, 'expected a 64-bit little-endian ELF file')
  const table = bytes.u64(40, 'offset of the section headers')
  const count = bytes.u16(60, 'number of sections') || bytes.u64(table + 32, 'number of sections')
  const namesField = bytes.u16(62, 'index of the section names')
  const namesIndex = namesField === 0xffff ? bytes.u32(table + 40, 'index of the section names') : namesField
  const contents = (index: number): Uint8Array => {
    const at = table + 64 * index
    return bytes.slice(bytes.u64(at + 24, 'section offset'), bytes.u64(at + 32, 'section size'), `section ${index}`)
  }
  bytes.need(table, 64 * count, `${count} section headers`)
  if (namesIndex >= count) bytes.fail(62, `expected the section names in one of ${count} sections, found ${namesIndex}`)
  const names = new Bytes(contents(namesIndex), { ...bytes.origin, section: '(section names)' })
  for (let index = 1; index < count; index += 1)
    if (names.text(bytes.u32(table + 64 * index, 'section name'), `the name of section ${index}`) === '.BTF')
      return contents(index)
  return bytes.fail(0, `expected a section '.BTF' among ${count} sections (offset ${hex(table)})`)
}

/** What a caller may name as the target: a file, its bytes, or 'host' for the kernel that this process runs on. */
export type BtfSource = string | URL | Uint8Array

/** Throws SkepError FILE if it cannot be read, BAD_BTF. */
export function readKernelBtf(source: BtfSource, read: (path: string | URL) => Uint8Array): KernelBtf {
  if (source instanceof Uint8Array) return new KernelBtf(source, 'btf')
  const isHost = source === 'host'
  const path = isHost ? HOST_BTF : source
  try {
    return new KernelBtf(read(path), String(path))
  } catch (cause) {
    if (cause instanceof SkepError) throw cause
    const what = isHost ? `this machine has no kernel BTF to resolve CO-RE relocations against` : `cannot read BTF`
    throw new SkepError('FILE', `${what}: '${String(path)}': ${reasonOf(cause)}`, {}, { cause })
  }
}

const HOST_BTF = '/sys/kernel/btf/vmlinux'
