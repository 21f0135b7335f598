// The classic capture format of tcpdump: one header, then packets with microsecond or nanosecond times, in either byte
// order. Used by capture.ts.
import { badCapture, ETHERNET, type CapturedPacket } from './captured-packet.js'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const PACKET_HEADER = 16

interface Kind {
  littleEndian: boolean
  /** Nanoseconds of one unit of a packet's fraction. */
  unit: bigint
}

function kindOf(file: Uint8Array): Kind | undefined {
  if (file.length < FILE_HEADER) return undefined
  for (const littleEndian of [true, false]) {
    const magic = new DataView(file.buffer, file.byteOffset).getUint32(0, littleEndian)
    if (magic === MICROSECONDS) return { littleEndian, unit: 1000n }
    if (magic === NANOSECONDS) return { littleEndian, unit: 1n }
  }
  return undefined
}

export function isPcap(file: Uint8Array): boolean {
  return kindOf(file) !== undefined
}

/** Throws SkepError BAD_CAPTURE for a link type other than Ethernet, or a file that ends within a packet. */
export function readPcap(file: Uint8Array, name: string): CapturedPacket[] {
  const { littleEndian, unit } = kindOf(file)!
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const linkType = view.getUint32(20, littleEndian) & 0xffff
  if (linkType !== ETHERNET) throw badCapture(name, 20, `link type ${linkType}, expected ${ETHERNET} (Ethernet)`)
  const packets: CapturedPacket[] = []
  for (let at = FILE_HEADER; at < file.length;) {
    if (at + PACKET_HEADER > file.length) throw badCapture(name, at, 'the file ends within a packet header')
    const seconds = BigInt(view.getUint32(at, littleEndian))
    const fraction = BigInt(view.getUint32(at + 4, littleEndian))
    const length = view.getUint32(at + 8, littleEndian)
    const start = at + PACKET_HEADER
    if (start + length > file.length) throw badCapture(name, at, `the file ends within a packet of ${length} bytes`)
    packets.push({ time: seconds * 1_000_000_000n + fraction * unit, bytes: file.slice(start, start + length) })
    at = start + length
  }
  return packets
}
