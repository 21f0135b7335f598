// The kernel's subset of printf for programs: what bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf have in common.
// Text goes to a record of the trace ring or to memory, byte by byte, so no buffer is needed and an NMI may print in
// the middle of a print. Called by helper/trace.ts.
import { EINVAL, ENOSPC } from '../abi'
import { peek64, peek8, poke8 } from '../door'
import { inGuestWindow } from '../guest'
import { tracePut } from './trace-ring'

/** Room for all values of one text together, strings with their 0, as in the kernel. */
const ROOM: u32 = 512
const MAX_WIDTH: u32 = 1023

const SPACE: u8 = 32
const PERCENT: u8 = 37
const PLUS: u8 = 43
const MINUS: u8 = 45
const DOT: u8 = 46
const ZERO: u8 = 48
const FOUR: u8 = 52
const SIX: u8 = 54
const NINE: u8 = 57
const COLON: u8 = 58
const UPPER_B: u8 = 66
const UPPER_I: u8 = 73
const UPPER_K: u8 = 75
const UPPER_S: u8 = 83
const UPPER_X: u8 = 88
const UPPER_A: u8 = 65
const LOWER_A: u8 = 97
const LOWER_C: u8 = 99
const LOWER_D: u8 = 100
const LOWER_I: u8 = 105
const LOWER_K: u8 = 107
const LOWER_L: u8 = 108
const LOWER_P: u8 = 112
const LOWER_S: u8 = 115
const LOWER_U: u8 = 117
const LOWER_X: u8 = 120

/** A `record` with this bit is no record of the trace ring but an address in memory. */
export const IN_MEMORY: u64 = 1 << 63

const FLAG_ZERO: u32 = 1
const FLAG_PLUS: u32 = 2
const FLAG_SPACE: u32 = 4
const FLAG_LEFT: u32 = 8

function isSpace(byte: u8): bool {
  return byte === SPACE || (byte >= 9 && byte <= 13)
}

function isAlphanumeric(byte: u8): bool {
  return (
    (byte >= ZERO && byte <= NINE) ||
    (byte >= UPPER_A && byte < UPPER_A + 26) ||
    (byte >= LOWER_A && byte < LOWER_A + 26) ||
    (byte >= 192 && byte !== 215 && byte !== 247)
  )
}

/**
 * True if a string or pointer conversion may be followed by this byte: the end, a space or punctuation (of Latin 1).
 */
function endsConversion(byte: u8): bool {
  return byte === 0 || isSpace(byte) || (byte > SPACE && (byte < 127 || byte >= 160) && !isAlphanumeric(byte))
}

/** Puts one byte at `at` if it lies below `limit` (0 while counting); the next place. */
function put(record: u64, at: u32, limit: u32, byte: u8): u32 {
  if (at < limit) {
    if ((record & IN_MEMORY) !== 0) poke8(<usize>(<u32>record) + at, byte)
    else tracePut(record, at, byte)
  }
  return at + 1
}

function pad(record: u64, at: u32, limit: u32, byte: u8, count: i32): u32 {
  let place = at
  for (let left = count; left > 0; left--) place = put(record, place, limit, byte)
  return place
}

function digitsOf(value: u64, base: u64): u32 {
  let digits: u32 = 1
  for (let rest = value / base; rest !== 0; rest /= base) digits++
  return digits
}

function putDigits(record: u64, at: u32, limit: u32, value: u64, base: u64, digits: u32, letters: u8): u32 {
  let divisor: u64 = 1
  for (let turn: u32 = 1; turn < digits; turn++) divisor *= base
  let place = at
  for (let turn: u32 = 0; turn < digits; turn++) {
    const digit = <u8>((value / divisor) % base)
    place = put(record, place, limit, digit < 10 ? ZERO + digit : letters + digit - 10)
    divisor /= base
  }
  return place
}

/** A number with sign, padding and width. `sign` is 0 or the sign's character. */
function putNumber(
  record: u64,
  at: u32,
  limit: u32,
  value: u64,
  base: u64,
  letters: u8,
  sign: u8,
  flags: u32,
  width: u32,
): u32 {
  const digits = digitsOf(value, base)
  const padding = <i32>width - <i32>digits - (sign !== 0 ? 1 : 0)
  let place = at
  const zeros = (flags & FLAG_ZERO) !== 0 && (flags & FLAG_LEFT) === 0
  if (!zeros && (flags & FLAG_LEFT) === 0) place = pad(record, place, limit, SPACE, padding)
  if (sign !== 0) place = put(record, place, limit, sign)
  if (zeros) place = pad(record, place, limit, ZERO, padding)
  place = putDigits(record, place, limit, value, base, digits, letters)
  if ((flags & FLAG_LEFT) !== 0) place = pad(record, place, limit, SPACE, padding)
  return place
}

/** Bytes of a string of the guest before its 0, at most `most`; none for a pointer outside the window. */
function lengthOf(pointer: u64, most: u32): u32 {
  let length: u32 = 0
  while (length < most) {
    // A string that runs out of the window is no string.
    if (!inGuestWindow(pointer + length, 1)) return 0
    if (peek8(<usize>(pointer + length)) === 0) break
    length++
  }
  return length
}

function putString(record: u64, at: u32, limit: u32, pointer: u64, length: u32, flags: u32, width: u32): u32 {
  const padding = <i32>width - <i32>length
  let place = at
  if ((flags & FLAG_LEFT) === 0) place = pad(record, place, limit, SPACE, padding)
  for (let index: u32 = 0; index < length; index++)
    place = put(record, place, limit, peek8(<usize>pointer + <usize>index))
  if ((flags & FLAG_LEFT) !== 0) place = pad(record, place, limit, SPACE, padding)
  return place
}

/** An address as the kernel prints what is no symbol. */
function putUnnamed(record: u64, at: u32, limit: u32, address: u64, flags: u32, width: u32): u32 {
  const digits = digitsOf(address, 16)
  const padding = <i32>width - <i32>digits - 2
  let place = at
  if ((flags & FLAG_LEFT) === 0) place = pad(record, place, limit, SPACE, padding)
  place = put(record, put(record, place, limit, ZERO), limit, LOWER_X)
  place = putDigits(record, place, limit, address, 16, digits, LOWER_A)
  return (flags & FLAG_LEFT) !== 0 ? pad(record, place, limit, SPACE, padding) : place
}

/** Byte of an address of the network at a guest pointer; all of them are 0 if it cannot be read. */
function byteOf(pointer: u64, readable: bool, index: u32): u8 {
  return readable ? peek8(<usize>pointer + <usize>index) : 0
}

/** %pI4, or %pi4 with leading zeros. */
function putIpv4(record: u64, at: u32, limit: u32, pointer: u64, zeros: bool): u32 {
  const readable = inGuestWindow(pointer, 4)
  let place = at
  for (let index: u32 = 0; index < 4; index++) {
    const byte = byteOf(pointer, readable, index)
    if (index > 0) place = put(record, place, limit, DOT)
    place = putDigits(record, place, limit, byte, 10, zeros ? 3 : digitsOf(byte, 10), 0)
  }
  return place
}

/** %pI6, or %pi6 without colons. */
function putIpv6(record: u64, at: u32, limit: u32, pointer: u64, plain: bool): u32 {
  const readable = inGuestWindow(pointer, 16)
  let place = at
  for (let index: u32 = 0; index < 16; index++) {
    if (index > 0 && (index & 1) === 0 && !plain) place = put(record, place, limit, COLON)
    place = putDigits(record, place, limit, byteOf(pointer, readable, index), 16, 2, LOWER_A)
  }
  return place
}

/**
 * Formats into `record` up to `limit` bytes of a buffer of `size`: `most` values from the array at `values`, or three
 * given ones if that is 0.
 * The full length; -EINVAL for a format that the kernel refuses, -ENOSPC for values beyond its room.
 */
export function format(
  record: u64,
  limit: u32,
  size: u32,
  text: usize,
  length: u32,
  values: usize,
  most: u32,
  first: u64,
  second: u64,
  third: u64,
): i32 {
  let at: u32 = 0
  let used: u32 = 0
  let taken: u32 = 0
  for (let i: u32 = 0; i < length; i++) {
    const byte = peek8(text + i)
    if (byte === 127 || (byte < SPACE && !isSpace(byte))) return -EINVAL
    if (byte !== PERCENT) {
      at = put(record, at, limit, byte)
      continue
    }
    // Beyond the last byte of the text lies its closing 0, so text + i may be read here and in the steps below.
    i++
    if (peek8(text + i) === PERCENT) {
      at = put(record, at, limit, PERCENT)
      continue
    }
    if (used === most) return -EINVAL
    const argument =
      values !== 0 ? peek64(values + ((<usize>used) << 3)) : used === 0 ? first : used === 1 ? second : third
    used++
    let flags: u32 = 0
    let kind = peek8(text + i)
    while (kind === ZERO || kind === PLUS || kind === MINUS || kind === SPACE) {
      flags |= kind === ZERO ? FLAG_ZERO : kind === PLUS ? FLAG_PLUS : kind === MINUS ? FLAG_LEFT : FLAG_SPACE
      kind = peek8(text + ++i)
    }
    let width: u32 = 0
    while (kind >= ZERO && kind <= NINE) {
      width = width * 10 + (kind - ZERO)
      if (width > MAX_WIDTH) width = MAX_WIDTH
      kind = peek8(text + ++i)
    }
    if (kind === LOWER_P) {
      const next = peek8(text + i + 1)
      if ((next === LOWER_K || next === LOWER_U) && peek8(text + i + 2) === LOWER_S) {
        i += 2
        kind = LOWER_S
      } else {
        const before = at
        const name = endsConversion(next) ? LOWER_X : next
        const version = peek8(text + i + 2)
        if (name === UPPER_I || name === LOWER_I) {
          if (version !== FOUR && version !== SIX) return -EINVAL
          if (taken + (version === FOUR ? 4 : 16) > ROOM) return -ENOSPC
          const after =
            version === FOUR
              ? putIpv4(record, at, limit, argument, name === LOWER_I)
              : putIpv6(record, at, limit, argument, name === LOWER_I)
          taken += after - before + 1
          // The kernel does not even count these where the buffer is full.
          if (before < size) at = after
        } else if (name === UPPER_B) {
          const after = putUnnamed(record, at, limit, argument, 0, 0)
          taken += after - before + 1
          if (before < size) at = after
        } else if (name === LOWER_X || name === UPPER_K || name === LOWER_S || name === UPPER_S) {
          taken = ((taken + 3) & ~3) + 8
          if (taken > ROOM) return -ENOSPC
          if (name === LOWER_S || name === UPPER_S) at = putUnnamed(record, at, limit, argument, flags, width)
          else
            at =
              width === 0
                ? putNumber(record, at, limit, argument, 16, LOWER_A, 0, FLAG_ZERO, 16)
                : putNumber(record, at, limit, argument, 16, LOWER_A, 0, flags, width)
        } else return -EINVAL
        // Letters and digits behind a pointer conversion are part of it, whatever they are.
        while (isAlphanumeric(peek8(text + i + 1))) i++
        continue
      }
    }
    if (kind === LOWER_S) {
      if (!endsConversion(peek8(text + i + 1))) return -EINVAL
      if (taken >= ROOM) return -ENOSPC
      const bytes = lengthOf(argument, ROOM - taken - 1)
      at = putString(record, at, limit, argument, bytes, flags, width)
      taken += bytes + 1
      continue
    }
    if (kind === LOWER_C) {
      if (taken === ROOM) return -ENOSPC
      taken++
      if ((flags & FLAG_LEFT) === 0) at = pad(record, at, limit, SPACE, <i32>width - 1)
      at = put(record, at, limit, <u8>argument)
      if ((flags & FLAG_LEFT) !== 0) at = pad(record, at, limit, SPACE, <i32>width - 1)
      continue
    }
    let wide = false
    if (kind === LOWER_L) {
      wide = true
      kind = peek8(text + ++i)
      if (kind === LOWER_L) kind = peek8(text + ++i)
    }
    taken = ((taken + 3) & ~3) + (wide ? 8 : 4)
    if (kind === LOWER_I || kind === LOWER_D) {
      const value = wide ? <i64>argument : <i64>(<i32>argument)
      const sign: u8 = value < 0 ? MINUS : (flags & FLAG_PLUS) !== 0 ? PLUS : (flags & FLAG_SPACE) !== 0 ? SPACE : 0
      if (taken > ROOM) return -ENOSPC
      at = putNumber(record, at, limit, value < 0 ? <u64>0 - <u64>value : <u64>value, 10, 0, sign, flags, width)
    } else if (kind === LOWER_U || kind === LOWER_X || kind === UPPER_X) {
      const value = wide ? argument : <u64>(<u32>argument)
      const letters = kind === UPPER_X ? UPPER_A : LOWER_A
      if (taken > ROOM) return -ENOSPC
      at = putNumber(record, at, limit, value, kind === LOWER_U ? 10 : 16, letters, 0, flags, width)
    } else return -EINVAL
  }
  return <i32>at
}
