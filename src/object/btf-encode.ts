// Plain JavaScript values to bytes by BTF, the other direction of btf-decode.ts. Accepts what decode gives, and
// besides:
// integers as number or bigint, enumerators by name, byte arrays as string or Uint8Array, shorter arrays and missing
// members (zero, as in a C initialiser).
import { SkepError } from '../error.js'
import type { Btf } from './btf.js'
import { refuseEndless } from './btf-decode.js'
import type { BtfMember, BtfType } from './btf-types.js'
import { isOpaque } from './special-types.js'

/** See Btf.encode. */
export function encodeValue(btf: Btf, id: number, value: unknown): Uint8Array {
  refuseEndless(btf, id)
  const bytes = new Uint8Array(btf.sizeOf(id))
  new Encoder(btf, bytes).value(id, 0, value, btf.name(id))
  return bytes
}

type Members = Map<string, { member: BtfMember; at: number }>

class Encoder {
  private readonly view: DataView

  constructor(
    private readonly btf: Btf,
    private readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer)
  }

  /** `path` names the place in messages: 'struct flow.key.port'. */
  value(id: number, at: number, value: unknown, path: string): void {
    const type = this.btf.resolved(id)
    switch (type.kind) {
      case 'int':
        return this.bits(
          at,
          type.bitOffset,
          type.bool ? type.size * 8 : type.bits,
          integer(type, value, path),
          type,
          path,
        )
      case 'enum':
        return this.bits(at, 0, type.size * 8, integer(type, value, path), type, path)
      case 'pointer':
        return this.bits(at, 0, 64, integer(undefined, value, path), undefined, path)
      case 'float':
        return this.float(type.size, at, value, path)
      case 'array':
        return this.array(type, at, value, path)
      case 'struct':
      case 'union':
        return this.struct(this.membersOf(type, at, new Map()), value, path)
      case 'section':
        return this.section(type, at, value, path)
      default:
        throw new SkepError('BAD_TYPE', `${path}: type '${this.btf.name(id)}' has no values`)
    }
  }

  private float(size: number, at: number, value: unknown, path: string): void {
    if (typeof value !== 'number') bad(path, 'a number', value)
    if (size === 4) this.view.setFloat32(at, value, true)
    else if (size === 8) this.view.setFloat64(at, value, true)
    else throw new SkepError('BAD_TYPE', `${path}: expected a float of 4 or 8 bytes, found ${size}`)
  }

  private array(type: BtfType & { kind: 'array' }, at: number, value: unknown, path: string): void {
    const size = this.btf.sizeOf(type.type)
    const element = this.btf.resolved(type.type)
    const isBytes = element.kind === 'int' && element.size === 1
    const given = isBytes && typeof value === 'string' ? new TextEncoder().encode(value) : value
    if (!Array.isArray(given) && !(given instanceof Uint8Array && isBytes))
      bad(path, isBytes ? 'an array, a Uint8Array or a string' : 'an array', value)
    if (given.length > type.length) bad(path, `at most ${type.length} elements`, given.length)
    if (given instanceof Uint8Array) this.bytes.set(given, at)
    else given.forEach((item: unknown, index) => this.value(type.type, at + index * size, item, `${path}[${index}]`))
  }

  /** The members by name, those of anonymous members merged in. */
  private membersOf(type: BtfType & { kind: 'struct' | 'union' }, at: number, into: Members): Members {
    for (const member of type.members) {
      const inner = this.btf.resolved(member.type)
      if (member.name !== '') into.set(member.name, { member, at })
      else if (inner.kind === 'struct' || inner.kind === 'union') this.membersOf(inner, at + member.bitOffset / 8, into)
    }
    return into
  }

  private struct(members: Members, value: unknown, path: string): void {
    for (const [name, item] of entriesOf(value, path)) {
      const found = members.get(name)
      if (!found) bad(path, `one of the members ${[...members.keys()].join(', ')}`, name)
      const { member, at } = found
      if (isOpaque(this.btf, member.type)) continue
      const place = `${path}.${name}`
      if (member.bits > 0) {
        const type = this.btf.resolved(member.type) as BtfType & { kind: 'int' | 'enum' }
        this.bits(at, member.bitOffset, member.bits, integer(type, item, place), type, place)
      } else this.value(member.type, at + member.bitOffset / 8, item, place)
    }
  }

  private section(type: BtfType & { kind: 'section' }, at: number, value: unknown, path: string): void {
    for (const [name, item] of entriesOf(value, path)) {
      const found = type.variables.find((variable) => this.btf.type(variable.type).name === name)
      if (!found) bad(path, 'a variable of the section', name)
      this.value(found.type, at + found.offset, item, `${path}.${name}`)
    }
  }

  /** Writes an integer of `bits` bits at a bit offset, checking its range, and leaves the bits around it alone. */
  private bits(
    at: number,
    bitOffset: number,
    bits: number,
    value: bigint,
    type: { signed: boolean; bool?: boolean } | undefined,
    path: string,
  ): void {
    const signed = type?.signed ?? false
    const least = signed ? -(1n << BigInt(bits - 1)) : 0n
    const most = type?.bool && bits > 1 ? 1n : (1n << BigInt(signed ? bits - 1 : bits)) - 1n
    if (value < least || value > most) bad(path, `an integer from ${least} to ${most}`, value)
    let rest = BigInt.asUintN(bits, value)
    for (let done = 0; done < bits;) {
      const bit = (bitOffset + done) % 8
      const place = at + Math.floor((bitOffset + done) / 8)
      const width = Math.min(8 - bit, bits - done)
      const mask = (1 << width) - 1
      const byte = this.bytes[place] ?? 0
      this.bytes[place] = (byte & ~(mask << bit)) | (Number(rest & BigInt(mask)) << bit)
      rest >>= BigInt(width)
      done += width
    }
  }
}

// Of a Map or a DataView no member could be read: all would be 0.
function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Object.prototype.toString.call(value) !== '[object Object]')
    bad(path, 'an object', value)
  return Object.entries(value)
}

function integer(type: BtfType | undefined, value: unknown, path: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) bad(path, 'an integer (a bigint beyond 2^53)', value)
    return BigInt(value)
  }
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (type?.kind === 'enum' && typeof value === 'string') {
    const found = type.values.find((candidate) => candidate.name === value)
    return found?.value ?? bad(path, `one of ${type.values.map((candidate) => candidate.name).join(', ')}`, value)
  }
  if (type?.kind === 'enum') return bad(path, 'an integer or the name of an enumerator', value)
  return bad(path, type?.kind === 'int' && type.bool ? 'true or false' : 'an integer', value)
}

function bad(path: string, expected: string, found: unknown): never {
  const shown = typeof found === 'bigint' || typeof found === 'number' ? `${found}` : show(found)
  throw new SkepError('BAD_VALUE', `${path}: expected ${expected}, found ${shown}`, { path })
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null) return String(value)
  // '[object DataView]'
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  return kind === 'Object' ? 'an object' : /^[AEIOU]/.test(kind) ? `an ${kind}` : `a ${kind}`
}
