// Conditions of jumps, pure: the opcode's upper four bits, on 64 bits or (32-bit forms) on the low halves.

const JEQ: u32 = 0x10
const JGT: u32 = 0x20
const JGE: u32 = 0x30
const JSET: u32 = 0x40
const JNE: u32 = 0x50
const JSGT: u32 = 0x60
const JSGE: u32 = 0x70
const JLT: u32 = 0xa0
const JLE: u32 = 0xb0
const JSLT: u32 = 0xc0
const JSLE: u32 = 0xd0

/** True if the jump is taken. */
export function condition(operation: u32, a: u64, b: u64): bool {
  switch (operation) {
    case JEQ:
      return a === b
    case JGT:
      return a > b
    case JGE:
      return a >= b
    case JSET:
      return (a & b) !== 0
    case JNE:
      return a !== b
    case JSGT:
      return <i64>a > <i64>b
    case JSGE:
      return <i64>a >= <i64>b
    case JLT:
      return a < b
    case JLE:
      return a <= b
    case JSLT:
      return <i64>a < <i64>b
    case JSLE:
      return <i64>a <= <i64>b
    default:
      return false
  }
}

/**
 * The operand of a 32-bit condition as condition() wants it: signed comparisons see the sign, the others no upper half.
 */
export function low(operation: u32, value: u64): u64 {
  const signed = operation === JSGT || operation === JSGE || operation === JSLT || operation === JSLE
  return signed ? <u64>(<i64>(<i32>value)) : <u64>(<u32>value)
}
