// Writes capture.pcap beside this file: some minutes of made-up traffic, the same bytes on every run.
// It has what a flow table has to cope with: both directions, flows that end, flows that pause for longer than the
// timeout and come back, one-shot queries, IPv6, fragments, frames that belong to no flow.
//   node examples/flow-timeout/make-capture.mjs [FILE]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const TCP = 6
const UDP = 17
const ICMPV6 = 58
const FIN = 1
const SYN = 2
const PSH = 8
const ACK = 16

const START_SECONDS = 1_700_000_000

/** Frames with their time in microseconds from the start; sorted at the end. */
const frames = []

// xorshift32: reproducible, and no two flows alike.
let seed = 0x5eed
function random(below) {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}

function checksum(...parts) {
  const bytes = Buffer.concat(parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

const ipv4 = (text) => Buffer.from(text.split('.').map(Number))

function ipv6(text) {
  const [head, tail = ''] = text.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const words = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(words.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff]))
}

const address = (text) => (text.includes(':') ? ipv6(text) : ipv4(text))

function ethernet(type, payload) {
  const header = Buffer.alloc(14)
  header.set([2, 0, 0, 0, 0, 1], 0)
  header.set([2, 0, 0, 0, 0, 2], 6)
  header.writeUInt16BE(type, 12)
  return Buffer.concat([header, payload])
}

function ip(source, destination, protocol, payload, { fragment = 0, more = false, id = random(65536) } = {}) {
  if (source.includes(':')) {
    const header = Buffer.alloc(40)
    header[0] = 0x60
    header.writeUInt16BE(payload.length, 4)
    header[6] = protocol
    header[7] = 64
    header.set(ipv6(source), 8)
    header.set(ipv6(destination), 24)
    return ethernet(0x86dd, Buffer.concat([header, payload]))
  }
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + payload.length, 2)
  header.writeUInt16BE(id, 4)
  header.writeUInt16BE((fragment / 8) | (more ? 0x2000 : 0), 6)
  header[8] = 64
  header[9] = protocol
  header.set(ipv4(source), 12)
  header.set(ipv4(destination), 16)
  header.writeUInt16BE(checksum(header), 10)
  return ethernet(0x0800, Buffer.concat([header, payload]))
}

function transportChecksum(source, destination, protocol, segment) {
  const pseudo = Buffer.alloc(4)
  pseudo.writeUInt16BE(protocol, 0)
  pseudo.writeUInt16BE(segment.length, 2)
  return checksum(address(source), address(destination), pseudo, segment)
}

function udp(source, sourcePort, destination, port, length) {
  const segment = Buffer.alloc(8 + length)
  segment.writeUInt16BE(sourcePort, 0)
  segment.writeUInt16BE(port, 2)
  segment.writeUInt16BE(segment.length, 4)
  for (let i = 8; i < segment.length; i++) segment[i] = random(256)
  segment.writeUInt16BE(transportChecksum(source, destination, UDP, segment) || 0xffff, 6)
  return segment
}

function at(seconds, frame) {
  frames.push({ time: Math.round(seconds * 1e6), frame })
}

/** A TCP connection: packets of both directions with right sequence numbers. */
function tcp(source, sourcePort, destination, port) {
  const next = [random(2 ** 32 - 1), random(2 ** 32 - 1)]
  return (seconds, fromClient, flags, length = 0) => {
    const [me, other] = fromClient ? [0, 1] : [1, 0]
    const segment = Buffer.alloc(20 + length)
    segment.writeUInt16BE(fromClient ? sourcePort : port, 0)
    segment.writeUInt16BE(fromClient ? port : sourcePort, 2)
    segment.writeUInt32BE(next[me], 4)
    segment.writeUInt32BE(flags & ACK ? next[other] : 0, 8)
    segment[12] = 0x50
    segment[13] = flags
    segment.writeUInt16BE(64240, 14)
    for (let i = 20; i < segment.length; i++) segment[i] = random(256)
    const [from, to] = fromClient ? [source, destination] : [destination, source]
    segment.writeUInt16BE(transportChecksum(from, to, TCP, segment), 16)
    next[me] = (next[me] + length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0
    at(seconds, ip(from, to, TCP, segment))
  }
}

/** Handshake, request, answer in some segments, end: what a page takes. */
function page(seconds, source, sourcePort, destination) {
  const send = tcp(source, sourcePort, destination, 80)
  let t = seconds
  const step = () => (t += 0.005 + random(40_000) / 1e6)
  send(t, true, SYN)
  send(step(), false, SYN | ACK)
  send(step(), true, ACK)
  send(step(), true, PSH | ACK, 120 + random(300))
  for (let i = 2 + random(5); i > 0; i--) {
    send(step(), false, ACK, 200 + random(400))
    send(step(), true, ACK)
  }
  send(step(), true, FIN | ACK)
  send(step(), false, FIN | ACK)
  send(step(), true, ACK)
}

// Twelve pages from six clients, over the first two minutes.
for (let i = 0; i < 12; i++) page(1 + i * 9.5, `10.0.0.${10 + (i % 6)}`, 40_000 + i, '192.0.2.80')

// A shell that is kept alive every 20 s: never idle for 30.
const shell = tcp('10.0.0.5', 50_022, '192.0.2.22', 22)
for (let i = 0; i < 9; i++) {
  shell(0.5 + i * 20, true, PSH | ACK, 36)
  shell(0.52 + i * 20, false, ACK)
}

// A download that pauses for 45 s in the middle: the flow expires and comes back as a new one.
const download = tcp('10.0.0.7', 51_234, '192.0.2.100', 8080)
for (let i = 0; i < 20; i++) {
  download(5 + i * 0.2, false, ACK, 500)
  download(5.01 + i * 0.2, true, ACK)
  download(53.8 + i * 0.2, false, ACK, 500)
  download(53.81 + i * 0.2, true, ACK)
}

// Name queries, each from its own port, and time queries, which always come after the last one is forgotten.
for (let i = 0; i < 30; i++) {
  const port = 30_000 + random(20_000)
  at(2 + i * 5.3, ip('10.0.0.10', '192.0.2.53', UDP, udp('10.0.0.10', port, '192.0.2.53', 53, 32)))
  at(2.02 + i * 5.3, ip('192.0.2.53', '10.0.0.10', UDP, udp('192.0.2.53', 53, '10.0.0.10', port, 80 + random(100))))
}
for (let i = 0; i < 3; i++)
  at(10 + i * 64, ip('10.0.0.10', '192.0.2.123', UDP, udp('10.0.0.10', 123, '192.0.2.123', 123, 48)))

// IPv6: a conversation over UDP, and pings (no ports).
for (let i = 0; i < 20; i++) {
  const [a, b] = ['2001:db8::1', '2001:db8::53']
  at(20 + i * 1.5, i % 2 ? ip(b, a, UDP, udp(b, 4433, a, 55_000, 700)) : ip(a, b, UDP, udp(a, 55_000, b, 4433, 200)))
}
for (let i = 0; i < 8; i++) {
  const echo = Buffer.alloc(16)
  echo[0] = 128
  echo.writeUInt16BE(i, 6)
  echo.writeUInt16BE(transportChecksum('2001:db8::1', '2001:db8::2', ICMPV6, echo), 2)
  at(30 + i, ip('2001:db8::1', '2001:db8::2', ICMPV6, echo))
}

// A datagram in three fragments, four times: only the first has ports.
for (let i = 0; i < 4; i++) {
  const whole = udp('10.0.0.8', 2049, '192.0.2.49', 2049, 3000)
  const id = random(65536)
  for (let offset = 0; offset < whole.length; offset += 1480)
    at(
      40 + i + offset / 1e6,
      ip('10.0.0.8', '192.0.2.49', UDP, whole.subarray(offset, offset + 1480), {
        fragment: offset,
        more: offset + 1480 < whole.length,
        id,
      }),
    )
}

// Frames of no flow: ARP, and an IPv4 packet that was cut off inside its header.
for (let i = 0; i < 6; i++) {
  const arp = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, i])
  at(3 + i * 25, ethernet(0x0806, arp))
}
at(90, ip('10.0.0.9', '192.0.2.1', UDP, udp('10.0.0.9', 1, '192.0.2.1', 1, 10)).subarray(0, 30))

frames.sort((a, b) => a.time - b.time)

const header = Buffer.alloc(24)
header.writeUInt32LE(0xa1b2c3d4, 0)
header.writeUInt16LE(2, 4)
header.writeUInt16LE(4, 6)
header.writeUInt32LE(65535, 16)
header.writeUInt32LE(1, 20) // Ethernet
const file = [header]
for (const { time, frame } of frames) {
  const record = Buffer.alloc(16)
  record.writeUInt32LE(START_SECONDS + Math.floor(time / 1e6), 0)
  record.writeUInt32LE(time % 1e6, 4)
  record.writeUInt32LE(frame.length, 8)
  record.writeUInt32LE(frame.length, 12)
  file.push(record, frame)
}
writeFileSync(process.argv[2] ?? fileURLToPath(new URL('capture.pcap', import.meta.url)), Buffer.concat(file))
