// Arithmetic of the interpreter, pure. Division by zero gives 0, modulo by zero leaves the
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

// Signed operations see T's bits as a two's complement number. The one quotient that overflows is the dividend itself.
function divide<T>(a: T, b: T, signed: bool): T {
  if (b === <T>0) return <T>0
  if (!signed) return <T>(a / b)
  if (b === <T>-1) return <T>(<T>0 - a)
  return sizeof<T>() === 8 ? <T>(<i64>a / <i64>b) : <T>(<i32>a / <i32>b)
}

function modulo<T>(a: T, b: T, signed: bool): T {
  if (b === <T>0) return a
  if (!signed) return <T>(a % b)
  if (b === <T>-1) return <T>0
  return sizeof<T>() === 8 ? <T>(<i64>a % <i64>b) : <T>(<i32>a % <i32>b)
}

function shiftSigned<T>(a: T, by: T): T {
  return sizeof<T>() === 8 ? <T>((<i64>a) >> (<i64>by)) : <T>((<i32>a) >> (<i32>by))
}

function extend<T>(value: T, bits: i32): T {
  if (bits === 8) return <T>(<i64>(<i8>value))
  if (bits === 16) return <T>(<i64>(<i16>value))
  if (bits === 32) return <T>(<i64>(<i32>value))
  return value
}

/**
 * Arithmetic on T = u64 or u32 (the caller zero-extends). `operation` is the opcode's upper four bits; `offset` selects
 * signed division and sign-extending moves.
 */
export function alu<T>(operation: u32, a: T, b: T, offset: i32): T {
  const shift = <T>(b & (<T>(sizeof<T>() * 8 - 1)))
  switch (operation) {
    case ADD:
      return <T>(a + b)
    case SUB:
      return <T>(a - b)
    case MUL:
      return <T>(a * b)
    case DIV:
      return divide<T>(a, b, offset === 1)
    case OR:
      return <T>(a | b)
    case AND:
      return <T>(a & b)
    case LSH:
      return <T>(a << shift)
    case RSH:
      return <T>(a >> shift)
    case NEG:
      return <T>(<T>0 - a)
    case MOD:
      return modulo<T>(a, b, offset === 1)
    case XOR:
      return <T>(a ^ b)
    case MOV:
      return extend<T>(b, offset)
    case ARSH:
      return shiftSigned<T>(a, shift)
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
