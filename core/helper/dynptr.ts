// Dynptrs over memory of the program. The 16 bytes lie in the program's frame: {data: u64, size: u32, offset: u32}, data 0 =
// invalid. A program that forges them reaches nothing new: every access is checked against the window.
// Exported to guest programs.
import { E2BIG, EINVAL, ERANGE } from '../abi'
import { copy, peek32, peek64, poke32, poke64 } from '../door'
import { guestAddress } from '../guest'

const DYNPTR_BYTES: u32 = 16
const SIZE: usize = 8
const OFFSET: usize = 12
const MOST_BYTES: u64 = 0xffffff

function set(pointer: usize, data: u64, size: u32): void {
  poke64(pointer, data)
  poke32(pointer + SIZE, size)
  poke32(pointer + OFFSET, 0)
}

/** True if [offset, offset + length) lies inside. */
function holds(pointer: usize, offset: u32, length: u32): bool {
  const size = peek32(pointer + SIZE)
  return <u64>offset + <u64>length <= <u64>size
}

function dataOf(pointer: usize, offset: u32): u64 {
  return peek64(pointer) + <u64>peek32(pointer + OFFSET) + <u64>offset
}

/** 0; -EINVAL for flags, -E2BIG for 16 MiB and more, and then the dynptr is invalid. */
export function bpf_dynptr_from_mem(data: u64, size: u64, flags: u64, dynptr: u64): i64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  set(pointer, 0, 0)
  if (flags !== 0) return -EINVAL
  if (size > MOST_BYTES) return -E2BIG
  guestAddress(data, <u32>size)
  set(pointer, data, <u32>size)
  return 0
}

/** Copies out of the dynptr. 0, -EINVAL, -E2BIG. */
export function bpf_dynptr_read(to: u64, length: u64, dynptr: u64, offset: u64, flags: u64): i64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  if (peek64(pointer) === 0 || flags !== 0) return -EINVAL
  if (!holds(pointer, <u32>offset, <u32>length)) return -E2BIG
  copy(guestAddress(to, <u32>length), guestAddress(dataOf(pointer, <u32>offset), <u32>length), <u32>length)
  return 0
}

/** Copies into the dynptr. 0, -EINVAL, -E2BIG. */
export function bpf_dynptr_write(dynptr: u64, offset: u64, from: u64, length: u64, flags: u64): i64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  if (peek64(pointer) === 0 || flags !== 0) return -EINVAL
  if (!holds(pointer, <u32>offset, <u32>length)) return -E2BIG
  copy(guestAddress(dataOf(pointer, <u32>offset), <u32>length), guestAddress(from, <u32>length), <u32>length)
  return 0
}

/** Address of `length` bytes at `offset`, 0 if they are not all inside. */
export function bpf_dynptr_data(dynptr: u64, offset: u64, length: u64): u64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  return peek64(pointer) === 0 || !holds(pointer, <u32>offset, <u32>length) ? 0 : dataOf(pointer, <u32>offset)
}

/** As bpf_dynptr_data: memory is always in one piece, the buffer is not needed. */
export function bpf_dynptr_slice(dynptr: u64, offset: u64, _buffer: u64, length: u64): u64 {
  return bpf_dynptr_data(dynptr, offset, length)
}

/** As bpf_dynptr_slice. */
export function bpf_dynptr_slice_rdwr(dynptr: u64, offset: u64, _buffer: u64, length: u64): u64 {
  return bpf_dynptr_data(dynptr, offset, length)
}

/** Leaves [start, end) of it. 0, -EINVAL, -ERANGE as in the kernel for bounds that are not inside. */
export function bpf_dynptr_adjust(dynptr: u64, start: u64, end: u64): i64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  if (peek64(pointer) === 0 || <u32>start > <u32>end) return -EINVAL
  if (<u32>end > peek32(pointer + SIZE)) return -ERANGE
  poke32(pointer + OFFSET, peek32(pointer + OFFSET) + <u32>start)
  poke32(pointer + SIZE, <u32>end - <u32>start)
  return 0
}

/** Bytes, or -EINVAL for an invalid dynptr. */
export function bpf_dynptr_size(dynptr: u64): i64 {
  const pointer = guestAddress(dynptr, DYNPTR_BYTES)
  return peek64(pointer) === 0 ? -EINVAL : <i64>peek32(pointer + SIZE)
}

/** 1 if it is invalid. */
export function bpf_dynptr_is_null(dynptr: u64): i64 {
  return peek64(guestAddress(dynptr, DYNPTR_BYTES)) === 0 ? 1 : 0
}
