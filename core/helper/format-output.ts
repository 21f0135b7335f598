// Where formatted text goes, byte by byte, so that no buffer is needed and an NMI may print in the middle of a print:
// to a record of the trace ring, to memory, or nowhere, while it is counted. Each function puts its text at `at` and
// answers the next place. `room` is what the target has for all of the text with its closing 0: what does not fit is
// counted only. Called by helper/format.ts.
import { peek8, poke8 } from '../door'
import { inGuestWindow } from '../guest'
import {
  FLAG_LEFT,
  FLAG_ZERO,
  has,
  kindOf,
  LOWER_A,
  LOWER_D,
  LOWER_I,
  LOWER_U,
  LOWER_X,
  SPACE,
  UPPER_A,
  UPPER_X,
  widthOf,
  ZERO,
} from './format-conversion'
import { tracePut } from './trace-ring'

const DOT: u8 = 46
const COLON: u8 = 58

/** A target with this bit is an address in memory, one without it the position of a record of the trace ring. */
export const IN_MEMORY: u64 = 1 << 63
/** The target of text that is only counted. */
export const COUNTED: u64 = 1 << 62

/** Puts one byte if there is room for it. */
export function put(target: u64, room: u32, at: u32, byte: u8): u32 {
  if (at + 1 < room && target !== COUNTED) {
    if ((target & IN_MEMORY) !== 0) poke8(<usize>(<u32>target) + at, byte)
    else tracePut(target, at, byte)
  }
  return at + 1
}

function pad(target: u64, room: u32, at: u32, byte: u8, count: i32): u32 {
  let place = at
  for (let left = count; left > 0; left--) place = put(target, room, place, byte)
  return place
}

/** Spaces that a text of `length` bytes needs in front of it, for its width; padRight puts those behind it. */
function padLeft(target: u64, room: u32, at: u32, style: u32, length: u32): u32 {
  return has(style, FLAG_LEFT) ? at : pad(target, room, at, SPACE, <i32>widthOf(style) - <i32>length)
}

function padRight(target: u64, room: u32, at: u32, style: u32, length: u32): u32 {
  return has(style, FLAG_LEFT) ? pad(target, room, at, SPACE, <i32>widthOf(style) - <i32>length) : at
}

function baseOf(style: u32): u64 {
  const kind = kindOf(style)
  return kind === LOWER_D || kind === LOWER_I || kind === LOWER_U ? 10 : 16
}

function digitsOf(value: u64, base: u64): u32 {
  let digits: u32 = 1
  for (let rest = value / base; rest !== 0; rest /= base) digits++
  return digits
}

function putDigits(target: u64, room: u32, at: u32, style: u32, value: u64, digits: u32): u32 {
  const base = baseOf(style)
  const letters = kindOf(style) === UPPER_X ? UPPER_A : LOWER_A
  let divisor: u64 = 1
  for (let turn: u32 = 1; turn < digits; turn++) divisor *= base
  let place = at
  for (let turn: u32 = 0; turn < digits; turn++) {
    const digit = <u8>((value / divisor) % base)
    place = put(target, room, place, digit < 10 ? ZERO + digit : letters + digit - 10)
    divisor /= base
  }
  return place
}

/** A number with sign, padding and width. `sign` is 0 or the sign's character. */
export function putNumber(target: u64, room: u32, at: u32, style: u32, value: u64, sign: u8): u32 {
  const digits = digitsOf(value, baseOf(style))
  const length = digits + (sign !== 0 ? 1 : 0)
  const zeros = has(style, FLAG_ZERO) && !has(style, FLAG_LEFT)
  let place = at
  if (!zeros) place = padLeft(target, room, place, style, length)
  if (sign !== 0) place = put(target, room, place, sign)
  if (zeros) place = pad(target, room, place, ZERO, <i32>widthOf(style) - <i32>length)
  place = putDigits(target, room, place, style, value, digits)
  return padRight(target, room, place, style, length)
}

export function putCharacter(target: u64, room: u32, at: u32, style: u32, character: u8): u32 {
  const place = put(target, room, padLeft(target, room, at, style, 1), character)
  return padRight(target, room, place, style, 1)
}

/** `length` bytes of the guest. */
export function putString(target: u64, room: u32, at: u32, style: u32, pointer: u64, length: u32): u32 {
  let place = padLeft(target, room, at, style, length)
  for (let index: u32 = 0; index < length; index++)
    place = put(target, room, place, peek8(<usize>pointer + <usize>index))
  return padRight(target, room, place, style, length)
}

/** An address as the kernel prints what is no symbol. */
export function putUnnamed(target: u64, room: u32, at: u32, style: u32, address: u64): u32 {
  const digits = digitsOf(address, 16)
  let place = padLeft(target, room, at, style, digits + 2)
  place = put(target, room, put(target, room, place, ZERO), LOWER_X)
  place = putDigits(target, room, place, LOWER_X, address, digits)
  return padRight(target, room, place, style, digits + 2)
}

/** Byte of an address of the network at a guest pointer; all of them are 0 if it cannot be read. */
function byteOf(pointer: u64, readable: bool, index: u32): u8 {
  return readable ? peek8(<usize>pointer + <usize>index) : 0
}

/** %pI4, or %pi4 with leading zeros. */
export function putIpv4(target: u64, room: u32, at: u32, pointer: u64, zeros: bool): u32 {
  const readable = inGuestWindow(pointer, 4)
  let place = at
  for (let index: u32 = 0; index < 4; index++) {
    const byte = byteOf(pointer, readable, index)
    if (index > 0) place = put(target, room, place, DOT)
    place = putDigits(target, room, place, LOWER_U, byte, zeros ? 3 : digitsOf(byte, 10))
  }
  return place
}

/** %pI6, or %pi6 without colons. */
export function putIpv6(target: u64, room: u32, at: u32, pointer: u64, plain: bool): u32 {
  const readable = inGuestWindow(pointer, 16)
  let place = at
  for (let index: u32 = 0; index < 16; index++) {
    if (index > 0 && (index & 1) === 0 && !plain) place = put(target, room, place, COLON)
    place = putDigits(target, room, place, LOWER_X, byteOf(pointer, readable, index), 2)
  }
  return place
}
