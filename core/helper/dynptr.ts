// Dynptrs: over memory of the program, over a sample of a ring buffer, over the packet of a run. The 16 bytes lie in
// the program's frame: {data: u64, size: u32, offset: u32}, data 0 = invalid; the upper byte of `size` has the kind, as
// in the kernel. Of a packet `data` is the context. A program that forges them reaches nothing new: every access is
// checked against the window, the packet, or the records that this CPU has reserved. Exported to guest programs.
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_TRACING,
  E2BIG,
  EINVAL,
  ERANGE,
  RUN_CONTEXT_BYTES,
  RUN_HEADROOM_BYTES,
} from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek32, peek64, poke32, poke64 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'
import { CPU_PROGRAM, CPU_RUN_BUFFER, PROGRAM_TYPE } from '../layout'
import { bpf_probe_read_kernel, bpf_probe_read_kernel_str, unreadable } from './probe'
import { RECORD_COMMITTED, RECORD_DISCARDED } from '../map/ring-record'
import { finishSample, reserveSample } from './ring-buffer'
import { TASK_PACKET_BYTES } from '../task-record'
import { bpf_skb_load_bytes, bpf_skb_store_bytes, skbBytes, skbEnd, skbStart } from './skb'
import { inRunBuffer } from './task'
import { bpf_xdp_load_bytes, bpf_xdp_store_bytes, xdpBytes, xdpLength } from './xdp'

const DYNPTR_BYTES: u32 = 16
const SIZE: usize = 8
const OFFSET: usize = 12
/** Largest size of a dynptr. */
export const MOST_BYTES: u32 = 0xffffff

/** Kinds, in the upper bits of the size word. */
const LOCAL: u32 = 1 << 28
const RING: u32 = 2 << 28
const SKB: u32 = 3 << 28
const XDP: u32 = 4 << 28
const KINDS: u32 = 7 << 28
const READ_ONLY: u32 = 1 << 31

function dynptrAt(dynptr: u64): usize {
  return guestAddress(dynptr, DYNPTR_BYTES)
}

function set(pointer: usize, data: u64, size: u32): void {
  poke64(pointer, data)
  poke32(pointer + SIZE, size)
  poke32(pointer + OFFSET, 0)
}

/** Over `size` bytes (at most MOST_BYTES) of guest memory. */
export function setLocal(pointer: usize, data: u64, size: u32): void {
  set(pointer, data, LOCAL | size)
}

function kindOf(pointer: usize): u32 {
  return peek32(pointer + SIZE) & KINDS
}

function sizeOf(pointer: usize): u32 {
  return peek32(pointer + SIZE) & MOST_BYTES
}

function isReadOnly(pointer: usize): bool {
  return (peek32(pointer + SIZE) & READ_ONLY) !== 0
}

/** True if [offset, offset + length) lies inside. */
function holds(pointer: usize, offset: u32, length: u32): bool {
  return <u64>offset + <u64>length <= <u64>sizeOf(pointer)
}

/** Where bytes of it lie, 0 if they are not all in the packet any more. The caller has looked at its bounds. */
function placeOf(pointer: usize, offset: u32, length: u32): u64 {
  const data = peek64(pointer)
  const from = peek32(pointer + OFFSET) + offset
  const kind = kindOf(pointer)
  if (kind === SKB) return skbBytes(data, from, length)
  return kind === XDP ? xdpBytes(data, from, length) : data + <u64>from
}

/** The same for an untested range; `writable`: 0 as well for what may only be read. */
function sliceOf(dynptr: u64, offset: u64, length: u64, writable: bool): u64 {
  const pointer = dynptrAt(dynptr)
  if (peek64(pointer) === 0 || (writable && isReadOnly(pointer)) || !holds(pointer, <u32>offset, <u32>length)) return 0
  return placeOf(pointer, <u32>offset, <u32>length)
}

/** 0; -EINVAL for flags, -E2BIG for 16 MiB and more, and then the dynptr is invalid. */
export function bpf_dynptr_from_mem(data: u64, size: u64, flags: u64, dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  set(pointer, 0, 0)
  if (<u32>size > MOST_BYTES) return -E2BIG
  if (flags !== 0) return -EINVAL
  guestAddress(data, <u32>size)
  setLocal(pointer, data, <u32>size)
  return 0
}

/**
 * Over the packet of a socket buffer; read-only for programs of sockets and control groups. A tracing program's is the
 * one that the host has given the run, read-only, whatever structure `context` names. 0, -EINVAL for any flag.
 */
export function bpf_dynptr_from_skb(context: u64, flags: u64, dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  const type = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE)
  const traces = type === BPF_PROG_TYPE_TRACING
  const length = traces ? inRunBuffer(TASK_PACKET_BYTES) : skbEnd(context) - skbStart(context)
  set(pointer, 0, 0)
  if (flags !== 0) return -EINVAL
  if (traces) {
    const packet = peek32(cpu() + CPU_RUN_BUFFER) + RUN_CONTEXT_BYTES + RUN_HEADROOM_BYTES
    set(pointer, <u64>packet, LOCAL | READ_ONLY | (length & MOST_BYTES))
    return 0
  }
  const filter = type === BPF_PROG_TYPE_SOCKET_FILTER || type === BPF_PROG_TYPE_CGROUP_SKB
  set(pointer, context, SKB | (length & MOST_BYTES) | (filter ? READ_ONLY : 0))
  return 0
}

/** Over the packet of XDP. 0, -EINVAL for any flag. */
export function bpf_dynptr_from_xdp(context: u64, flags: u64, dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  const length = <u32>xdpLength(context)
  set(pointer, 0, 0)
  if (flags !== 0) return -EINVAL
  set(pointer, context, XDP | (length & MOST_BYTES))
  return 0
}

/** Reserves a sample of a ring buffer. 0; -EINVAL for flags or no room, -E2BIG; then the dynptr is invalid. */
export function bpf_ringbuf_reserve_dynptr(ring: u64, size: u64, flags: u64, dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  set(pointer, 0, 0)
  if (flags !== 0) return -EINVAL
  if (<u32>size > MOST_BYTES) return -E2BIG
  const sample = reserveSample(ring, <u64>(<u32>size))
  if (sample === 0) return -EINVAL
  set(pointer, sample, RING | (<u32>size))
  return 0
}

function finish(dynptr: u64, owner: u32, flags: u64): void {
  const pointer = dynptrAt(dynptr)
  const sample = peek64(pointer)
  if (sample === 0) return
  finishSample(sample, owner, flags)
  set(pointer, 0, 0)
}

/** Makes the sample visible to the consumer; nothing for an invalid dynptr. */
export function bpf_ringbuf_submit_dynptr(dynptr: u64, flags: u64): void {
  finish(dynptr, RECORD_COMMITTED, flags)
}

/** Gives the sample up; nothing for an invalid dynptr. */
export function bpf_ringbuf_discard_dynptr(dynptr: u64, flags: u64): void {
  finish(dynptr, RECORD_DISCARDED, flags)
}

/** Copies out of the dynptr. 0, -EINVAL, -E2BIG; what the packet no longer has: -EFAULT (skb), -EINVAL (xdp). */
export function bpf_dynptr_read(to: u64, length: u64, dynptr: u64, offset: u64, flags: u64): i64 {
  const pointer = dynptrAt(dynptr)
  if (peek64(pointer) === 0 || flags !== 0) return -EINVAL
  if (!holds(pointer, <u32>offset, <u32>length)) return -E2BIG
  const kind = kindOf(pointer)
  const from = <u64>(peek32(pointer + OFFSET) + <u32>offset)
  if (kind === SKB) return bpf_skb_load_bytes(peek64(pointer), from, to, length)
  if (kind === XDP) return bpf_xdp_load_bytes(peek64(pointer), from, to, length)
  copy(guestAddress(to, <u32>length), guestAddress(peek64(pointer) + from, <u32>length), <u32>length)
  return 0
}

/** Copies into the dynptr. As bpf_dynptr_read; -EINVAL also for what may only be read. Flags: bpf_skb_store_bytes. */
export function bpf_dynptr_write(dynptr: u64, offset: u64, from: u64, length: u64, flags: u64): i64 {
  const pointer = dynptrAt(dynptr)
  if (peek64(pointer) === 0 || isReadOnly(pointer)) return -EINVAL
  if (!holds(pointer, <u32>offset, <u32>length)) return -E2BIG
  const kind = kindOf(pointer)
  const to = <u64>(peek32(pointer + OFFSET) + <u32>offset)
  if (kind === SKB) return bpf_skb_store_bytes(peek64(pointer), to, from, length, flags)
  if (flags !== 0) return -EINVAL
  if (kind === XDP) return bpf_xdp_store_bytes(peek64(pointer), to, from, length)
  copy(guestAddress(peek64(pointer) + to, <u32>length), guestAddress(from, <u32>length), <u32>length)
  return 0
}

/** Address of `length` bytes at `offset`; 0 if they are not all inside, for packets, and for what may only be read. */
export function bpf_dynptr_data(dynptr: u64, offset: u64, length: u64): u64 {
  const kind = kindOf(dynptrAt(dynptr))
  return kind === SKB || kind === XDP ? 0 : sliceOf(dynptr, offset, length, true)
}

/**
 * Address of `length` bytes at `offset`, 0 if they are not all inside: all is in one piece, the buffer is not needed.
 */
export function bpf_dynptr_slice(dynptr: u64, offset: u64, _buffer: u64, length: u64): u64 {
  return sliceOf(dynptr, offset, length, false)
}

/** The same for writing; 0 for what may only be read. */
export function bpf_dynptr_slice_rdwr(dynptr: u64, offset: u64, _buffer: u64, length: u64): u64 {
  return sliceOf(dynptr, offset, length, true)
}

/** Leaves [start, end) of it. 0, -EINVAL, -ERANGE as in the kernel for bounds that are not inside. */
export function bpf_dynptr_adjust(dynptr: u64, start: u64, end: u64): i64 {
  const pointer = dynptrAt(dynptr)
  if (peek64(pointer) === 0 || <u32>start > <u32>end) return -EINVAL
  if (<u32>end > sizeOf(pointer)) return -ERANGE
  poke32(pointer + OFFSET, peek32(pointer + OFFSET) + <u32>start)
  poke32(pointer + SIZE, (peek32(pointer + SIZE) & ~MOST_BYTES) | (<u32>end - <u32>start))
  return 0
}

/** Bytes, or -EINVAL for an invalid dynptr. */
export function bpf_dynptr_size(dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  return peek64(pointer) === 0 ? -EINVAL : <i64>sizeOf(pointer)
}

/** 1 if it is invalid. */
export function bpf_dynptr_is_null(dynptr: u64): i64 {
  return peek64(dynptrAt(dynptr)) === 0 ? 1 : 0
}

/** 1 if it may only be read. */
export function bpf_dynptr_is_rdonly(dynptr: u64): i64 {
  const pointer = dynptrAt(dynptr)
  return peek64(pointer) !== 0 && isReadOnly(pointer) ? 1 : 0
}

/** A second dynptr over the same bytes. 0, or -EINVAL for an invalid one, and then the second is invalid too. */
export function bpf_dynptr_clone(dynptr: u64, clone: u64): i64 {
  const pointer = dynptrAt(dynptr)
  const other = dynptrAt(clone)
  const valid = peek64(pointer) !== 0
  if (valid) copy(other, pointer, DYNPTR_BYTES)
  else set(other, 0, 0)
  return valid ? 0 : -EINVAL
}

/** Copies between two dynptrs, which may overlap. 0, or as bpf_dynptr_read and _write. */
export function bpf_dynptr_copy(to: u64, toOffset: u64, from: u64, fromOffset: u64, size: u64): i64 {
  const source = sliceOf(from, fromOffset, size, false)
  const target = sliceOf(to, toOffset, size, true)
  if (source !== 0 && target !== 0) {
    copy(guestAddress(target, <u32>size), guestAddress(source, <u32>size), <u32>size)
    return 0
  }
  if (source !== 0) return bpf_dynptr_write(to, toOffset, source, size, 0)
  if (target !== 0) return bpf_dynptr_read(target, size, from, fromOffset, 0)
  if (!holds(dynptrAt(to), <u32>toOffset, <u32>size) || !holds(dynptrAt(from), <u32>fromOffset, <u32>size))
    return -E2BIG
  return <u32>size === 0 ? 0 : -EINVAL
}

/** Fills `size` bytes at `offset`. 0, -EINVAL for an invalid or read-only dynptr, -E2BIG. */
export function bpf_dynptr_memset(dynptr: u64, offset: u64, size: u64, byte: u64): i64 {
  const pointer = dynptrAt(dynptr)
  if (isReadOnly(pointer)) return -EINVAL
  if (!holds(pointer, <u32>offset, <u32>size)) return -E2BIG
  const target = sliceOf(dynptr, offset, size, true)
  if (target === 0) return <u32>size === 0 ? 0 : -EINVAL
  fill(guestAddress(target, <u32>size), <u8>byte, <u32>size)
  return 0
}

/** Where to write; -E2BIG outside, -EINVAL for what is invalid or may only be read. */
function targetOf(dynptr: u64, offset: u64, size: u64): i64 {
  if (!holds(dynptrAt(dynptr), <u32>offset, <u32>size)) return -E2BIG
  const target = sliceOf(dynptr, offset, size, true)
  return target === 0 ? -EINVAL : <i64>target
}

/** bpf_probe_read_kernel into a dynptr, which stays as it is if nothing can be read. */
export function bpf_probe_read_kernel_dynptr(dynptr: u64, offset: u64, size: u64, from: u64): i64 {
  const target = targetOf(dynptr, offset, size)
  if (target < 0) return target
  return inGuestWindow(from, <u32>size) ? bpf_probe_read_kernel(target, size, from) : unreadable(from, true)
}

/** bpf_probe_read_kernel_str into a dynptr: length of the string with its 0, or as above. */
export function bpf_probe_read_kernel_str_dynptr(dynptr: u64, offset: u64, size: u64, from: u64): i64 {
  const target = targetOf(dynptr, offset, size)
  if (target < 0) return target
  return inGuestWindow(from, 1) ? bpf_probe_read_kernel_str(target, size, from) : unreadable(from, true)
}
