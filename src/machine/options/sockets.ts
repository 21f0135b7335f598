// The sockets that programs can look up: given at boot, checked here, written into the table of core/socket-record.ts
// and their views into the guest window before anything runs, and never changed. Called by network.ts.
import { HEADER, HEADER_SOCKETS } from '../../../core/layout.js'
import * as layout from '../../../core/socket-record.js'
import { show, SkepError } from '../../error.js'
import type { Memory } from '../cpu/memory.js'
import {
  AF_INET,
  AF_INET6,
  addressOf,
  fields,
  list,
  number,
  reserve,
  wholeNumber,
  type Address,
} from './network-fields.js'
import type { RangeAllocator } from '../cpu/ranges.js'
import { record, type OptionNames } from './given-options.js'

/** A local socket. What bpf_sk_lookup_tcp finds is as struct bpf_sock shows it. */
export interface Socket {
  protocol: 'tcp' | 'udp'
  /** Address and port, '10.0.0.1:80' or '[2001:db8::1]:53'. 0.0.0.0 and [::] take packets for any address. */
  local: string
  /** The other end of a connection. Without it a TCP socket listens. */
  remote?: string
  /** TCP: state of a connection. Default 'established'. */
  state?: TcpState
  /** Index of the interface that it is bound to (SO_BINDTODEVICE). */
  dev?: number
  /** IPv6: takes nothing of IPv4 (IPV6_V6ONLY). */
  v6only?: boolean
  mark?: number
  priority?: number
  /** What rx_queue_mapping says. Default -1: none. */
  rxQueue?: number
  /** Fields of struct bpf_tcp_sock by name, for bpf_tcp_sock. Default 0 each. */
  tcp?: Readonly<Record<string, number | bigint>>
}

/** States of a connection. bpf_skc_lookup_tcp alone finds one in 'time_wait'. */
export type TcpState = keyof typeof states

/** What was given, checked; addresses of IPv4 as IPv6 maps them. */
export interface CheckedSocket {
  readonly protocol: number
  readonly family: number
  readonly state: number
  readonly local: End
  readonly remote: End
  readonly dev: number
  readonly v6only: boolean
  readonly mark: number
  readonly priority: number
  readonly rxQueue: number
  readonly tcp: Uint8Array
}

interface End {
  /** 16 bytes. */
  readonly address: Uint8Array
  readonly port: number
}

const socketFields = {
  protocol: true,
  local: true,
  remote: true,
  state: true,
  dev: true,
  v6only: true,
  mark: true,
  priority: true,
  rxQueue: true,
  tcp: true,
} satisfies OptionNames<Socket>

const states = {
  established: layout.TCP_ESTABLISHED,
  syn_sent: 2,
  syn_recv: 3,
  fin_wait1: 4,
  fin_wait2: 5,
  time_wait: layout.TCP_TIME_WAIT,
  close_wait: 8,
  last_ack: 9,
  closing: 11,
} as const

/** struct bpf_tcp_sock: words from 0 on, two long fields, words from 96 on. */
const WORDS =
  'snd_cwnd srtt_us rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags rate_delivered rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in segs_out data_segs_out lost_out sacked_out'.split(
    ' ',
  )
const LONGS = ['bytes_received', 'bytes_acked']
const LAST_WORDS = ['dsack_dups', 'delivered', 'delivered_ce', 'icsk_retransmits']
const TCP_FIELDS = new Map<string, { offset: number; bytes: 4 | 8 }>([
  ...WORDS.map((name, at) => [name, { offset: 4 * at, bytes: 4 }] as const),
  ...LONGS.map((name, at) => [name, { offset: 80 + 8 * at, bytes: 8 }] as const),
  ...LAST_WORDS.map((name, at) => [name, { offset: 96 + 4 * at, bytes: 4 }] as const),
])

const SOCK_STREAM = 1
const SOCK_DGRAM = 2
/** What the kernel says of IPv4 for a socket of IPv6 that has an address of its own: 127.0.0.6. */
const LOOPBACK4_IPV6 = [127, 0, 0, 6]
const NOWHERE: End = { address: new Uint8Array(16), port: 0 }

/** Checks the option. `device` checks the index of an interface. Throws BAD_OPTION naming the place. */
export function checkedSockets(
  given: readonly Socket[] | undefined,
  device: (dev: unknown, place: string) => number,
): CheckedSocket[] {
  return list(given, 'sockets', layout.MAX_SOCKETS).map((socket, at) => {
    const place = `sockets[${at}]`
    return checked(fields(socket, socketFields, place), place, device)
  })
}

function checked(socket: Socket, place: string, device: (dev: unknown, place: string) => number): CheckedSocket {
  const { protocol, state, dev, v6only = false, mark = 0, priority = 0, rxQueue = -1 } = socket
  const bad = (field: string, expected: string, got: unknown): never => {
    throw new SkepError('BAD_OPTION', `${place}.${field}: expected ${expected}, got ${show(got)}`)
  }
  if (protocol !== 'tcp' && protocol !== 'udp') bad('protocol', "'tcp' or 'udp'", protocol)
  const tcp = protocol === 'tcp'
  const local = endOf(socket.local, `${place}.local`)
  const remote = socket.remote === undefined ? undefined : endOf(socket.remote, `${place}.remote`)
  if (remote && remote.family !== local.family) bad('remote', "an address of the family of 'local'", socket.remote)
  if (state !== undefined && (!tcp || !remote)) bad('state', 'none: it is for TCP with a remote end', state)
  if (state !== undefined && !Object.keys(states).includes(state))
    bad('state', `one of ${Object.keys(states).join(', ')}`, state)
  if (typeof v6only !== 'boolean') bad('v6only', 'true or false', v6only)
  if (v6only && (local.family !== AF_INET6 || isMapped(local.address)))
    bad('v6only', "an address of IPv6 in 'local'", socket.local)
  if (socket.tcp !== undefined && !tcp) bad('tcp', 'none: it is for TCP', socket.tcp)
  const waiting = tcp ? layout.TCP_LISTEN : layout.TCP_CLOSE
  return {
    protocol: tcp ? layout.IPPROTO_TCP : layout.IPPROTO_UDP,
    family: local.family,
    state: remote ? states[state ?? 'established'] : waiting,
    local,
    remote: remote ?? NOWHERE,
    dev: dev === undefined ? 0 : device(dev, `${place}.dev`),
    v6only,
    mark: number(mark, `${place}.mark`, 0, 0xffffffff),
    priority: number(priority, `${place}.priority`, 0, 0xffffffff),
    rxQueue: number(rxQueue, `${place}.rxQueue`, -1, 0xfffe),
    tcp: tcpFields(socket.tcp ?? {}, `${place}.tcp`),
  }
}

/** An address and a port, '10.0.0.1:80' or '[::1]:80'. */
function endOf(text: string, place: string): End & { family: number } {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):([^:]*)$/.exec(typeof text === 'string' ? text : '') ?? []
  if (port === undefined)
    throw new SkepError('BAD_OPTION', `${place}: expected '10.0.0.1:80' or '[::1]:80', got ${show(text)}`)
  const address = addressOf(bracketed ?? plain ?? '', place)
  if ((bracketed === undefined) !== (address.family === AF_INET))
    throw new SkepError('BAD_OPTION', `${place}: expected brackets around an address of IPv6 only, got ${show(text)}`)
  return {
    family: address.family,
    address: mapped(address),
    port: wholeNumber(port, `${place}: port`, 1, 0xffff),
  }
}

/** As IPv6 has it; 0.0.0.0 is ::. */
function mapped({ family, bytes }: Address): Uint8Array {
  if (family === AF_INET6) return bytes
  const address = new Uint8Array(16)
  if (bytes.some((byte) => byte !== 0)) address.set([0xff, 0xff, ...bytes], 10)
  return address
}

function isMapped(address: Uint8Array): boolean {
  return address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff
}

function tcpFields(given: Readonly<Record<string, number | bigint>>, place: string): Uint8Array {
  const bytes = new Uint8Array(layout.VIEW_BYTES - layout.VIEW_TCP)
  const view = new DataView(bytes.buffer)
  for (const [name, value] of Object.entries(record(given, place))) {
    const field = TCP_FIELDS.get(name)
    if (!field)
      throw new SkepError(
        'BAD_OPTION',
        `${place}: expected fields of struct bpf_tcp_sock (${[...TCP_FIELDS.keys()].join(', ')}), got ${show(name)}`,
      )
    const most = field.bytes === 8 ? 2n ** 64n - 1n : 0xffffffffn
    if ((typeof value !== 'bigint' && !Number.isSafeInteger(value)) || value < 0 || value > most)
      throw new SkepError(
        'BAD_OPTION',
        `${place}.${name}: expected a whole number from 0 to ${most}, got ${show(value)}`,
      )
    if (field.bytes === 8) view.setBigUint64(field.offset, BigInt(value), true)
    else view.setUint32(field.offset, Number(value), true)
  }
  return bytes
}

/** Writes the table and the views, at a boot. Throws BAD_OPTION if they do not fit. */
export function writeSockets(
  memory: Memory,
  heap: RangeAllocator,
  guest: RangeAllocator,
  sockets: readonly CheckedSocket[],
): void {
  if (sockets.length === 0) return
  const table = reserve(heap, layout.SOCKETS_FIRST + sockets.length * layout.SOCKET_BYTES, 'sockets', 'coreMemory')
  const views = reserve(guest, sockets.length * layout.VIEW_BYTES, 'sockets', 'memory')
  memory.setWord(table + layout.SOCKETS_COUNT, sockets.length)
  memory.setWord(table + layout.SOCKETS_VIEWS, views)
  memory.setWord(HEADER + HEADER_SOCKETS, table)
  sockets.forEach((socket, at) => {
    writeRecord(memory, table + layout.SOCKETS_FIRST + at * layout.SOCKET_BYTES, socket)
    writeView(memory, views + at * layout.VIEW_BYTES, socket)
  })
}

/** The kernel keeps the mapped addresses of connections of IPv4, too, while the whole socket is there. */
function isConnection({ protocol, state }: CheckedSocket): boolean {
  return protocol === layout.IPPROTO_TCP && state !== layout.TCP_LISTEN && state !== layout.TCP_TIME_WAIT
}

function writeRecord(memory: Memory, at: number, socket: CheckedSocket): void {
  memory.setWord(at + layout.SOCKET_PROTOCOL, socket.protocol)
  memory.setWord(at + layout.SOCKET_STATE, socket.state)
  memory.setWord(at + layout.SOCKET_FAMILY, socket.family)
  memory.setWord(at + layout.SOCKET_V6ONLY, socket.v6only ? 1 : 0)
  memory.setWord(at + layout.SOCKET_INTERFACE, socket.dev)
  memory.setWord(at + layout.SOCKET_LOCAL_PORT, socket.local.port)
  memory.setWord(at + layout.SOCKET_REMOTE_PORT, socket.remote.port)
  memory.bytes.set(socket.local.address, at + layout.SOCKET_LOCAL)
  memory.bytes.set(socket.remote.address, at + layout.SOCKET_REMOTE)
}

function writeView(memory: Memory, at: number, socket: CheckedSocket): void {
  const { local, remote } = socket
  memory.setWord(at + layout.VIEW_BOUND_DEV_IF, socket.dev)
  memory.setWord(at + layout.VIEW_FAMILY, socket.family)
  memory.setWord(at + layout.VIEW_TYPE, socket.protocol === layout.IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM)
  memory.setWord(at + layout.VIEW_PROTOCOL, socket.protocol)
  memory.setWord(at + layout.VIEW_MARK, socket.mark)
  memory.setWord(at + layout.VIEW_PRIORITY, socket.priority)
  memory.setWord(at + layout.VIEW_SRC_PORT, local.port)
  memory.setWord(at + layout.VIEW_DST_PORT, ((remote.port & 0xff) << 8) | (remote.port >> 8))
  memory.setWord(at + layout.VIEW_STATE, socket.state)
  memory.setWord(at + layout.VIEW_RX_QUEUE, socket.rxQueue >>> 0)
  const ownAddress = local.address.some((byte) => byte !== 0)
  if (isMapped(local.address)) memory.bytes.set(local.address.subarray(12), at + layout.VIEW_SRC_IP4)
  else if (ownAddress) memory.bytes.set(LOOPBACK4_IPV6, at + layout.VIEW_SRC_IP4)
  if (isMapped(remote.address)) memory.bytes.set(remote.address.subarray(12), at + layout.VIEW_DST_IP4)
  if (socket.family === AF_INET6 || isConnection(socket)) {
    memory.bytes.set(local.address, at + layout.VIEW_SRC_IP6)
    memory.bytes.set(remote.address, at + layout.VIEW_DST_IP6)
  }
  memory.bytes.set(socket.tcp, at + layout.VIEW_TCP)
}
