// bpf_fib_lookup: where a packet would be sent, by the routes and neighbours that the host has set. Exported to guest
// programs.
import { BPF_PROG_TYPE_XDP, EAFNOSUPPORT, EINVAL, ENODEV } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek16, peek32, peek8, poke16, poke32, poke8 } from '../door'
import { guestAddress } from '../guest'
import { CPU_PROGRAM, PROGRAM_TYPE } from '../layout'
import {
  INTERFACE_FORWARDS,
  INTERFACE_INDEX,
  INTERFACE_MAC,
  INTERFACE_MTU,
  NEIGHBOR_MAC,
  ROUTE_INTERFACE,
  ROUTE_METRIC,
  ROUTE_SOURCE,
  ROUTE_TYPE,
  ROUTE_VIA,
  ROUTE_VIA_FAMILY,
} from '../network-record'
import { interfaceAt } from './interface'
import { ETHERNET_BYTES } from './packet'
import { AF_INET, AF_INET6, isUnspecified, neighborOf, routeTo } from './route'
import { skbAt, skbLength, SKB_GSO_SIZE } from './skb'

// struct bpf_fib_lookup.
const FIB_FAMILY: usize = 0
/** Length of the packet; becomes the MTU. */
const FIB_LENGTH: usize = 6
const FIB_IFINDEX: usize = 8
const FIB_METRIC: usize = 12
const FIB_SOURCE: usize = 16
const FIB_DESTINATION: usize = 32
/** Table that was asked for; becomes the VLAN. */
const FIB_TABLE: usize = 48
const FIB_SOURCE_MAC: usize = 52
const FIB_DESTINATION_MAC: usize = 58
const FIB_BYTES: u32 = 64

const BPF_FIB_LOOKUP_DIRECT: u32 = 1
const BPF_FIB_LOOKUP_OUTPUT: u32 = 2
const BPF_FIB_LOOKUP_SKIP_NEIGH: u32 = 4
const BPF_FIB_LOOKUP_TBID: u32 = 8
const BPF_FIB_LOOKUP_SRC: u32 = 16
/** All of these and BPF_FIB_LOOKUP_MARK, which changes nothing: there are no rules. */
const ALL_FLAGS: u32 = 63

const SUCCESS: i64 = 0
const BLACKHOLE: i64 = 1
const UNREACHABLE: i64 = 2
const PROHIBIT: i64 = 3
const NOT_FWDED: i64 = 4
const FWD_DISABLED: i64 = 5
const NO_NEIGH: i64 = 7
const FRAG_NEEDED: i64 = 8
const NO_SRC_ADDR: i64 = 9

const RTN_UNICAST: u32 = 1
const RTN_BLACKHOLE: u32 = 6
const RTN_UNREACHABLE: u32 = 7
const RTN_PROHIBIT: u32 = 8

const TABLE_DEFAULT: u32 = 253
const TABLE_MAIN: u32 = 254
const TABLE_LOCAL: u32 = 255
const VLAN_BYTES: u32 = 4
/** The longest packet of IPv4. */
const IPV4_MOST: u32 = 0xffff

/**
 * The best route to where the parameters say, 0 if there is none. Without rules, one trie of IPv4 has main and local.
 */
function routeFor(at: usize, family: u32, flags: u32): usize {
  const to = at + FIB_DESTINATION
  const over: u32 = flags & BPF_FIB_LOOKUP_OUTPUT && family === AF_INET ? peek32(at + FIB_IFINDEX) : 0
  if (flags & BPF_FIB_LOOKUP_DIRECT) {
    let table = TABLE_MAIN
    if (flags & BPF_FIB_LOOKUP_TBID) {
      table = peek32(at + FIB_TABLE)
      poke32(at + FIB_TABLE, 0)
    }
    return routeTo(family, family === AF_INET && table === TABLE_LOCAL ? TABLE_MAIN : table, to, over)
  }
  const first = routeTo(family, family === AF_INET ? TABLE_MAIN : TABLE_LOCAL, to, over)
  return first ? first : routeTo(family, family === AF_INET ? TABLE_DEFAULT : TABLE_MAIN, to, over)
}

/** What a route of another type than unicast answers. */
function refusal(type: u32): i64 {
  if (type === RTN_BLACKHOLE) return BLACKHOLE
  if (type === RTN_UNREACHABLE) return UNREACHABLE
  return type === RTN_PROHIBIT ? PROHIBIT : NOT_FWDED
}

/**
 * Fills the parameters at `at` with the way that a packet goes, the MTU if `measured`. BPF_FIB_LKUP_RET_* or -ENODEV.
 */
function wayOf(at: usize, family: u32, flags: u32, measured: bool): i64 {
  const from = interfaceAt(peek32(at + FIB_IFINDEX))
  if (!from) return -ENODEV
  if (peek32(from + INTERFACE_FORWARDS) === 0) return FWD_DISABLED
  const route = routeFor(at, family, flags)
  if (!route) return NOT_FWDED
  const type = peek32(route + ROUTE_TYPE)
  if (type !== RTN_UNICAST) return refusal(type)
  // The host gives routes only over interfaces that there are.
  const through = interfaceAt(peek32(route + ROUTE_INTERFACE))
  let mtu = peek32(through + INTERFACE_MTU)
  if (family === AF_INET && mtu > IPV4_MOST) mtu = IPV4_MOST
  if (<u32>peek16(at + FIB_LENGTH) > mtu) {
    poke16(at + FIB_LENGTH, <u16>mtu)
    return FRAG_NEEDED
  }
  const ifindex = peek32(through + INTERFACE_INDEX)
  poke32(at + FIB_METRIC, peek32(route + ROUTE_METRIC))
  poke32(at + FIB_IFINDEX, ifindex)
  if (flags & BPF_FIB_LOOKUP_SRC) {
    if (family === AF_INET6 && isUnspecified(route + ROUTE_SOURCE)) return NO_SRC_ADDR
    copy(at + FIB_SOURCE, route + ROUTE_SOURCE, family === AF_INET ? 4 : 16)
  }
  const via = peek32(route + ROUTE_VIA_FAMILY)
  if (via !== 0) {
    poke8(at + FIB_FAMILY, <u8>via)
    copy(at + FIB_DESTINATION, route + ROUTE_VIA, via === AF_INET ? 4 : 16)
  }
  if ((flags & BPF_FIB_LOOKUP_SKIP_NEIGH) === 0) {
    const neighbor = neighborOf(peek8(at + FIB_FAMILY), ifindex, at + FIB_DESTINATION)
    if (!neighbor) return NO_NEIGH
    copy(at + FIB_DESTINATION_MAC, neighbor + NEIGHBOR_MAC, 6)
    copy(at + FIB_SOURCE_MAC, through + INTERFACE_MAC, 6)
  }
  fill(at + FIB_TABLE, 0, 4)
  if (measured) poke16(at + FIB_LENGTH, <u16>mtu)
  return SUCCESS
}

/**
 * Fills struct bpf_fib_lookup with where a packet like the one it describes goes. BPF_FIB_LKUP_RET_*: 0 if it can be
 * sent so; -EINVAL for a length or flags, -EAFNOSUPPORT, -ENODEV.
 */
export function bpf_fib_lookup(context: u64, parameters: u64, length: u64, flags: u64): i64 {
  if (<i32>length < <i32>FIB_BYTES || ((<u32>flags) & ~ALL_FLAGS) !== 0) return -EINVAL
  const at = guestAddress(parameters, <u32>length)
  const family: u32 = peek8(at + FIB_FAMILY)
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT
  const xdp = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE) === BPF_PROG_TYPE_XDP
  const measured = xdp || peek16(at + FIB_LENGTH) !== 0
  const result = wayOf(at, family, <u32>flags, measured)
  if (measured || result !== SUCCESS) return result
  // A socket buffer whose length was not given is measured itself.
  const through = interfaceAt(peek32(at + FIB_IFINDEX))
  // Another CPU writes here as well.
  if (!through) return SUCCESS
  const mtu = peek32(through + INTERFACE_MTU)
  poke16(at + FIB_LENGTH, <u16>mtu)
  if (skbLength(context) <= mtu + ETHERNET_BYTES + VLAN_BYTES) return SUCCESS
  return peek32(skbAt(context) + SKB_GSO_SIZE) !== 0 ? SUCCESS : FRAG_NEEDED
}
