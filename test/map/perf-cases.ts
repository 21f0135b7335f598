// What bpf_perf_event_output answers where no buffer is open: flags, and the name of the errno on Linux 6.18.
import { readFileSync } from 'node:fs'

/** dist/test/map → test/map. */
export const PERF = new URL('../../../test/map/perf.bpf.o', import.meta.url)
export const perfObject = readFileSync(PERF)

/** Bytes of the packet of a run: a request and some more. */
export const PERF_PACKET_BYTES = 40
export const CURRENT_CPU = 0xffffffffn
const CPUS = 8192n

/** Flags with so many bytes of the packet. */
export const withPacket = (flags: bigint, bytes: number): bigint => flags | (BigInt(bytes) << 32n)

/** The packet of a run: what to put of the record (up to 15 bytes) and the flags. */
export function perfRequest(flags: bigint, bytes = 8): Uint8Array {
  const packet = new Uint8Array(PERF_PACKET_BYTES).map((_, index) => index)
  const view = new DataView(packet.buffer)
  packet.fill(0, 0, 6)
  view.setUint16(14, bytes, true)
  view.setBigUint64(16, flags, true)
  return packet
}

/** Of programs with a packet. */
export const refusals: readonly (readonly [flags: bigint, answer: string])[] = [
  [CURRENT_CPU, 'ENOENT'],
  [0n, 'ENOENT'],
  [CPUS, 'E2BIG'],
  [0xfffffffen, 'E2BIG'],
  [withPacket(CURRENT_CPU, PERF_PACKET_BYTES), 'ENOENT'],
  [withPacket(CURRENT_CPU, PERF_PACKET_BYTES + 1), 'EFAULT'],
  [withPacket(CPUS, PERF_PACKET_BYTES + 1), 'EFAULT'],
  [withPacket(CURRENT_CPU, 0xfffff), 'EFAULT'],
  [withPacket(CURRENT_CPU, 0x100000), 'EINVAL'],
  [withPacket(CPUS, 0x100000), 'EINVAL'],
  [1n << 63n, 'EINVAL'],
]
