// The inputs of a run as they are written on the command line: packets for --data, a context for --ctx.
import { readFileSync } from 'node:fs'
import { reasonOf, SkepError } from '../error.js'
import type { ContextFields } from '../machine/run/context-fields.js'
import { ETHERNET_HEADER } from '../machine/run/packet.js'
import { isCapture, readCapture, type Packet } from './capture.js'

/** What the packet programs are run on. */
export interface PacketSource {
  packets: Packet[]
  /** For people: 'capture.pcap, 412 packets'. */
  description: string
  /** True if the packets have times of their own. */
  timed: boolean
}

/**
 * `hex:…`, a capture file, or any other file, which is then one packet. Throws SkepError FILE, BAD_OPTION, BAD_CAPTURE.
 */
export function packetsFrom(argument: string | undefined): PacketSource {
  if (argument === undefined)
    return { packets: [{ time: 0, bytes: examplePacket() }], description: 'a made-up UDP packet', timed: false }
  const bytes = bytesFrom(argument, '--data')
  if (!argument.startsWith('hex:') && isCapture(bytes)) {
    const packets = readCapture(bytes, argument)
    if (packets.length === 0) throw new SkepError('BAD_OPTION', `--data: ${argument} has no packets`)
    return { packets, description: `${argument}, ${packets.length} packets`, timed: true }
  }
  if (bytes.length < ETHERNET_HEADER) {
    const expected = `at least ${ETHERNET_HEADER} bytes of one packet`
    throw new SkepError(
      'BAD_OPTION',
      argument.startsWith('hex:')
        ? `--data: expected ${expected} after 'hex:', found ${bytes.length}`
        : `--data: expected a capture (pcap, pcapng) or ${expected}, found ${bytes.length} in '${argument}'`,
    )
  }
  return { packets: [{ time: 0, bytes }], description: `${bytes.length} bytes`, timed: false }
}

/** A context as it was written: fields by name, words, or bytes. */
export type WrittenContext = Uint8Array | ContextFields | (number | bigint)[]

/**
 * A context: JSON fields ('{"mark": 7}'), a JSON array of numbers for tracing programs, `hex:…`, or a file. Throws
 * SkepError FILE, BAD_OPTION.
 */
export function contextFrom(argument: string): WrittenContext {
  if (!/^\s*[[{]/.test(argument)) return bytesFrom(argument, '--ctx')
  let value: unknown
  try {
    value = JSON.parse(argument, exactInteger)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new SkepError('BAD_OPTION', `--ctx: expected JSON, hex:… or a file: ${problem}`)
  }
  if (!Array.isArray(value)) return value as ContextFields
  return value.map((word: unknown) => {
    if (typeof word === 'number' || typeof word === 'bigint') return word
    throw new SkepError('BAD_OPTION', `--ctx: expected an array of whole numbers, found ${JSON.stringify(word)}`)
  })
}

/** 64-bit numbers may be written as strings: "0xffff888000000000", "18446744073709551615". */
function exactInteger(_key: string, value: unknown): unknown {
  return typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value) ? BigInt(value) : value
}

function bytesFrom(argument: string, option: string): Uint8Array {
  if (argument.startsWith('hex:')) {
    const digits = argument.slice(4).replace(/[\s:]/g, '')
    if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits))
      throw new SkepError('BAD_OPTION', `${option}: expected pairs of hexadecimal digits after 'hex:'`)
    return new Uint8Array(Buffer.from(digits, 'hex'))
  }
  try {
    return new Uint8Array(readFileSync(argument))
  } catch (cause) {
    throw new SkepError(
      'FILE',
      `${option}: cannot read '${argument}': ${reasonOf(cause)}`,
      { file: argument },
      { cause },
    )
  }
}

/** An Ethernet frame with IPv4 and UDP, from 192.0.2.1:1024 to 192.0.2.2:2048 (addresses reserved for examples). */
function examplePacket(): Uint8Array {
  const ethernet = '020000000002' + '020000000001' + '0800'
  const ip = '4500001e0000400040110000c0000201c0000202'
  const udp = '04000800000a0000' + '6869'
  return new Uint8Array(Buffer.from((ethernet + checksummed(ip) + udp).padEnd(120, '0'), 'hex'))
}

/** An IPv4 header with its checksum filled in. */
function checksummed(header: string): string {
  const words = header.match(/.{4}/g)!.map((word) => parseInt(word, 16))
  let sum = words.reduce((total, word) => total + word, 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return header.slice(0, 20) + (~sum & 0xffff).toString(16).padStart(4, '0') + header.slice(24)
}
