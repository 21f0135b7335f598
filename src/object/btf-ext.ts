// `.BTF.ext`: for every code section which function starts where, which C line every instruction comes from, and the
// CO-RE relocations. Offsets are bytes in the section. Used by functions.ts and core-relocations.ts.
import type { Bytes } from './bytes.js'

export interface FunctionRecord {
  readonly offset: number
  /** BTF_KIND_FUNC. */
  readonly type: number
}

export interface LineRecord {
  readonly offset: number
  readonly file: string
  readonly text: string
  readonly line: number
  readonly column: number
}

export interface CoreRecord {
  readonly offset: number
  /** The local type that the access starts from. */
  readonly type: number
  /** '0:1:2', as the compiler wrote it. */
  readonly access: string
  /** BPF_CORE_*. */
  readonly kind: number
}

/** Records by name of the code section. */
export interface BtfExt {
  readonly functions: ReadonlyMap<string, readonly FunctionRecord[]>
  readonly lines: ReadonlyMap<string, readonly LineRecord[]>
  readonly relocations: ReadonlyMap<string, readonly CoreRecord[]>
}

/** Reads the section; `strings` are those of `.BTF`. Throws SkepError BAD_BTF. */
export function readBtfExt(bytes: Bytes, strings: Bytes): BtfExt {
  if (bytes.u16(0, 'the BTF magic') !== 0xeb9f) bytes.fail(0, 'expected the BTF magic 9f eb (little endian)')
  if (bytes.u8(2, 'version') !== 1) bytes.fail(2, `expected version 1, found ${bytes.u8(2, 'version')}`)
  const header = bytes.u32(4, 'length of the header')
  const part = <T>(field: number, least: number, what: string, read: (at: number) => T): Map<string, T[]> => {
    // Older compilers end the header before the CO-RE relocations.
    if (field + 8 > header) return new Map()
    const start = header + bytes.u32(field, `offset of the ${what}`)
    const length = bytes.u32(field + 4, `length of the ${what}`)
    bytes.need(start, length, what)
    return readRecords(bytes, strings, start, start + length, least, what, read)
  }
  return {
    functions: part(8, 8, 'function records', (at) => ({
      offset: bytes.u32(at, 'offset'),
      type: bytes.u32(at + 4, 'type'),
    })),
    lines: part(16, 16, 'line records', (at) => {
      const position = bytes.u32(at + 12, 'line and column')
      return {
        offset: bytes.u32(at, 'offset'),
        file: strings.text(bytes.u32(at + 4, 'file name'), 'a file name'),
        text: strings.text(bytes.u32(at + 8, 'source line'), 'a source line'),
        line: position >>> 10,
        column: position & 0x3ff,
      }
    }),
    relocations: part(24, 16, 'CO-RE relocations', (at) => ({
      offset: bytes.u32(at, 'offset'),
      type: bytes.u32(at + 4, 'type'),
      access: strings.text(bytes.u32(at + 8, 'access string'), 'an access string'),
      kind: bytes.u32(at + 12, 'kind'),
    })),
  }
}

function readRecords<T>(
  bytes: Bytes,
  strings: Bytes,
  start: number,
  end: number,
  least: number,
  what: string,
  read: (at: number) => T,
): Map<string, T[]> {
  const result = new Map<string, T[]>()
  if (start === end) return result
  const size = bytes.u32(start, `size of one of the ${what}`)
  if (size < least || size % 4 !== 0)
    bytes.fail(start, `expected ${what} of at least ${least} bytes, in steps of 4, found ${size}`)
  for (let at = start + 4; at < end;) {
    const section = strings.text(bytes.u32(at, 'section name'), 'a section name')
    const count = bytes.u32(at + 4, `number of ${what}`)
    at += 8
    if (count * size > end - at) bytes.fail(at - 4, `expected ${count} ${what} to end inside their part`)
    const list = result.get(section) ?? []
    result.set(section, list)
    for (let index = 0; index < count; index++, at += size) list.push(read(at))
  }
  return result
}
