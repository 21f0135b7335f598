// Packet captures as `--data FILE`: which format a file has, and its packets. Formats: pcap.ts, pcapng.ts.
import { isPcap, readPcap } from './pcap.js'
import { isPcapng, readPcapng } from './pcapng.js'

export interface Packet {
  /** Nanoseconds after the first packet of the capture; never negative, even where a capture's clock stepped back. */
  time: number
  bytes: Uint8Array
}

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
