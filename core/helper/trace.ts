// bpf_trace_printk and its kin. A line is formatted twice, once to count its bytes and check the format, and once into
// the record that was reserved for it. Exported to guest programs.
import { EINVAL } from '../abi'
import { peek8, poke64, poke8 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'
import { format } from './format'
import { COUNTED, IN_MEMORY } from './format-output'
import { scratchCell } from './scratch-cell'
import { traceCommit, traceFits, tracePut, traceReserve } from './trace-ring'

/** Longest line, as in the kernel. */
const MAX_LINE: u32 = 1023
/** Most values of a format that come in an array, as in the kernel. */
const MOST_VALUES: u32 = 12
const SPACE: u8 = 32

/**
 * Prints a line into the trace ring: %d %i %u %x %X with l or ll, %c, %s, %p and the kernel's kinds of it, %%, flags
 * `0 + - space` and a width, at most three values. The line's length; -EINVAL, -ENOSPC. Pointers print as they are.
 */
export function bpf_trace_printk(fmt: u64, size: u64, first: u64, second: u64, third: u64): i64 {
  const values = scratchCell()
  poke64(values, first)
  poke64(values + 8, second)
  poke64(values + 16, third)
  return print(fmt, size, values, 3)
}

/** The same with up to twelve values in an array of `bytes` bytes. */
export function bpf_trace_vprintk(fmt: u64, size: u64, data: u64, bytes: u64): i64 {
  if (badValues(bytes)) return -EINVAL
  const values: usize = bytes === 0 ? 0 : guestAddress(data, <u32>bytes)
  return print(fmt, size, values, (<u32>bytes) >> 3)
}

/**
 * Formats into `to`, at most `size` bytes with the closing 0. The bytes that the whole text needs with its 0; -EINVAL
 * for a format that the kernel refuses or values that are not whole 64-bit words, twelve at most; -ENOSPC.
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
  const most = (<u32>bytes) >> 3
  const full = format(COUNTED, room, text, length, values, most)
  if (full < 0 || room === 0) return full < 0 ? full : full + 1
  format(IN_MEMORY | (<u64>target), room, text, length, values, most)
  poke8(target + (<u32>full < room ? <u32>full : room - 1), 0)
  return full + 1
}

function badValues(bytes: u64): bool {
  return (bytes & 7) !== 0 || bytes > MOST_VALUES << 3
}

function print(fmt: u64, size: u64, values: usize, most: u32): i64 {
  const bytes = <u32>size
  if (bytes === 0) return -EINVAL
  const text = guestAddress(fmt, bytes)
  let length: u32 = 0
  while (length < bytes && peek8(text + length) !== 0) length++
  if (length === bytes) return -EINVAL
  const full = format(COUNTED, MAX_LINE + 1, text, length, values, most)
  if (full < 0) return full
  const kept = <u32>full < MAX_LINE ? <u32>full : MAX_LINE
  if (!traceFits(kept)) return full
  const record = traceReserve(kept)
  // What a %s points to may have grown shorter since it was counted.
  const written = format(record, kept + 1, text, length, values, most)
  for (let index: u32 = written < 0 ? 0 : <u32>written; index < kept; index++) tracePut(record, index, SPACE)
  traceCommit(record)
  return full
}
