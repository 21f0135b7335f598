// What is done with each program of this folder, on both engines and on a kernel: steps that give the same answers
// everywhere, and what of the maps is left at the end.
import { be16, bytes, ethernet, ipv4, ipv6, packet, question, u16, u32, u64 } from './frames.js'

export type Step =
  | { run: string; data?: readonly Uint8Array[]; ctx?: Uint8Array; cpu?: number }
  | { set: string; key: Uint8Array; value: Uint8Array }
  | { push: string; value: Uint8Array }
  | { pop: string }
  | { records: string }

export interface Scenario {
  /** NAME.bpf.o. */
  readonly name: string
  /** Other objects of the same source. */
  readonly variants?: readonly string[]
  /** Initial values of global variables. */
  readonly variables?: Readonly<Record<string, unknown>>
  readonly kconfig?: Readonly<Record<string, number>>
  readonly steps: readonly Step[]
  /** Bytes of values that hold times: [first, length] by map. */
  readonly times?: Readonly<Record<string, readonly [number, number]>>
}

const set = (map: string, key: Uint8Array, value: Uint8Array): Step => ({ set: map, key, value })
const runs = (run: string, ...data: Uint8Array[]): Step => ({ run, data })
const call = (run: string, ...words: number[]): Step => ({ run, ctx: u32(...words) })
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

const plain = packet({ from: '10.0.0.1', to: '10.0.0.2' })
const six = packet({ from: '2001:db8::1', to: '2001:db8:1::2', tcp: 'S', ports: [5555, 443] })
const arp = ethernet(0x0806, bytes('0001 0800 0604 0001 020000000002 0a000001 000000000000 0a000002'))
const cut = packet({ from: '10.0.0.1', to: '10.0.0.2', tcp: 'S' }).subarray(0, 40)
const tcp = (from: string, to: string, flags: string, ports?: [number, number], vlans?: number[]): Buffer =>
  packet({ from, to, tcp: flags, ...(ports && { ports }), ...(vlans && { vlans }) })

const prefix4 = (length: number, address: string): Buffer => Buffer.concat([u32(length), ipv4(address)])
const prefix6 = (length: number, address: string): Buffer => Buffer.concat([u32(length), ipv6(address)])
const dnsName = (name: string): Buffer => Buffer.concat([Buffer.from(name), Buffer.alloc(64 - name.length)])
const service = (address: string, port: number, protocol: number): Buffer =>
  Buffer.concat([ipv4(address), be16(port), Buffer.from([protocol, 0])])

/** An empty struct __sk_buff: with it a run tells what the context is afterwards. */
const skb = Buffer.alloc(192)

const INPUTS = [plain, six, arp, cut, tcp('192.168.1.9', '10.0.0.2', 'PA', [40000, 80], [7])]

export const scenarios: readonly Scenario[] = [
  {
    name: 'firewall',
    variants: ['c14'],
    variables: { default_verdict: 2 },
    steps: [
      set('rules4', prefix4(8, '10.0.0.0'), u32(0, 1)),
      set('rules4', prefix4(24, '10.1.2.0'), u32(1, 2)),
      set('rules4', prefix4(32, '10.1.2.3'), u32(0, 3)),
      set('rules6', prefix6(32, '2001:db8::'), u32(1, 4)),
      set('rules6', prefix6(64, '2001:db8::'), u32(0, 5)),
      runs('filter', ...INPUTS),
      runs(
        'filter',
        ...['10.1.2.3', '10.1.2.4', '10.1.3.3', '11.0.0.1'].map((from) => packet({ from, to: '1.2.3.4' })),
      ),
      { run: 'filter', data: [packet({ from: '2001:db8:1::1', to: '::1', vlans: [9, 10] })], cpu: 1 },
      runs('filter', packet({ from: '10.0.0.1', to: '10.0.0.2', vlans: [1, 2, 3] })),
    ],
  },
  {
    name: 'token-bucket',
    variables: { burst: 3, nanoseconds_per_token: 2n ** 60n },
    steps: [
      runs('limit', ...times(5, () => plain), six, arp, cut.subarray(0, 30)),
      runs('limit', packet({ from: '10.0.0.9', to: '10.0.0.2' })),
    ],
    times: { buckets: [8, 8] },
  },
  {
    name: 'syn-flood',
    variables: { settings: { max_open: 3, learn_only: false } },
    steps: [
      runs('track', ...INPUTS, ...times(6, (i) => tcp('10.9.9.9', '10.0.0.2', 'S', [1000 + i, 80]))),
      runs('track', ...['S', 'A', 'S', 'A', 'R', 'FA'].map((flags) => tcp('10.8.8.8', '10.0.0.2', flags))),
    ],
  },
  {
    name: 'conntrack',
    variants: ['c16', 'c22'],
    steps: [
      runs('track', ...INPUTS),
      runs('track', tcp('10.0.0.2', '10.0.0.1', 'S'), tcp('10.0.0.1', '10.0.0.2', 'SA', [2000, 1000])),
      runs('track', tcp('10.0.0.2', '10.0.0.1', 'FA'), tcp('10.0.0.1', '10.0.0.2', 'FA', [2000, 1000])),
      runs('track', tcp('10.0.0.2', '10.0.0.1', 'R', [7, 7], [5]), packet({ from: '2001:db8::9', to: '2001:db8::1' })),
      runs('track', packet({ from: '2001:db8::1', to: '2001:db8::9', ports: [2000, 1000] })),
    ],
  },
  {
    name: 'nat',
    variables: { public_address: ipv4('203.0.113.1').readUInt32LE(0) },
    steps: [
      { push: 'free_ports', value: be16(62000) },
      { push: 'free_ports', value: be16(62001) },
      set('forwarded', be16(8053), service('192.168.0.53', 53, 17)),
      runs('masquerade', plain, tcp('10.0.0.3', '198.51.100.7', 'PA', [4444, 443]), six, cut, arp),
      runs('masquerade', plain, packet({ from: '10.0.0.4', to: '198.51.100.7' })),
      runs(
        'masquerade',
        packet({ from: '10.0.0.2', to: '203.0.113.1', ports: [2000, 62000], payload: bytes('010203') }),
      ),
      runs('masquerade', tcp('198.51.100.7', '203.0.113.1', 'A', [443, 62001])),
      runs('masquerade', tcp('198.51.100.7', '203.0.113.1', 'A', [443, 62002])),
      runs('forward', packet({ from: '10.0.0.1', to: '203.0.113.1', ports: [999, 8053], payload: bytes('00ff17') })),
      runs('forward', packet({ from: '10.0.0.1', to: '203.0.113.1', ports: [999, 8054] }), ...INPUTS),
    ],
  },
  {
    name: 'classify',
    steps: [
      set('classes', u32(46), Buffer.concat([u32(46, 6), u16(0), u16(60)])),
      set('classes', u32(10), Buffer.concat([u32(10, 2), u16(100), u16(0)])),
      ...[184, 40]
        .flatMap((tos) => [
          packet({ from: '10.0.0.1', to: '10.0.0.2', tos, payload: Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n') }),
          packet({ from: '2001:db8::1', to: '2001:db8::2', tos, tcp: 'A', payload: Buffer.alloc(300, 7) }),
        ])
        .map((data): Step => ({ run: 'classify', data: [data], ctx: skb })),
      runs('classify', ...INPUTS),
    ],
  },
  {
    name: 'dns',
    variants: ['c22'],
    steps: [
      set('refused', dnsName('ads.example.com'), u64(0)),
      runs(
        'resolve',
        ...['example.com', 'ADS.example.Com', 'printer.local', 'a.b.c.d.e'].map((name) => question(name)),
      ),
      runs(
        'resolve',
        question('ads.example.com', '10.0.0.9'),
        question('x'.repeat(60)),
        question(`${'y'.repeat(63)}.z`),
      ),
      runs('resolve', question('example.com').subarray(0, 60), ...INPUTS),
    ],
  },
  {
    name: 'events',
    steps: [
      { run: 'on_exit', ctx: u64(0) },
      runs('sample', ...INPUTS, packet({ from: '10.0.0.1', to: '10.0.0.2', payload: Buffer.alloc(100, 9) })),
      { records: 'events' },
    ],
  },
  {
    name: 'pipeline',
    steps: [
      runs('parse', ...INPUTS, tcp('10.0.0.1', '10.0.0.2', 'S', [1, 2], [3, 4]), packet({ from: '::1', to: '::2' })),
    ],
  },
  {
    name: 'tenants',
    steps: [
      set('limits_red', u32(0), u32(100, 1)),
      set('limits_blue', u32(0), u32(60, 0)),
      set('ports_red', u16(2000), u32(0)),
      set('ports_blue', u16(80), u32(0)),
      runs('admit', ...times(4, (vlan) => packet({ from: '10.0.0.1', to: '10.0.0.2', vlans: [vlan] }))),
      runs('admit', ...times(4, (vlan) => tcp('10.0.0.1', '10.0.0.2', 'S', [1, 80], [vlan]))),
      runs('admit', ...[10, 70].map((length) => packet({ from: '10.0.0.1', to: '10.0.0.2', vlans: [1], payload: Buffer.alloc(length) }))), // prettier-ignore
      runs('admit', ...INPUTS),
    ],
  },
  {
    name: 'cleanup',
    steps: [...times(6, (i) => call('join', i % 2, i)), call('join', 1, 1), call('leave', 9, 0)],
    times: { members: [0, 8] },
  },
  {
    name: 'latency',
    variants: ['v1'],
    steps: [
      ...[0, 999, 1000, 2500, 70_000, 1e6, 3e9, 5e12].flatMap((delta, request): Step[] => [
        { run: 'on_issue', ctx: u64(request, 1e6) },
        { run: 'on_complete', ctx: u64(request, 1e6 + delta, request % 3), cpu: request % 2 },
      ]),
      { run: 'on_issue', ctx: u64(50, 1e6) },
      { run: 'on_issue', ctx: u64(51, 5) },
      { run: 'on_complete', ctx: u64(51, 4, 1) },
      { run: 'on_complete', ctx: u64(99, 4, 1) },
      { run: 'on_complete', ctx: u64(50, 2e6, 9) },
    ],
  },
  {
    name: 'globals',
    variables: {
      config: { enabled: true, ports: [80, 443, 0, 0], other: 10 },
      protocols: [
        { name: [105, 99, 109, 112, 0, 0, 0, 0], number: 1, action: -1 },
        { name: [116, 99, 112, 0, 0, 0, 0, 0], number: 6, action: 20 },
        { name: [0, 0, 0, 0, 0, 0, 0, 0], number: 0, action: 0 },
        { name: [117, 100, 112, 33, 0, 0, 0, 0], number: 17, action: 10 },
      ],
      negative: -6n,
    },
    steps: [runs('account', ...INPUTS, tcp('1.2.3.4', '4.3.2.1', 'S', [9, 443]))],
  },
  {
    name: 'functions',
    variants: ['c22'],
    steps: [
      ...times(10, (operation) => operation).flatMap((operation) =>
        [
          [100, 7],
          [-100, 7],
          [7, -3],
          [5, 0],
          [-(2 ** 40), 12345],
          [0x7fffffff, 33],
        ].map(([a, b]): Step => ({
          // prettier-ignore
          run: 'calculate',
          ctx: Buffer.concat([
            Buffer.from(BigInt64Array.of(BigInt(a!), BigInt(b!)).buffer),
            u32(operation, 0),
            u64(0, 0),
          ]),
        })),
      ),
      { run: 'calculate', ctx: Buffer.concat([u64(1, 2), u32(77, 0), u64(0, 0)]) },
    ],
  },
  {
    name: 'dynptr',
    steps: [
      runs(
        'clamp',
        ...INPUTS,
        ...['020405b4 01030307', '01010101 020405b4', '0204 0200', '0200 0000', '01 fe 0000', '00000000'].map(
          (options) =>
            packet({
              from: '10.0.0.1',
              to: '10.0.0.2',
              tcp: 'S',
              options: bytes(options),
              payload: Buffer.from('hello'),
            }),
        ),
        packet({ from: '10.0.0.1', to: '10.0.0.2', tcp: 'S', payload: Buffer.alloc(200, 3) }),
      ),
      { records: 'records' },
    ],
  },
  {
    name: 'loops',
    steps: [
      ...[2, 3, 100, 1024, 5000].map((below) => call('compute', 0, below, 0, 0)),
      call('compute', 1, 0, 0, 0),
      ...[0, 1, 27, 97, 871, 6171].map((number) => call('compute', 2, number, 0, 0)),
      call('compute', 3, 0, 0, 0),
    ],
  },
  {
    name: 'dedup',
    steps: [
      ...times(6, (i): Step => ({ push: 'numbers', value: u32(100 + i) })),
      runs('sample', ...INPUTS, ...INPUTS, ...times(4, (i) => packet({ from: `10.0.1.${i}`, to: '10.0.0.2' }))),
      ...times(5, (): Step => ({ pop: 'samples' })),
      ...times(7, (): Step => ({ pop: 'numbers' })),
    ],
  },
  {
    name: 'scheduler',
    steps: [call('enqueue', 1, 2, 0), call('enqueue', 2, 1, 1), call('enqueue', 0, 1, 1), { pop: 'urgent' }, { pop: 'normal' }, { pop: 'normal' }], // prettier-ignore
  },
  {
    name: 'perf-export',
    variants: ['c14'],
    steps: [runs('capture', ...INPUTS)],
  },
  {
    name: 'balancer',
    variables: { own_address: ipv4('10.255.0.1').readUInt32LE(0) },
    steps: [
      set('services', service('10.0.0.2', 2000, 17), u32(1, 0)),
      set('services', service('10.0.0.2', 80, 6), u32(0, 0)),
      set('servers', u32(3), Buffer.concat([ipv4('10.1.0.3'), bytes('0200000000aa'), u16(0)])),
      set('servers', u32(4), Buffer.concat([ipv4('10.1.0.4'), bytes('0200000000bb'), u16(0)])),
      ...times(62, (place) => set('ring', u32(place), u32(3 + ((place * 7) % 2)))),
      runs('balance', ...INPUTS, ...times(6, (i) => packet({ from: `10.0.3.${i}`, to: '10.0.0.2', ports: [i, 2000] }))),
      runs('balance', plain, tcp('10.4.4.4', '10.0.0.2', 'S', [4, 80]), tcp('10.4.4.4', '10.0.0.2', 'A', [4, 80])),
    ],
  },
  {
    name: 'filter',
    steps: [
      set('forbidden', prefix4(8, '192.0.0.0'), Buffer.from([1])),
      runs(
        'web',
        ...INPUTS,
        tcp('10.4.4.4', '10.0.0.2', 'S', [4, 80]),
        tcp('10.4.4.4', '10.0.0.2', 'S', [4, 443]).subarray(0, 44),
      ),
      runs('egress', ...INPUTS, tcp('10.4.4.4', '192.0.2.1', 'S', [4, 80])),
    ],
  },
  {
    name: 'sniffer',
    variants: ['v1'],
    steps: [
      set('guarded', u32(80), u64(1)),
      runs(
        'sniff',
        ...INPUTS,
        ...INPUTS,
        tcp('10.4.4.4', '10.0.0.2', 'S', [4, 80], [1, 2]),
        tcp('10.4.4.4', '10.0.0.2', 'S', [4, 80], [1, 2, 3]),
        plain.subarray(0, 36),
        plain.subarray(0, 40),
        six.subarray(0, 54),
      ),
      runs(
        'capture',
        ...INPUTS,
        tcp('10.4.4.4', '10.0.0.2', 'PA', [4, 80]),
        tcp('10.4.4.4', '10.0.0.2', 'S', [4, 80]),
        tcp('10.4.4.4', '10.0.0.2', 'PA', [4, 81]),
        tcp('10.4.4.4', '10.0.0.2', 'PA', [4, 80]).subarray(0, 47),
      ),
      runs('guard', ...INPUTS, tcp('10.4.4.4', '10.0.0.2', 'PA', [4, 80]), plain.subarray(0, 37)),
    ],
  },
]
