// bpf_fib_lookup: one network, as options of a boot and as commands for a network namespace of the kernel's, and what
// programs ask of it.
import { isIPv6 } from 'node:net'
import type { BootOptions } from '../../src/index.js'
import type { Kernel } from '../kernel/oracle.js'
import { FOLDER, udp } from './families.js'

export const objectFile = new URL('fib.bpf.o', FOLDER)
export const answersFile = new URL('fib.answers.json', FOLDER)

export const network: Pick<BootOptions, 'interfaces' | 'routes' | 'neighbors'> = {
  interfaces: {
    1: { mtu: 65536, forwarding: false },
    2: { mtu: 1400, mac: '02:00:00:00:00:02' },
    3: { mac: '02:00:00:00:00:03' },
  },
  routes: [
    { to: '10.0.0.0/24', dev: 2, source: '10.0.0.1' },
    { to: '10.0.0.1', type: 'local' },
    { to: '10.1.0.0/16', dev: 3, via: '10.0.3.9', metric: 100 },
    { to: '10.1.0.0/16', dev: 2, via: '10.0.0.9', metric: 50, source: '10.0.0.1' },
    { to: '10.1.2.0/24', dev: 3, via: '10.0.3.9' },
    { to: '10.1.2.3', dev: 2 },
    { to: '10.0.3.0/24', dev: 3, source: '10.0.3.1' },
    { to: '10.0.3.1', type: 'local' },
    { to: '10.2.0.0/16', type: 'blackhole' },
    { to: '10.3.0.0/16', type: 'unreachable' },
    { to: '10.4.0.0/16', type: 'prohibit' },
    { to: '10.5.0.0/16', dev: 2, via: 'fc00:2::9', source: '10.0.0.1' },
    { to: '10.6.0.0/16', dev: 3, table: 100, source: '10.0.3.1' },
    { to: '10.7.0.0/16', dev: 3, table: 253, source: '10.0.3.1' },
    { to: '10.8.0.0/16', dev: 1 },
    { to: 'fc00:2::/64', dev: 2, metric: 256 },
    { to: 'fc00:2::1', type: 'local' },
    { to: 'fc00:10::/32', dev: 2, via: 'fc00:2::9', source: 'fc00:2::1' },
    { to: 'fc00:10:1::/48', dev: 2, via: 'fc00:2::a' },
    { to: 'fc00:20::/32', type: 'blackhole' },
    { to: 'fc00:30::/32', type: 'unreachable' },
    { to: 'fc00:40::/32', type: 'prohibit' },
    { to: 'fc00:60::/32', dev: 3, table: 100 },
  ],
  neighbors: [
    { dev: 2, address: '10.0.0.9', mac: '02:00:00:00:00:99' },
    { dev: 2, address: '10.0.0.8', mac: '02:00:00:00:00:88' },
    { dev: 3, address: '10.0.3.9', mac: '02:00:00:00:03:99' },
    { dev: 3, address: '10.0.0.7', mac: '02:00:00:00:03:77' },
    { dev: 2, address: 'fc00:2::9', mac: '02:00:00:00:06:99' },
    { dev: 3, address: '10.6.0.1', mac: '02:00:00:00:06:01' },
  ],
}

/** The same for a kernel: lines of a shell that has just come into an empty network namespace. */
export const commands = [
  'ip link set lo up',
  'ip link add d2 index 2 type veth peer name d3 index 3',
  'ip link set d2 address 02:00:00:00:00:02 mtu 1400 up',
  'ip link set d3 address 02:00:00:00:00:03 up',
  'ip addr add 10.0.0.1/24 dev d2',
  'ip addr add 10.0.3.1/24 dev d3',
  'ip -6 addr add fc00:2::1/64 dev d2 nodad',
  ...['4', '6'].flatMap((version) =>
    ['d2', 'd3'].map((name) => `echo 1 > /proc/sys/net/ipv${version}/conf/${name}/forwarding`),
  ),
  'ip route add 10.1.0.0/16 dev d3 via 10.0.3.9 metric 100',
  'ip route add 10.1.0.0/16 dev d2 via 10.0.0.9 metric 50',
  'ip route add 10.1.2.0/24 dev d3 via 10.0.3.9',
  'ip route add 10.1.2.3 dev d2',
  'ip route add blackhole 10.2.0.0/16',
  'ip route add unreachable 10.3.0.0/16',
  'ip route add prohibit 10.4.0.0/16',
  'ip route add 10.5.0.0/16 dev d2 via inet6 fc00:2::9',
  'ip route add 10.6.0.0/16 dev d3 table 100',
  'ip route add 10.7.0.0/16 dev d3 table 253',
  'ip route add 10.8.0.0/16 dev lo',
  'ip -6 route add fc00:10::/32 dev d2 via fc00:2::9 src fc00:2::1',
  'ip -6 route add fc00:10:1::/48 dev d2 via fc00:2::a',
  'ip -6 route add blackhole fc00:20::/32',
  'ip -6 route add unreachable fc00:30::/32',
  'ip -6 route add prohibit fc00:40::/32',
  'ip -6 route add fc00:60::/32 dev d3 table 100',
  'ip neigh add 10.0.0.9 dev d2 lladdr 02:00:00:00:00:99',
  'ip neigh add 10.0.0.8 dev d2 lladdr 02:00:00:00:00:88',
  'ip neigh add 10.0.3.9 dev d3 lladdr 02:00:00:00:03:99',
  'ip neigh add 10.0.0.7 dev d3 lladdr 02:00:00:00:03:77',
  'ip -6 neigh add fc00:2::9 dev d2 lladdr 02:00:00:00:06:99',
  'ip neigh add 10.6.0.1 dev d3 lladdr 02:00:00:00:06:01',
]

const DIRECT = 1
const OUTPUT = 2
const SKIP_NEIGH = 4
const TBID = 8
const SRC = 16
const MARK = 32

export interface FibCase {
  readonly name: string
  readonly program: 'xdp_way' | 'tc_way' | 'xdp_short'
  readonly data: Uint8Array
  readonly flags: number
  /** struct bpf_fib_lookup. */
  readonly parameters: Uint8Array
}

interface Asked {
  to: string
  ifindex?: number
  length?: number
  table?: number
  family?: number
}

const everything: readonly (readonly [what: string, asked: Asked, flags?: number])[] = [
  ['a host on the link', { to: '10.0.0.9' }],
  ['a host on the link whom nobody knows', { to: '10.0.0.77' }],
  ['a host whose address is known behind another interface', { to: '10.0.0.7' }],
  ['an own address', { to: '10.0.0.1' }],
  ['the cheaper of two ways', { to: '10.1.9.9' }],
  ['the way out of an interface', { to: '10.1.9.9', ifindex: 3 }, OUTPUT],
  ['a way that the interface does not have', { to: '10.1.2.9', ifindex: 2 }, OUTPUT],
  ['the longer prefix', { to: '10.1.2.9' }],
  ['the longest prefix', { to: '10.1.2.3' }],
  ['no neighbour is asked for', { to: '10.1.2.3' }, SKIP_NEIGH],
  ['a black hole', { to: '10.2.1.1' }],
  ['what cannot be reached', { to: '10.3.1.1' }],
  ['what is not allowed', { to: '10.4.1.1' }],
  ['nothing there', { to: '172.16.0.1' }],
  ['a next hop of the other family', { to: '10.5.0.1' }],
  ['another table', { to: '10.6.0.1' }],
  ['another table by its number', { to: '10.6.0.1', table: 100 }, DIRECT | TBID],
  ['a table that is not there', { to: '10.6.0.1', table: 101 }, DIRECT | TBID],
  ['a number of a table alone', { to: '10.0.0.9', table: 100 }, TBID],
  ['the main table by its number', { to: '10.0.0.9', table: 254 }, DIRECT | TBID],
  ['the local table by its number', { to: '10.0.0.9', table: 255 }, DIRECT | TBID],
  ['the main table', { to: '10.0.0.9' }, DIRECT],
  ['the default table', { to: '10.7.0.1' }, SKIP_NEIGH],
  ['the default table, past the rules', { to: '10.7.0.1' }, DIRECT | SKIP_NEIGH],
  ['an MTU that is longer than a packet', { to: '10.8.0.1' }, SKIP_NEIGH],
  ['the source of a route', { to: '10.1.9.9' }, SRC],
  ['the source of the link', { to: '10.0.0.9' }, SRC],
  ['a mark', { to: '10.0.0.9' }, MARK],
  ['a length that fits', { to: '10.0.0.9', length: 1400 }],
  ['a length that does not fit', { to: '10.0.0.9', length: 1401 }],
  ['a length that does not fit and nobody there', { to: '10.0.0.77', length: 1401 }],
  ['an interface that is not there', { to: '10.0.0.9', ifindex: 77 }],
  ['no interface', { to: '10.0.0.9', ifindex: 0 }],
  ['an interface that does not forward', { to: '10.0.0.9', ifindex: 1 }],
  ['another family', { to: '10.0.0.9', family: 7 }],
  ['flags that are not there', { to: '10.0.0.9' }, 64],
  ['IPv6 on the link', { to: 'fc00:2::9' }],
  ['IPv6 on the link whom nobody knows', { to: 'fc00:2::77' }],
  ['an own address of IPv6', { to: 'fc00:2::1' }],
  ['an own address of IPv6, past the rules', { to: 'fc00:2::1' }, DIRECT],
  ['IPv6 over a next hop', { to: 'fc00:10::1' }],
  ['IPv6 over a next hop, without neighbours', { to: 'fc00:10:1::1' }, SKIP_NEIGH],
  ['IPv6 over a next hop whom nobody knows', { to: 'fc00:10:1::1' }],
  ['the source of a route of IPv6', { to: 'fc00:10::1' }, SRC],
  ['a black hole of IPv6', { to: 'fc00:20::1' }],
  ['what cannot be reached by IPv6', { to: 'fc00:30::1' }],
  ['what is not allowed by IPv6', { to: 'fc00:40::1' }],
  ['nothing there by IPv6', { to: 'fc99::1' }],
  ['another table of IPv6', { to: 'fc00:60::1' }],
  ['another table of IPv6 by its number', { to: 'fc00:60::1', table: 100 }, DIRECT | TBID | SKIP_NEIGH],
  ['a length that does not fit IPv6', { to: 'fc00:10::1', length: 1401 }],
  ['a length that fits IPv6', { to: 'fc00:10::1', length: 1300 }],
  ['out of another interface by IPv6', { to: 'fc00:10::1', ifindex: 3 }, OUTPUT],
]

const long = new Uint8Array(1500)
long.set(udp)
const longest = new Uint8Array(1418)
longest.set(udp)

/** Each question, of xdp and tc; and of tc with packets that are too long, measured by the kernel. */
export const cases: readonly FibCase[] = [
  ...everything.flatMap(([name, asked, flags = 0]) =>
    (['xdp_way', 'tc_way'] as const).map((program) => fibCase(name, program, asked, flags, udp)),
  ),
  fibCase('a short structure', 'xdp_short', { to: '10.0.0.9' }, 0, udp),
  fibCase('a packet that is too long', 'tc_way', { to: '10.0.0.9' }, 0, long),
  fibCase('a packet that just fits with a VLAN tag', 'tc_way', { to: '10.0.0.9' }, 0, longest),
  fibCase('a packet that is too long, whose length is given', 'tc_way', { to: '10.0.0.9', length: 100 }, 0, long),
  fibCase('a packet of XDP that is too long', 'xdp_way', { to: '10.0.0.9' }, 0, long),
]

function fibCase(name: string, program: FibCase['program'], asked: Asked, flags: number, data: Uint8Array): FibCase {
  const parameters = new Uint8Array(64).fill(0xee)
  const view = new DataView(parameters.buffer)
  const ipv6 = isIPv6(asked.to)
  parameters.fill(0, 0, 48)
  parameters[0] = asked.family ?? (ipv6 ? 10 : 2)
  parameters[1] = 17
  view.setUint16(6, asked.length ?? 0, true)
  view.setUint32(8, asked.ifindex ?? 2, true)
  parameters.set(addressBytes(ipv6 ? 'fc00:2::7' : '10.0.0.99'), 16)
  parameters.set(addressBytes(asked.to), 32)
  view.setUint32(48, asked.table ?? 0, true)
  if (flags & MARK) view.setUint32(52, 5, true)
  return { name: `${name} (${program})`, program, data, flags, parameters }
}

/** `text` is an address of IPv4, or of IPv6 in hexadecimal only. */
export function addressBytes(text: string): Uint8Array {
  if (!isIPv6(text)) return Uint8Array.from(text.split('.'), Number)
  const [before = '', after = ''] = text.split('::')
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255])
  const bytes = new Uint8Array(16)
  bytes.set(words(before))
  bytes.set(words(after), 16 - words(after).length)
  return bytes
}

/** The element of `request` for a case. */
export function requestOf({ parameters, flags }: FibCase): Uint8Array {
  const request = new Uint8Array(80)
  request.set(parameters)
  request[64] = flags
  return request
}

/** What is compared: the result and struct bpf_fib_lookup. */
export function answerOf(request: Uint8Array): string {
  const result = new DataView(request.buffer, request.byteOffset).getBigInt64(72, true)
  return `${result} ${Buffer.from(request.subarray(0, 64)).toString('hex')}`
}

/** The answers of a kernel that is in that namespace, by the name of the case. */
export async function kernelFibAnswers(kernel: Kernel, file: string): Promise<Record<string, string>> {
  const { result, log, library } = await kernel.load(file)
  if (result !== 0) throw new Error(`the kernel does not load ${file}: errno ${-result}\n${library}${log}`)
  const answers: Record<string, string> = {}
  for (const one of cases) {
    await kernel.set('request', new Uint8Array(4), requestOf(one), 0)
    await kernel.run(one.program, { data: one.data })
    answers[one.name] = answerOf((await kernel.get('request', new Uint8Array(4))) as Uint8Array)
  }
  await kernel.ask('unload')
  return answers
}
