// Section names: the whole table of libbpf, what runs of it here, and what is said of the rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sectionHint, sectionMeaning } from '../../src/object/sections.js'

const RUN: [string, ReturnType<typeof sectionMeaning>][] = [
  ['xdp', { type: 'xdp', attachType: 'xdp', sleepable: false }],
  ['xdp.frags/cpumap', { type: 'xdp', attachType: 'xdp_cpumap', attachTo: 'cpumap', sleepable: false }],
  ['tcx/ingress', { type: 'sched_cls', attachType: 'tcx_ingress', attachTo: 'ingress', sleepable: false }],
  ['tc', { type: 'sched_cls', sleepable: false }],
  ['syscall', { type: 'syscall', sleepable: true }],
  ['fentry.s/do_unlinkat', { type: 'tracing', attachType: 'trace_fentry', attachTo: 'do_unlinkat', sleepable: true }],
  ['tp/sched/sched_switch', { type: 'tracepoint', attachTo: 'sched/sched_switch', sleepable: false }],
  ['xdp/eth0', { type: 'xdp', attachType: 'xdp', attachTo: 'eth0', sleepable: false }],
  ['kprobe', { type: 'kprobe', sleepable: false }],
  [
    'uprobe.multi.s/libc.so:malloc',
    { type: 'kprobe', attachType: 'trace_uprobe_multi', attachTo: 'libc.so:malloc', sleepable: true },
  ],
  ['usdt.s/a:b:c', { type: 'kprobe', attachTo: 'a:b:c', sleepable: true }],
]

test('sections say type, attach type, place and whether the program may sleep', () => {
  for (const [section, meaning] of RUN) assert.deepEqual(sectionMeaning(section), meaning, section)
})

test('what does not run here has the name of the kernel', () => {
  for (const [section, kernelType, attachType] of [
    ['cgroup/connect_unix', 'cgroup_sock_addr', 'cgroup_unix_connect'],
    ['sk_lookup', 'sk_lookup', 'sk_lookup'],
    ['lsm.s/file_open', 'lsm', 'lsm_mac'],
    ['lsm_cgroup/socket_bind', 'lsm', 'lsm_cgroup'],
    ['raw_tp.w/x', 'raw_tracepoint_writable', undefined],
    ['struct_ops.s/init', 'struct_ops', undefined],
    ['sk_skb/stream_verdict', 'sk_skb', 'sk_skb_stream_verdict'],
    ['iter.s/task', 'iter', 'trace_iter'],
    ['freplace/x', 'ext', undefined],
    ['netfilter', 'netfilter', 'netfilter'],
  ] as const) {
    const meaning = sectionMeaning(section)
    assert.equal(meaning.type, 'unsupported')
    assert.equal(meaning.kernelType, kernelType, section)
    assert.equal(meaning.attachType, attachType, section)
  }
})

test('an unknown section comes with a hint', () => {
  for (const [section, hint] of [
    ['xdp_prog', /write SEC\("xdp"\)/],
    ['cgroup/nonsense', /cgroup\/skb, cgroup\/sock_create/],
    ['fentry.z/x', /write SEC\("fentry"\)/],
    ['mine', /libbpf knows xdp/],
  ] as const) {
    assert.deepEqual(sectionMeaning(section), { type: 'unsupported', sleepable: false })
    assert.match(sectionHint(section), hint)
  }
})
