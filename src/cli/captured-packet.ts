// What the readers of capture files (pcap.ts, pcapng.ts) have in common: what they find, and how they say that a file
// is bad.
import { SkepError } from '../error.js'

/** A packet as a reader finds it; `time` is nanoseconds since 1970. */
export interface CapturedPacket {
  time: bigint
  bytes: Uint8Array
}

/** LINKTYPE_ETHERNET: what xdp, tc and socket programs expect. */
export const ETHERNET = 1

/** BAD_CAPTURE, which names the file and the offset. */
export function badCapture(name: string, offset: number, problem: string): SkepError {
  return new SkepError('BAD_CAPTURE', `${name}: offset 0x${offset.toString(16)}: ${problem}`, { file: name, offset })
}
