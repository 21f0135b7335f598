// The packet of an XDP program: reading, writing, moving its edges. Exported to guest programs.
import { BPF_PROG_TYPE_XDP, EACCES, EFAULT, EINVAL } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { CPU_PROGRAM, PROGRAM_TYPE } from '../layout'
import { TASK_PACKET_BYTES } from '../task-record'
import { bufferEnd, headroomStart, copyIn, copyOut, ETHERNET_BYTES, inside } from './packet'
import { inRunBuffer } from './task'

// xdp_md.
const XDP_DATA: usize = 0
const XDP_DATA_END: usize = 4
const XDP_DATA_META: usize = 8
const XDP_INGRESS: usize = 12
export const XDP_BYTES: u32 = 24
/** The interface of a packet of which the host says nothing. */
const LOOPBACK: u32 = 1
/** The kernel keeps a struct xdp_frame at the start of the headroom. */
const FRAME_BYTES: u32 = 40
const MOST_META: u32 = 255
/** Offsets and lengths that are looked at. */
const MOST_BYTES: u64 = 0xffff

/** Moves the packet's start (and its metadata) by `delta`. 0 or -EINVAL. */
export function bpf_xdp_adjust_head(context: u64, delta: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const data = peek32(ctx + XDP_DATA)
  const end = peek32(ctx + XDP_DATA_END)
  const meta = peek32(ctx + XDP_DATA_META)
  const metaBytes = meta <= data ? data - meta : 0
  const moved = <i64>data + <i64>(<i32>delta)
  if (moved < <i64>(headroomStart() + FRAME_BYTES + metaBytes) || moved > <i64>end - <i64>ETHERNET_BYTES) return -EINVAL
  if (metaBytes > 0) copy(guestAddress(moved - metaBytes, metaBytes), guestAddress(meta, metaBytes), metaBytes)
  poke32(ctx + XDP_DATA, <u32>moved)
  poke32(ctx + XDP_DATA_META, <u32>moved - metaBytes)
  return 0
}

/** Moves the packet's end by `delta`; what is added is 0. 0 or -EINVAL. */
export function bpf_xdp_adjust_tail(context: u64, delta: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const end = peek32(ctx + XDP_DATA_END)
  const moved = <i64>end + <i64>(<i32>delta)
  if (moved > <i64>bufferEnd(context) || moved < <i64>peek32(ctx + XDP_DATA) + <i64>ETHERNET_BYTES) return -EINVAL
  if (moved > <i64>end) fill(guestAddress(end, <u32>(moved - end)), 0, <u32>(moved - end))
  poke32(ctx + XDP_DATA_END, <u32>moved)
  return 0
}

/** Moves the start of the metadata in front of the packet by `delta`. 0; -EINVAL for a place, -EACCES for a size. */
export function bpf_xdp_adjust_meta(context: u64, delta: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const data = peek32(ctx + XDP_DATA)
  const moved = <i64>peek32(ctx + XDP_DATA_META) + <i64>(<i32>delta)
  if (moved < <i64>(headroomStart() + FRAME_BYTES) || moved > <i64>data) return -EINVAL
  const bytes = data - <u32>moved
  if ((bytes & 3) !== 0 || bytes > MOST_META) return -EACCES
  poke32(ctx + XDP_DATA_META, <u32>moved)
  return 0
}

/** Index of the interface that the packet came from. */
export function xdpIngress(context: u64): u32 {
  const ifindex = peek32(guestAddress(context, XDP_BYTES) + XDP_INGRESS)
  return ifindex === 0 ? LOOPBACK : ifindex
}

/**
 * Bytes of the packet; for a tracing program, of the one that the host has given the run (none in a callback), whatever
 * structure its pointer names.
 */
export function bpf_xdp_get_buff_len(context: u64): i64 {
  const type = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE)
  return type === BPF_PROG_TYPE_XDP ? xdpLength(context) : <i64>inRunBuffer(TASK_PACKET_BYTES)
}

/** Bytes of the packet of an XDP program. */
export function xdpLength(context: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  return <i64>peek32(ctx + XDP_DATA_END) - <i64>peek32(ctx + XDP_DATA)
}

/** What is wrong with a range that is not in the packet. */
function outside(offset: u64, length: u64): i64 {
  return <u64>(<u32>offset) > MOST_BYTES || <u64>(<u32>length) > MOST_BYTES ? -EFAULT : -EINVAL
}

/** Address of packet bytes, 0 if they are not all inside. */
export function xdpBytes(context: u64, offset: u32, length: u32): u64 {
  const ctx = guestAddress(context, XDP_BYTES)
  return inside(peek32(ctx + XDP_DATA), peek32(ctx + XDP_DATA_END), offset, length)
}

/** All of a packet is in one piece here: 0, or -EINVAL for more bytes than there are. */
export function bpf_xdp_pull_data(context: u64, length: u64): i64 {
  return xdpBytes(context, 0, <u32>length) === 0 ? -EINVAL : 0
}

/** Copies out of the packet. 0; -EINVAL outside, -EFAULT beyond 64 KiB. */
export function bpf_xdp_load_bytes(context: u64, offset: u64, to: u64, length: u64): i64 {
  const start = xdpBytes(context, <u32>offset, <u32>length)
  return start === 0 ? outside(offset, length) : copyOut(start, to, <u32>length)
}

/** Copies into the packet. As bpf_xdp_load_bytes. */
export function bpf_xdp_store_bytes(context: u64, offset: u64, from: u64, length: u64): i64 {
  const start = xdpBytes(context, <u32>offset, <u32>length)
  return start === 0 ? outside(offset, length) : copyIn(start, from, <u32>length)
}
