// How long each instruction of WebAssembly is, and which of them touch memory: enough to walk through code that clang
// makes and to replace some. Pure; used by instrument.ts.
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_EXCHANGE,
  DOOR_LOAD,
  DOOR_OR,
  DOOR_PEEK,
  DOOR_POKE,
  DOOR_STORE,
  DOOR_XOR,
} from '../../../core/abi.js'
import type { Reader } from '../../jit/module-reader.js'

/** A memory instruction: what it does, and how values travel between the stack and the runtime's functions. */
export interface MemoryAccess {
  shape: 'load' | 'store' | 'change' | 'compare'
  /** Bytes of the value on the wasm stack, 4 or 8. */
  value: 4 | 8
  /** Instruction bytes that come before the call (operand made 32 bits wide) and after it. */
  before: number[]
  after: number[]
  /** Door operation and width, as hooks take them; SUBTRACT is the runtime's own. */
  code: number
}

const SUBTRACT = 99
const WRAP = 0xa7
const EXTEND_U = 0xad
const EXTEND_S = 0xac
const SIGN_8 = 0xc0
const SIGN_16 = 0xc1

const load = (value: 4 | 8, width: number, after: number[] = []): MemoryAccess => ({
  shape: 'load',
  ...{ value: width === 8 ? 8 : 4, before: [], after: value === 8 && width < 8 && after.length === 0 ? [EXTEND_U] : after },
  code: DOOR_PEEK | (width << 8),
}) // prettier-ignore

const store = (value: 4 | 8, width: number, before: number[] = []): MemoryAccess => ({
  shape: 'store',
  ...{ value: width === 8 ? 8 : 4, before: value === 8 && width < 8 ? [WRAP] : before, after: [] },
  code: DOOR_POKE | (width << 8),
})

/** Plain loads and stores, 0x28 to 0x3e in order. */
const PLAIN: readonly MemoryAccess[] = [
  load(4, 4),
  load(8, 8),
  load(4, 4, [0xbe]), // f32: as the i32 with the same bits
  { ...load(8, 8), after: [0xbf] },
  ...[load(4, 1, [SIGN_8]), load(4, 1), load(4, 2, [SIGN_16]), load(4, 2)],
  ...[load(8, 1, [SIGN_8, EXTEND_S]), load(8, 1), load(8, 2, [SIGN_16, EXTEND_S]), load(8, 2)],
  ...[load(8, 4, [EXTEND_S]), load(8, 4)],
  store(4, 4),
  store(8, 8),
  store(4, 4, [0xbc]),
  store(8, 8, [0xbd]),
  ...[store(4, 1), store(4, 2), store(8, 1), store(8, 2), store(8, 4)],
]

/** The seven forms of each atomic operation: type of the value, bytes in memory. */
const FORMS: readonly [4 | 8, number][] = [
  [4, 4],
  [8, 8],
  [4, 1],
  [4, 2],
  [8, 1],
  [8, 2],
  [8, 4],
]
const ATOMICS = [DOOR_LOAD, DOOR_STORE, DOOR_ADD, SUBTRACT, DOOR_AND, DOOR_OR, DOOR_XOR, DOOR_EXCHANGE, DOOR_COMPARE_EXCHANGE] // prettier-ignore

function atomic(opcode: number): MemoryAccess | undefined {
  if (opcode < 0x10 || opcode > 0x4e) return undefined
  const operation = ATOMICS[Math.floor((opcode - 0x10) / 7)]!
  const [value, width] = FORMS[(opcode - 0x10) % 7]!
  const code = operation | (width << 8)
  if (operation === DOOR_LOAD) return { ...load(value, width), code }
  if (operation === DOOR_STORE) return { ...store(value, width), code }
  if (operation === DOOR_COMPARE_EXCHANGE) return { shape: 'compare', value, before: [], after: [], code }
  const narrow = value === 8 && width < 8
  return { shape: 'change', value: narrow ? 4 : value, before: narrow ? [WRAP] : [], after: narrow ? [EXTEND_U] : [], code } // prettier-ignore
}

/** What an instruction is to the instrumentation. */
export type Instruction =
  | { kind: 'other' }
  | { kind: 'fence' }
  | { kind: 'fill' | 'copy' }
  | { kind: 'access'; access: MemoryAccess; offset: number }

const OTHER: Instruction = { kind: 'other' }

/** Reads one instruction; the reader stands behind it then. Throws a plain Error on what is not known. */
export function readInstruction(reader: Reader): Instruction {
  const opcode = reader.byte()
  if (opcode >= 0x28 && opcode <= 0x3e) return { kind: 'access', access: PLAIN[opcode - 0x28]!, offset: memarg(reader) }
  switch (opcode) {
    case 0x02: // block, loop, if: a type
    case 0x03:
    case 0x04:
    case 0x0c: // br, br_if, call, locals, globals, memory.size and grow, constants, ref.func
    case 0x0d:
    case 0x10:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
    case 0xd2:
      reader.leb()
      return OTHER
    case 0x0e: {
      for (let count = reader.leb() + 1; count > 0; count--) reader.leb()
      return OTHER
    }
    case 0x11:
      reader.leb()
      reader.leb()
      return OTHER
    case 0x1c:
      for (let count = reader.leb(); count > 0; count--) reader.byte()
      return OTHER
    case 0x43:
      reader.at += 4
      return OTHER
    case 0x44:
      reader.at += 8
      return OTHER
    case 0xfc:
      return readNumericOrBulk(reader)
    case 0xfe:
      return readAtomic(reader)
  }
  if (opcode >= 0x06 && opcode <= 0x0a) throw unknown(opcode)
  if (opcode > 0xc4) throw unknown(opcode)
  return OTHER
}

const unknown = (opcode: number): Error => new Error(`instruction 0x${opcode.toString(16)} is not supported`)

function memarg(reader: Reader): number {
  reader.leb()
  return reader.leb()
}

function readNumericOrBulk(reader: Reader): Instruction {
  const opcode = reader.leb()
  if (opcode <= 7) return OTHER
  if (opcode === 10) {
    reader.at += 2
    return { kind: 'copy' }
  }
  if (opcode === 11) {
    reader.at += 1
    return { kind: 'fill' }
  }
  throw unknown(0xfc00 | opcode)
}

function readAtomic(reader: Reader): Instruction {
  const opcode = reader.leb()
  if (opcode === 3) {
    reader.at += 1
    return { kind: 'fence' }
  }
  const access = atomic(opcode)
  if (!access) throw unknown(0xfe00 | opcode)
  return { kind: 'access', access, offset: memarg(reader) }
}
