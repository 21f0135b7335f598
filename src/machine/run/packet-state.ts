// What a socket buffer has besides its bytes and the fields of __sk_buff: what a caller may set for a run, and what is
// read back. Written into the run's record (core/run-record.ts) and the words of the context that helpers keep.
import { CGROUP_LEVELS, RUN_RECORD } from '../../../core/run-record.js'
import * as record from '../../../core/run-record.js'
import { show } from '../../error.js'
import { refuseUnknown, type Fail, type OptionNames } from '../options/given-options.js'

/** Metadata of a tunnel. Addresses are 4 or 16 bytes. */
export interface PacketTunnel {
  readonly id: number
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly tos?: number
  readonly ttl?: number
  readonly label?: number
  /** As the tunnel_flags of bpf_skb_get_tunnel_key. */
  readonly flags?: number
  /** At most 255 bytes. */
  readonly options?: Uint8Array
}

/** What a caller may say of a packet. Everything is 0 or absent by default. */
export interface PacketState {
  /** bpf_get_hash_recalc and __sk_buff.hash; without it the packet's flow is hashed when it is asked for. */
  hash?: number
  /** The tag that a device has taken out of the packet; `protocol` 0x8100 or 0x88a8. */
  vlan?: { protocol: number; tci: number }
  /** The tunnel that the packet came through, for bpf_skb_get_tunnel_key and _opt. */
  tunnel?: PacketTunnel
  /** The packet's socket: bpf_get_socket_cookie and _uid. */
  socket?: { cookie?: number | bigint; uid?: number }
  /** bpf_get_netns_cookie. */
  netnsCookie?: number | bigint
  /** Control groups of the socket, from the root down: bpf_skb_cgroup_id and bpf_skb_ancestor_cgroup_id. */
  cgroups?: readonly (number | bigint)[]
  /** bpf_skb_cgroup_classid, bpf_get_cgroup_classid. */
  classid?: number
  /** bpf_get_route_realm. */
  routeRealm?: number
}

const packetFields = {
  hash: true,
  vlan: true,
  tunnel: true,
  socket: true,
  netnsCookie: true,
  cgroups: true,
  classid: true,
  routeRealm: true,
} satisfies OptionNames<PacketState>
const vlanFields = { protocol: true, tci: true } satisfies OptionNames<NonNullable<PacketState['vlan']>>
const socketFields = { cookie: true, uid: true } satisfies OptionNames<NonNullable<PacketState['socket']>>
const tunnelFields = {
  id: true,
  source: true,
  destination: true,
  tos: true,
  ttl: true,
  label: true,
  flags: true,
  options: true,
} satisfies OptionNames<PacketTunnel>

/** What a packet has at the end of a run, as far as it has it. */
export interface PacketAfter {
  readonly hash?: number
  readonly vlan?: { readonly protocol: number; readonly tci: number }
  /** The tunnel that it came through or that the program has set. */
  readonly tunnel?: PacketTunnel & { readonly set: boolean }
  /** PACKET_HOST (0), _BROADCAST, _MULTICAST, _OTHERHOST, if a helper has changed it. */
  readonly type?: number
  /** tc: the socket that bpf_sk_assign gave the packet to, as its place in the boot's `sockets`. */
  readonly assigned?: number
}

// __sk_buff.
const PKT_TYPE = 4
const VLAN_PRESENT = 20
const VLAN_TCI = 24
const VLAN_PROTO = 28
const HASH = 68
/** Flags of a tunnel: it has options. */
const OPTIONS_PRESENT = 0xd800

/** `view` begins at the context. */
export function writePacketState(view: DataView, state: PacketState, fail: Fail): void {
  const word = (field: number, value: number, name: string): void =>
    view.setUint32(field, whole(value, name, fail), true)
  const long = (field: number, value: number | bigint): void => {
    if (typeof value !== 'bigint') whole(value, 'cookies and control groups', fail)
    view.setBigUint64(RUN_RECORD + field, BigInt.asUintN(64, BigInt(value)), true)
  }
  refuseUnknown(state, packetFields, 'packet', fail)
  const { hash, vlan, tunnel, socket, netnsCookie, cgroups, classid, routeRealm } = state
  if (hash !== undefined) {
    word(HASH, hash, 'packet.hash')
    word(RUN_RECORD + record.RECORD_HASH_SET, 1, '')
  }
  if (vlan !== undefined) {
    refuseUnknown(vlan, vlanFields, 'packet.vlan', fail)
    word(VLAN_PRESENT, 1, '')
    word(VLAN_TCI, vlan.tci, 'packet.vlan.tci')
    word(VLAN_PROTO, swap16(whole(vlan.protocol, 'packet.vlan.protocol', fail)), '')
  }
  if (tunnel !== undefined) writeTunnel(view, tunnel, fail)
  if (socket !== undefined) refuseUnknown(socket, socketFields, 'packet.socket', fail)
  if (socket?.cookie !== undefined) long(record.RECORD_SOCKET_COOKIE, socket.cookie)
  if (socket?.uid !== undefined) word(RUN_RECORD + record.RECORD_SOCKET_UID, socket.uid, 'packet.socket.uid')
  if (netnsCookie !== undefined) long(record.RECORD_NETNS_COOKIE, netnsCookie)
  if (classid !== undefined) word(RUN_RECORD + record.RECORD_CLASSID, classid, 'packet.classid')
  if (routeRealm !== undefined) word(RUN_RECORD + record.RECORD_ROUTE_REALM, routeRealm, 'packet.routeRealm')
  if (cgroups === undefined) return
  if (!Array.isArray(cgroups) || cgroups.length > CGROUP_LEVELS)
    fail(`packet.cgroups: expected at most ${CGROUP_LEVELS} ids, got ${show(cgroups)}`)
  cgroups.forEach((id, level) => long(record.RECORD_CGROUP_ANCESTORS + 8 * level, id as number | bigint))
  long(record.RECORD_CGROUP_ID, (cgroups.at(-1) ?? 0) as number | bigint)
}

function writeTunnel(view: DataView, tunnel: PacketTunnel, fail: Fail): void {
  refuseUnknown(tunnel, tunnelFields, 'packet.tunnel', fail)
  const { source, destination, options = new Uint8Array(0) } = tunnel
  if (source.length !== destination.length || (source.length !== 4 && source.length !== 16))
    fail('packet.tunnel: source and destination have 4 or 16 bytes each')
  if (options.length > 255) fail(`packet.tunnel.options: at most 255 bytes, got ${options.length}`)
  const word = (field: number, value: number): void =>
    view.setUint32(RUN_RECORD + field, whole(value, 'packet.tunnel', fail), true)
  const bytes = (field: number, value: Uint8Array): void =>
    new Uint8Array(view.buffer, view.byteOffset + RUN_RECORD + field, value.length).set(value)
  word(record.RECORD_TUNNEL_MODE, record.TUNNEL_PRESENT | (source.length === 16 ? record.TUNNEL_IPV6 : 0))
  word(record.RECORD_TUNNEL_ID, tunnel.id)
  word(record.RECORD_TUNNEL_FLAGS, (tunnel.flags ?? 0) | (options.length > 0 ? OPTIONS_PRESENT : 0))
  word(record.RECORD_TUNNEL_TOS, tunnel.tos ?? 0)
  word(record.RECORD_TUNNEL_TTL, tunnel.ttl ?? 0)
  word(record.RECORD_TUNNEL_LABEL, tunnel.label ?? 0)
  bytes(record.RECORD_TUNNEL_SOURCE, source)
  bytes(record.RECORD_TUNNEL_DESTINATION, destination)
  word(record.RECORD_TUNNEL_OPTION_BYTES, options.length)
  bytes(record.RECORD_TUNNEL_OPTIONS, options)
}

/** Reads back what the run left; undefined if there is nothing. */
export function readPacketState(view: DataView): PacketAfter | undefined {
  const word = (field: number): number => view.getUint32(field, true)
  const type = word(PKT_TYPE)
  const socket = word(RUN_RECORD + record.RECORD_SOCKET)
  const after: PacketAfter = {
    ...(word(RUN_RECORD + record.RECORD_HASH_SET) !== 0 && { hash: word(HASH) }),
    ...(word(VLAN_PRESENT) !== 0 && { vlan: { protocol: swap16(word(VLAN_PROTO)), tci: word(VLAN_TCI) } }),
    ...(word(RUN_RECORD + record.RECORD_TUNNEL_MODE) !== 0 && { tunnel: readTunnel(view) }),
    ...(type !== word(RUN_RECORD + record.RECORD_TYPE_BEFORE) && { type }),
    ...(socket !== 0 && { assigned: socket - 1 }),
  }
  return Object.keys(after).length > 0 ? after : undefined
}

function readTunnel(view: DataView): PacketTunnel & { readonly set: boolean } {
  const word = (field: number): number => view.getUint32(RUN_RECORD + field, true)
  const bytes = (field: number, length: number): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset + RUN_RECORD + field, length).slice()
  const mode = word(record.RECORD_TUNNEL_MODE)
  const length = (mode & record.TUNNEL_IPV6) !== 0 ? 16 : 4
  const options = Math.min(word(record.RECORD_TUNNEL_OPTION_BYTES), record.TUNNEL_OPTION_BYTES)
  return {
    id: word(record.RECORD_TUNNEL_ID),
    source: bytes(record.RECORD_TUNNEL_SOURCE, length),
    destination: bytes(record.RECORD_TUNNEL_DESTINATION, length),
    tos: word(record.RECORD_TUNNEL_TOS),
    ttl: word(record.RECORD_TUNNEL_TTL),
    label: word(record.RECORD_TUNNEL_LABEL),
    flags: word(record.RECORD_TUNNEL_FLAGS),
    options: bytes(record.RECORD_TUNNEL_OPTIONS, options),
    set: (mode & record.TUNNEL_TRANSMIT) !== 0,
  }
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff)
}

function whole(value: number, name: string, fail: Fail): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    fail(`${name}: expected a whole number from 0 to 4294967295, got ${show(value)}`)
  return value
}
