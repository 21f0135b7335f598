// Frames for the programs of this folder, with right lengths and checksums.

export const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
export const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer)
export const u32 = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer)
export const u64 = (...values: (bigint | number)[]): Buffer => Buffer.from(BigUint64Array.from(values, BigInt).buffer)
/** As on the wire. */
export const be16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
export const ipv4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
export const ipv6 = (text: string): Buffer => {
  const [front = '', back = ''] = text.split('::')
  const words = (part: string): string => part.split(':').map((word) => (word ? word.padStart(4, '0') : '')).join('') // prettier-ignore
  return Buffer.from(words(front).padEnd(32 - words(back).length, '0') + words(back), 'hex')
}

function checksum(...parts: Buffer[]): Buffer {
  const all = Buffer.concat(parts)
  let sum = 0
  for (let at = 0; at < all.length; at++) sum += at % 2 ? all[at]! : all[at]! << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return be16(~sum & 0xffff)
}

const MACS = bytes('020000000001 020000000002')

/** An Ethernet frame with VLAN tags, the outermost first. */
export function ethernet(type: number, payload: Buffer, ...vlans: number[]): Buffer {
  const tags = vlans.map((vlan) => Buffer.concat([be16(0x8100), be16(vlan)]))
  return Buffer.concat([MACS, ...tags, be16(type), payload])
}

export interface Packet {
  from: string
  to: string
  /** Default 1000 → 2000. */
  ports?: [number, number]
  /** TCP flags by letter; without them it is UDP. */
  tcp?: string
  /** Options of TCP, a multiple of four bytes. */
  options?: Buffer
  payload?: Buffer
  vlans?: number[]
  tos?: number
}

/** A packet of TCP or UDP over IPv4 or IPv6. */
export function packet({ from, to, ports = [1000, 2000], tcp, options, payload, vlans, tos = 0 }: Packet): Buffer {
  const six = from.includes(':')
  const [source, destination] = six ? [ipv6(from), ipv6(to)] : [ipv4(from), ipv4(to)]
  const rest = payload ?? Buffer.alloc(0)
  const both = Buffer.concat(ports.map(be16))
  const flags = [...(tcp ?? '')].reduce((bits, flag) => bits | (1 << 'FSRPA'.indexOf(flag)), 0)
  const more = options ?? Buffer.alloc(0)
  const header =
    tcp === undefined
      ? Buffer.concat([both, be16(8 + rest.length), be16(0)])
      : Buffer.concat([both, u32(0, 0), Buffer.from([(20 + more.length) << 2, flags]), bytes('2000 0000 0000'), more])
  const protocol = tcp === undefined ? 17 : 6
  const length = header.length + rest.length
  const sum = checksum(source, destination, be16(length), be16(protocol), header, rest)
  sum.copy(header, tcp === undefined ? 6 : 16)
  const front = six
    ? Buffer.concat([bytes('60000000'), be16(length), Buffer.from([protocol, 64]), source, destination])
    : Buffer.concat([Buffer.from([0x45, tos]), be16(20 + length), bytes('0000 4000 40'), Buffer.from([protocol]), be16(0), source, destination]) // prettier-ignore
  if (!six) checksum(front).copy(front, 10)
  if (six) front.writeUInt32BE((0x60000000 | (tos << 20)) >>> 0, 0)
  return ethernet(six ? 0x86dd : 0x0800, Buffer.concat([front, header, rest]), ...(vlans ?? []))
}

/** A question of DNS. */
export function question(name: string, from = '10.0.0.1'): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  const payload = Buffer.concat([bytes('1234 0100 0001 0000 0000 0000'), ...labels, bytes('00 0001 0001')])
  return packet({ from, to: '10.0.0.53', ports: [40000, 53], payload })
}
