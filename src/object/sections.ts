// Program types by section name, as libbpf has them. The table also knows what is not supported, so that it can be
// refused by name. Used by programs.ts.
import type { ProgramType } from './spec.js'

/** What a section name says about its programs. */
export interface SectionMeaning {
  readonly type: ProgramType
  readonly attachType?: string
  readonly attachTo?: string
  readonly sleepable: boolean
  /** For type 'unsupported': the kernel's name of what it is, undefined if nobody knows the section. */
  readonly kernelType?: string
}

type Row = readonly [prefix: string, type: ProgramType, attachType?: string]

/** Longer names first where one is the beginning of another; `.s` is cut off before. */
const ROWS: readonly Row[] = [
  ['tc/ingress', 'sched_cls', 'tcx_ingress'],
  ['tc/egress', 'sched_cls', 'tcx_egress'],
  ['tcx/ingress', 'sched_cls', 'tcx_ingress'],
  ['tcx/egress', 'sched_cls', 'tcx_egress'],
  ['netkit/primary', 'sched_cls', 'netkit_primary'],
  ['netkit/peer', 'sched_cls', 'netkit_peer'],
  ['tcx', 'sched_cls'],
  ['tc', 'sched_cls'],
  ['classifier', 'sched_cls'],
  ['action', 'sched_act'],
  ['xdp.frags/devmap', 'xdp', 'xdp_devmap'],
  ['xdp/devmap', 'xdp', 'xdp_devmap'],
  ['xdp.frags/cpumap', 'xdp', 'xdp_cpumap'],
  ['xdp/cpumap', 'xdp', 'xdp_cpumap'],
  ['xdp.frags', 'xdp', 'xdp'],
  ['xdp', 'xdp', 'xdp'],
  ['socket', 'socket_filter'],
  ['syscall', 'syscall'],
  ['raw_tracepoint', 'raw_tracepoint'],
  ['raw_tp', 'raw_tracepoint'],
  ['tp_btf', 'tracing', 'trace_raw_tp'],
  ['fentry', 'tracing', 'trace_fentry'],
  ['fexit', 'tracing', 'trace_fexit'],
  ['tracepoint', 'tracepoint'],
  ['tp', 'tracepoint'],
  ['kprobe', 'kprobe'],
  ['kretprobe', 'kprobe'],
  ['uprobe', 'kprobe'],
  ['uretprobe', 'kprobe'],
  ['perf_event', 'perf_event'],
]

/** Known to libbpf and not run here: prefix and the kernel's word for it. */
const UNSUPPORTED: readonly (readonly [prefix: string, kernelType: string])[] = [
  ['raw_tracepoint.w', 'raw_tracepoint_writable'],
  ['raw_tp.w', 'raw_tracepoint_writable'],
  ['kprobe.multi', 'kprobe_multi'],
  ['kretprobe.multi', 'kprobe_multi'],
  ['kprobe.session', 'kprobe_session'],
  ['uprobe.multi', 'uprobe_multi'],
  ['uretprobe.multi', 'uprobe_multi'],
  ['uprobe.session', 'uprobe_session'],
  ['ksyscall', 'ksyscall'],
  ['kretsyscall', 'ksyscall'],
  ['usdt', 'usdt'],
  ['fmod_ret', 'fmod_ret'],
  ['freplace', 'ext'],
  ['iter', 'iter'],
  ['lsm', 'lsm'],
  ['lsm_cgroup', 'lsm_cgroup'],
  ['struct_ops', 'struct_ops'],
  ['cgroup_skb', 'cgroup_skb'],
  ['cgroup', 'cgroup'],
  ['lwt_in', 'lwt_in'],
  ['lwt_out', 'lwt_out'],
  ['lwt_xmit', 'lwt_xmit'],
  ['lwt_seg6local', 'lwt_seg6local'],
  ['sockops', 'sock_ops'],
  ['sk_skb', 'sk_skb'],
  ['sk_msg', 'sk_msg'],
  ['sk_lookup', 'sk_lookup'],
  ['sk_reuseport', 'sk_reuseport'],
  ['flow_dissector', 'flow_dissector'],
  ['lirc_mode2', 'lirc_mode2'],
  ['netfilter', 'netfilter'],
]

/** Sections whose programs may sleep without `.s` in the name. */
const ALWAYS_SLEEPABLE = new Set(['syscall'])
/** Prefixes that have a `.s` form. */
const SLEEPABLE_FORMS = new Set(
  'fentry fexit fmod_ret lsm iter struct_ops uprobe uretprobe uprobe.multi uretprobe.multi usdt'.split(' '),
)

/**
 * Reads a section name: `prefix` or `prefix/where`. A name that no row knows gives type 'unsupported' without a
 * kernelType.
 */
export function sectionMeaning(section: string): SectionMeaning {
  const slash = section.indexOf('/')
  const head = slash < 0 ? section : section.slice(0, slash)
  const sleepableForm = head.endsWith('.s') && SLEEPABLE_FORMS.has(head.slice(0, -2))
  const name = sleepableForm ? head.slice(0, -2) + section.slice(head.length) : section
  const matches = (prefix: string) => name === prefix || name.startsWith(`${prefix}/`)
  const attachTo = slash < 0 ? {} : { attachTo: section.slice(slash + 1) }
  const row = ROWS.find(([prefix]) => matches(prefix))
  if (row) {
    const [prefix, type, attachType] = row
    const sleepable = sleepableForm || ALWAYS_SLEEPABLE.has(prefix)
    return { type, sleepable, ...attachTo, ...(attachType === undefined ? {} : { attachType }) }
  }
  const kernelType = UNSUPPORTED.find(([prefix]) => matches(prefix))?.[1]
  return {
    type: 'unsupported',
    sleepable: sleepableForm,
    ...attachTo,
    ...(kernelType === undefined ? {} : { kernelType }),
  }
}
