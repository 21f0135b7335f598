// Guest memory of the interpreter. Every access is checked against the window; plain ones may race, as the guest's own
// races do; atomic ones must be aligned. Unaligned plain accesses go byte by byte.
import { FAULT_MISALIGNED_ATOMIC } from '../abi'
import {
  add32,
  add64,
  and32,
  and64,
  compareExchange32,
  compareExchange64,
  exchange32,
  exchange64,
  glance16,
  glance32,
  glance64,
  glance8,
  load32,
  load64,
  note16,
  note32,
  note64,
  note8,
  or32,
  or64,
  store32,
  store64,
  xor32,
  xor64,
} from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'

/** Atomic operations, as in the instruction's immediate without the FETCH bit. */
const ATOMIC_ADD: u32 = 0x00
const ATOMIC_OR: u32 = 0x40
const ATOMIC_AND: u32 = 0x50
const ATOMIC_XOR: u32 = 0xa0
const ATOMIC_EXCHANGE: u32 = 0xe0
const ATOMIC_COMPARE_EXCHANGE: u32 = 0xf0

/** Loads `bytes` (1, 2, 4, 8) zero-extended. */
export function guestLoad(pointer: u64, bytes: u32): u64 {
  const address = guestAddress(pointer, bytes)
  if ((address & (bytes - 1)) !== 0) {
    let value: u64 = 0
    for (let at: u32 = 0; at < bytes; at++) value |= (<u64>glance8(address + at)) << (at << 3)
    return value
  }
  if (bytes === 1) return <u64>glance8(address)
  if (bytes === 2) return <u64>glance16(address)
  if (bytes === 4) return <u64>glance32(address)
  return glance64(address)
}

/** Stores the low `bytes` of `value`. */
export function guestStore(pointer: u64, bytes: u32, value: u64): void {
  const address = guestAddress(pointer, bytes)
  if ((address & (bytes - 1)) !== 0) {
    for (let at: u32 = 0; at < bytes; at++) note8(address + at, <u8>(value >> (at << 3)))
    return
  }
  if (bytes === 1) note8(address, <u8>value)
  else if (bytes === 2) note16(address, <u16>value)
  else if (bytes === 4) note32(address, <u32>value)
  else note64(address, value)
}

function atomicAddress(pointer: u64, bytes: u32): usize {
  const address = guestAddress(pointer, bytes)
  if ((address & (bytes - 1)) !== 0) fault(FAULT_MISALIGNED_ATOMIC, pointer)
  return address
}

/**
 * Load-acquire and store-release of 1 to 8 bytes; the smaller widths have no word of their own to order and are plain.
 */
export function guestLoadAcquire(pointer: u64, bytes: u32): u64 {
  const address = atomicAddress(pointer, bytes)
  if (bytes === 8) return load64(address)
  if (bytes === 4) return <u64>load32(address)
  const word = load32(address & ~3) >> (((<u32>address) & 3) << 3)
  return <u64>(bytes === 2 ? word & 0xffff : word & 0xff)
}

export function guestStoreRelease(pointer: u64, bytes: u32, value: u64): void {
  const address = atomicAddress(pointer, bytes)
  if (bytes === 8) store64(address, value)
  else if (bytes === 4) store32(address, <u32>value)
  else {
    // An atomic operation that changes nothing orders what came before the plain store.
    or32(address & ~3, 0)
    if (bytes === 2) note16(address, <u16>value)
    else note8(address, <u8>value)
  }
}

/** The atomic read-modify-write operations; returns the old value. */
export function guestAtomic32(operation: u32, pointer: u64, operand: u32, expected: u32): u32 {
  const address = atomicAddress(pointer, 4)
  switch (operation) {
    case ATOMIC_ADD:
      return add32(address, operand)
    case ATOMIC_OR:
      return or32(address, operand)
    case ATOMIC_AND:
      return and32(address, operand)
    case ATOMIC_XOR:
      return xor32(address, operand)
    case ATOMIC_EXCHANGE:
      return exchange32(address, operand)
    default:
      return compareExchange32(address, expected, operand)
  }
}

export function guestAtomic64(operation: u32, pointer: u64, operand: u64, expected: u64): u64 {
  const address = atomicAddress(pointer, 8)
  switch (operation) {
    case ATOMIC_ADD:
      return add64(address, operand)
    case ATOMIC_OR:
      return or64(address, operand)
    case ATOMIC_AND:
      return and64(address, operand)
    case ATOMIC_XOR:
      return xor64(address, operand)
    case ATOMIC_EXCHANGE:
      return exchange64(address, operand)
    default:
      return compareExchange64(address, expected, operand)
  }
}

/** True for the operation that writes r0 instead of the source register. */
export function isCompareExchange(operation: u32): bool {
  return operation === ATOMIC_COMPARE_EXCHANGE
}
