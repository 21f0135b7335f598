// The packet of a socket buffer: reading and writing it, and what moves its borders. Exported to guest programs:
// the helpers that read and write; skb-room.ts, skb-vlan.ts and redirect.ts use the rest.
import { EINVAL, ENOMEM } from '../abi'
import { copy, fill, peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { RECORD_BYTES, RECORD_HASH_SET, RECORD_MAC, RECORD_NETWORK, RECORD_TRANSPORT, RUN_RECORD } from '../run-record'
import { bufferEnd, headroomStart, copyIn, copyOut, inside } from './packet'

// __sk_buff.
const SKB_LEN: usize = 0
export const SKB_PKT_TYPE: usize = 4
export const SKB_PROTOCOL: usize = 16
export const SKB_VLAN_PRESENT: usize = 20
export const SKB_VLAN_TCI: usize = 24
export const SKB_VLAN_PROTO: usize = 28
export const SKB_IFINDEX: usize = 40
export const SKB_HASH: usize = 68
const SKB_DATA: usize = 76
const SKB_DATA_END: usize = 80
const SKB_DATA_META: usize = 140
export const SKB_TSTAMP: usize = 152
export const SKB_SK: usize = 168
export const SKB_GSO_SIZE: usize = 176
export const SKB_TSTAMP_TYPE: usize = 180
const SKB_BYTES: u32 = 192

const BPF_F_INVALIDATE_HASH: u64 = 2
const STORE_FLAGS: u64 = 1 | BPF_F_INVALIDATE_HASH

/** Address of the context. */
export function skbAt(context: u64): usize {
  return guestAddress(context, SKB_BYTES)
}

/** Address of what the packet has besides its context. */
export function recordOf(context: u64): usize {
  return guestAddress(context + RUN_RECORD, RECORD_BYTES)
}

/** Address of the first byte, and of the byte behind the last, as the context says. */
export function skbStart(context: u64): u32 {
  return peek32(skbAt(context) + SKB_DATA)
}

export function skbEnd(context: u64): u32 {
  return peek32(skbAt(context) + SKB_DATA_END)
}

/** Bytes of the packet. */
export function skbLength(context: u64): u32 {
  return skbEnd(context) - skbStart(context)
}

/** Sets the borders; what lies between them must be in the run buffer. */
export function setBorders(context: u64, start: u32, end: u32): void {
  const ctx = skbAt(context)
  poke32(ctx + SKB_LEN, end - start)
  poke32(ctx + SKB_DATA, start)
  poke32(ctx + SKB_DATA_END, end)
  poke32(ctx + SKB_DATA_META, start)
}

/** Adds to the addresses of the headers that are set. */
function moveHeaders(context: u64, by: i32): void {
  const record = recordOf(context)
  const end = record + RECORD_TRANSPORT
  for (let word = record + RECORD_MAC; word <= end; word += 4) if (peek32(word) !== 0) poke32(word, peek32(word) + by)
}

/** Makes room for `bytes` in front of the packet, which may move for it. False if the run buffer is too small. */
function reserveHead(context: u64, bytes: u32): bool {
  const start = skbStart(context)
  const end = skbEnd(context)
  const first = headroomStart()
  if (start < first || start > end) return false
  if (start - first >= bytes) return true
  const missing = bytes - (start - first)
  const last = bufferEnd(context)
  if (end > last || missing > last - end) return false
  copy(guestAddress(start + missing, end - start), guestAddress(start, end - start), end - start)
  setBorders(context, start + missing, end + missing)
  moveHeaders(context, missing)
  return true
}

/**
 * Opens `bytes` zeroed bytes at `offset` of the packet; what lies in front of them moves, the headers with it. 0, or
 * -ENOMEM.
 */
export function openRoom(context: u64, offset: u32, bytes: u32): i64 {
  if (offset > skbLength(context) || !reserveHead(context, bytes)) return -ENOMEM
  const start = skbStart(context) - bytes
  copy(guestAddress(start, offset), guestAddress(start + bytes, offset), offset)
  fill(guestAddress(start + offset, bytes), 0, bytes)
  setBorders(context, start, skbEnd(context))
  moveHeaders(context, 0 - bytes)
  return 0
}

/** Takes `bytes` bytes at `offset` out of the packet: the reverse. 0, or -ENOMEM if there are not so many. */
export function closeRoom(context: u64, offset: u32, bytes: u32): i64 {
  const start = skbStart(context)
  if (skbBytes(context, 0, offset + bytes) === 0) return -ENOMEM
  copy(guestAddress(start + bytes, offset), guestAddress(start, offset), offset)
  setBorders(context, start + bytes, skbEnd(context))
  moveHeaders(context, bytes)
  return 0
}

/** The hash no longer holds. */
export function clearHash(context: u64): void {
  poke32(skbAt(context) + SKB_HASH, 0)
  poke32(recordOf(context) + RECORD_HASH_SET, 0)
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
  const record = recordOf(context)
  const from = peek32(record + (<u32>header === 0 ? RECORD_MAC : RECORD_NETWORK))
  const start = <u32>header > 1 ? 0 : inside(from, skbEnd(context), <u32>offset, <u32>length)
  return copyOut(start, to, <u32>length)
}

/** Copies into the packet. 0, -EINVAL for unknown flags, -EFAULT outside. */
export function bpf_skb_store_bytes(context: u64, offset: u64, from: u64, length: u64, flags: u64): i64 {
  if ((flags & ~STORE_FLAGS) !== 0) return -EINVAL
  const result = copyIn(skbBytes(context, offset, <u32>length), from, <u32>length)
  if (result === 0 && (flags & BPF_F_INVALIDATE_HASH) !== 0) clearHash(context)
  return result
}

/** All of a packet is in one piece here: 0, or -ENOMEM for more bytes than there are. */
export function bpf_skb_pull_data(context: u64, length: u64): i64 {
  return skbBytes(context, 0, <u32>length) === 0 ? -ENOMEM : 0
}
