// Bytes to plain JavaScript values by BTF. What becomes what:
//   integer, enum   number; bigint when it is 64 bits (or 128) wide, whatever its value; _Bool → boolean
//   pointer         bigint
//   float, double   number
//   array           array, element by element; with `text`, a char array that holds printable text becomes a string
//   struct, union   object by member name; anonymous members are merged in, bitfields are numbers
//   data section    object by variable name
// bpf_timer, bpf_wq and bpf_spin_lock are left out: their bytes mean nothing to a reader. btf-shape.ts says the same of
// types.
import { SkepError } from '../error.js'
import type { Btf } from './btf.js'
import type { BtfMember, BtfType } from './btf-types.js'
import { isOpaque } from './special-types.js'

/** A decoded value, by its C type. */
export type BtfValue = number | bigint | boolean | string | BtfValue[] | { [name: string]: BtfValue }

/** How values are decoded. */
export interface DecodeOptions {
  /** char arrays that hold printable UTF-8 and then only zeros become strings; false if not given. */
  readonly text?: boolean
}

/** More plain values than any real type has; beyond it decoding is refused instead of filling the memory. */
const MOST_LEAVES = 2 ** 24

/** Throws BAD_TYPE for a type with absurdly many values in it. */
export function refuseEndless(btf: Btf, id: number): void {
  if (btf.leavesOf(id) > MOST_LEAVES)
    throw new SkepError('BAD_TYPE', `type '${btf.name(id)}' has more than ${MOST_LEAVES} values in it`)
}

/** See Btf.decode. */
export function decodeValue(btf: Btf, id: number, bytes: Uint8Array, options: DecodeOptions): BtfValue {
  const size = btf.sizeOf(id)
  if (bytes.length < size)
    throw new SkepError('BAD_VALUE', `expected ${size} bytes for '${btf.name(id)}', found ${bytes.length}`)
  refuseEndless(btf, id)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return new Decoder(btf, view, options).value(id, 0)
}

class Decoder {
  constructor(
    private readonly btf: Btf,
    private readonly view: DataView,
    private readonly options: DecodeOptions,
  ) {}

  value(id: number, at: number): BtfValue {
    const type = this.btf.resolved(id)
    switch (type.kind) {
      case 'int':
        return decodeInteger(this.view, type, at)
      case 'enum':
        return this.integer(at, type.size, type.signed)
      case 'pointer':
        return this.view.getBigUint64(at, true)
      case 'float':
        return this.float(id, type.size, at)
      case 'array':
        return this.array(type, at)
      case 'struct':
      case 'union': {
        const into: { [name: string]: BtfValue } = {}
        this.members(type, at, into)
        return into
      }
      case 'section': {
        const into: { [name: string]: BtfValue } = {}
        for (const variable of type.variables)
          put(into, this.btf.type(variable.type).name, this.value(variable.type, at + variable.offset))
        return into
      }
      default:
        throw new SkepError('BAD_TYPE', `type '${this.btf.name(id)}' has no values`)
    }
  }

  private integer(at: number, size: number, signed: boolean): number | bigint {
    return readInteger(this.view, at, size, signed)
  }

  private float(id: number, size: number, at: number): number {
    if (size === 4) return this.view.getFloat32(at, true)
    if (size === 8) return this.view.getFloat64(at, true)
    throw new SkepError('BAD_TYPE', `type '${this.btf.name(id)}': expected a float of 4 or 8 bytes, found ${size}`)
  }

  private array(type: BtfType & { kind: 'array' }, at: number): BtfValue {
    const size = this.btf.sizeOf(type.type)
    if (size === 0) return []
    if (this.options.text) {
      const element = this.btf.resolved(type.type)
      const text = element.kind === 'int' && element.name === 'char' ? this.text(at, type.length) : undefined
      if (text !== undefined) return text
    }
    // Array.from takes several times as long, and keys of large maps have arrays.
    const values: BtfValue[] = []
    for (let index = 0; index < type.length; index++) values.push(this.value(type.type, at + index * size))
    return values
  }

  private text(at: number, length: number): string | undefined {
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + at, length)
    const end = bytes.indexOf(0)
    if (end >= 0 && bytes.subarray(end).some((byte) => byte !== 0)) return undefined
    try {
      // A copy, because TextDecoder refuses shared memory.
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice(0, end < 0 ? length : end))
      return /^[\P{C}\t\n]*$/u.test(text) ? text : undefined
    } catch {
      return undefined
    }
  }

  private members(type: BtfType & { kind: 'struct' | 'union' }, at: number, into: { [name: string]: BtfValue }): void {
    for (const member of type.members) {
      if (isOpaque(this.btf, member.type)) continue
      if (member.bits > 0) {
        if (member.name !== '') put(into, member.name, decodeBitfield(this.btf, this.view, member, at))
        continue
      }
      const place = at + member.bitOffset / 8
      const inner = this.btf.resolved(member.type)
      if (member.name === '' && (inner.kind === 'struct' || inner.kind === 'union')) this.members(inner, place, into)
      else if (member.name !== '') put(into, member.name, this.value(member.type, place))
    }
  }
}

/** Sets an own property whatever its name; `__proto__` is a legal member name in C. */
function put(into: { [name: string]: BtfValue }, name: string, value: BtfValue): void {
  if (name === '__proto__')
    Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true })
  else into[name] = value
}

function readInteger(view: DataView, at: number, size: number, signed: boolean): number | bigint {
  switch (size) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at)
    case 2:
      return signed ? view.getInt16(at, true) : view.getUint16(at, true)
    case 4:
      return signed ? view.getInt32(at, true) : view.getUint32(at, true)
    case 8:
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
    default: {
      const low = view.getBigUint64(at, true)
      const high = signed ? view.getBigInt64(at + 8, true) : view.getBigUint64(at + 8, true)
      return (high << 64n) | low
    }
  }
}

function decodeInteger(view: DataView, type: BtfType & { kind: 'int' }, at: number): number | bigint | boolean {
  if (type.bits !== type.size * 8 && !type.bool)
    return cut(readInteger(view, at, type.size, false), type.bitOffset, type.bits, type.signed, type.size)
  const value = readInteger(view, at, type.size, type.signed)
  return type.bool ? value !== 0 && value !== 0n : value
}

function decodeBitfield(btf: Btf, view: DataView, member: BtfMember, at: number): number | bigint | boolean {
  const type = btf.resolved(member.type)
  const size = btf.sizeOf(member.type)
  const value = cut(
    readBits(view, at, member.bitOffset, member.bits),
    0,
    member.bits,
    (type.kind === 'int' || type.kind === 'enum') && type.signed,
    size,
  )
  return type.kind === 'int' && type.bool ? value !== 0 && value !== 0n : value
}

/** The bits as an unsigned number; reads only the bytes they touch. */
function readBits(view: DataView, at: number, bitOffset: number, bits: number): bigint {
  const first = at + Math.floor(bitOffset / 8)
  const last = at + Math.floor((bitOffset + bits - 1) / 8)
  let word = 0n
  for (let byte = last; byte >= first; byte--) word = (word << 8n) | BigInt(view.getUint8(byte))
  return (word >> BigInt(bitOffset % 8)) & ((1n << BigInt(bits)) - 1n)
}

/** Bits `offset` … of an unsigned word, in the JavaScript type of an integer of `size` bytes. */
function cut(word: number | bigint, offset: number, bits: number, signed: boolean, size: number): number | bigint {
  const value = BigInt(word) >> BigInt(offset)
  const part = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
  return size >= 8 ? part : Number(part)
}
