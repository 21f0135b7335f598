// The packet of a socket buffer: reading and writing it. Exported to guest programs.
import { EINVAL, ENOMEM, RUN_HEADROOM_BYTES } from '../abi'
import { peek32 } from '../door'
import { guestAddress } from '../guest'
import { bufferStart, copyIn, copyOut, ETHERNET_BYTES, inside } from './packet'

// __sk_buff.
const SKB_DATA: usize = 76
const SKB_DATA_END: usize = 80
const SKB_BYTES: u32 = 192
const STORE_FLAGS: u64 = 3

/** Address of the first byte, and of the byte behind the last, as the context says. */
export function skbStart(context: u64): u32 {
  return peek32(guestAddress(context, SKB_BYTES) + SKB_DATA)
}

export function skbEnd(context: u64): u32 {
  return peek32(guestAddress(context, SKB_BYTES) + SKB_DATA_END)
}

/** Address of packet bytes of a socket buffer, 0 if they are not all inside. For checksums, too. */
export function skbBytes(context: u64, offset: u64, length: u32): u64 {
  return inside(skbStart(context), skbEnd(context), <u32>offset, length)
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
