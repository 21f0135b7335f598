// The helpers by family, as programs in objects that are run on both engines and on the real kernel: with which packets
// and contexts, and what of a run is compared.
import { readFileSync } from 'node:fs'

/** dist/test/helpers → test/helpers. */
export const FOLDER = new URL('../../../test/helpers/', import.meta.url)

export interface Family {
  /** NAME.bpf.o, with its answers in NAME.answers.json. */
  readonly name: string
  /** Packets that every program is run with; none for syscall programs. */
  readonly packets: readonly Uint8Array[]
  /** Bytes of the context by section, for programs that are given one. */
  readonly contextBytes?: Readonly<Record<string, number>>
  /** Programs that the kernel is not asked: it has no such interface, cgroup …, or would do it. */
  readonly ours: readonly string[]
}

/** Ethernet, IPv4, UDP 1000 → 2000, eight bytes; checksums are right. */
export const udp = Buffer.from(
  '0200000000020200000000010800' + '4500002400004000401126c70a0000010a000002' + '03e807d000100000' + '0102030405060708',
  'hex',
)

/** Ethernet with two VLAN tags, IPv4, UDP. */
const tagged = Buffer.from(
  '020000000002020000000001' + '88a80005' + '81002006' + '0800' + udp.subarray(14).toString('hex'),
  'hex',
)

/** Ethernet, IPv6, UDP 1000 → 2000, eight bytes. */
const udp6 = Buffer.from(
  'ffffffffffff02000000000186dd' +
    '6000000000101140' +
    '20010db8000000000000000000000001' +
    '20010db8000000000000000000000002' +
    '03e807d0001000000102030405060708',
  'hex',
)

/** A frame with a length where others have a type. */
const lengthFrame = Buffer.from('010000000002020000000001' + '0006' + 'ffff03000000', 'hex')

export const families: readonly Family[] = [
  { name: 'redirect', packets: [udp], ours: ['tc_clone_twice', 'tc_clone_many'] },
  { name: 'text', packets: [], ours: [] },
  { name: 'strings', packets: [], ours: [] },
  { name: 'packets', packets: [udp, udp6, lengthFrame], contextBytes: { tc: 192, socket: 192 }, ours: [] },
  { name: 'memory', packets: [udp], ours: [] },
  { name: 'loops', packets: [udp], ours: ['copies'] },
  { name: 'packet-loads', packets: [udp, tagged, udp6], ours: [] },
  { name: 'skb', packets: [udp, tagged, udp6], ours: ['values'] },
  { name: 'under-cgroup', packets: [udp], ours: ['skb_under'] },
  { name: 'cgroup', packets: [udp, udp6], contextBytes: { 'cgroup_skb/ingress': 192 }, ours: ['direct'] },
]

/** What is compared of one run. Bytes are hexadecimal, without the zeros at the end. */
export interface Answer {
  readonly retval: number
  readonly data?: string
  readonly ctx?: string
  readonly out: readonly string[]
  /** In rows of 64 bytes. */
  readonly text?: readonly string[]
}

const ROW = 64

export interface Case {
  readonly name: string
  readonly program: string
  readonly data?: Uint8Array
  readonly ctx?: Uint8Array
}

export function casesOf(family: Family, programs: readonly { name: string; type: string; section: string }[]): Case[] {
  return programs.flatMap(({ name, type, section }) => {
    const bytes = family.contextBytes?.[section]
    const ctx = bytes === undefined ? undefined : new Uint8Array(bytes)
    return type === 'syscall'
      ? [{ name, program: name, ...(ctx && { ctx }) }]
      : family.packets.map((data, index) => ({
          name: family.packets.length === 1 ? name : `${name} on packet ${index + 1}`,
          program: name,
          data,
          ...(ctx && { ctx }),
        }))
  })
}

export function objectFile(family: Family): URL {
  return new URL(`${family.name}.bpf.o`, FOLDER)
}

export function answersFile(family: Family): URL {
  return new URL(`${family.name}.answers.json`, FOLDER)
}

/** What Linux answered, by the case's name. */
export function recordedAnswers(family: Family): ReadonlyMap<string, Answer> {
  return new Map(Object.entries(JSON.parse(readFileSync(answersFile(family), 'utf8')) as Record<string, Answer>))
}

export function answer(parts: {
  retval: number
  data?: Uint8Array | undefined
  ctx?: Uint8Array | undefined
  out: Uint8Array
  text: Uint8Array
}): Answer {
  const words = Array.from({ length: parts.out.length / 8 }, (_, index) =>
    String(Buffer.from(parts.out).readBigInt64LE(8 * index)),
  )
  while (words.at(-1) === '0') words.pop()
  const hex = (bytes: Uint8Array): string =>
    Buffer.from(bytes)
      .toString('hex')
      .replace(/(00)+$/, '')
  const text = Array.from({ length: parts.text.length / ROW }, (_, row) =>
    Buffer.from(parts.text.subarray(ROW * row, ROW * (row + 1)))
      .toString('latin1')
      .replace(/\0+$/, ''),
  )
  while (text.at(-1) === '') text.pop()
  return {
    retval: parts.retval | 0,
    ...(parts.data && { data: `${parts.data.length} ${hex(parts.data)}` }),
    ...(parts.ctx && { ctx: hex(parts.ctx) }),
    out: words,
    ...(text.length > 0 && { text }),
  }
}
