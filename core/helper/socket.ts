// The helpers that look sockets up among those that the host has set, and those that take what these gave. A socket is
// its view in the guest window (core/socket-record.ts); there is nothing to count, for the table never changes.
// Exported to guest programs.
import { EINVAL, FAULT_BAD_ACCESS } from '../abi'
import { peek32, poke32, poke64 } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { HEADER, HEADER_SOCKETS } from '../layout'
import { RECORD_SOCKET } from '../run-record'
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCKETS_COUNT,
  SOCKETS_FIRST,
  SOCKETS_VIEWS,
  SOCKET_BYTES,
  SOCKET_PROTOCOL,
  SOCKET_STATE,
  TCP_LISTEN,
  TCP_TIME_WAIT,
  VIEW_BYTES,
  VIEW_TCP,
} from '../socket-record'
import { isXdp } from './redirect'
import { AF_INET, AF_INET6 } from './route'
import { recordOf, skbAt, SKB_IFINDEX, SKB_SK } from './skb'
import { socketFor } from './socket-table'
import { xdpIngress } from './xdp'

// struct bpf_sock_tuple.
const TUPLE_IPV4_BYTES: u32 = 12
const TUPLE_IPV6_BYTES: u32 = 36

/** Number of the socket whose view, or struct bpf_tcp_sock in it, `pointer` is; a fault for anything else. */
function numberOf(pointer: u64): u32 {
  const table = <usize>peek32(HEADER + HEADER_SOCKETS)
  const first = table === 0 ? <u64>0 : <u64>peek32(table + SOCKETS_VIEWS)
  const number = (pointer - first) / VIEW_BYTES
  const offset = (pointer - first) % VIEW_BYTES
  if (table === 0 || pointer < first || number >= <u64>peek32(table + SOCKETS_COUNT)) fault(FAULT_BAD_ACCESS, pointer)
  if (offset !== 0 && offset !== VIEW_TCP) fault(FAULT_BAD_ACCESS, pointer)
  return <u32>number
}

function recordAt(number: u32): usize {
  return <usize>peek32(HEADER + HEADER_SOCKETS) + SOCKETS_FIRST + <usize>number * SOCKET_BYTES
}

function viewAt(number: u32): u64 {
  return <u64>peek32(<usize>peek32(HEADER + HEADER_SOCKETS) + SOCKETS_VIEWS) + <u64>number * VIEW_BYTES
}

/** True unless only the kernel's short form of the socket is left. */
function isFull(number: u32): bool {
  return peek32(recordAt(number) + SOCKET_STATE) !== TCP_TIME_WAIT
}

/**
 * The view of the socket for the packet that a tuple describes; 0 for other sizes, for flags, and in other namespaces.
 */
function lookup(protocol: u32, context: u64, tuple: u64, size: u64, netns: u64, flags: u64, short: bool): u64 {
  const bytes = <u32>size
  const at = guestAddress(tuple, bytes)
  const family: u32 = bytes === TUPLE_IPV4_BYTES ? AF_INET : bytes === TUPLE_IPV6_BYTES ? AF_INET6 : 0
  if (family === 0 || flags !== 0 || <i32>netns >= 0) return 0
  const ifindex = isXdp() ? xdpIngress(context) : peek32(skbAt(context) + SKB_IFINDEX)
  const socket = socketFor(protocol, family, at, ifindex)
  if (!socket) return 0
  const number = <u32>((socket - recordAt(0)) / SOCKET_BYTES)
  return short || isFull(number) ? viewAt(number) : 0
}

/** The TCP socket for the packet that a tuple describes, a listener if there is no connection; 0 if there is none. */
export function bpf_sk_lookup_tcp(context: u64, tuple: u64, size: u64, netns: u64, flags: u64): u64 {
  return lookup(IPPROTO_TCP, context, tuple, size, netns, flags, false)
}

/** The UDP socket for the packet that a tuple describes; 0 if there is none. */
export function bpf_sk_lookup_udp(context: u64, tuple: u64, size: u64, netns: u64, flags: u64): u64 {
  return lookup(IPPROTO_UDP, context, tuple, size, netns, flags, false)
}

/** As bpf_sk_lookup_tcp, and also sockets in TIME_WAIT. */
export function bpf_skc_lookup_tcp(context: u64, tuple: u64, size: u64, netns: u64, flags: u64): u64 {
  return lookup(IPPROTO_TCP, context, tuple, size, netns, flags, true)
}

/** Gives a socket back: 0. */
export function bpf_sk_release(socket: u64): i64 {
  numberOf(socket)
  return 0
}

/** The socket itself, with all its fields; 0 for one in TIME_WAIT. */
export function bpf_sk_fullsock(socket: u64): u64 {
  const number = numberOf(socket)
  return isFull(number) ? viewAt(number) : 0
}

/** The struct bpf_tcp_sock of a TCP socket; 0 for all others and in TIME_WAIT. */
export function bpf_tcp_sock(socket: u64): u64 {
  const number = numberOf(socket)
  if (!isFull(number) || peek32(recordAt(number) + SOCKET_PROTOCOL) !== IPPROTO_TCP) return 0
  return viewAt(number) + VIEW_TCP
}

/** The socket itself if it listens, else 0. */
export function bpf_get_listener_sock(socket: u64): u64 {
  const number = numberOf(socket)
  return peek32(recordAt(number) + SOCKET_STATE) === TCP_LISTEN ? viewAt(number) : 0
}

/** Gives the packet to a socket, which the run's answer names: 0; -EINVAL for no socket and for flags. */
export function bpf_sk_assign(context: u64, socket: u64, flags: u64): i64 {
  if (socket === 0 || flags !== 0) return -EINVAL
  const number = numberOf(socket)
  poke64(skbAt(context) + SKB_SK, viewAt(number))
  poke32(recordOf(context) + RECORD_SOCKET, number + 1)
  return 0
}
