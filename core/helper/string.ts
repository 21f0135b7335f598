// The kernel's string functions for programs (6.17 and later). They read wherever the pointer says, up to the closing
// 0:
// -ERANGE if it starts outside the window, -EFAULT if the string leaves it, -E2BIG after 65,536 bytes without a 0.
// Exported to guest programs.
import { E2BIG, EFAULT, ENOENT, ERANGE } from '../abi'
import { peek8 } from '../door'
import { inGuestWindow } from '../guest'

/** XATTR_SIZE_MAX: bytes that are looked at. */
const MOST: u64 = 65536
/** What byteAt answers outside the window; no byte. */
const NO_BYTE: i32 = 256

function begins(text: u64): bool {
  return inGuestWindow(text, 1)
}

/** The byte, which the kernel compares without a sign. */
function byteAt(text: u64, index: u64): i32 {
  const place = text + index
  return inGuestWindow(place, 1) ? <i32>peek8(<usize>place) : NO_BYTE
}

/** Lower case by the kernel's table, which is that of Latin 1. */
function lower(byte: i32): i32 {
  const upper = (byte >= 65 && byte <= 90) || (byte >= 192 && byte <= 222 && byte !== 215)
  return upper ? byte + 32 : byte
}

function compare(one: u64, other: u64, folded: bool): i64 {
  if (!begins(one) || !begins(other)) return -ERANGE
  for (let index: u64 = 0; index < MOST; index++) {
    let left = byteAt(one, index)
    let right = byteAt(other, index)
    if (left === NO_BYTE || right === NO_BYTE) return -EFAULT
    if (folded) {
      left = lower(left)
      right = lower(right)
    }
    if (left !== right) return left < right ? -1 : 1
    if (left === 0) return 0
  }
  return -E2BIG
}

/** Below, equal to or above 0. */
export function bpf_strcmp(one: u64, other: u64): i64 {
  return compare(one, other, false)
}

/** The same without regard to case. */
export function bpf_strcasecmp(one: u64, other: u64): i64 {
  return compare(one, other, true)
}

/** Index of the first `byte` among the first `count`, -ENOENT if there is none before the string's end. */
export function bpf_strnchr(text: u64, count: u64, byte: u64): i64 {
  if (!begins(text)) return -ERANGE
  const most = count < MOST ? count : MOST
  for (let index: u64 = 0; index < most; index++) {
    const found = byteAt(text, index)
    if (found === NO_BYTE) return -EFAULT
    if (found === <i32>(<u8>byte)) return index
    if (found === 0) return -ENOENT
  }
  return most === MOST ? -E2BIG : -ENOENT
}

/** Index of the first `byte`, which may be the closing 0. */
export function bpf_strchr(text: u64, byte: u64): i64 {
  return bpf_strnchr(text, MOST, byte)
}

/** Index of the first `byte`, of the closing 0 if there is none. */
export function bpf_strchrnul(text: u64, byte: u64): i64 {
  if (!begins(text)) return -ERANGE
  for (let index: u64 = 0; index < MOST; index++) {
    const found = byteAt(text, index)
    if (found === NO_BYTE) return -EFAULT
    if (found === 0 || found === <i32>(<u8>byte)) return index
  }
  return -E2BIG
}

/** Index of the last `byte`, or -ENOENT. */
export function bpf_strrchr(text: u64, byte: u64): i64 {
  if (!begins(text)) return -ERANGE
  let last: i64 = -ENOENT
  for (let index: u64 = 0; index < MOST; index++) {
    const found = byteAt(text, index)
    if (found === NO_BYTE) return -EFAULT
    if (found === <i32>byte) last = index
    if (found === 0) return last
  }
  return -E2BIG
}

/** Bytes before the 0, at most `count`. */
export function bpf_strnlen(text: u64, count: u64): i64 {
  if (!begins(text)) return -ERANGE
  const most = count < MOST ? count : MOST
  for (let index: u64 = 0; index < most; index++) {
    const found = byteAt(text, index)
    if (found === NO_BYTE) return -EFAULT
    if (found === 0) return index
  }
  return most === MOST ? -E2BIG : most
}

/** Bytes before the 0. */
export function bpf_strlen(text: u64): i64 {
  return bpf_strnlen(text, MOST)
}

/** Bytes at the start of `text` that all occur in `bytes` (`wanted`), or none of which does. */
function span(text: u64, bytes: u64, wanted: bool): i64 {
  if (!begins(text) || !begins(bytes)) return -ERANGE
  for (let index: u64 = 0; index < MOST; index++) {
    const byte = byteAt(text, index)
    if (byte === NO_BYTE) return -EFAULT
    if (byte === 0) return index
    let at: u64 = 0
    let other = byteAt(bytes, 0)
    while (other !== byte && other !== 0) {
      if (other === NO_BYTE) return -EFAULT
      if (++at === MOST) return -E2BIG
      other = byteAt(bytes, at)
    }
    if ((other !== 0) !== wanted) return index
  }
  return -E2BIG
}

/** Bytes at the start that all occur in `accept`. */
export function bpf_strspn(text: u64, accept: u64): i64 {
  return span(text, accept, true)
}

/** Bytes at the start of which none occurs in `reject`. */
export function bpf_strcspn(text: u64, reject: u64): i64 {
  return span(text, reject, false)
}

/** Index of `part` within the first `count` bytes of `text`, or -ENOENT. */
export function bpf_strnstr(text: u64, part: u64, count: u64): i64 {
  if (!begins(text) || !begins(part)) return -ERANGE
  for (let start: u64 = 0; start < MOST; start++) {
    let at: u64 = 0
    while (at < MOST && start + at <= count) {
      const wanted = byteAt(part, at)
      if (wanted === NO_BYTE) return -EFAULT
      if (wanted === 0) return start
      // One byte more of `part` was read: it may end where the count does.
      if (start + at === count) return -ENOENT
      const byte = byteAt(text, start + at)
      if (byte === NO_BYTE) return -EFAULT
      if (byte === 0) return -ENOENT
      if (byte !== wanted) break
      at++
    }
    if (at === MOST) return -E2BIG
    if (start + at >= count) return -ENOENT
  }
  return -E2BIG
}

/** Index of `part` in `text`, or -ENOENT. */
export function bpf_strstr(text: u64, part: u64): i64 {
  return bpf_strnstr(text, part, MOST)
}
