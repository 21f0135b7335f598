// What an attacker is told to do: random calls with arguments that are likely to hurt.
import fc from 'fast-check'
import type { HelperEntry } from '../../src/machine/helpers.js'

export const HELPER_PARAMETERS = 5

/** A number as it is, or an address of the attacker's and a distance from it. */
export type Value = bigint | { readonly place: number; readonly distance: number }

export interface Attack {
  /** Index among the callable helpers and kfuncs. */
  readonly call: number
  readonly values: readonly Value[]
  /** Bit n: argument n is the result of the call before. */
  readonly chained: number
}

export type Script = readonly Attack[]

/** Maps of the attacker. */
export const MAP_NAMES = [
  'script',
  'arr',
  'hash',
  'lru',
  'percpu',
  'percpuhash',
  'lrupercpu',
  'trie',
  'queue',
  'stack',
  'bloom',
  'ring',
  'userring',
  'perf',
  'programs',
  'stacks',
  'cgroups',
  'devices',
  'hashdevices',
  'cpus',
  'sockets',
  'outer',
] as const

/** What a script can name: addresses that the attacker writes down at the start of each run. */
export const PLACES: readonly string[] = [
  ...MAP_NAMES.map((name) => `map ${name}`),
  'value of arr',
  'timer of arr',
  'work of arr',
  'lock of arr',
  'function callback',
  'function again',
  'stack',
  'context',
  'scratch',
  // Words of the host in core memory, which nobody else must read or write.
  'core',
]

const U64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** Small numbers, errnos, ends of ranges, core structures (the header is at 1024), and the same with upper bits set. */
const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 16n }),
  fc.constantFrom(
    ...[
      64n,
      255n,
      256n,
      512n,
      1024n,
      1028n,
      1056n,
      4096n,
      8192n,
      65535n,
      65536n,
      1n << 20n,
      1n << 22n,
      (1n << 22n) - 8n,
    ],
    ...[0x7fffffffn, 0x80000000n, 0xfffffff8n, 0xffffffffn, 1n << 32n, (1n << 32n) + 1024n, 1n << 53n, 1n << 63n],
    ...[(1n << 63n) - 1n, U64(-1n), U64(-2n), U64(-8n), U64(-4096n)],
  ),
  fc.bigInt({ min: 0n, max: 1n << 22n }),
  fc.bigInt({ min: 0n, max: (1n << 47n) - 1n }),
)

const places = fc.record({
  place: fc.nat(255),
  distance: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    fc.constantFrom(-256, -64, -8, -1, 1, 4, 8, 16, 56, 63, 64, 4096),
    fc.integer({ min: -70_000, max: 70_000 }),
  ),
})

const anything = fc.oneof({ weight: 3, arbitrary: places }, { weight: 2, arbitrary: numbers })

/**
 * What the parameters of a call usually are, so that scripts get further than to their first bad address: m map, t
 * timer, w work, l lock, f function, p memory, c context, n number, s size.
 */
const USUAL: readonly (readonly [name: RegExp, parameters: string])[] = [
  [/^bpf_timer_init/, 'tmn'],
  [/^bpf_timer_set_callback/, 'tf'],
  [/^bpf_timer_/, 'tnn'],
  [/^bpf_wq_init/, 'wmn'],
  [/^bpf_wq_set_callback/, 'wfnn'],
  [/^bpf_wq_start/, 'wn'],
  [/_spin_/, 'l'],
  [/^bpf_map_lookup_percpu/, 'mpn'],
  [/^bpf_map_(push|pop|peek)/, 'mpn'],
  [/^bpf_redirect_map/, 'mnn'],
  [/^bpf_map_/, 'mppn'],
  [/^bpf_fib_lookup/, 'cpsn'],
  [/^bpf_check_mtu/, 'cnpsn'],
  [/^bpf_current_task_under/, 'mn'],
  [/_under_cgroup/, 'cmn'],
  [/^bpf_get_stackid/, 'cmn'],
  [/^bpf_get_stack/, 'cpsn'],
  [/^bpf_user_ringbuf_drain/, 'mfpn'],
  [/^bpf_ringbuf_(submit|discard)_dynptr/, 'pn'],
  [/^bpf_for_each/, 'mfpn'],
  [/^bpf_loop/, 'sfpn'],
  [/^bpf_tail_call/, 'cms'],
  [/^bpf_ringbuf_reserve|^bpf_ringbuf_query/, 'msnp'],
  [/^bpf_ringbuf_output/, 'mpsn'],
  [/_event_output|^bpf_(skb|xdp)_output/, 'cmnps'],
  [/^bpf_probe_read_kernel.*dynptr/, 'pnsp'],
  [/probe_read|^bpf_copy_from|^bpf_strncmp/, 'psp'],
  [/printk$|^bpf_snprintf/, 'psps'],
  [/^bpf_csum_diff/, 'pspsn'],
  [/^bpf_strto/, 'psnp'],
  [/^bpf_dynptr_from_mem/, 'psnp'],
  [/^bpf_dynptr_from_(skb|xdp)/, 'cnp'],
  [/^bpf_dynptr_(read|write)/, 'pspsn'],
  [/^bpf_dynptr_(slice|data)/, 'pnps'],
  [/^bpf_dynptr_(adjust|memset)/, 'pnsn'],
  [/^bpf_dynptr_copy/, 'pnpns'],
  [/^bpf_dynptr_/, 'pspsn'],
  [/^bpf_iter_num/, 'pnn'],
  [/^bpf_(skb|xdp)_(load|store)_bytes/, 'cspsn'],
  [/^bpf_skb_[gs]et_tunnel/, 'cpsn'],
  [/^bpf_redirect_neigh/, 'npsn'],
  [/^bpf_(skb|xdp|l3|l4|clone)_/, 'cspsn'],
]

const placesOf = (names: RegExp): fc.Arbitrary<Value> =>
  fc.constantFrom(...PLACES.flatMap((name, place) => (names.test(name) ? [{ place, distance: 0 }] : [])))

const USUALLY: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  m: placesOf(/^map/),
  t: placesOf(/^timer/),
  w: placesOf(/^work/),
  l: placesOf(/^lock/),
  f: placesOf(/^function/),
  p: fc.oneof(
    { weight: 10, arbitrary: placesOf(/^(value|stack|context|scratch)/) },
    { weight: 1, arbitrary: placesOf(/^core/) },
  ),
  c: placesOf(/^context/),
  n: fc.bigInt({ min: 0n, max: 8n }),
  s: fc.bigInt({ min: 0n, max: 64n }),
}

const usual = (name: string): string => USUAL.find(([names]) => names.test(name))?.[1] ?? 'ppsnn'

function attack(name: string, call: number): fc.Arbitrary<Attack> {
  const values = [...usual(name).padEnd(HELPER_PARAMETERS, 'n')].map((kind) =>
    fc.oneof({ weight: 12, arbitrary: USUALLY[kind]! }, { weight: 1, arbitrary: anything }),
  )
  return fc.record({
    call: fc.constant(call),
    values: fc.oneof(
      { weight: 9, arbitrary: fc.tuple(...values) },
      { weight: 1, arbitrary: fc.array(anything, { minLength: HELPER_PARAMETERS, maxLength: HELPER_PARAMETERS }) },
    ),
    chained: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.nat(31) },
    ),
  })
}

/** Up to `calls` calls among these. */
export function scripts(entries: readonly HelperEntry[], calls: number): fc.Arbitrary<Script> {
  return fc.array(fc.oneof(...entries.map(({ name }, index) => attack(name, index))), {
    minLength: 1,
    maxLength: calls,
  })
}
