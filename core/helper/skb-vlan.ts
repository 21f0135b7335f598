// VLAN tags of a socket buffer: one in the context, as a device would put it there, the others in the packet.
// Exported to guest programs.
import { EINVAL, ENOMEM } from '../abi'
import { copy, peek16, peek32, poke16, poke32 } from '../door'
import { guestAddress } from '../guest'
import { RECORD_MAC, RECORD_NETWORK } from '../run-record'
import { ETHERNET_BYTES } from './packet'
import {
  openRoom,
  recordOf,
  setBorders,
  skbAt,
  skbEnd,
  skbLength,
  skbStart,
  SKB_PROTOCOL,
  SKB_VLAN_PRESENT,
  SKB_VLAN_PROTO,
  SKB_VLAN_TCI,
} from './skb'

/** In the order of the network. */
const ETH_P_8021Q: u32 = 0x0081
const ETH_P_8021AD: u32 = 0xa888
const ETH_P_802_3: u32 = 0x0100
const ETH_P_802_2: u32 = 0x0400
export const TAG_BYTES: u32 = 4
/** Two addresses: the tag follows them. */
const ADDRESSES: u32 = 12
const LEAST_TYPE: u32 = 0x0600

function swap(word: u32): u32 {
  return ((word & 0xff) << 8) | ((word >> 8) & 0xff)
}

/** True for the types of a tag, as the context has them. */
export function isVlan(protocol: u32): bool {
  return protocol === ETH_P_8021Q || protocol === ETH_P_8021AD
}

function setTag(ctx: usize, protocol: u32, tci: u32): void {
  poke32(ctx + SKB_VLAN_PRESENT, 1)
  poke32(ctx + SKB_VLAN_PROTO, protocol)
  poke32(ctx + SKB_VLAN_TCI, tci)
}

/** Puts a tag into the context; one that is there already goes into the packet. 0, -EINVAL, -ENOMEM. */
export function bpf_skb_vlan_push(context: u64, protocol: u64, tci: u64): i64 {
  const ctx = skbAt(context)
  const wanted = isVlan((<u32>protocol) & 0xffff) ? (<u32>protocol) & 0xffff : ETH_P_8021Q
  if (peek32(ctx + SKB_VLAN_PRESENT) !== 0) {
    const record = recordOf(context)
    if (skbStart(context) !== peek32(record + RECORD_MAC)) return -EINVAL
    const result = openRoom(context, ADDRESSES, TAG_BYTES)
    if (result !== 0) return result
    const tag = guestAddress(skbStart(context) + ADDRESSES, TAG_BYTES)
    poke16(tag, <u16>peek32(ctx + SKB_VLAN_PROTO))
    poke16(tag + 2, <u16>swap(peek32(ctx + SKB_VLAN_TCI)))
    poke32(ctx + SKB_PROTOCOL, peek32(ctx + SKB_VLAN_PROTO))
  }
  setTag(ctx, wanted, (<u32>tci) & 0xffff)
  return 0
}

/** Takes a tag out of the packet, whose protocol becomes what it was of; the tag's control information or -ENOMEM. */
function takeTag(context: u64): i32 {
  const ctx = skbAt(context)
  const record = recordOf(context)
  if (skbLength(context) < ETHERNET_BYTES + TAG_BYTES) return -ENOMEM
  const start = skbStart(context)
  const packet = guestAddress(start, ETHERNET_BYTES + TAG_BYTES)
  const tci = swap(peek16(packet + ETHERNET_BYTES))
  const type = peek16(packet + ETHERNET_BYTES + 2)
  const known = swap(type) >= LEAST_TYPE
  const behind: u32 = skbLength(context) >= ETHERNET_BYTES + TAG_BYTES + 2 ? peek16(packet + 18) : 0
  poke32(ctx + SKB_PROTOCOL, known ? type : behind === 0xffff ? ETH_P_802_3 : ETH_P_802_2)
  copy(packet + TAG_BYTES, packet, ADDRESSES)
  setBorders(context, start + TAG_BYTES, skbEnd(context))
  poke32(record + RECORD_MAC, start + TAG_BYTES)
  if (<i32>(peek32(record + RECORD_NETWORK) - start - TAG_BYTES) < <i32>ETHERNET_BYTES)
    poke32(record + RECORD_NETWORK, start + TAG_BYTES + ETHERNET_BYTES)
  return <i32>tci
}

/** Takes the tag out of the context; one that follows in the packet takes its place. 0, -EINVAL, -ENOMEM. */
export function bpf_skb_vlan_pop(context: u64): i64 {
  const ctx = skbAt(context)
  if (peek32(ctx + SKB_VLAN_PRESENT) !== 0) {
    poke32(ctx + SKB_VLAN_PRESENT, 0)
    poke32(ctx + SKB_VLAN_PROTO, 0)
    poke32(ctx + SKB_VLAN_TCI, 0)
  } else {
    if (!isVlan(peek32(ctx + SKB_PROTOCOL))) return 0
    const taken = takeTag(context)
    if (taken < 0) return taken
  }
  const protocol = peek32(ctx + SKB_PROTOCOL)
  if (!isVlan(protocol)) return 0
  const tci = takeTag(context)
  if (tci < 0) return tci
  setTag(ctx, protocol, <u32>tci)
  return 0
}
