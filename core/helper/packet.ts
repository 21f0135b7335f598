// The packet of a run: reading, writing, moving its edges. The context is what the host laid out in the CPU's run buffer
// (src/machine/context.ts); its words are the guest's, so what they say is checked before it is used.
// Exported to guest programs.
import { EFAULT, EINVAL, ENOMEM, RUN_CONTEXT_BYTES, RUN_HEADROOM_BYTES, RUN_TAILROOM_BYTES } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES } from '../layout'

// xdp_md.
const XDP_DATA: usize = 0
const XDP_DATA_END: usize = 4
const XDP_DATA_META: usize = 8
const XDP_BYTES: u32 = 24
/** The kernel keeps a struct xdp_frame at the start of the headroom. */
const FRAME_BYTES: u32 = 40
const MOST_META: u32 = 255
// __sk_buff.
const SKB_DATA: usize = 76
const SKB_DATA_END: usize = 80
const SKB_BYTES: u32 = 192
const MOST_OFFSET: u32 = 0x7fffffff
const STORE_FLAGS: u64 = 3

const ETHERNET_BYTES: u32 = 14

function bufferStart(): u32 {
  return peek32(cpu() + CPU_RUN_BUFFER) + RUN_CONTEXT_BYTES
}

function bufferEnd(): u32 {
  return peek32(cpu() + CPU_RUN_BUFFER) + peek32(cpu() + CPU_RUN_BUFFER_BYTES) - RUN_TAILROOM_BYTES
}

/** Address of `length` packet bytes at `offset` from `from`, 0 if they are not all inside. */
function inside(from: u32, end: u32, offset: u32, length: u32): u64 {
  const start = <u64>from + <u64>offset
  return offset > MOST_OFFSET || start + <u64>length > <u64>end ? 0 : start
}

function copyOut(start: u64, to: u64, length: u32): i64 {
  const target = guestAddress(to, length)
  if (start === 0) {
    fill(target, 0, length)
    return -EFAULT
  }
  copy(target, guestAddress(start, length), length)
  return 0
}

function copyIn(start: u64, from: u64, length: u32): i64 {
  const source = guestAddress(from, length)
  if (start === 0) return -EFAULT
  copy(guestAddress(start, length), source, length)
  return 0
}

/** Moves the packet's start (and its metadata) by `delta`. 0 or -EINVAL. */
export function bpf_xdp_adjust_head(context: u64, delta: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const data = peek32(ctx + XDP_DATA)
  const end = peek32(ctx + XDP_DATA_END)
  const meta = peek32(ctx + XDP_DATA_META)
  const metaBytes = meta <= data ? data - meta : 0
  const moved = <i64>data + <i64>(<i32>delta)
  if (moved < <i64>(bufferStart() + FRAME_BYTES + metaBytes) || moved > <i64>end - <i64>ETHERNET_BYTES) return -EINVAL
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
  if (moved > <i64>bufferEnd() || moved < <i64>peek32(ctx + XDP_DATA) + <i64>ETHERNET_BYTES) return -EINVAL
  if (moved > <i64>end) fill(guestAddress(end, <u32>(moved - end)), 0, <u32>(moved - end))
  poke32(ctx + XDP_DATA_END, <u32>moved)
  return 0
}

/** Moves the start of the metadata in front of the packet by `delta`. 0, or -EINVAL for a bad place or size. */
export function bpf_xdp_adjust_meta(context: u64, delta: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const data = peek32(ctx + XDP_DATA)
  const moved = <i64>peek32(ctx + XDP_DATA_META) + <i64>(<i32>delta)
  if (moved < <i64>(bufferStart() + FRAME_BYTES) || moved > <i64>data) return -EINVAL
  const bytes = data - <u32>moved
  if ((bytes & 3) !== 0 || bytes > MOST_META) return -EINVAL
  poke32(ctx + XDP_DATA_META, <u32>moved)
  return 0
}

/** Bytes of the packet. */
export function bpf_xdp_get_buff_len(context: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  return <i64>peek32(ctx + XDP_DATA_END) - <i64>peek32(ctx + XDP_DATA)
}

/** Copies out of the packet. 0 or -EINVAL. */
export function bpf_xdp_load_bytes(context: u64, offset: u64, to: u64, length: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const start = inside(peek32(ctx + XDP_DATA), peek32(ctx + XDP_DATA_END), <u32>offset, <u32>length)
  return start === 0 ? -EINVAL : copyOut(start, to, <u32>length)
}

/** Copies into the packet. 0 or -EINVAL. */
export function bpf_xdp_store_bytes(context: u64, offset: u64, from: u64, length: u64): i64 {
  const ctx = guestAddress(context, XDP_BYTES)
  const start = inside(peek32(ctx + XDP_DATA), peek32(ctx + XDP_DATA_END), <u32>offset, <u32>length)
  return start === 0 ? -EINVAL : copyIn(start, from, <u32>length)
}

/** Address of packet bytes of a socket buffer, 0 if they are not all inside. For checksums, too. */
export function skbBytes(context: u64, offset: u64, length: u32): u64 {
  const ctx = guestAddress(context, SKB_BYTES)
  return inside(peek32(ctx + SKB_DATA), peek32(ctx + SKB_DATA_END), <u32>offset, length)
}

/** Copies out of the packet. 0, or -EFAULT with `to` zeroed. */
export function bpf_skb_load_bytes(context: u64, offset: u64, to: u64, length: u64): i64 {
  return copyOut(skbBytes(context, offset, <u32>length), to, <u32>length)
}

/** The same from the Ethernet header (`header` 0) or the network header (1) on; -EFAULT for another. */
export function bpf_skb_load_bytes_relative(context: u64, offset: u64, to: u64, length: u64, header: u64): i64 {
  const ctx = guestAddress(context, SKB_BYTES)
  const mac = bufferStart() + RUN_HEADROOM_BYTES
  const from = <u32>header === 0 ? mac : mac + ETHERNET_BYTES
  const start = <u32>header > 1 ? 0 : inside(from, peek32(ctx + SKB_DATA_END), <u32>offset, <u32>length)
  return copyOut(start, to, <u32>length)
}

/** Copies into the packet. 0, -EINVAL for unknown flags, -EFAULT outside. */
export function bpf_skb_store_bytes(context: u64, offset: u64, from: u64, length: u64, flags: u64): i64 {
  if ((flags & ~STORE_FLAGS) !== 0) return -EINVAL
  return copyIn(skbBytes(context, offset, <u32>length), from, <u32>length)
}

/** All of a packet is in one piece here: 0, or -ENOMEM for more bytes than there are. */
export function bpf_skb_pull_data(context: u64, length: u64): i64 {
  return skbBytes(context, 0, <u32>length) === 0 ? -ENOMEM : 0
}
