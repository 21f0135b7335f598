// bpf_trace_printk: the kernel's subset of printf. The line is formatted twice, once to count its bytes and once into
// the record reserved for it, so no buffer is needed and an NMI may print in the middle of a print.
// Exported to guest programs.
import { EINVAL } from '../abi'
import { peek64, peek8, poke8 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'
import { traceCommit, traceFits, tracePut, traceReserve } from './trace-ring'

/** Longest line, as in the kernel. */
const MAX_LINE: u32 = 1023
/** Longest string taken from a %s. */
const MAX_STRING: u32 = 512

const SPACE: u8 = 32
const PERCENT: u8 = 37
const PLUS: u8 = 43
const MINUS: u8 = 45
const ZERO: u8 = 48
const NINE: u8 = 57
const A: u8 = 65
const X: u8 = 88
const LOWER_A: u8 = 97
const C: u8 = 99
const D: u8 = 100
const I: u8 = 105
const K: u8 = 107
const L: u8 = 108
const P: u8 = 112
const S: u8 = 115
const U: u8 = 117
const LOWER_X: u8 = 120
const UPPER_K: u8 = 75

/** A `record` with this bit is no record of the trace ring but an address in memory. */
const IN_MEMORY: u64 = 1 << 63
/** Most values of a format that come in an array, as in the kernel. */
const MOST_VALUES: u32 = 12

const FLAG_ZERO: u32 = 1
const FLAG_PLUS: u32 = 2
const FLAG_SPACE: u32 = 4
const FLAG_LEFT: u32 = 8

function isSpace(byte: u8): bool {
  return byte === SPACE || (byte >= 9 && byte <= 13)
}

function isAlphanumeric(byte: u8): bool {
  return (byte >= ZERO && byte <= NINE) || (byte >= A && byte < A + 26) || (byte >= LOWER_A && byte < LOWER_A + 26)
}

/** True if a string or pointer conversion may be followed by this byte: the end, a space or punctuation. */
function endsConversion(byte: u8): bool {
  return byte === 0 || isSpace(byte) || (byte > SPACE && byte < 127 && !isAlphanumeric(byte))
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

/** A string of the guest; nothing for a pointer outside the window. `fixed` bytes if the length is known already. */
function putString(record: u64, at: u32, limit: u32, pointer: u64, flags: u32, width: u32): u32 {
  let length: u32 = 0
  while (length < MAX_STRING && inGuestWindow(pointer + length, 1) && peek8(<usize>(pointer + length)) !== 0) length++
  let place = at
  if ((flags & FLAG_LEFT) === 0) place = pad(record, place, limit, SPACE, <i32>width - <i32>length)
  for (let index: u32 = 0; index < length; index++)
    place = put(record, place, limit, peek8(<usize>pointer + <usize>index))
  if ((flags & FLAG_LEFT) !== 0) place = pad(record, place, limit, SPACE, <i32>width - <i32>length)
  return place
}

/**
 * Formats into `record` up to `limit` bytes: `most` values from the array at `values`, or three given ones if that is 0.
 * The full length, or -EINVAL for a format that the kernel refuses.
 */
function format(
  record: u64,
  limit: u32,
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
  for (let i: u32 = 0; i < length; i++) {
    const byte = peek8(text + i)
    if (byte >= 127 || (byte < SPACE && !isSpace(byte))) return -EINVAL
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
      if (width > MAX_LINE) width = MAX_LINE
      kind = peek8(text + ++i)
    }
    if (kind === P) {
      let next = peek8(text + i + 1)
      if ((next === K || next === U) && peek8(text + i + 2) === S) {
        i += 2
        kind = S
      } else {
        if (next === LOWER_X || next === UPPER_K) next = peek8(text + ++i + 1)
        if (!endsConversion(next)) return -EINVAL
        at = putNumber(record, at, limit, argument, 16, LOWER_A, 0, FLAG_ZERO, width > 16 ? width : 16)
        continue
      }
    }
    if (kind === S) {
      if (!endsConversion(peek8(text + i + 1))) return -EINVAL
      at = putString(record, at, limit, argument, flags, width)
      continue
    }
    if (kind === C) {
      if ((flags & FLAG_LEFT) === 0) at = pad(record, at, limit, SPACE, <i32>width - 1)
      at = put(record, at, limit, <u8>argument)
      if ((flags & FLAG_LEFT) !== 0) at = pad(record, at, limit, SPACE, <i32>width - 1)
      continue
    }
    let wide = false
    if (kind === L) {
      wide = true
      kind = peek8(text + ++i)
      if (kind === L) kind = peek8(text + ++i)
    }
    if (kind === I || kind === D) {
      const value = wide ? <i64>argument : <i64>(<i32>argument)
      const sign: u8 = value < 0 ? MINUS : (flags & FLAG_PLUS) !== 0 ? PLUS : (flags & FLAG_SPACE) !== 0 ? SPACE : 0
      at = putNumber(record, at, limit, value < 0 ? <u64>0 - <u64>value : <u64>value, 10, 0, sign, flags, width)
    } else if (kind === U || kind === LOWER_X || kind === X) {
      const value = wide ? argument : <u64>(<u32>argument)
      at = putNumber(record, at, limit, value, kind === U ? 10 : 16, kind === X ? A : LOWER_A, 0, flags, width)
    } else return -EINVAL
  }
  return <i32>at
}

/**
 * Prints a line into the trace ring: %d %i %u %x %X with l or ll, %c, %s, %p, %%, flags `0 + - space` and a width, at
 * most three values. The line's length, or -EINVAL for any other format. Pointers print as they are.
 */
export function bpf_trace_printk(fmt: u64, size: u64, first: u64, second: u64, third: u64): i64 {
  return print(fmt, size, 0, 3, first, second, third)
}

/** The same with up to twelve values in an array of `bytes` bytes. */
export function bpf_trace_vprintk(fmt: u64, size: u64, data: u64, bytes: u64): i64 {
  if (badValues(bytes)) return -EINVAL
  const values: usize = bytes === 0 ? 0 : guestAddress(data, <u32>bytes)
  return print(fmt, size, values, (<u32>bytes) >> 3, 0, 0, 0)
}

/**
 * Formats into `to`, at most `size` bytes with the closing 0. The bytes that the whole text needs with its 0, or -EINVAL
 * for a format that the kernel refuses or values that are not whole 64-bit words, twelve at most.
 */
export function bpf_snprintf(to: u64, size: u64, fmt: u64, data: u64, bytes: u64): i64 {
  if (badValues(bytes)) return -EINVAL
  const room = <u32>size
  const target: usize = room === 0 ? 0 : guestAddress(to, room)
  const values: usize = bytes === 0 ? 0 : guestAddress(data, <u32>bytes)
  const text = guestAddress(fmt, 1)
  let length: u32 = 0
  while (length <= MAX_LINE && inGuestWindow(fmt + length, 1) && peek8(text + length) !== 0) length++
  if (!inGuestWindow(fmt + length, 1) || length > MAX_LINE) return -EINVAL
  const limit: u32 = room === 0 ? 0 : room - 1
  const full = format(IN_MEMORY | (<u64>target), limit, text, length, values, (<u32>bytes) >> 3, 0, 0, 0)
  if (full < 0) return full
  if (room > 0) poke8(target + (<u32>full < limit ? <u32>full : limit), 0)
  return full + 1
}

function badValues(bytes: u64): bool {
  return (bytes & 7) !== 0 || bytes > MOST_VALUES << 3
}

function print(fmt: u64, size: u64, values: usize, most: u32, first: u64, second: u64, third: u64): i64 {
  const bytes = <u32>size
  if (bytes === 0) return -EINVAL
  const text = guestAddress(fmt, bytes)
  let length: u32 = 0
  while (length < bytes && peek8(text + length) !== 0) length++
  if (length === bytes) return -EINVAL
  const full = format(0, 0, text, length, values, most, first, second, third)
  if (full < 0) return full
  const kept = <u32>full < MAX_LINE ? <u32>full : MAX_LINE
  if (!traceFits(kept)) return full
  const record = traceReserve(kept)
  // What a %s points to may have grown shorter since it was counted.
  const written = format(record, kept, text, length, values, most, first, second, third)
  for (let index: u32 = written < 0 ? 0 : <u32>written; index < kept; index++) tracePut(record, index, SPACE)
  traceCommit(record)
  return full
}
