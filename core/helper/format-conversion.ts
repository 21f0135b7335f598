// One conversion of a format string, as the kernel's programs may use it: what stands behind a % is read into one word,
// and refused if the kernel would refuse it. Called by helper/format.ts.
import { peek8 } from '../door'

export const SPACE: u8 = 32
export const PLUS: u8 = 43
export const MINUS: u8 = 45
const FOUR: u8 = 52
const SIX: u8 = 54
export const ZERO: u8 = 48
const NINE: u8 = 57
export const UPPER_A: u8 = 65
export const UPPER_B: u8 = 66
export const UPPER_I: u8 = 73
const UPPER_K: u8 = 75
export const UPPER_S: u8 = 83
export const UPPER_X: u8 = 88
export const LOWER_A: u8 = 97
export const LOWER_C: u8 = 99
export const LOWER_D: u8 = 100
export const LOWER_I: u8 = 105
const LOWER_K: u8 = 107
const LOWER_L: u8 = 108
const LOWER_P: u8 = 112
export const LOWER_S: u8 = 115
export const LOWER_U: u8 = 117
export const LOWER_X: u8 = 120

const MAX_WIDTH: u32 = 1023

export const FLAG_ZERO: u32 = 1
export const FLAG_PLUS: u32 = 2
export const FLAG_SPACE: u32 = 4
export const FLAG_LEFT: u32 = 8
/** A value of 64 bits. */
export const FLAG_WIDE: u32 = 16
/** A conversion of %p; its kind is that of the value it prints: x, S (a symbol), B, I or i. */
export const FLAG_POINTER: u32 = 32
/** An address of IPv6, not IPv4. */
export const FLAG_SIX: u32 = 64

/** What the kernel refuses. */
export const NO_CONVERSION: u64 = 0

/**
 * {end : 32, width : 16, flags : 8, kind : 8}; the low half is the style, by which values are put (format-output.ts).
 */
function conversion(end: u32, width: u32, flags: u32, kind: u8): u64 {
  return ((<u64>end) << 32) | (<u64>((width << 16) | (flags << 8) | kind))
}

/** Where the text goes on behind the conversion. */
export function endOf(conversion: u64): u32 {
  return <u32>(conversion >> 32)
}

export function kindOf(style: u32): u8 {
  return <u8>style
}

/** True if any of the flags is there. */
export function has(style: u32, flags: u32): bool {
  return (style & (flags << 8)) !== 0
}

export function widthOf(style: u32): u32 {
  return style >> 16
}

export function isSpace(byte: u8): bool {
  return byte === SPACE || (byte >= 9 && byte <= 13)
}

function isDigit(byte: u8): bool {
  return byte >= ZERO && byte <= NINE
}

function isAlphanumeric(byte: u8): bool {
  return (
    isDigit(byte) ||
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

function flagOf(byte: u8): u32 {
  if (byte === ZERO) return FLAG_ZERO
  if (byte === PLUS) return FLAG_PLUS
  if (byte === MINUS) return FLAG_LEFT
  return byte === SPACE ? FLAG_SPACE : 0
}

/** A byte of the text; 0 behind its end, whatever another CPU has written there since the text was measured. */
function byteOf(text: usize, length: u32, at: u32): u8 {
  return at < length ? peek8(text + at) : 0
}

/** The conversion whose % stands in front of byte `from` of the text; NO_CONVERSION if the kernel knows none there. */
export function conversionAt(text: usize, length: u32, from: u32): u64 {
  let at = from
  let flags: u32 = 0
  let kind = byteOf(text, length, at)
  while (flagOf(kind) !== 0) {
    flags |= flagOf(kind)
    kind = byteOf(text, length, ++at)
  }
  let width: u32 = 0
  while (isDigit(kind)) {
    width = min<u32>(width * 10 + (kind - ZERO), MAX_WIDTH)
    kind = byteOf(text, length, ++at)
  }
  if (kind === LOWER_P) {
    const next = byteOf(text, length, at + 1)
    if ((next !== LOWER_K && next !== LOWER_U) || byteOf(text, length, at + 2) !== LOWER_S)
      return pointerAt(text, length, at + 1, flags, width)
    at += 2
    kind = LOWER_S
  }
  if (kind === LOWER_S && !endsConversion(byteOf(text, length, at + 1))) return NO_CONVERSION
  if (kind === LOWER_S || kind === LOWER_C) return conversion(at + 1, width, flags, kind)
  if (kind === LOWER_L) {
    flags |= FLAG_WIDE
    kind = byteOf(text, length, ++at)
    if (kind === LOWER_L) kind = byteOf(text, length, ++at)
  }
  const whole = kind === LOWER_I || kind === LOWER_D || kind === LOWER_U || kind === LOWER_X || kind === UPPER_X
  return whole ? conversion(at + 1, width, flags, kind) : NO_CONVERSION
}

/** The conversion of %p, with the letters that follow, whose first stands at byte `at`. */
function pointerAt(text: usize, length: u32, at: u32, flags: u32, width: u32): u64 {
  const letter = byteOf(text, length, at)
  // Letters and digits behind a pointer conversion are part of it, whatever they are.
  let end = at
  while (isAlphanumeric(byteOf(text, length, end))) end++
  if (letter === UPPER_I || letter === LOWER_I) {
    const version = byteOf(text, length, at + 1)
    if (version !== FOUR && version !== SIX) return NO_CONVERSION
    return conversion(end, 0, version === SIX ? FLAG_POINTER | FLAG_SIX : FLAG_POINTER, letter)
  }
  if (letter === UPPER_B) return conversion(end, 0, FLAG_POINTER, UPPER_B)
  if (letter === LOWER_S || letter === UPPER_S) return conversion(end, width, flags | FLAG_POINTER, UPPER_S)
  if (letter !== LOWER_X && letter !== UPPER_K && !endsConversion(letter)) return NO_CONVERSION
  if (width === 0) return conversion(end, 16, FLAG_POINTER | FLAG_ZERO, LOWER_X)
  return conversion(end, width, flags | FLAG_POINTER, LOWER_X)
}
