// Which socket a packet is for, by the sockets that the host has set: for TCP a connection before a listener, for UDP
// the best match, and for both the packet's own address before the wildcard. Of equals the first in the host's order.
// Written before anything runs, so no reader can meet a change. Called by socket.ts.
import { peek16, peek32 } from '../door'
import { HEADER, HEADER_SOCKETS } from '../layout'
import {
  IPPROTO_TCP,
  SOCKETS_COUNT,
  SOCKETS_FIRST,
  SOCKET_BYTES,
  SOCKET_FAMILY,
  SOCKET_INTERFACE,
  SOCKET_LOCAL,
  SOCKET_LOCAL_PORT,
  SOCKET_PROTOCOL,
  SOCKET_REMOTE,
  SOCKET_REMOTE_PORT,
  SOCKET_STATE,
  SOCKET_V6ONLY,
  TCP_LISTEN,
} from '../socket-record'
import { AF_INET, AF_INET6, isUnspecified } from './route'

/** The third word of an address of IPv4 as IPv6 maps it (::ffff:0:0), as it lies. */
const MAPPED: u32 = 0xffff0000
const MATCHES: u32 = 4

function isMapped(address: usize): bool {
  return (peek32(address) | peek32(address + 4)) === 0 && peek32(address + 8) === MAPPED
}

/** True if the address of a record is the one of that family at `address`. */
function isAddress(record: usize, address: usize, family: u32): bool {
  if (family === AF_INET) return isMapped(record) && peek32(record + 12) === peek32(address)
  return (
    ((peek32(record) ^ peek32(address)) |
      (peek32(record + 4) ^ peek32(address + 4)) |
      (peek32(record + 8) ^ peek32(address + 8)) |
      (peek32(record + 12) ^ peek32(address + 12))) ===
    0
  )
}

/** A port of a tuple. */
function portAt(address: usize): u32 {
  const port = <u32>peek16(address)
  return ((port & 0xff) << 8) | (port >> 8)
}

/** True if a socket of `protocol` at `port` takes packets of that family from that interface. */
function takes(socket: usize, protocol: u32, family: u32, port: u32, ifindex: u32): bool {
  if (peek32(socket + SOCKET_PROTOCOL) !== protocol || peek32(socket + SOCKET_LOCAL_PORT) !== port) return false
  const bound = peek32(socket + SOCKET_INTERFACE)
  if (bound !== 0 && bound !== ifindex) return false
  return family === AF_INET6 ? peek32(socket + SOCKET_FAMILY) === AF_INET6 : peek32(socket + SOCKET_V6ONLY) === 0
}

/** How well a socket without a connection, or of UDP, fits a packet from `source` and `port`; 0 not at all. */
function score(socket: usize, family: u32, source: usize, port: u32): u32 {
  const own: u32 = family === AF_INET && peek32(socket + SOCKET_FAMILY) === AF_INET ? 2 : 1
  const bound = peek32(socket + SOCKET_INTERFACE) !== 0
  if (peek32(socket + SOCKET_PROTOCOL) === IPPROTO_TCP) return bound ? own + 1 : own
  let points = bound ? own + MATCHES : own
  if (!isUnspecified(socket + SOCKET_REMOTE)) {
    if (!isAddress(socket + SOCKET_REMOTE, source, family)) return 0
    points += MATCHES
  }
  const remote = peek32(socket + SOCKET_REMOTE_PORT)
  if (remote === 0) return points
  return remote === port ? points + MATCHES : 0
}

/**
 * The socket for a packet that comes through `ifindex`, 0 if there is none. `tuple`: source and destination address of
 * the family, then both ports, in the order of the network (struct bpf_sock_tuple).
 */
export function socketFor(protocol: u32, family: u32, tuple: usize, ifindex: u32): usize {
  const table = <usize>peek32(HEADER + HEADER_SOCKETS)
  if (table === 0) return 0
  const size: usize = family === AF_INET ? 4 : 16
  const destination = tuple + size
  const from = portAt(destination + size)
  const to = portAt(destination + size + 2)
  const first = table + SOCKETS_FIRST
  const end = first + <usize>peek32(table + SOCKETS_COUNT) * SOCKET_BYTES
  let best: usize = 0
  let most: u32 = 0
  let bestIsHere = false
  for (let socket = first; socket < end; socket += SOCKET_BYTES) {
    if (!takes(socket, protocol, family, to, ifindex)) continue
    const here = isAddress(socket + SOCKET_LOCAL, destination, family)
    if (protocol === IPPROTO_TCP && peek32(socket + SOCKET_STATE) !== TCP_LISTEN) {
      // A connection of IPv4 through a socket of IPv6 is found by its addresses of IPv4 only.
      if (!here || (family === AF_INET6 && isMapped(socket + SOCKET_REMOTE))) continue
      if (peek32(socket + SOCKET_REMOTE_PORT) !== from) continue
      if (isAddress(socket + SOCKET_REMOTE, tuple, family)) return socket
      continue
    }
    if (!here && (bestIsHere || !isUnspecified(socket + SOCKET_LOCAL))) continue
    const points = score(socket, family, tuple, from)
    if (points === 0 || (here === bestIsHere && points <= most)) continue
    best = socket
    most = points
    bestIsHere = here
  }
  return best
}
