// Arithmetic of the interpreter: one function per width, pure. Division by zero gives 0, modulo by zero leaves the
// dividend, shifts are masked (RFC 9669). The caller has fetched the operands.

const ADD: u32 = 0x00
const SUB: u32 = 0x10
const MUL: u32 = 0x20
const DIV: u32 = 0x30
const OR: u32 = 0x40
const AND: u32 = 0x50
const LSH: u32 = 0x60
const RSH: u32 = 0x70
const NEG: u32 = 0x80
const MOD: u32 = 0x90
const XOR: u32 = 0xa0
const MOV: u32 = 0xb0
const ARSH: u32 = 0xc0

function divide64(a: u64, b: u64, signed: bool): u64 {
  if (b === 0) return 0
  if (!signed) return a / b
  // The one quotient that overflows is the dividend itself.
  return b === u64.MAX_VALUE ? 0 - a : <u64>(<i64>a / <i64>b)
}

function modulo64(a: u64, b: u64, signed: bool): u64 {
  if (b === 0) return a
  if (!signed) return a % b
  return b === u64.MAX_VALUE ? 0 : <u64>(<i64>a % <i64>b)
}

function divide32(a: u32, b: u32, signed: bool): u32 {
  if (b === 0) return 0
  if (!signed) return a / b
  return b === u32.MAX_VALUE ? 0 - a : <u32>(<i32>a / <i32>b)
}

function modulo32(a: u32, b: u32, signed: bool): u32 {
  if (b === 0) return a
  if (!signed) return a % b
  return b === u32.MAX_VALUE ? 0 : <u32>(<i32>a % <i32>b)
}

function extend(value: u64, bits: i32): u64 {
  if (bits === 8) return <u64>(<i64>(<i8>value))
  if (bits === 16) return <u64>(<i64>(<i16>value))
  if (bits === 32) return <u64>(<i64>(<i32>value))
  return value
}

/** `operation` is the opcode's upper four bits; `offset` selects signed division and sign-extending moves. */
export function alu64(operation: u32, a: u64, b: u64, offset: i32): u64 {
  switch (operation) {
    case ADD:
      return a + b
    case SUB:
      return a - b
    case MUL:
      return a * b
    case DIV:
      return divide64(a, b, offset === 1)
    case OR:
      return a | b
    case AND:
      return a & b
    case LSH:
      return a << (b & 63)
    case RSH:
      return a >> (b & 63)
    case NEG:
      return 0 - a
    case MOD:
      return modulo64(a, b, offset === 1)
    case XOR:
      return a ^ b
    case MOV:
      return extend(b, offset)
    case ARSH:
      return <u64>((<i64>a) >> (b & 63))
    default:
      return a
  }
}

/** The 32-bit forms; the caller zero-extends. */
export function alu32(operation: u32, a: u32, b: u32, offset: i32): u32 {
  switch (operation) {
    case ADD:
      return a + b
    case SUB:
      return a - b
    case MUL:
      return a * b
    case DIV:
      return divide32(a, b, offset === 1)
    case OR:
      return a | b
    case AND:
      return a & b
    case LSH:
      return a << (b & 31)
    case RSH:
      return a >> (b & 31)
    case NEG:
      return 0 - a
    case MOD:
      return modulo32(a, b, offset === 1)
    case XOR:
      return a ^ b
    case MOV:
      return <u32>extend(b, offset)
    case ARSH:
      return <u32>((<i32>a) >> (b & 31))
    default:
      return a
  }
}

/** Byte order: `swap` reverses the low `bits` bits (16, 32, 64), else they are kept; the rest is 0. */
export function byteOrder(value: u64, bits: i32, swap: bool): u64 {
  if (bits === 16) return <u64>(swap ? bswap<u16>(<u16>value) : <u16>value)
  if (bits === 32) return <u64>(swap ? bswap<u32>(<u32>value) : <u32>value)
  return swap ? bswap<u64>(value) : value
}
