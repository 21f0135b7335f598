// Decoded values as text on one line, by their C types: { saddr = 192.0.2.1, dport = 443, packets = 12 }.
// Addresses and ports in network byte order are written as people know them; JSON output keeps the plain numbers.
import type { Btf } from './btf.js'
import type { BtfMember } from './btf-types.js'

/** A value that was decoded as type `id`; `id` 0 or no BTF: by the value alone. Long values are not cut. */
export function typedText(btf: Btf | undefined, id: number, value: unknown): string {
  if (!btf || id === 0) return plainText(value)
  const special = networkText(btf, id, value)
  if (special !== undefined) return special
  const type = btf.resolved(id)
  switch (type.kind) {
    case 'struct':
    case 'union':
      return membersText(btf, type.members, value)
    case 'array':
      return Array.isArray(value)
        ? (charText(btf, type.type, value) ?? `[${listText(value.map((one) => typedText(btf, type.type, one)))}]`)
        : plainText(value)
    case 'enum':
      return (
        (typeof value === 'number' || typeof value === 'bigint' ? btf.enumerator(id, value) : undefined) ??
        plainText(value)
      )
    case 'pointer':
      return typeof value === 'bigint' ? `0x${value.toString(16)}` : plainText(value)
    default:
      return plainText(value)
  }
}

/** A value without a type: bytes in hexadecimal, strings quoted, numbers as they are. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${listText(value.map(plainText))}]`
  if (typeof value === 'object' && value !== null)
    return braces(Object.entries(value).map(([name, member]) => `${name} = ${plainText(member)}`))
  return String(value)
}

function membersText(btf: Btf, members: readonly BtfMember[], value: unknown): string {
  if (typeof value !== 'object' || value === null) return plainText(value)
  const values = value as Record<string, unknown>
  const parts = (of: readonly BtfMember[]): string[] =>
    of.flatMap((member) => {
      const type = btf.resolved(member.type)
      if (member.name === '') return type.kind === 'struct' || type.kind === 'union' ? parts(type.members) : []
      return Object.hasOwn(values, member.name)
        ? [`${member.name} = ${typedText(btf, member.type, values[member.name])}`]
        : []
    })
  return braces(parts(members))
}

function braces(parts: readonly string[]): string {
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

/** Four and more of the same in a row are written once: '0 × 16'. */
function listText(texts: readonly string[]): string {
  const parts: string[] = []
  for (let at = 0; at < texts.length;) {
    let end = at + 1
    while (end < texts.length && texts[end] === texts[at]) end++
    if (end - at >= 4) parts.push(`${texts[at]} × ${end - at}`)
    else parts.push(...texts.slice(at, end))
    at = end
  }
  return parts.join(', ')
}

/** A char array that holds a printable text and then zeros, as that text. */
function charText(btf: Btf, element: number, value: readonly unknown[]): string | undefined {
  const type = btf.resolved(element)
  if (type.kind !== 'int' || type.name !== 'char') return undefined
  const end = value.indexOf(0)
  const text = value.slice(0, end < 0 ? value.length : end) as number[]
  if (end >= 0 && value.slice(end).some((char) => char !== 0)) return undefined
  return text.every((char) => char >= 32 && char < 127) ? JSON.stringify(String.fromCharCode(...text)) : undefined
}

/** struct in6_addr by its words: the other members of its union are the same bytes. */
function addressWords(value: unknown): number[] | undefined {
  const union = Object.values(value as object)[0] as Record<string, unknown> | undefined
  const words = Object.entries(union ?? {}).find(([name]) => name.endsWith('32'))?.[1]
  return Array.isArray(words) && words.length === 4 ? (words as number[]) : undefined
}

/** __be16 as a number, __be32 as an IPv4 address, __be32[4] and struct in6_addr as an IPv6 address. */
function networkText(btf: Btf, id: number, value: unknown): string | undefined {
  const name = typedefName(btf, id)
  if (name === '__be16' && typeof value === 'number') return String(((value & 0xff) << 8) | (value >> 8))
  if (name === '__be32' && typeof value === 'number') return bytesOf([value]).join('.')
  const type = btf.resolved(id)
  if (type.kind === 'struct' && type.name === 'in6_addr' && typeof value === 'object' && value !== null) {
    const words = addressWords(value)
    return words && addressText(bytesOf(words))
  }
  if (type.kind !== 'array' || type.length !== 4 || typedefName(btf, type.type) !== '__be32') return undefined
  return Array.isArray(value) ? addressText(bytesOf(value as number[])) : undefined
}

/** The name of the first typedef behind qualifiers. */
function typedefName(btf: Btf, id: number): string | undefined {
  for (;;) {
    const type = btf.type(id)
    if (type.kind === 'typedef') return type.name
    if (type.kind !== 'const' && type.kind !== 'volatile' && type.kind !== 'variable') return undefined
    id = type.type
  }
}

/** The bytes of 32-bit words as they lie in memory. */
function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24])
}

/** An IPv6 address after RFC 5952; an IPv4 address in one as that alone. */
function addressText(bytes: readonly number[]): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return bytes.slice(12).join('.')
  let longest = { at: 0, length: 0 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (words[at + length] === 0) length++
    if (length > longest.length) longest = { at, length }
  }
  const text = (part: number[]): string => part.map((word) => word.toString(16)).join(':')
  if (longest.length < 2) return text(words)
  return `${text(words.slice(0, longest.at))}::${text(words.slice(longest.at + longest.length))}`
}
