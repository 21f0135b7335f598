// The routes and neighbours of the network, as the host has set them: longest prefix, then the host's order. Written
// before anything runs, so no reader can meet a change. Called by fib.ts and socket-table.ts.
import { peek32, peek8 } from '../door'
import { HEADER, HEADER_NEIGHBORS, HEADER_NEIGHBOR_COUNT, HEADER_ROUTES, HEADER_ROUTE_COUNT } from '../layout'
import {
  NEIGHBOR_ADDRESS,
  NEIGHBOR_ENTRY_BYTES,
  NEIGHBOR_FAMILY,
  NEIGHBOR_INTERFACE,
  ROUTE_BYTES,
  ROUTE_FAMILY,
  ROUTE_INTERFACE,
  ROUTE_PREFIX_BITS,
  ROUTE_TABLE,
  ROUTE_TO,
} from '../network-record'

export const AF_INET: u32 = 2
export const AF_INET6: u32 = 10

/** True if the 16 bytes of an address of IPv6 are all 0. */
export function isUnspecified(address: usize): bool {
  return (peek32(address) | peek32(address + 4) | peek32(address + 8) | peek32(address + 12)) === 0
}

/** True if the first `bits` bits behind both addresses are the same. */
function samePrefix(one: usize, other: usize, bits: u32): bool {
  for (let at: u32 = 0; at < bits; at += 8) {
    const rest = bits - at
    const mask: u32 = rest >= 8 ? 0xff : 0xff00 >> rest
    const byte = <usize>(at >> 3)
    if ((((<u32>peek8(one + byte)) ^ (<u32>peek8(other + byte))) & mask) !== 0) return false
  }
  return true
}

/** The best route of a table to `address`, over `ifindex` unless that is 0; 0 if there is none. */
export function routeTo(family: u32, table: u32, address: usize, ifindex: u32): usize {
  const routes = <usize>peek32(HEADER + HEADER_ROUTES)
  const count = peek32(HEADER + HEADER_ROUTE_COUNT)
  for (let at: u32 = 0; at < count; at++) {
    const route = routes + <usize>at * ROUTE_BYTES
    if (peek32(route + ROUTE_FAMILY) !== family || peek32(route + ROUTE_TABLE) !== table) continue
    if (ifindex !== 0 && peek32(route + ROUTE_INTERFACE) !== ifindex) continue
    if (samePrefix(route + ROUTE_TO, address, peek32(route + ROUTE_PREFIX_BITS))) return route
  }
  return 0
}

/** The neighbour behind an interface that has that address; 0 if nobody is known to have it. */
export function neighborOf(family: u32, ifindex: u32, address: usize): usize {
  const neighbors = <usize>peek32(HEADER + HEADER_NEIGHBORS)
  const count = peek32(HEADER + HEADER_NEIGHBOR_COUNT)
  const bits: u32 = family === AF_INET ? 32 : 128
  for (let at: u32 = 0; at < count; at++) {
    const neighbor = neighbors + <usize>at * NEIGHBOR_ENTRY_BYTES
    if (peek32(neighbor + NEIGHBOR_FAMILY) !== family || peek32(neighbor + NEIGHBOR_INTERFACE) !== ifindex) continue
    if (samePrefix(neighbor + NEIGHBOR_ADDRESS, address, bits)) return neighbor
  }
  return 0
}
