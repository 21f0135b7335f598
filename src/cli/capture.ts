// Packet captures as `--data FILE`: which format a file has, and its packets. Formats: pcap.ts, pcapng.ts.
import { SkepError } from '../error.js'
import { isPcap, readPcap } from './pcap.js'
import { isPcapng, readPcapng } from './pcapng.js'

export interface Packet {
  /** Nanoseconds after the first packet of the capture; never negative, even where a capture's clock stepped back. */
  time: number
  bytes: Uint8Array
}

/** A packet as a reader finds it; `time` is nanoseconds since 1970. */
export interface CapturedPacket {
  time: bigint
  bytes: Uint8Array
}

/** LINKTYPE_ETHERNET: what xdp, tc and socket programs expect. */
export const ETHERNET = 1

/** True for the bytes of a capture file. */
export function isCapture(file: Uint8Array): boolean {
  return isPcap(file) || isPcapng(file)
}

/** The packets of a capture file, in the file's order. Throws SkepError BAD_CAPTURE naming the file and offset. */
export function readCapture(file: Uint8Array, name: string): Packet[] {
  const packets = isPcap(file) ? readPcap(file, name) : readPcapng(file, name)
  const first = packets[0]?.time ?? 0n
  return packets.map(({ time, bytes }) => ({ time: time < first ? 0 : Number(time - first), bytes }))
}

export function badCapture(name: string, offset: number, problem: string): SkepError {
  return new SkepError('BAD_CAPTURE', `${name}: offset 0x${offset.toString(16)}: ${problem}`, { file: name, offset })
}
