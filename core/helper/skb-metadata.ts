// What a socket buffer knows of its packet: type, hash, checksum, time, and of its socket, as the host said it.
// Exported to guest programs.
import { EACCES, EINVAL, EOPNOTSUPP, ENOTSUPP } from '../abi'
import { peek16, peek32, peek64, peek8, poke16, poke32, poke64, poke8 } from '../door'
import { guestAddress } from '../guest'
import {
  CGROUP_LEVELS,
  RECORD_CGROUP_ANCESTORS,
  RECORD_CGROUP_ID,
  RECORD_CHECKSUM,
  RECORD_CLASSID,
  RECORD_HASH_SET,
  RECORD_MAC,
  RECORD_NETNS_COOKIE,
  RECORD_NETWORK,
  RECORD_ROUTE_REALM,
  RECORD_SOCKET_COOKIE,
  RECORD_SOCKET_UID,
} from '../run-record'
import { ETHERNET_BYTES, inside } from './packet'
import {
  clearHash,
  recordOf,
  skbAt,
  skbEnd,
  skbStart,
  SKB_HASH,
  SKB_PKT_TYPE,
  SKB_PROTOCOL,
  SKB_TSTAMP,
  SKB_TSTAMP_TYPE,
} from './skb'
import { isVlan, TAG_BYTES } from './skb-vlan'

const IPV4: u32 = 0x0008
const IPV6: u32 = 0xdd86
const IPV4_BYTES: u32 = 20
const IPV6_BYTES: u32 = 40
const TCP: u32 = 6
const UDP: u32 = 17
/** PACKET_OTHERHOST: types above it are the kernel's own. */
const LAST_TYPE: u32 = 3

/** Tags in one packet that the kernel looks through. */
const MOST_TAGS: i32 = 7

const LEVEL_QUERY: u64 = 0
const LEVEL_INC: u64 = 1
const LEVEL_DEC: u64 = 2
const LEVEL_RESET: u64 = 3
const MOST_LEVEL: u32 = 3

const CLOCK_REALTIME: u32 = 0
const LAST_CLOCK: u32 = 2

/** PACKET_HOST, _BROADCAST, _MULTICAST or _OTHERHOST. 0 or -EINVAL. */
export function bpf_skb_change_type(context: u64, type: u64): i64 {
  const ctx = skbAt(context)
  if (<u32>type > LAST_TYPE || peek32(ctx + SKB_PKT_TYPE) > LAST_TYPE) return -EINVAL
  poke32(ctx + SKB_PKT_TYPE, <u32>type)
  return 0
}

function mix(hash: u32, word: u32): u32 {
  return rotl<u32>((hash ^ word) * 0x9e3779b1, 13)
}

/** The same for both directions of a flow: addresses, and ports where there are some. */
function flowHash(context: u64): u32 {
  const ctx = skbAt(context)
  const protocol = peek32(ctx + SKB_PROTOCOL)
  const from = peek32(recordOf(context) + RECORD_NETWORK)
  const bytes = protocol === IPV4 ? IPV4_BYTES : protocol === IPV6 ? IPV6_BYTES : 0
  const header = bytes === 0 ? 0 : inside(from, skbEnd(context), 0, bytes)
  if (header === 0) return mix(protocol, skbEnd(context) - skbStart(context)) | 1
  const ip = guestAddress(header, bytes)
  const v4 = protocol === IPV4
  let source: u32 = 0
  let target: u32 = 0
  const words: u32 = v4 ? 4 : 16
  for (let at: u32 = 0; at < words; at += 4) {
    source = mix(source, peek32(ip + (v4 ? 12 : 8) + at))
    target = mix(target, peek32(ip + (v4 ? 16 : 24) + at))
  }
  const transport = <u32>peek8(ip + (v4 ? 9 : 6))
  const length = v4 ? ((<u32>peek8(ip)) & 15) << 2 : IPV6_BYTES
  const fragment = v4 && (peek16(ip + 6) & 0xff3f) !== 0
  const ports = transport === TCP || transport === UDP ? inside(from, skbEnd(context), length, 4) : 0
  if (ports !== 0 && !fragment) {
    source = mix(source, peek16(guestAddress(ports, 4)))
    target = mix(target, peek16(guestAddress(ports, 4) + 2))
  }
  const hash = mix(mix(transport, source < target ? source : target), source < target ? target : source)
  return hash === 0 ? 1 : hash
}

/** The packet's hash; of its flow if it has none. */
export function bpf_get_hash_recalc(context: u64): i64 {
  const ctx = skbAt(context)
  const record = recordOf(context)
  if (peek32(record + RECORD_HASH_SET) === 0) {
    poke32(ctx + SKB_HASH, flowHash(context))
    poke32(record + RECORD_HASH_SET, 1)
  }
  return peek32(ctx + SKB_HASH)
}

/** Gives the packet a hash. */
export function bpf_set_hash(context: u64, hash: u64): i64 {
  poke32(skbAt(context) + SKB_HASH, <u32>hash)
  poke32(recordOf(context) + RECORD_HASH_SET, 1)
  return 0
}

/** The packet has no hash any more. */
export function bpf_set_hash_invalid(context: u64): i64 {
  clearHash(context)
  return 0
}

/** No device has summed the packet here: -ENOTSUPP. */
export function bpf_csum_update(context: u64, _checksum: u64): i64 {
  skbAt(context)
  return -ENOTSUPP
}

/** Levels of checksums that are known to be right: asks, one more, one less, none. A level, 0, -EACCES, -EINVAL. */
export function bpf_csum_level(context: u64, level: u64): i64 {
  const word = recordOf(context) + RECORD_CHECKSUM
  const verified = peek32(word)
  if (level === LEVEL_QUERY) return verified === 0 ? -EACCES : <i64>verified - 1
  if (level === LEVEL_INC) poke32(word, verified > MOST_LEVEL ? verified : verified + 1)
  else if (level === LEVEL_DEC) poke32(word, verified === 0 ? 0 : verified - 1)
  else if (level === LEVEL_RESET) poke32(word, 0)
  else return -EINVAL
  return 0
}

/** What follows the VLAN tags that are in the packet; 0 if that cannot be told. */
function innerProtocol(context: u64): u32 {
  let protocol = peek32(skbAt(context) + SKB_PROTOCOL)
  let offset = ETHERNET_BYTES
  for (let depth = 0; isVlan(protocol); depth++) {
    const tag = inside(peek32(recordOf(context) + RECORD_MAC), skbEnd(context), offset, TAG_BYTES)
    if (tag === 0 || depth === MOST_TAGS) return 0
    protocol = peek16(guestAddress(tag, TAG_BYTES) + 2)
    offset += TAG_BYTES
  }
  return protocol
}

/** Marks congestion where the sender said that it understands it: 1 if the packet is marked, else 0. */
export function bpf_skb_ecn_set_ce(context: u64): i64 {
  const protocol = innerProtocol(context)
  const bytes = protocol === IPV4 ? IPV4_BYTES : protocol === IPV6 ? IPV6_BYTES : 0
  const header = bytes === 0 ? 0 : inside(peek32(recordOf(context) + RECORD_NETWORK), skbEnd(context), 0, bytes)
  if (header === 0) return 0
  const ip = guestAddress(header, bytes)
  if (protocol === IPV6) {
    // The class is the four bits behind the version's and the four before the label's.
    const low = peek8(ip + 1)
    if ((low & 0x30) === 0) return 0
    poke8(ip + 1, low | 0x30)
    return 1
  }
  const tos = <u32>peek8(ip + 1)
  const ecn = (tos + 1) & 3
  if ((ecn & 2) === 0) return ecn === 0 ? 1 : 0
  // One's complement, the bytes as they lie: what the field grew by is taken from the checksum.
  const check = <u32>peek16(ip + 10) + ((0xfb + ecn) << 8) + 0xff
  poke16(ip + 10, <u16>((check & 0xffff) + (check >> 16)))
  poke8(ip + 1, <u8>(tos | 3))
  return 1
}

/** Time of delivery and its clock: 0 REALTIME, 1 MONOTONIC, 2 TAI. 0, -EINVAL, -EOPNOTSUPP for what is not IP. */
export function bpf_skb_set_tstamp(context: u64, time: u64, clock: u64): i64 {
  const ctx = skbAt(context)
  const protocol = peek32(ctx + SKB_PROTOCOL)
  if (protocol !== IPV4 && protocol !== IPV6) return -EOPNOTSUPP
  if (<u32>clock > LAST_CLOCK || (<u32>clock !== CLOCK_REALTIME && time === 0)) return -EINVAL
  poke64(ctx + SKB_TSTAMP, time)
  poke8(ctx + SKB_TSTAMP_TYPE, <u8>clock)
  return 0
}

/** Cookie of the packet's socket, as the host said. */
export function bpf_get_socket_cookie(context: u64): i64 {
  return peek64(recordOf(context) + RECORD_SOCKET_COOKIE)
}

/** Owner of the packet's socket, as the host said. */
export function bpf_get_socket_uid(context: u64): i64 {
  return peek32(recordOf(context) + RECORD_SOCKET_UID)
}

/** Cookie of the network namespace, as the host said. */
export function bpf_get_netns_cookie(context: u64): i64 {
  return context === 0 ? 0 : <i64>peek64(recordOf(context) + RECORD_NETNS_COOKIE)
}

/** Class of the packet's socket, as the host said. */
export function bpf_skb_cgroup_classid(context: u64): i64 {
  return peek32(recordOf(context) + RECORD_CLASSID)
}

/** Realm of the packet's route, as the host said. */
export function bpf_get_route_realm(context: u64): i64 {
  return peek32(recordOf(context) + RECORD_ROUTE_REALM)
}

/** Control group of the packet's socket, as the host said. */
export function bpf_skb_cgroup_id(context: u64): i64 {
  return peek64(recordOf(context) + RECORD_CGROUP_ID)
}

/** The one above it at a level, the root being 0; 0 for a level that is none. */
export function bpf_skb_ancestor_cgroup_id(context: u64, level: u64): i64 {
  const wanted = <u32>level
  return wanted < <u32>CGROUP_LEVELS ? peek64(recordOf(context) + RECORD_CGROUP_ANCESTORS + ((<usize>wanted) << 3)) : 0
}
