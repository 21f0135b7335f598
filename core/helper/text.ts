// Text to numbers, and comparing text. Exported to guest programs.
import { EINVAL, ERANGE } from '../abi'
import { peek8, poke64 } from '../door'
import { guestAddress } from '../guest'

/** Digits that are looked at, as in the kernel. */
const MOST_DIGITS: u32 = 63
const BASE_MASK: u64 = 31
const ZERO: u32 = 48
const LOWER_A: u32 = 97
const LOWER_X: u32 = 120
const MINUS: u32 = 45
const NO_DIGIT: u32 = 255

function digitOf(byte: u32): u32 {
  if (byte >= ZERO && byte < ZERO + 10) return byte - ZERO
  const lower = byte | 0x20
  return lower >= LOWER_A && lower < LOWER_A + 6 ? lower - LOWER_A + 10 : NO_DIGIT
}

function isSpace(byte: u32): bool {
  return byte === 32 || (byte >= 9 && byte <= 13) || byte === 160
}

/** Parses and stores, 0 for an error; characters taken, or -EINVAL, -ERANGE. */
function parse(text: u64, length: u64, flags: u64, result: u64, signed: bool): i64 {
  const bytes = <u32>length
  let base = <u32>(flags & BASE_MASK)
  const target = guestAddress(result, 8)
  poke64(target, 0)
  if (bytes === 0 || (base !== 0 && base !== 8 && base !== 10 && base !== 16) || (flags & ~BASE_MASK) !== 0)
    return -EINVAL
  const from = guestAddress(text, bytes)
  let at: u32 = 0
  while (at < bytes && isSpace(peek8(from + at))) at++
  if (at === bytes) return -EINVAL
  const negative = peek8(from + at) === MINUS
  if (negative) at++
  if (at === bytes || (negative && !signed)) return -EINVAL
  const end = bytes - at < MOST_DIGITS ? bytes : at + MOST_DIGITS
  const prefixed = at + 1 < end && peek8(from + at) === ZERO && (peek8(from + at + 1) | 0x20) === LOWER_X
  const hexadecimal = prefixed && at + 2 < end && digitOf(peek8(from + at + 2)) < 16
  if (base === 0) base = hexadecimal ? 16 : peek8(from + at) === ZERO ? 8 : 10
  if (base === 16 && prefixed) at += 2
  const first = at
  let value: u64 = 0
  let overflow = false
  while (at < end) {
    const digit = digitOf(peek8(from + at))
    if (digit >= base) break
    if (value > (u64.MAX_VALUE - digit) / base) overflow = true
    value = value * base + digit
    at++
  }
  if (at === first) return -EINVAL
  const limit: u64 = !signed ? u64.MAX_VALUE : negative ? <u64>i64.MIN_VALUE : <u64>i64.MAX_VALUE
  if (overflow || value > limit) return -ERANGE
  poke64(target, negative ? 0 - value : value)
  return at
}

/** Parses a signed number in base 8, 10, 16 or, with 0, by its prefix. Characters taken, or a negative errno. */
export function bpf_strtol(text: u64, length: u64, flags: u64, result: u64): i64 {
  return parse(text, length, flags, result, true)
}

/** The same for unsigned numbers; a minus is -EINVAL. */
export function bpf_strtoul(text: u64, length: u64, flags: u64, result: u64): i64 {
  return parse(text, length, flags, result, false)
}

/** Compares at most `size` bytes of two strings: below, equal to or above 0. */
export function bpf_strncmp(one: u64, size: u64, other: u64): i64 {
  const bytes = <u32>size
  const first = guestAddress(one, bytes)
  for (let at: u32 = 0; at < bytes; at++) {
    const left = peek8(first + at)
    const right = peek8(guestAddress(other + at, 1))
    if (left !== right) return left < right ? -1 : 1
    if (left === 0) return 0
  }
  return 0
}
