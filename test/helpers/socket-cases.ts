// Lookups of sockets: one set of sockets, as an option of a boot and as ordinary sockets of a process in a network
// namespace of its own, and what programs ask of it.
import { isIPv6 } from 'node:net'
import type { BootOptions, Socket } from '../../src/index.js'
import type { Kernel } from '../kernel/oracle.js'
import { FOLDER, udp } from './families.js'
import { addressBytes } from './fib-cases.js'

export const objectFile = new URL('socket.bpf.o', FOLDER)
export const answersFile = new URL('socket.answers.json', FOLDER)

/** What the kernel's namespace begins with. */
export const commands = [
  'ip link set lo up',
  'ip link add d2 index 2 type veth peer name d3 index 3',
  'ip link set d2 up',
]

/**
 * Each socket, and how it comes to be in the kernel: words for the oracle, the socket's number is the place in this
 * list.
 */
const everySocket: readonly (readonly [socket: Socket, words: string])[] = [
  [
    { protocol: 'tcp', local: '127.0.0.1:80', mark: 7, priority: 3 },
    'open tcp 127.0.0.1 80 listen reuseport 1 mark 7 priority 3',
  ],
  [{ protocol: 'tcp', local: '0.0.0.0:80' }, 'open tcp 0.0.0.0 80 listen reuseport 1'],
  [{ protocol: 'tcp', local: '[::]:81' }, 'open tcp :: 81 listen'],
  [{ protocol: 'tcp', local: '[::1]:82' }, 'open tcp ::1 82 listen'],
  [{ protocol: 'tcp', local: '[::]:83', v6only: true }, 'open tcp :: 83 listen v6only 1'],
  [{ protocol: 'tcp', local: '[::]:84' }, 'open tcp :: 84 listen reuseport 1'],
  [{ protocol: 'tcp', local: '0.0.0.0:84' }, 'open tcp 0.0.0.0 84 listen reuseport 1'],
  [{ protocol: 'tcp', local: '0.0.0.0:85', dev: 1 }, 'open tcp 0.0.0.0 85 listen dev lo'],
  [{ protocol: 'tcp', local: '0.0.0.0:85', dev: 2 }, 'open tcp 0.0.0.0 85 listen dev d2'],
  [{ protocol: 'tcp', local: '0.0.0.0:86', dev: 2 }, 'open tcp 0.0.0.0 86 listen dev d2'],
  [{ protocol: 'tcp', local: '[::ffff:127.0.0.1]:87' }, 'open tcp ::ffff:127.0.0.1 87 listen'],
  [{ protocol: 'udp', local: '127.0.0.1:53', mark: 9 }, 'open udp 127.0.0.1 53 wait reuseaddr 1 mark 9'],
  [{ protocol: 'udp', local: '0.0.0.0:53' }, 'open udp 0.0.0.0 53 wait reuseaddr 1'],
  [
    { protocol: 'udp', local: '127.0.0.1:53', remote: '127.0.0.1:5000' },
    'open udp 127.0.0.1 53 127.0.0.1 5000 reuseaddr 1',
  ],
  [{ protocol: 'udp', local: '[::]:54' }, 'open udp :: 54 wait'],
  [{ protocol: 'udp', local: '[::1]:55', remote: '[::1]:5001' }, 'open udp ::1 55 ::1 5001'],
  [{ protocol: 'udp', local: '0.0.0.0:56', dev: 1 }, 'open udp 0.0.0.0 56 wait reuseaddr 1 dev lo'],
  [{ protocol: 'udp', local: '127.0.0.1:56' }, 'open udp 127.0.0.1 56 wait reuseaddr 1'],
  [{ protocol: 'udp', local: '[::]:57', v6only: true }, 'open udp :: 57 wait v6only 1'],
  [{ protocol: 'tcp', local: '127.0.0.1:40000', remote: '127.0.0.1:80' }, 'open tcp 127.0.0.1 40000 127.0.0.1 80'],
  [{ protocol: 'tcp', local: '127.0.0.1:80', remote: '127.0.0.1:40000', mark: 7 }, 'accept 0'],
  [{ protocol: 'tcp', local: '[::1]:40001', remote: '[::1]:82' }, 'open tcp ::1 40001 ::1 82'],
  [{ protocol: 'tcp', local: '[::1]:82', remote: '[::1]:40001' }, 'accept 3'],
  [{ protocol: 'tcp', local: '127.0.0.1:40002', remote: '127.0.0.1:81' }, 'open tcp 127.0.0.1 40002 127.0.0.1 81'],
  [{ protocol: 'tcp', local: '[::ffff:127.0.0.1]:81', remote: '[::ffff:127.0.0.1]:40002' }, 'accept 2'],
  [
    { protocol: 'tcp', local: '127.0.0.1:40003', remote: '127.0.0.1:80', state: 'fin_wait2' },
    'open tcp 127.0.0.1 40003 127.0.0.1 80',
  ],
  [{ protocol: 'tcp', local: '127.0.0.1:80', remote: '127.0.0.1:40003', state: 'close_wait', mark: 7 }, 'accept 0'],
  [
    { protocol: 'tcp', local: '127.0.0.1:40004', remote: '127.0.0.1:80', state: 'time_wait' },
    'open tcp 127.0.0.1 40004 127.0.0.1 80',
  ],
]

/** What brings the last three into their states; the other end of the one in TIME_WAIT is gone. */
const ends = ['shut 25', 'accept 0', 'close 27', 'close 28']

export const network: Pick<BootOptions, 'interfaces' | 'sockets'> = {
  interfaces: { 1: 65536, 2: 1500, 3: 1500 },
  sockets: everySocket.map(([socket]) => socket),
}

const KINDS = ['tcp', 'udp', 'skc'] as const

export interface SocketCase {
  readonly name: string
  readonly program: 'xdp_socket' | 'tc_socket'
  readonly kind: number
  readonly tuple: Uint8Array
  readonly netns: bigint
  readonly flags: bigint
  readonly ifindex: number
}

interface More {
  netns?: bigint
  flags?: bigint
  ifindex?: number
  size?: number
}

const everything: readonly (readonly [what: string, kind: (typeof KINDS)[number], from: string, to: string, More?])[] =
  [
    ['a listener by its address', 'tcp', '10.0.0.1:1000', '127.0.0.1:80'],
    ['a listener by any address', 'tcp', '10.0.0.1:1000', '127.0.0.2:80'],
    ['a listener by an address of nobody', 'tcp', '10.0.0.1:1000', '10.9.9.9:80'],
    ['a listener by the address 0', 'tcp', '10.0.0.1:1000', '0.0.0.0:80'],
    ['a port where nobody listens', 'tcp', '10.0.0.1:1000', '127.0.0.1:79'],
    ['a connection before its listener', 'tcp', '127.0.0.1:40000', '127.0.0.1:80'],
    ['the other end of a connection', 'tcp', '127.0.0.1:80', '127.0.0.1:40000'],
    ['a connection from another address', 'tcp', '127.0.0.2:40000', '127.0.0.1:80'],
    ['the other end from another port', 'tcp', '127.0.0.1:81', '127.0.0.1:40000'],
    ['a listener of both families by IPv4', 'tcp', '10.0.0.1:1000', '127.0.0.1:81'],
    ['a listener of both families by IPv6', 'tcp', '[fc00::1]:1000', '[::1]:81'],
    ['a connection of IPv4 through a socket of IPv6', 'tcp', '127.0.0.1:40002', '127.0.0.1:81'],
    ['the same by mapped addresses', 'tcp', '[::ffff:127.0.0.1]:40002', '[::ffff:127.0.0.1]:81'],
    ['a listener of IPv6', 'tcp', '[fc00::1]:1000', '[::1]:82'],
    ['a listener of IPv6 by another address', 'tcp', '[fc00::1]:1000', '[::2]:82'],
    ['a listener of IPv6 by IPv4', 'tcp', '10.0.0.1:1000', '127.0.0.1:82'],
    ['a connection of IPv6', 'tcp', '[::1]:40001', '[::1]:82'],
    ['the other end of a connection of IPv6', 'tcp', '[::1]:82', '[::1]:40001'],
    ['a listener of IPv4 by IPv6', 'tcp', '[fc00::1]:1000', '[::1]:80'],
    ['a listener of IPv4 by a mapped address', 'tcp', '[::ffff:10.0.0.1]:1000', '[::ffff:127.0.0.1]:80'],
    ['IPv6 only, by IPv6', 'tcp', '[fc00::1]:1000', '[::1]:83'],
    ['IPv6 only, by IPv4', 'tcp', '10.0.0.1:1000', '127.0.0.1:83'],
    ['one of each family, by IPv4', 'tcp', '10.0.0.1:1000', '127.0.0.1:84'],
    ['one of each family, by IPv6', 'tcp', '[fc00::1]:1000', '[::1]:84'],
    ['a listener of the loopback', 'tcp', '10.0.0.1:1000', '127.0.0.1:85'],
    ['a listener of another interface', 'tcp', '10.0.0.1:1000', '127.0.0.1:85', { ifindex: 2 }],
    ['a listener of none of these interfaces', 'tcp', '10.0.0.1:1000', '127.0.0.1:85', { ifindex: 3 }],
    ['a listener that only another interface has', 'tcp', '10.0.0.1:1000', '127.0.0.1:86'],
    ['a mapped listener by IPv4', 'tcp', '10.0.0.1:1000', '127.0.0.1:87'],
    ['a mapped listener by a mapped address', 'tcp', '[::ffff:10.0.0.1]:1000', '[::ffff:127.0.0.1]:87'],
    ['a mapped listener by IPv6', 'tcp', '[fc00::1]:1000', '[::1]:87'],
    ['a connection that has ended on this side', 'tcp', '127.0.0.1:80', '127.0.0.1:40003'],
    ['a connection that has ended on the other side', 'tcp', '127.0.0.1:40003', '127.0.0.1:80'],
    ['a connection in TIME_WAIT', 'tcp', '127.0.0.1:80', '127.0.0.1:40004'],
    ['a connection in TIME_WAIT, short', 'skc', '127.0.0.1:80', '127.0.0.1:40004'],
    ['a connection whose other end waits', 'tcp', '127.0.0.1:40004', '127.0.0.1:80'],
    ['a listener, short', 'skc', '10.0.0.1:1000', '127.0.0.1:80'],
    ['a connection, short', 'skc', '127.0.0.1:40000', '127.0.0.1:80'],
    ['a connection of IPv6, short', 'skc', '[::1]:40001', '[::1]:82'],
    ['nothing, short', 'skc', '127.0.0.1:40000', '127.0.0.1:79'],
    ['UDP by its address', 'udp', '10.0.0.1:1000', '127.0.0.1:53'],
    ['UDP by any address', 'udp', '10.0.0.1:1000', '127.0.0.2:53'],
    ['connected UDP', 'udp', '127.0.0.1:5000', '127.0.0.1:53'],
    ['connected UDP from another port', 'udp', '127.0.0.1:5001', '127.0.0.1:53'],
    ['UDP at a port of TCP', 'udp', '10.0.0.1:1000', '127.0.0.1:80'],
    ['TCP at a port of UDP', 'tcp', '10.0.0.1:1000', '127.0.0.1:53'],
    ['UDP of both families by IPv4', 'udp', '10.0.0.1:1000', '127.0.0.1:54'],
    ['UDP of both families by IPv6', 'udp', '[fc00::1]:1000', '[::1]:54'],
    ['connected UDP of IPv6', 'udp', '[::1]:5001', '[::1]:55'],
    ['connected UDP of IPv6 from another port', 'udp', '[::1]:5002', '[::1]:55'],
    ['connected UDP of IPv6 from another address', 'udp', '[::2]:5001', '[::1]:55'],
    ['UDP: the address before the interface', 'udp', '10.0.0.1:1000', '127.0.0.1:56'],
    ['UDP of an interface', 'udp', '10.0.0.1:1000', '127.0.0.2:56'],
    ['UDP of another interface', 'udp', '10.0.0.1:1000', '127.0.0.2:56', { ifindex: 2 }],
    ['UDP of IPv6 only, by IPv4', 'udp', '10.0.0.1:1000', '127.0.0.1:57'],
    ['UDP of IPv6 only, by IPv6', 'udp', '[fc00::1]:1000', '[::1]:57'],
    ['UDP by a mapped address', 'udp', '[::ffff:10.0.0.1]:1000', '[::ffff:127.0.0.1]:54'],
    ['a flag', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { flags: 1n }],
    ['a flag in the upper half', 'udp', '10.0.0.1:1000', '127.0.0.1:53', { flags: 1n << 32n }],
    ['another namespace', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { netns: 5n }],
    ['namespace 0', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { netns: 0n }],
    ['this namespace in 32 bits', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { netns: 0xffffffffn }],
    ['any negative namespace', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { netns: 0x80000000n }],
    ['a namespace beyond 32 bits', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { netns: 1n << 32n }],
    ['a tuple that is too short', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { size: 11 }],
    ['a tuple that is too long', 'tcp', '10.0.0.1:1000', '127.0.0.1:80', { size: 13 }],
    ['a longer tuple of IPv6', 'tcp', '[fc00::1]:1000', '[::1]:82', { size: 37 }],
  ]

/** Each question of tc; of XDP, whose runs of a test come from the loopback, those that ask for no other interface. */
export const cases: readonly SocketCase[] = everything.flatMap(([what, kind, from, to, more = {}]) =>
  (['xdp_socket', 'tc_socket'] as const)
    .filter((program) => program === 'tc_socket' || more.ifindex === undefined)
    .map((program) => ({
      name: `${what} (${program})`,
      program,
      kind: KINDS.indexOf(kind),
      tuple: tupleOf(from, to, more.size),
      netns: more.netns ?? 0xffffffffffffffffn,
      flags: more.flags ?? 0n,
      ifindex: more.ifindex ?? 1,
    })),
)

/** struct bpf_sock_tuple, as long as the family's or as `size` says. */
export function tupleOf(from: string, to: string, size?: number): Uint8Array {
  const [source, destination] = [endOf(from), endOf(to)]
  const bytes = [...source.address, ...destination.address, ...source.port, ...destination.port]
  const tuple = new Uint8Array(size ?? bytes.length)
  tuple.set(bytes.slice(0, tuple.length))
  return tuple
}

function endOf(text: string): { address: Uint8Array; port: number[] } {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:([0-9]+)$/.exec(text) ?? []
  const mapped = host.startsWith('::ffff:') ? host.slice(7) : undefined
  const address = mapped === undefined ? addressBytes(host) : Uint8Array.of(...new Uint8Array(10), 255, 255, ...addressBytes(mapped)) // prettier-ignore
  if (address.length !== (isIPv6(host) ? 16 : 4)) throw new Error(`not an address: ${text}`)
  return { address, port: [Number(port) >> 8, Number(port) & 255] }
}

const TUPLE_ROOM = 64
/** Where `answer` begins in `struct request`. */
const ANSWER = 88
const ANSWER_BYTES = 128

/** The element of `request` for a case. */
export function requestOf({ tuple, netns, flags, kind }: Omit<SocketCase, 'name' | 'program' | 'ifindex'>): Uint8Array {
  const request = new Uint8Array(ANSWER + ANSWER_BYTES)
  const view = new DataView(request.buffer)
  request.set(tuple)
  view.setBigUint64(TUPLE_ROOM, netns, true)
  view.setBigUint64(TUPLE_ROOM + 8, flags, true)
  view.setUint32(TUPLE_ROOM + 16, tuple.length, true)
  view.setUint32(TUPLE_ROOM + 20, kind, true)
  return request
}

/** The context of a run of tc. */
export function contextOf({ program, ifindex }: SocketCase): Uint8Array | undefined {
  if (program !== 'tc_socket') return undefined
  const context = new Uint8Array(192)
  context[40] = ifindex
  return context
}

// Words of `struct answer`.
const FAMILY = 1
const SRC_IP6 = 3
const SRC_IP6_THIRD = 5
const DST_IP4 = 9
const DST_IP6 = 10
const STATE = 14
const RX_QUEUE = 15
const DST_IP4_UPPER = 18
const AF_INET = 2
const AF_INET6 = 10
const TCP_TIME_WAIT = 6

/**
 * What is compared: the program's answer, as words. Not the queue, of which the kernel may know, and not what dst_ip4
 * says of a socket of IPv6: in the kernel it depends on who connected.
 */
export const answerOf = (request: Uint8Array): string => textOf(wordsOf(request))

/**
 * The same of a kernel, which writes no addresses of IPv6 into what it keeps of a connection of IPv4 in TIME_WAIT:
 * there is what was in that memory before, mostly zeros.
 */
function kernelAnswerOf(request: Uint8Array): string {
  const words = wordsOf(request)
  if (words[FAMILY] === AF_INET && words[STATE] === TCP_TIME_WAIT)
    for (const address of [SRC_IP6, DST_IP6]) words.fill(0, address, address + 4)
  return textOf(words)
}

const wordsOf = (request: Uint8Array): Uint32Array =>
  new Uint32Array(request.slice(ANSWER, ANSWER + ANSWER_BYTES).buffer)

function textOf(words: Uint32Array): string {
  words[RX_QUEUE] = 0
  if (words[FAMILY] === AF_INET6 && words[SRC_IP6_THIRD] === 0) words[DST_IP4] = words[DST_IP4_UPPER] = 0
  return words[0] === 0 ? 'nothing' : [...words].map((word) => word.toString(16)).join(' ')
}

/** The answers of a kernel that is in that namespace, by the name of the case. */
export async function kernelSocketAnswers(kernel: Kernel, file: string): Promise<Record<string, string>> {
  for (const words of [...everySocket.map(([, words]) => words), ...ends]) {
    const { result } = await kernel.ask('socket', words)
    if (result < 0) throw new Error(`socket ${words}: errno ${-result}`)
  }
  const { result, log, library } = await kernel.load(file)
  if (result !== 0) throw new Error(`the kernel does not load ${file}: errno ${-result}\n${library}${log}`)
  const answers: Record<string, string> = {}
  for (const one of cases) {
    await kernel.set('request', new Uint8Array(4), requestOf(one), 0)
    const context = contextOf(one)
    await kernel.run(one.program, { data: udp, ...(context && { context }) })
    answers[one.name] = kernelAnswerOf((await kernel.get('request', new Uint8Array(4))) as Uint8Array)
  }
  await kernel.ask('unload')
  return answers
}
