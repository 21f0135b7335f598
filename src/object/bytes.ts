// Little-endian reading with bounds: the only way in which src/object/ touches the bytes of a file. Every failure is a
// SkepError that names file, section and offset and says what was expected there. Used by the ELF, BTF and BTF.ext
// readers; never allocates more than the file holds.
import { SkepError } from '../error.js'

const utf8 = new TextDecoder()

/** Where some bytes come from, for messages. */
export interface Origin {
  /** The file's name as the caller gave it. */
  readonly file: string
  /** Section name; undefined for the file's own headers. */
  readonly section?: string
  /** Error code of everything that goes wrong in these bytes: 'BAD_ELF', 'BAD_BTF' … */
  readonly code: string
}

/** Shows a file offset or size as messages do. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** A bounded view of a file or of one section. Offsets are bytes from its start. */
export class Bytes {
  readonly data: Uint8Array
  readonly origin: Origin
  private readonly view: DataView
  private readonly texts = new Map<number, string>()
  private decoded = 0

  constructor(data: Uint8Array, origin: Origin) {
    this.data = data
    this.origin = origin
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  }

  get length(): number {
    return this.data.length
  }

  /** Throws: something at `offset` is not what it has to be. */
  fail(offset: number, expected: string): never {
    const { file, section, code } = this.origin
    const place = section === undefined ? `${file}` : `${file}: section '${section}'`
    throw new SkepError(code, `${place}, offset ${hex(offset)}: ${expected}`, { file, section, offset })
  }

  /** Throws unless `length` bytes at `offset` are inside. */
  need(offset: number, length: number, what: string): void {
    // Written so that no sum of hostile numbers is formed; NaN and negative offsets fail too.
    if (!(offset >= 0 && length >= 0 && offset <= this.length && length <= this.length - offset))
      this.fail(offset, `expected ${what} (${hex(length)} bytes), but only ${hex(this.length)} bytes are there`)
  }

  u8(offset: number, what: string): number {
    this.need(offset, 1, what)
    return this.view.getUint8(offset)
  }

  u16(offset: number, what: string): number {
    this.need(offset, 2, what)
    return this.view.getUint16(offset, true)
  }

  u32(offset: number, what: string): number {
    this.need(offset, 4, what)
    return this.view.getUint32(offset, true)
  }

  i32(offset: number, what: string): number {
    this.need(offset, 4, what)
    return this.view.getInt32(offset, true)
  }

  /** A 64-bit word as a number: exact below 2^53, and what lies above is out of every bound anyway. */
  u64(offset: number, what: string): number {
    this.need(offset, 8, what)
    return this.view.getUint32(offset, true) + this.view.getUint32(offset + 4, true) * 2 ** 32
  }

  /** A window on `length` bytes; no copy. */
  slice(offset: number, length: number, what: string): Uint8Array {
    this.need(offset, length, what)
    return this.data.subarray(offset, offset + length)
  }

  /**
   * The NUL-terminated text at `offset`. Real string tables overlap only in suffixes, so all texts together are hardly
   * longer than the table; a hostile one could make each of its bytes the start of a long text, and is refused.
   */
  text(offset: number, what: string): string {
    const known = this.texts.get(offset)
    if (known !== undefined) return known
    this.need(offset, 1, what)
    const end = this.data.indexOf(0, offset)
    if (end < 0) this.fail(offset, `expected ${what} to end with a zero byte`)
    this.decoded += end - offset
    if (this.decoded > 8 * this.length + 65536) this.fail(offset, `expected strings that hardly overlap (${what})`)
    const text = utf8.decode(this.data.subarray(offset, end))
    this.texts.set(offset, text)
    return text
  }
}
