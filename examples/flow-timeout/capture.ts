// Reads capture.pcap, and tells of a frame which flow it belongs to: what the program in flow-timeout.bpf.c decides,
// written a second time and independently, so that tests have something to compare with.
import { readFileSync } from 'node:fs'

export interface Frame {
  /** Microseconds after the first frame. */
  time: number
  bytes: Uint8Array
}

/** The frames of a pcap file (classic format, little-endian, microseconds, Ethernet). */
export function readCapture(path: string): Frame[] {
  const file = readFileSync(path)
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 1)
    throw new Error(`${path}: not a little-endian pcap file of Ethernet frames`)
  const frames: Frame[] = []
  let first: number | undefined
  for (let at = 24; at < file.length;) {
    const time = file.readUInt32LE(at) * 1e6 + file.readUInt32LE(at + 4)
    const length = file.readUInt32LE(at + 8)
    first ??= time
    frames.push({ time: time - first, bytes: new Uint8Array(file.subarray(at + 16, at + 16 + length)) })
    at += 16 + length
  }
  return frames
}

/** "protocol source:port > destination:port", or undefined for a frame of no flow. */
export function flowOf(frame: Uint8Array): string | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 14) return undefined
  const type = view.getUint16(12)
  const end = 14 + (type === 0x0800 ? 20 : 40)
  if ((type !== 0x0800 && type !== 0x86dd) || frame.length < end) return undefined
  const [protocol, size, from, header] =
    type === 0x0800 ? [view.getUint8(23), 4, 26, (view.getUint8(14) & 15) * 4] : [view.getUint8(20), 16, 22, 40]
  const laterFragment = type === 0x0800 && (view.getUint16(20) & 0x1fff) !== 0
  const at = 14 + header
  const hasPorts = (protocol === 6 || protocol === 17) && !laterFragment && frame.length >= at + 4
  const [source, destination] = [0, 1].map((i) => {
    const address = Buffer.from(frame.subarray(from + i * size, from + (i + 1) * size)).toString('hex')
    return `${address}:${hasPorts ? view.getUint16(at + i * 2) : 0}`
  })
  return `${protocol} ${source} > ${destination}`
}
