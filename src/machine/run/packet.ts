// Runs on packets, xdp and tc/socket: context, record and packet in the CPU's run buffer, as BPF_PROG_TEST_RUN lays
// them out.
//
//   run buffer:  [context, record: 4 KiB][headroom 256][packet …        … clones][tailroom 320]
import {
  RUN_CONTEXT_BYTES as CONTEXT_AREA,
  RUN_HEADROOM_BYTES as HEADROOM,
  RUN_TAILROOM_BYTES as TAILROOM,
  TC_ACT_REDIRECT,
  XDP_REDIRECT,
} from '../../../core/abi.js'
import * as record from '../../../core/run-record.js'
import type { ProgramSpec, ProgramType } from '../../object/spec.js'
import { readFields, skbFields, writeFields, xdpFields, type ContextFields } from './context-fields.js'
import type { Fail } from '../options/given-options.js'
import type { PlacedRun, RunOptions, RunResult } from './context.js'
import { readPacketState, writePacketState } from './packet-state.js'
import { redirectOf, type MapAt } from './redirect.js'
import type { RunBuffer } from '../cpu/run-buffer.js'

/** A copy of the packet that bpf_clone_redirect sent. */
export interface Clone {
  readonly ifindex: number
  readonly flags: number
  /** The packet as it was then. */
  readonly data: Uint8Array
}

/** The least that a packet has. */
export const ETHERNET_HEADER = 14
/** From the start of a run buffer to its packet. */
export const PACKET_AT = CONTEXT_AREA + HEADROOM
// xdp_md.
const XDP_DATA = 0
export const XDP_DATA_END = 4
const XDP_DATA_META = 8
const XDP_INGRESS = 12
// __sk_buff.
const SKB_LEN = 0
const SKB_PKT_TYPE = 4
const SKB_PROTOCOL = 16
const SKB_IFINDEX = 40
const SKB_DATA = 76
const SKB_DATA_END = 80
const SKB_DATA_META = 140
export const SKB_WIRE_LEN = 160
/** The interface of a packet of which nothing is said. */
const LOOPBACK = 1
/** Below it a frame has a length where others have a type. */
const LEAST_TYPE = 0x600
/** In the order of the network. */
const ETH_P_802_3 = 0x0100
const ETH_P_802_2 = 0x0400
const PACKET_HOST = 0
const PACKET_MULTICAST = 2
const PACKET_OTHERHOST = 3

/** The longest packet that a run buffer holds. */
export const packetRoom = (buffer: RunBuffer): number => buffer.size - PACKET_AT - TAILROOM

/** Writes context, record and packet of a run into the run buffer. */
export function placePacket(
  program: ProgramSpec,
  options: RunOptions,
  buffer: RunBuffer,
  context: number,
  mapAt: MapAt,
  fail: Fail,
): PlacedRun {
  const data = options.data ?? fail(`a packet is needed: pass data`)
  const room = packetRoom(buffer)
  if (!(data instanceof Uint8Array)) fail('data must be a Uint8Array')
  if (data.length < ETHERNET_HEADER) fail(`data has ${data.length} bytes; an Ethernet header needs ${ETHERNET_HEADER}`)
  if (data.length > room) fail(`data has ${data.length} bytes; the run buffer holds ${room}`)
  const start = buffer.address + PACKET_AT
  buffer.prepare(PACKET_AT + data.length + TAILROOM)
  buffer.bytes.set(data, start)
  const xdp = program.type === 'xdp'
  const fields = xdp ? xdpFields : skbFields
  const given = contextFields(options.ctx, fields.size, fail)
  const { view } = buffer
  writeFields(fields, view, given instanceof Uint8Array ? readFields(fields, viewOf(given)) : given, fail)
  if (options.packet !== undefined) writePacketState(view, options.packet, fail)
  const wireLength = xdp ? 0 : view.getUint32(SKB_WIRE_LEN, true)
  const ingress = view.getUint32(XDP_INGRESS, true)
  writePacketPlace(view, program.type, start, data, data.length)
  return {
    contextAddress: buffer.address,
    contextBytes: fields.size,
    context,
    wireLength,
    finish(retval, duration) {
      const first = view.getUint32(xdp ? XDP_DATA : SKB_DATA, true)
      const last = view.getUint32(xdp ? XDP_DATA_END : SKB_DATA_END, true)
      const inside = first >= buffer.address + CONTEXT_AREA && first <= last && last <= buffer.address + buffer.size
      const out = readFields(fields, view)
      // The kernel gives it back as it was, also where it told the program of the loopback.
      if (xdp) out.ingress_ifindex = ingress
      const result: RunResult = {
        retval,
        data: inside ? withHeader(buffer.bytes.slice(first, last), linkHeader(program.type)) : new Uint8Array(0),
        ctx: given instanceof Uint8Array ? toBytes(fields, out, fail) : out,
        duration,
      }
      const redirect = retval === (xdp ? XDP_REDIRECT : TC_ACT_REDIRECT) ? redirectOf(view, mapAt) : undefined
      if (redirect) result.redirect = redirect
      const metadata = view.getUint32(XDP_DATA_META, true)
      if (xdp && inside && metadata >= buffer.address + CONTEXT_AREA && metadata < first)
        result.metadata = buffer.bytes.slice(metadata, first)
      if (xdp) return result
      const packet = readPacketState(view)
      if (packet) result.packet = packet
      const clones = clonesOf(buffer)
      if (clones.length > 0) result.clones = clones
      return result
    },
  }
}

/**
 * Writes into the context at the start of `view` where the packet of the next run lies and what follows from its first
 * bytes, as BPF_PROG_TEST_RUN sets it. All that the caller says of the packet is there already.
 */
export function writePacketPlace(
  view: DataView,
  type: ProgramType,
  start: number,
  packet: Uint8Array,
  bytes: number,
): void {
  const end = start + bytes
  if (type === 'xdp') {
    view.setUint32(XDP_DATA, start, true)
    view.setUint32(XDP_DATA_END, end, true)
    view.setUint32(XDP_DATA_META, start, true)
    if (view.getUint32(XDP_INGRESS, true) === 0) view.setUint32(XDP_INGRESS, LOOPBACK, true)
    return
  }
  const first = start + linkHeader(type)
  const kind = packetType(packet)
  view.setUint32(SKB_LEN, end - first, true)
  view.setUint32(SKB_PKT_TYPE, kind, true)
  view.setUint32(SKB_PROTOCOL, protocolOf(packet, bytes), true)
  view.setUint32(SKB_DATA, first, true)
  view.setUint32(SKB_DATA_END, end, true)
  view.setUint32(SKB_DATA_META, first, true)
  if (view.getUint32(SKB_IFINDEX, true) === 0) view.setUint32(SKB_IFINDEX, LOOPBACK, true)
  if (view.getUint32(SKB_WIRE_LEN, true) === 0) view.setUint32(SKB_WIRE_LEN, end - first, true)
  view.setUint32(record.RUN_RECORD + record.RECORD_MAC, start, true)
  view.setUint32(record.RUN_RECORD + record.RECORD_NETWORK, start + ETHERNET_HEADER, true)
  view.setUint32(record.RUN_RECORD + record.RECORD_TYPE_BEFORE, kind, true)
}

/** Bytes in front of what the program sees: of sockets and control groups from the network header on. */
function linkHeader(type: ProgramType): number {
  return type === 'socket_filter' || type === 'cgroup_skb' ? ETHERNET_HEADER : 0
}

/** In front of what a socket filter sees there is a link header again, but nobody knows what it said. */
function withHeader(packet: Uint8Array, bytes: number): Uint8Array {
  if (bytes === 0) return packet
  const frame = new Uint8Array(bytes + packet.length)
  frame.set(packet, bytes)
  return frame
}

/** The type of the frame's payload, as the kernel tells it; bytes as they lie. */
function protocolOf(frame: Uint8Array, bytes: number): number {
  if (((frame[12]! << 8) | frame[13]!) >= LEAST_TYPE) return frame[12]! | (frame[13]! << 8)
  return bytes >= 16 && frame[14] === 0xff && frame[15] === 0xff ? ETH_P_802_3 : ETH_P_802_2
}

/** To whom the frame is: the loopback, BPF_PROG_TEST_RUN's device, has the address 0, also for broadcasts. */
function packetType(frame: Uint8Array): number {
  if ((frame[0]! | frame[1]! | frame[2]! | frame[3]! | frame[4]! | frame[5]!) === 0) return PACKET_HOST
  return (frame[0]! & 1) !== 0 ? PACKET_MULTICAST : PACKET_OTHERHOST
}

/** The clones lie one behind the other up to the tailroom, the last one first. Lengths that do not fit end the list. */
function clonesOf(buffer: RunBuffer): Clone[] {
  const clones: Clone[] = []
  const { view } = buffer
  const end = buffer.size - TAILROOM
  let at = end - view.getUint32(record.RUN_RECORD + record.RECORD_CLONES, true)
  while (at >= CONTEXT_AREA && at + record.CLONE_PACKET <= end) {
    const bytes = view.getUint32(at + record.CLONE_BYTES, true)
    if (bytes > end - at - record.CLONE_PACKET) break
    const packet = buffer.address + at + record.CLONE_PACKET
    clones.unshift({
      ifindex: view.getUint32(at + record.CLONE_IFINDEX, true),
      flags: view.getUint32(at + record.CLONE_FLAGS, true),
      data: buffer.bytes.slice(packet, packet + bytes),
    })
    at += (record.CLONE_PACKET + bytes + 7) & ~7
  }
  return clones
}

function toBytes(fields: typeof xdpFields, values: ContextFields, fail: Fail): Uint8Array {
  const bytes = new Uint8Array(fields.size)
  writeFields(fields, viewOf(bytes), values, fail)
  return bytes
}

function contextFields(ctx: RunOptions['ctx'], size: number, fail: Fail): Uint8Array | ContextFields | undefined {
  if (ctx === undefined) return undefined
  if (typeof ctx !== 'object' || ctx === null || Array.isArray(ctx)) fail('ctx must be an object of fields or bytes')
  if (ctx instanceof Uint8Array && ctx.length !== size) fail(`ctx has ${ctx.length} bytes; this context has ${size}`)
  return ctx as Uint8Array | ContextFields
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
