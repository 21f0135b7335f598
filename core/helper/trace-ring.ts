// The trace ring: lines that programs print, on their way to the host. Writers reserve a record by one addition and
// never wait, in any context; a reader that falls behind by more than the ring loses the oldest lines.
// A record starts at a position (bytes ever reserved, a multiple of 8) and lies at position mod ring size, wrapping:
//   u64 tag = position + 1, written last: the record is complete | u64 time in ns | u32 bytes | u32 cpu | text, padded
//   to 8
// Read by the host (src/machine/observe/trace.ts), written by helper/trace.ts.
import { cpuIndex, cpuNow } from '../cpu'
import { add64, peek32, poke32, poke64, poke8, store64 } from '../door'
import { HEADER, HEADER_TRACE_HEAD, HEADER_TRACE_RING, HEADER_TRACE_RING_BYTES } from '../layout'

/** Tag, time, length and CPU of a record. */
const RECORD_HEADER: u32 = 24

function ringAddress(position: u64): usize {
  const mask = <u64>(peek32(HEADER + HEADER_TRACE_RING_BYTES) - 1)
  return <usize>peek32(HEADER + HEADER_TRACE_RING) + <usize>(position & mask)
}

/** True if the machine has a ring that holds a line of `bytes`. */
export function traceFits(bytes: u32): bool {
  return peek32(HEADER + HEADER_TRACE_RING_BYTES) >= 2 * (bytes + RECORD_HEADER + 8)
}

/** Reserves a record for `bytes` bytes of text; its position. */
export function traceReserve(bytes: u32): u64 {
  const position = add64(HEADER + HEADER_TRACE_HEAD, (RECORD_HEADER + bytes + 7) & ~7)
  poke64(ringAddress(position + 8), cpuNow())
  poke32(ringAddress(position + 16), bytes)
  poke32(ringAddress(position + 20), cpuIndex())
  return position
}

/** Writes byte `index` of the record's text. */
export function tracePut(position: u64, index: u32, byte: u8): void {
  poke8(ringAddress(position + RECORD_HEADER + index), byte)
}

/** The record is complete. */
export function traceCommit(position: u64): void {
  store64(ringAddress(position), position + 1)
}
