// BTF, the types of an object: looking them up, naming them, and turning bytes into plain JavaScript values and back.
// Immutable after readBtf. Used by everyone who shows or edits map values and variables.
import { SkepError } from '../error.js'
import { decodeValue, type BtfValue, type DecodeOptions } from './btf-decode.js'
import { encodeValue } from './btf-encode.js'
import { layOut, type Layout } from './btf-layout.js'
import { readBtf } from './btf-read.js'
import type { BtfKind, BtfType } from './btf-types.js'
import { Bytes } from './bytes.js'

export type { BtfValue, DecodeOptions } from './btf-decode.js'
export type { BtfKind, BtfMember, BtfType } from './btf-types.js'

const VOID: BtfType = { kind: 'void', name: '' }

/** The types of one object. Ids are numbers from 1; 0 is void. */
export class Btf {
  /** By id; [0] is void. */
  readonly types: readonly BtfType[]
  private readonly layout: Layout
  private readonly byName = new Map<string, number[]>()

  private constructor(types: readonly BtfType[], layout: Layout) {
    this.types = types
    this.layout = layout
    types.forEach((type, id) => {
      if (type.name === '') return
      const ids = this.byName.get(type.name)
      if (ids) ids.push(id)
      else this.byName.set(type.name, [id])
    })
  }

  /**
   * Reads a `.BTF` section. `sectionSize` gives the sizes of the file's sections, which compilers leave out.
   * Throws SkepError BAD_BTF.
   */
  static read(bytes: Bytes, sectionSize?: (name: string) => number | undefined): Btf {
    return Btf.readWithStrings(bytes, sectionSize).btf
  }

  /** As read, with the string section, which `.BTF.ext` shares. */
  static readWithStrings(
    bytes: Bytes,
    sectionSize: (name: string) => number | undefined = () => undefined,
  ): { btf: Btf; strings: Bytes } {
    const { types, strings } = readBtf(bytes, sectionSize)
    const layout = layOut(types, (id, problem) => {
      const { file, section, code } = bytes.origin
      throw new SkepError(code, `${file}: section '${section}', type ${id} ('${types[id]?.name ?? ''}'): ${problem}`, {
        file,
        section,
        type: id,
      })
    })
    return { btf: new Btf(types, layout), strings }
  }

  /** The types of another one, which may have come from another thread. */
  static of(types: readonly BtfType[]): Btf {
    return new Btf(
      types,
      layOut(types, (id, problem) => {
        throw new SkepError('BAD_BTF', `type ${id} ('${types[id]?.name ?? ''}'): ${problem}`, { type: id })
      }),
    )
  }

  /** The type of that id. Throws SkepError BAD_TYPE if there is none. */
  type(id: number): BtfType {
    const type = this.types[id]
    if (!type) throw new SkepError('BAD_TYPE', `expected a BTF type from 0 to ${this.types.length - 1}, found ${id}`)
    return type
  }

  /** The id behind typedefs, qualifiers, type tags and variables. */
  resolve(id: number): number {
    for (;;) {
      const type = this.type(id)
      switch (type.kind) {
        case 'typedef':
        case 'volatile':
        case 'const':
        case 'restrict':
        case 'type-tag':
        case 'variable':
          id = type.type
          break
        default:
          return id
      }
    }
  }

  /** The type behind typedefs, qualifiers, type tags and variables. */
  resolved(id: number): BtfType {
    return this.type(this.resolve(id))
  }

  /** What the function of that id is given and answers; undefined if that is no function. */
  prototypeOf(id: number): Extract<BtfType, { kind: 'prototype' }> | undefined {
    const type = this.type(id)
    const prototype = type.kind === 'function' ? this.type(type.type) : undefined
    return prototype?.kind === 'prototype' ? prototype : undefined
  }

  /** Bytes. Throws SkepError BAD_TYPE for what has no size (void, functions, forward declarations). */
  sizeOf(id: number): number {
    const size = this.layout.sizes[id]
    if (size === undefined || Number.isNaN(size)) throw new SkepError('BAD_TYPE', `type '${this.name(id)}' has no size`)
    return size
  }

  /** Whether the type has a size. */
  hasSize(id: number): boolean {
    return !Number.isNaN(this.layout.sizes[id] ?? NaN)
  }

  /** How many plain values a value of this type decodes to. */
  leavesOf(id: number): number {
    return this.layout.leaves[id] ?? 0
  }

  /** The first type of that kind and name, 0 if there is none: what is nameless is not found by ''. */
  find(kind: BtfKind, name: string): number {
    return this.byName.get(name)?.find((id) => this.types[id]?.kind === kind) ?? 0
  }

  /** The type as C writes it: 'struct flow', 'char[16]', 'const __u32 *'. */
  name(id: number): string {
    return this.nameAt(id, 16)
  }

  private nameAt(id: number, depth: number): string {
    const type = this.types[id] ?? VOID
    if (depth === 0) return '…'
    const inner = (of: number) => this.nameAt(of, depth - 1)
    switch (type.kind) {
      case 'void':
        return 'void'
      case 'pointer': {
        const to = inner(type.type)
        return to.endsWith('*') ? `${to}*` : `${to} *`
      }
      case 'array': {
        // The outer dimension comes first in C.
        const [, element = '', rest = ''] = /^(.*?)((?:\[\d+\])*)$/.exec(inner(type.type)) ?? []
        return `${element}[${type.length}]${rest}`
      }
      case 'struct':
      case 'union':
      case 'enum':
        return `${type.kind} ${type.name || '(anonymous)'}`
      case 'forward':
        return `${type.union ? 'union' : 'struct'} ${type.name}`
      case 'volatile':
      case 'const':
      case 'restrict':
        return `${type.kind} ${inner(type.type)}`
      case 'type-tag':
        return inner(type.type)
      case 'prototype':
        // Parameters only of the outermost: prototypes within prototypes can be endless.
        return `${inner(type.type)} (${depth < 16 ? '…' : type.parameters.map(({ type: of }) => inner(of)).join(', ')})`
      case 'variable':
      case 'section':
      case 'function':
      case 'int':
      case 'float':
      case 'typedef':
      case 'decl-tag':
        return type.name
    }
  }

  /**
   * Turns the bytes of a value into plain JavaScript: see btf-decode.ts for what becomes what.
   * Throws SkepError BAD_VALUE if `bytes` is shorter than the type, BAD_TYPE if it cannot be decoded.
   */
  decode(id: number, bytes: Uint8Array, options: DecodeOptions = {}): BtfValue {
    return decodeValue(this, id, bytes, options)
  }

  /**
   * Turns a JavaScript value into the type's bytes; what is left out is zero, as in a C initialiser.
   * Throws SkepError BAD_VALUE naming the member for unknown members, wrong kinds and numbers out of range.
   */
  encode(id: number, value: unknown): Uint8Array {
    return encodeValue(this, id, value)
  }

  /** The enumerator of that value, undefined if the enum has none. Throws BAD_TYPE if it is no enum. */
  enumerator(id: number, value: number | bigint): string | undefined {
    const type = this.resolved(id)
    if (type.kind !== 'enum') throw new SkepError('BAD_TYPE', `type '${this.name(id)}' is not an enum`)
    return type.values.find((candidate) => candidate.value === BigInt(value))?.name
  }
}
