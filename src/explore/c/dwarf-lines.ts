// The line table of DWARF 4 (.debug_line) as far as clang writes it for wasm: from an offset in the code section to
// file and line. Used to show where in a C file an access is made.
import { Reader } from '../../jit/module-reader.js'

export interface Row {
  address: number
  file: string
  line: number
}

const text = (reader: Reader): string => {
  let value = ''
  for (let byte = reader.byte(); byte !== 0; byte = reader.byte()) value += String.fromCharCode(byte)
  return value
}

const word = (reader: Reader, bytes: number): number => {
  let value = 0
  for (let i = 0; i < bytes; i++) value += reader.byte() * 2 ** (8 * i)
  return value
}

const signed = (reader: Reader): number => {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = reader.byte()
    value |= (byte & 127) << shift
    if (byte < 128) return shift + 7 < 32 && byte & 64 ? value | (-1 << (shift + 7)) : value
  }
}

/** All rows of the table, by address. Throws a plain Error on another version of DWARF. */
export function lineRows(section: Uint8Array): Row[] {
  const rows: Row[] = []
  const reader = new Reader(section)
  while (reader.at < section.length) readUnit(reader, rows)
  return rows.sort((a, b) => a.address - b.address)
}

/** The place of the instruction at an offset; undefined before the first. */
export function lineAt(rows: readonly Row[], address: number): Row | undefined {
  let low = 0
  for (let high = rows.length; low < high;) {
    const middle = (low + high) >> 1
    if (rows[middle]!.address <= address) low = middle + 1
    else high = middle
  }
  return rows[low - 1]
}

function readUnit(reader: Reader, rows: Row[]): void {
  const length = word(reader, 4)
  const end = reader.at + length
  const version = word(reader, 2)
  if (version !== 4) throw new Error(`line table of DWARF ${version}, expected 4`)
  const headerLength = word(reader, 4)
  const program = reader.at + headerLength
  const shortest = reader.byte()
  reader.byte() // operations of one instruction: 1
  reader.byte() // whether rows are statements to begin with: all are taken
  const base = (reader.byte() << 24) >> 24
  const range = reader.byte()
  const firstSpecial = reader.byte()
  const lengths = Array.from({ length: firstSpecial - 1 }, () => reader.byte())
  while (text(reader) !== '');
  const files: string[] = ['']
  for (let name = text(reader); name !== ''; name = text(reader)) {
    files.push(name)
    for (let i = 0; i < 3; i++) reader.leb()
  }
  reader.at = program
  let address = 0
  let file = 1
  let line = 1
  const put = (): void => void rows.push({ address, file: files[file] ?? '', line })
  while (reader.at < end) {
    const opcode = reader.byte()
    if (opcode >= firstSpecial) {
      const step = opcode - firstSpecial
      address += Math.floor(step / range) * shortest
      line += base + (step % range)
      put()
    } else if (opcode === 0) {
      const size = reader.leb()
      const next = reader.at + size
      const extended = reader.byte()
      if (extended === 1) {
        address = 0
        file = line = 1
      } else if (extended === 2) address = word(reader, size - 1)
      reader.at = next
    } else if (opcode === 1) put()
    else if (opcode === 2) address += reader.leb() * shortest
    else if (opcode === 3) line += signed(reader)
    else if (opcode === 4) file = reader.leb()
    else if (opcode === 8) address += Math.floor((255 - firstSpecial) / range) * shortest
    else if (opcode === 9) address += word(reader, 2)
    else for (let i = lengths[opcode - 1]!; i > 0; i--) reader.leb()
  }
  reader.at = end
}
