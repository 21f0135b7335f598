// The kernel's subset of printf for programs: what bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf have in common.
// A conversion is read by format-conversion.ts, its text put by format-output.ts; here the two are brought together,
// and the kernel's limit for the values of one text is kept. Called by helper/trace.ts.
import { EINVAL, ENOSPC } from '../abi'
import { peek64, peek8 } from '../door'
import { inGuestWindow } from '../guest'
import {
  conversionAt,
  endOf,
  FLAG_PLUS,
  FLAG_POINTER,
  FLAG_SIX,
  FLAG_SPACE,
  FLAG_WIDE,
  has,
  isSpace,
  kindOf,
  LOWER_C,
  LOWER_D,
  LOWER_I,
  LOWER_S,
  MINUS,
  NO_CONVERSION,
  PLUS,
  SPACE,
  UPPER_B,
  UPPER_I,
  UPPER_S,
} from './format-conversion'
import { put, putCharacter, putIpv4, putIpv6, putNumber, putString, putUnnamed } from './format-output'

/** Bytes of all values of one text together, strings with their 0, as in the kernel. */
const MOST_BYTES: u32 = 512

const PERCENT: u8 = 37
const DELETE: u8 = 127

/** How far a text has come: {bytes of its values : 32, where it goes on : 32}; an error is negative. */
function progress(taken: u32, at: u32): i64 {
  return ((<i64>taken) << 32) | (<i64>at)
}

function takenOf(progress: i64): u32 {
  return <u32>((<u64>progress) >> 32)
}

function placeOf(progress: i64): u32 {
  return <u32>progress
}

/**
 * Formats `length` bytes of text to a target with a `room` (format-output.ts): at most `most`
 * values, from the array at `values`. The full length; -EINVAL for a format that the kernel refuses, -ENOSPC for values
 * that together are longer than it allows.
 */
export function format(target: u64, room: u32, text: usize, length: u32, values: usize, most: u32): i32 {
  let reached = progress(0, 0)
  let used: u32 = 0
  let i: u32 = 0
  while (i < length) {
    const byte = peek8(text + i++)
    if (byte === DELETE || (byte < SPACE && !isSpace(byte))) return -EINVAL
    if (byte !== PERCENT || (i < length && peek8(text + i) === PERCENT)) {
      reached = progress(takenOf(reached), put(target, room, placeOf(reached), byte))
      if (byte === PERCENT) i++
      continue
    }
    if (used === most) return -EINVAL
    const conversion = conversionAt(text, length, i)
    if (conversion === NO_CONVERSION) return -EINVAL
    i = endOf(conversion)
    reached = putValue(target, room, reached, <u32>conversion, peek64(values + ((<usize>used) << 3)))
    used++
    if (reached < 0) return <i32>reached
  }
  return <i32>placeOf(reached)
}

/** Puts a value by the style of its conversion. The progress, or -ENOSPC. */
function putValue(target: u64, room: u32, reached: i64, style: u32, value: u64): i64 {
  const kind = kindOf(style)
  const at = placeOf(reached)
  if (has(style, FLAG_POINTER)) {
    if (kind === UPPER_I || kind === LOWER_I) return putAddress(target, room, reached, style, value)
    if (kind === UPPER_B) return putTaken(reached, room, putUnnamed(target, room, at, style, value))
    const taken = aligned(takenOf(reached)) + 8
    if (taken > MOST_BYTES) return -ENOSPC
    if (kind === UPPER_S) return progress(taken, putUnnamed(target, room, at, style, value))
    return progress(taken, putNumber(target, room, at, style, value, 0))
  }
  if (kind === LOWER_S) {
    const taken = takenOf(reached)
    if (taken >= MOST_BYTES) return -ENOSPC
    const bytes = lengthOf(value, MOST_BYTES - taken - 1)
    return progress(taken + bytes + 1, putString(target, room, at, style, value, bytes))
  }
  if (kind === LOWER_C) {
    const taken = takenOf(reached)
    if (taken === MOST_BYTES) return -ENOSPC
    return progress(taken + 1, putCharacter(target, room, at, style, <u8>value))
  }
  const taken = aligned(takenOf(reached)) + (has(style, FLAG_WIDE) ? 8 : 4)
  if (taken > MOST_BYTES) return -ENOSPC
  if (kind !== LOWER_D && kind !== LOWER_I) {
    const unsigned = has(style, FLAG_WIDE) ? value : <u64>(<u32>value)
    return progress(taken, putNumber(target, room, at, style, unsigned, 0))
  }
  const signed = has(style, FLAG_WIDE) ? <i64>value : <i64>(<i32>value)
  const sign: u8 = signed < 0 ? MINUS : has(style, FLAG_PLUS) ? PLUS : has(style, FLAG_SPACE) ? SPACE : 0
  const magnitude = signed < 0 ? <u64>0 - <u64>signed : <u64>signed
  return progress(taken, putNumber(target, room, at, style, magnitude, sign))
}

/** An address of the network. */
function putAddress(target: u64, room: u32, reached: i64, style: u32, pointer: u64): i64 {
  const six = has(style, FLAG_SIX)
  if (takenOf(reached) + (six ? 16 : 4) > MOST_BYTES) return -ENOSPC
  const at = placeOf(reached)
  const bare = kindOf(style) === LOWER_I
  const after = six ? putIpv6(target, room, at, pointer, bare) : putIpv4(target, room, at, pointer, bare)
  return putTaken(reached, room, after)
}

/**
 * The progress behind what the kernel puts among the values as text: it does not even count it where the buffer is
 * full.
 */
function putTaken(reached: i64, room: u32, after: u32): i64 {
  const before = placeOf(reached)
  return progress(takenOf(reached) + after - before + 1, before < room ? after : before)
}

function aligned(taken: u32): u32 {
  return (taken + 3) & ~3
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
