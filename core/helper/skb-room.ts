// Socket buffers that grow and shrink: at the head, at the tail, between the headers, and from one version of IP to the
// other. Exported to guest programs.
import { EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../abi'
import { fill, peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { RECORD_CHECKSUM, RECORD_ENCAPSULATED, RECORD_MAC, RECORD_NETWORK, RECORD_TRANSPORT } from '../run-record'
import { bufferEnd } from './packet'
import {
  clearHash,
  closeRoom,
  openRoom,
  recordOf,
  setBorders,
  skbAt,
  skbEnd,
  skbLength,
  skbStart,
  SKB_PROTOCOL,
} from './skb'

/** Most bytes of a packet after these helpers (SKB_MAX_ALLOC). */
const MOST: u32 = 16064
/** Protocols as the context has them: in the order of the network. */
const IPV4: u32 = 0x0008
const IPV6: u32 = 0xdd86
const IPV4_BYTES: u32 = 20
const IPV6_BYTES: u32 = 40
const NO_HEADER: u32 = 0xffffffff

const MODE_NET: u32 = 0
const MODE_MAC: u32 = 1
const MOST_ROOM: u32 = 0xfff
const FIXED_GSO: u64 = 1
const ENCAP_IPV4: u64 = 2
const ENCAP_IPV6: u64 = 4
const ENCAP_GRE: u64 = 8
const ENCAP_UDP: u64 = 16
const NO_CSUM_RESET: u64 = 32
const ENCAP_ETHERNET: u64 = 64
const DECAP_IPV4: u64 = 128
const DECAP_IPV6: u64 = 256
const ENCAP_L2_SHIFT: u64 = 56
const SHRINK_FLAGS: u64 = FIXED_GSO | NO_CSUM_RESET | DECAP_IPV4 | DECAP_IPV6
const ROOM_FLAGS: u64 = SHRINK_FLAGS | ENCAP_IPV4 | ENCAP_IPV6 | ENCAP_GRE | ENCAP_UDP | ENCAP_ETHERNET | (0xff << 56)
const ETHERNET_BYTES: u32 = 14

/** Bytes of the network header that the protocol begins with. */
function headerBytes(protocol: u32): u32 {
  return protocol === IPV4 ? IPV4_BYTES : protocol === IPV6 ? IPV6_BYTES : NO_HEADER
}

/** Adds `bytes` zeroed bytes in front, which become the link header. 0; -EINVAL for flags or a size, -ENOMEM. */
export function bpf_skb_change_head(context: u64, bytes: u64, flags: u64): i64 {
  const added = <u32>bytes
  const length = skbLength(context) + added
  if (flags !== 0 || <i32>added < 0 || length > MOST || length < added) return -EINVAL
  const record = recordOf(context)
  const network = skbEnd(context) - peek32(record + RECORD_NETWORK)
  const transport = peek32(record + RECORD_TRANSPORT)
  const result = openRoom(context, 0, added)
  if (result !== 0) return result
  // The headers stay where the packet is; only the link header is the new start.
  poke32(record + RECORD_MAC, skbStart(context))
  poke32(record + RECORD_NETWORK, skbEnd(context) - network)
  if (transport !== 0) poke32(record + RECORD_TRANSPORT, peek32(record + RECORD_TRANSPORT) + added)
  return 0
}

/**
 * Sets the length; what is added is 0. 0; -EINVAL for flags or a length, -ENOTSUPP for what is in a tunnel, -ENOMEM.
 */
export function bpf_skb_change_tail(context: u64, length: u64, flags: u64): i64 {
  const record = recordOf(context)
  const start = skbStart(context)
  const end = skbEnd(context)
  const transport = peek32(record + RECORD_TRANSPORT)
  const least = transport > start ? transport - start : peek32(record + RECORD_NETWORK) - start
  if (flags !== 0 || <u32>length > MOST || (<i32>least > 0 && <u32>length < least)) return -EINVAL
  if (peek32(record + RECORD_ENCAPSULATED) !== 0) return -ENOTSUPP
  const last = start + <u32>length
  if (last > bufferEnd(context)) return -ENOMEM
  if (last > end) fill(guestAddress(end, last - end), 0, last - end)
  setBorders(context, start, last)
  return 0
}

/** From IPv4 to IPv6 or back: room for the other header, the protocol, no hash. 0; -EINVAL, -ENOTSUPP, -ENOMEM. */
export function bpf_skb_change_proto(context: u64, protocol: u64, flags: u64): i64 {
  if (flags !== 0) return -EINVAL
  const from = peek32(skbAt(context) + SKB_PROTOCOL)
  const to = (<u32>protocol) & 0xffff
  if (!((from === IPV4 && to === IPV6) || (from === IPV6 && to === IPV4))) return -ENOTSUPP
  const record = recordOf(context)
  const offset = peek32(record + RECORD_NETWORK) - peek32(record + RECORD_MAC)
  const difference = IPV6_BYTES - IPV4_BYTES
  const result = to === IPV6 ? openRoom(context, offset, difference) : closeRoom(context, offset, difference)
  if (result !== 0) return result
  poke32(skbAt(context) + SKB_PROTOCOL, to)
  clearHash(context)
  return 0
}

/** What is wrong with flags that put headers around a packet; 0 or a negative errno. */
function encapsulates(record: usize, flags: u64, bytes: u32): i64 {
  const inner = <u32>(flags >> ENCAP_L2_SHIFT)
  if ((flags & ENCAP_IPV4) !== 0 && (flags & ENCAP_IPV6) !== 0) return -EINVAL
  if ((flags & ENCAP_GRE) !== 0 && (flags & ENCAP_UDP) !== 0) return -EINVAL
  if ((flags & ENCAP_ETHERNET) !== 0 && inner < ETHERNET_BYTES) return -EINVAL
  if (peek32(record + RECORD_ENCAPSULATED) !== 0) return -EALREADY
  return inner > bytes ? -EINVAL : 0
}

function grow(context: u64, offset: u32, bytes: u32, flags: u64): i64 {
  const ctx = skbAt(context)
  const record = recordOf(context)
  const around = (flags & (ENCAP_IPV4 | ENCAP_IPV6)) !== 0
  const refused = around ? encapsulates(record, flags, bytes) : 0
  if (refused !== 0) return refused
  const result = openRoom(context, offset, bytes)
  if (result !== 0 || !around) return result
  poke32(record + RECORD_ENCAPSULATED, 1)
  const network = peek32(record + RECORD_NETWORK)
  poke32(record + RECORD_TRANSPORT, network + ((flags & ENCAP_IPV6) !== 0 ? IPV6_BYTES : IPV4_BYTES))
  poke32(ctx + SKB_PROTOCOL, (flags & ENCAP_IPV6) !== 0 ? IPV6 : IPV4)
  return 0
}

function shrink(context: u64, offset: u32, bytes: u32, flags: u64): i64 {
  if ((flags & ~SHRINK_FLAGS) !== 0) return -EINVAL
  const result = closeRoom(context, offset, bytes)
  if (result !== 0) return result
  if ((flags & DECAP_IPV4) !== 0) poke32(skbAt(context) + SKB_PROTOCOL, IPV4)
  if ((flags & DECAP_IPV6) !== 0) poke32(skbAt(context) + SKB_PROTOCOL, IPV6)
  return 0
}

/**
 * Adds or takes away bytes behind the network header (`mode` 0) or the link header (1). 0; -EINVAL for flags, -EFAULT
 * for more than 4095 bytes, -ENOTSUPP for a mode, a protocol or a length, -EALREADY, -ENOMEM.
 */
export function bpf_skb_adjust_room(context: u64, difference: u64, mode: u64, flags: u64): i64 {
  const record = recordOf(context)
  const delta = <i32>difference
  const bytes: u32 = delta < 0 ? <u32>0 - <u32>delta : <u32>delta
  const shrinks = delta < 0
  if ((flags & ~ROOM_FLAGS) !== 0) return -EINVAL
  if (bytes > MOST_ROOM) return -EFAULT
  let least = headerBytes(peek32(skbAt(context) + SKB_PROTOCOL))
  if (least === NO_HEADER || (<u32>mode !== MODE_NET && <u32>mode !== MODE_MAC)) return -ENOTSUPP
  const network = peek32(record + RECORD_NETWORK)
  const offset = network - peek32(record + RECORD_MAC) + (<u32>mode === MODE_NET ? least : 0)
  const inner = flags & (DECAP_IPV4 | DECAP_IPV6)
  if (inner !== 0) {
    if (!shrinks || inner === (DECAP_IPV4 | DECAP_IPV6)) return -EINVAL
    least = inner === DECAP_IPV4 ? IPV4_BYTES : IPV6_BYTES
  }
  const length = skbLength(context)
  const behind = skbEnd(context) - network
  if (shrinks ? bytes >= behind || behind - bytes < least : length + bytes > MOST) return -ENOTSUPP
  const result = shrinks ? shrink(context, offset, bytes, flags) : grow(context, offset, bytes, flags)
  if (result === 0 && (flags & NO_CSUM_RESET) === 0) poke32(record + RECORD_CHECKSUM, 0)
  return result
}
