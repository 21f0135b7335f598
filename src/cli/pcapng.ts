// The capture format of Wireshark: blocks, of which packets, interfaces and section headers are read and the others
// passed over. Used by capture.ts.
import { badCapture, ETHERNET, type CapturedPacket } from './captured-packet.js'

const SECTION = 0x0a0d0d0a
const INTERFACE = 1
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6
const BYTE_ORDER = 0x1a2b3c4d
/** Option of an interface: resolution of its times, a power of 10, or of 2 if bit 7 is set. */
const TIME_RESOLUTION = 9

interface Interface {
  linkType: number
  /** Units of time in one second. */
  perSecond: bigint
  /** Bytes kept of each packet, 0 = all. */
  limit: number
}

export function isPcapng(file: Uint8Array): boolean {
  return file.length >= 28 && new DataView(file.buffer, file.byteOffset).getUint32(0) === SECTION
}

/** Throws SkepError BAD_CAPTURE for packets that are not Ethernet, or blocks that do not fit the file. */
export function readPcapng(file: Uint8Array, name: string): CapturedPacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const packets: CapturedPacket[] = []
  let interfaces: Interface[] = []
  let little = true
  for (let at = 0; at < file.length;) {
    if (at + 12 > file.length) throw badCapture(name, at, 'the file ends within a block')
    if (view.getUint32(at) === SECTION) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER
      interfaces = []
    }
    const type = view.getUint32(at, little)
    const length = view.getUint32(at + 4, little)
    if (length < 12 || length % 4 !== 0 || at + length > file.length)
      throw badCapture(name, at, `a block of ${length} bytes does not fit`)
    const block = new DataView(file.buffer, file.byteOffset + at + 8, length - 12)
    if (type === INTERFACE) interfaces.push(readInterface(block, little))
    if (type === ENHANCED_PACKET || type === SIMPLE_PACKET) {
      const simple = type === SIMPLE_PACKET
      if (block.byteLength < (simple ? 4 : 20)) throw badCapture(name, at, 'a packet block that is too short')
      const from = interfaces[simple ? 0 : block.getUint32(0, little)]
      if (!from) throw badCapture(name, at, 'a packet of an interface that the file does not describe')
      if (from.linkType !== ETHERNET)
        throw badCapture(name, at, `link type ${from.linkType}, expected ${ETHERNET} (Ethernet)`)
      packets.push(simple ? simplePacket(block, little, from, packets) : enhancedPacket(block, little, from))
    }
    at += length
  }
  return packets
}

function readInterface(block: DataView, little: boolean): Interface {
  let perSecond = 1_000_000n
  for (let at = 8; at + 4 <= block.byteLength;) {
    const code = block.getUint16(at, little)
    const length = block.getUint16(at + 2, little)
    if (code === 0) break
    if (code === TIME_RESOLUTION && length >= 1) {
      const value = block.getUint8(at + 4)
      perSecond = (value & 0x80 ? 2n : 10n) ** BigInt(value & 0x7f)
    }
    at += 4 + ((length + 3) & ~3)
  }
  return { linkType: block.getUint16(0, little), limit: block.getUint32(4, little), perSecond }
}

function enhancedPacket(block: DataView, little: boolean, { perSecond }: Interface): CapturedPacket {
  const units = (BigInt(block.getUint32(4, little)) << 32n) | BigInt(block.getUint32(8, little))
  const length = Math.min(block.getUint32(12, little), block.byteLength - 20)
  return { time: (units * 1_000_000_000n) / perSecond, bytes: bytesOf(block, 20, length) }
}

/** Has no time: it counts as that of the packet before. */
function simplePacket(
  block: DataView,
  little: boolean,
  { limit }: Interface,
  before: CapturedPacket[],
): CapturedPacket {
  const original = block.getUint32(0, little)
  const length = Math.min(original, limit || original, block.byteLength - 4)
  return { time: before.at(-1)?.time ?? 0n, bytes: bytesOf(block, 4, length) }
}

function bytesOf(block: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset + at, length).slice()
}
