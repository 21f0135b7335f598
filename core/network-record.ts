// The tables of the network that the host sets: interfaces, routes, neighbours. In the core heap, written before
// anything runs (src/machine/options/network.ts), read by the helpers that ask where a packet would go. Plain constants
// for both languages.
// HEADER_INTERFACES, HEADER_ROUTES and HEADER_NEIGHBORS say where they lie.

/**
 * Interfaces of the network, as the host has set them: index (0 none), MTU, link address (6 bytes), 1 if it forwards.
 */
export const MAX_INTERFACES = 64
export const INTERFACE_BYTES = 20
export const INTERFACE_INDEX = 0
export const INTERFACE_MTU = 4
export const INTERFACE_MAC = 8
export const INTERFACE_FORWARDS = 16

/** Routes, the more exact and the cheaper of equals first. Addresses: 16 bytes in the order of the network. */
export const MAX_ROUTES = 4096
export const ROUTE_BYTES = 76
/** AF_INET or AF_INET6. */
export const ROUTE_FAMILY = 0
export const ROUTE_TABLE = 4
/** RTN_*. */
export const ROUTE_TYPE = 8
export const ROUTE_PREFIX_BITS = 12
export const ROUTE_METRIC = 16
export const ROUTE_INTERFACE = 20
/** Family of the next hop, 0 for none. */
export const ROUTE_VIA_FAMILY = 24
export const ROUTE_TO = 28
export const ROUTE_VIA = 44
export const ROUTE_SOURCE = 60

/** Neighbours: who has which address behind an interface. */
export const MAX_NEIGHBORS = 4096
export const NEIGHBOR_ENTRY_BYTES = 32
export const NEIGHBOR_FAMILY = 0
export const NEIGHBOR_INTERFACE = 4
export const NEIGHBOR_ADDRESS = 8
export const NEIGHBOR_MAC = 24
