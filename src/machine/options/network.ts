// The network that programs are told of: interfaces, routes, neighbours, and the sockets (sockets.ts). Given at boot,
// checked here, written into the tables of core/network-record.ts before anything runs, and never changed.
import {
  HEADER,
  HEADER_INTERFACES,
  HEADER_NEIGHBORS,
  HEADER_NEIGHBOR_COUNT,
  HEADER_ROUTES,
  HEADER_ROUTE_COUNT,
} from '../../../core/layout.js'
import {
  INTERFACE_BYTES,
  INTERFACE_FORWARDS,
  INTERFACE_INDEX,
  INTERFACE_MAC,
  INTERFACE_MTU,
  MAX_INTERFACES,
  MAX_NEIGHBORS,
  MAX_ROUTES,
  NEIGHBOR_ADDRESS,
  NEIGHBOR_ENTRY_BYTES,
  NEIGHBOR_FAMILY,
  NEIGHBOR_INTERFACE,
  NEIGHBOR_MAC,
  ROUTE_BYTES,
  ROUTE_FAMILY,
  ROUTE_INTERFACE,
  ROUTE_METRIC,
  ROUTE_PREFIX_BITS,
  ROUTE_SOURCE,
  ROUTE_TABLE,
  ROUTE_TO,
  ROUTE_TYPE,
  ROUTE_VIA,
  ROUTE_VIA_FAMILY,
} from '../../../core/network-record.js'
import { show, SkepError } from '../../error.js'
import type { Memory } from '../cpu/memory.js'
import {
  AF_INET,
  AF_INET6,
  addressOf,
  fields,
  linkAddress,
  list,
  number,
  reserve,
  wholeNumber,
  type Address,
} from './network-fields.js'
import type { RangeAllocator } from '../cpu/ranges.js'
import { record, type OptionNames } from './given-options.js'
import { checkedSockets, writeSockets, type CheckedSocket, type Socket } from './sockets.js'

/** An interface, by whose index it is named in BootOptions.interfaces. */
export interface NetworkInterface {
  /** Default 1500. */
  mtu?: number
  /** Link address, '02:00:00:00:00:01'. Default all zeros. */
  mac?: string
  /** Default: true if the machine has routes. */
  forwarding?: boolean
}

/** An entry of the routing table. */
export interface Route {
  /** Address and length, '10.0.0.0/8' or '2001:db8::/32'; without a length one address alone. */
  to: string
  /** Next hop, of either family. Default: the destination itself. */
  via?: string
  /** Index of the interface; not for types that send nothing. */
  dev?: number
  /** The lowest of routes to the same prefix counts. Default 0, for IPv6 1024. */
  metric?: number
  /** What BPF_FIB_LOOKUP_SRC gives. Default: no address. */
  source?: string
  /** Default 'unicast'. */
  type?: keyof typeof types
  /** Default 254 (main), for local routes 255. */
  table?: number
}

/** Who has which link address. */
export interface Neighbor {
  /** Index of the interface. */
  dev: number
  /** IPv4 or IPv6. */
  address: string
  /** '02:00:00:00:00:01'. */
  mac: string
}

/** What was given, checked. Routes with longer prefixes and, among equals, with lower metrics first. */
export interface Network {
  readonly interfaces: readonly { index: number; mtu: number; mac: Uint8Array; forwarding: boolean }[]
  readonly routes: readonly CheckedRoute[]
  readonly neighbors: readonly { dev: number; address: Address; mac: Uint8Array }[]
  readonly sockets: readonly CheckedSocket[]
}

interface CheckedRoute {
  readonly to: Address
  readonly bits: number
  readonly via: Address | undefined
  readonly dev: number
  readonly metric: number
  readonly source: Address | undefined
  readonly type: number
  readonly table: number
}

const interfaceFields = { mtu: true, mac: true, forwarding: true } satisfies OptionNames<NetworkInterface>
const routeFields = {
  to: true,
  via: true,
  dev: true,
  metric: true,
  source: true,
  type: true,
  table: true,
} satisfies OptionNames<Route>
const neighborFields = { dev: true, address: true, mac: true } satisfies OptionNames<Neighbor>

/** RTN_*. */
const types = { unicast: 1, local: 2, blackhole: 6, unreachable: 7, prohibit: 8 } as const
const TABLE_MAIN = 254
const TABLE_LOCAL = 255
const IPV6_METRIC = 1024
const LOOPBACK = { 1: 65536 }

/** Checks the options of a boot. Throws BAD_OPTION naming the place. */
export function networkOf(options: {
  interfaces?: Readonly<Record<number, number | NetworkInterface>>
  routes?: readonly Route[]
  neighbors?: readonly Neighbor[]
  sockets?: readonly Socket[]
}): Network {
  const routes = list(options.routes, 'routes', MAX_ROUTES)
  const neighbors = list(options.neighbors, 'neighbors', MAX_NEIGHBORS)
  const entries = list(
    Object.entries(record(options.interfaces ?? LOOPBACK, 'interfaces')),
    'interfaces',
    MAX_INTERFACES,
  )
  const interfaces = entries.map(([name, given]) => {
    const index = wholeNumber(name, `interfaces: index '${name}'`, 1, 0x7fffffff)
    const entry = typeof given === 'object' ? fields(given, interfaceFields, `interfaces: ${name}`) : { mtu: given }
    const { mtu = 1500, mac, forwarding = routes.length > 0 } = entry
    return {
      index,
      mtu: number(mtu, `interfaces: MTU of ${name}`, 1, 0x7fffffff),
      mac: mac === undefined ? new Uint8Array(6) : linkAddress(mac, `interfaces: mac of ${name}`),
      forwarding,
    }
  })
  const device = (dev: unknown, place: string): number => {
    if (interfaces.some(({ index }) => index === dev)) return dev as number
    throw new SkepError('BAD_OPTION', `${place}: expected the index of one of the interfaces, got ${show(dev)}`)
  }
  return {
    interfaces,
    routes: routes
      .map((route, at) => checkedRoute(fields(route, routeFields, `routes[${at}]`), `routes[${at}]`, device))
      .sort((one, other) => other.bits - one.bits || one.metric - other.metric),
    neighbors: neighbors.map((neighbor, at) => {
      const { dev, address, mac } = fields(neighbor, neighborFields, `neighbors[${at}]`)
      return {
        dev: device(dev, `neighbors[${at}].dev`),
        address: addressOf(address, `neighbors[${at}].address`),
        mac: linkAddress(mac, `neighbors[${at}].mac`),
      }
    }),
    sockets: checkedSockets(options.sockets, device),
  }
}

function checkedRoute(route: Route, place: string, device: (dev: unknown, place: string) => number): CheckedRoute {
  const [prefix, length, ...more] = typeof route.to === 'string' ? route.to.split('/') : [route.to]
  const to = addressOf(prefix!, `${place}.to`)
  const most = 8 * to.bytes.length
  if (more.length > 0) throw new SkepError('BAD_OPTION', `${place}.to: expected one length, got ${show(route.to)}`)
  const bits = length === undefined ? most : wholeNumber(length, `${place}.to: length`, 0, most)
  const name = route.type ?? 'unicast'
  if (typeof name !== 'string' || !Object.hasOwn(types, name))
    throw new SkepError(
      'BAD_OPTION',
      `${place}.type: expected one of ${Object.keys(types).join(', ')}, got ${show(name)}`,
    )
  const via = route.via === undefined ? undefined : addressOf(route.via, `${place}.via`)
  if (via && to.family === AF_INET6 && via.family !== AF_INET6)
    throw new SkepError('BAD_OPTION', `${place}.via: a route of IPv6 has a next hop of IPv6, got ${show(route.via)}`)
  const source = route.source === undefined ? undefined : addressOf(route.source, `${place}.source`)
  if (source && source.family !== to.family)
    throw new SkepError(
      'BAD_OPTION',
      `${place}.source: expected an address of the family of 'to', got ${show(route.source)}`,
    )
  const ipv4 = to.family === AF_INET
  const table = number(route.table ?? (name === 'local' ? TABLE_LOCAL : TABLE_MAIN), `${place}.table`, 1, 0xffffffff)
  return {
    to,
    bits,
    via,
    dev: name === 'unicast' ? device(route.dev, `${place}.dev`) : 0,
    metric: number(route.metric ?? (ipv4 ? 0 : IPV6_METRIC), `${place}.metric`, 0, 0xffffffff),
    source,
    type: types[name],
    // Without rules, IPv4 has one trie for both.
    table: ipv4 && table === TABLE_LOCAL ? TABLE_MAIN : table,
  }
}

/** Writes the tables, at a boot. */
export function writeNetwork(memory: Memory, heap: RangeAllocator, guest: RangeAllocator, network: Network): void {
  const { bytes } = memory
  const put = (at: number, address: Address | undefined): void => {
    if (address) bytes.set(address.bytes, at)
  }
  const interfaces = memory.word(HEADER + HEADER_INTERFACES)
  network.interfaces.forEach(({ index, mtu, mac, forwarding }, number) => {
    const at = interfaces + number * INTERFACE_BYTES
    memory.setWord(at + INTERFACE_INDEX, index)
    memory.setWord(at + INTERFACE_MTU, mtu)
    bytes.set(mac, at + INTERFACE_MAC)
    memory.setWord(at + INTERFACE_FORWARDS, forwarding ? 1 : 0)
  })
  const routes = reserve(heap, network.routes.length * ROUTE_BYTES, 'routes', 'coreMemory')
  memory.setWord(HEADER + HEADER_ROUTES, routes)
  memory.setWord(HEADER + HEADER_ROUTE_COUNT, network.routes.length)
  network.routes.forEach((route, number) => {
    const at = routes + number * ROUTE_BYTES
    memory.setWord(at + ROUTE_FAMILY, route.to.family)
    memory.setWord(at + ROUTE_TABLE, route.table)
    memory.setWord(at + ROUTE_TYPE, route.type)
    memory.setWord(at + ROUTE_PREFIX_BITS, route.bits)
    memory.setWord(at + ROUTE_METRIC, route.metric)
    memory.setWord(at + ROUTE_INTERFACE, route.dev)
    memory.setWord(at + ROUTE_VIA_FAMILY, route.via?.family ?? 0)
    put(at + ROUTE_TO, route.to)
    put(at + ROUTE_VIA, route.via)
    put(at + ROUTE_SOURCE, route.source)
  })
  const neighbors = reserve(heap, network.neighbors.length * NEIGHBOR_ENTRY_BYTES, 'neighbors', 'coreMemory')
  memory.setWord(HEADER + HEADER_NEIGHBORS, neighbors)
  memory.setWord(HEADER + HEADER_NEIGHBOR_COUNT, network.neighbors.length)
  network.neighbors.forEach(({ dev, address, mac }, number) => {
    const at = neighbors + number * NEIGHBOR_ENTRY_BYTES
    memory.setWord(at + NEIGHBOR_FAMILY, address.family)
    memory.setWord(at + NEIGHBOR_INTERFACE, dev)
    put(at + NEIGHBOR_ADDRESS, address)
    bytes.set(mac, at + NEIGHBOR_MAC)
  })
  writeSockets(memory, heap, guest, network.sockets)
}
