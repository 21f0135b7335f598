// Program types by section name, as libbpf has them (1.4 and later): the whole table, so that what does not run here is
// refused by the kernel's name for it. Used by functions.ts.
import type { ProgramType } from './spec.js'

/** What a section name says about its programs. */
export interface SectionMeaning {
  readonly type: ProgramType
  readonly attachType?: string
  readonly attachTo?: string
  readonly sleepable: boolean
  /** For type 'unsupported': the kernel's name of what it is, undefined if libbpf does not know the section. */
  readonly kernelType?: string
}

/** Kernel program types that run here. */
const TYPES: ReadonlySet<string> = new Set<ProgramType>([
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'cgroup_skb',
  'perf_event',
  'raw_tracepoint',
  'tracing',
  'syscall',
])

/**
 * Section, kernel's program type, attach type. `.s`: the same with `.s` may sleep. Every name may go on after a slash
 * (what to attach to): that is more than libbpf takes since 1.0, but objects are older. Programs of the kernel's type
 * tracing that need more of a kernel than a context have a name of their own here, which does not run.
 */
const TABLE = `
socket                     socket_filter
sk_reuseport/migrate       sk_reuseport       sk_reuseport_select_or_migrate
sk_reuseport               sk_reuseport       sk_reuseport_select
kprobe                     kprobe
uprobe .s                  kprobe
kretprobe                  kprobe
uretprobe .s               kprobe
kprobe.multi               kprobe             trace_kprobe_multi
kretprobe.multi            kprobe             trace_kprobe_multi
kprobe.session             kprobe             trace_kprobe_session
uprobe.multi .s            kprobe             trace_uprobe_multi
uretprobe.multi .s         kprobe             trace_uprobe_multi
uprobe.session .s          kprobe             trace_uprobe_session
ksyscall                   kprobe
kretsyscall                kprobe
usdt .s                    kprobe
tc/ingress                 sched_cls          tcx_ingress
tc/egress                  sched_cls          tcx_egress
tcx/ingress                sched_cls          tcx_ingress
tcx/egress                 sched_cls          tcx_egress
tc                         sched_cls
classifier                 sched_cls
action                     sched_act
netkit/primary             sched_cls          netkit_primary
netkit/peer                sched_cls          netkit_peer
tracepoint                 tracepoint
tp                         tracepoint
raw_tracepoint             raw_tracepoint
raw_tp                     raw_tracepoint
raw_tracepoint.w           raw_tracepoint_writable
raw_tp.w                   raw_tracepoint_writable
tp_btf                     tracing            trace_raw_tp
fentry .s                  tracing            trace_fentry
fexit .s                   tracing            trace_fexit
fmod_ret .s                fmod_ret           modify_return
freplace                   ext
lsm .s                     lsm                lsm_mac
lsm_cgroup                 lsm                lsm_cgroup
iter .s                    iter               trace_iter
syscall                    syscall
xdp.frags/devmap           xdp                xdp_devmap
xdp/devmap                 xdp                xdp_devmap
xdp.frags/cpumap           xdp                xdp_cpumap
xdp/cpumap                 xdp                xdp_cpumap
xdp.frags                  xdp                xdp
xdp                        xdp                xdp
perf_event                 perf_event
lwt_in                     lwt_in
lwt_out                    lwt_out
lwt_xmit                   lwt_xmit
lwt_seg6local              lwt_seg6local
sk_skb/stream_parser       sk_skb             sk_skb_stream_parser
sk_skb/stream_verdict      sk_skb             sk_skb_stream_verdict
sk_skb/verdict             sk_skb             sk_skb_verdict
sk_skb                     sk_skb
sk_msg                     sk_msg             sk_msg_verdict
lirc_mode2                 lirc_mode2         lirc_mode2
flow_dissector             flow_dissector     flow_dissector
cgroup_skb/ingress         cgroup_skb         cgroup_inet_ingress
cgroup_skb/egress          cgroup_skb         cgroup_inet_egress
cgroup/skb                 cgroup_skb
cgroup/sock_create         cgroup_sock        cgroup_inet_sock_create
cgroup/sock_release        cgroup_sock        cgroup_inet_sock_release
cgroup/sock                cgroup_sock        cgroup_inet_sock_create
cgroup/post_bind4          cgroup_sock        cgroup_inet4_post_bind
cgroup/post_bind6          cgroup_sock        cgroup_inet6_post_bind
cgroup/bind4               cgroup_sock_addr   cgroup_inet4_bind
cgroup/bind6               cgroup_sock_addr   cgroup_inet6_bind
cgroup/connect4            cgroup_sock_addr   cgroup_inet4_connect
cgroup/connect6            cgroup_sock_addr   cgroup_inet6_connect
cgroup/connect_unix        cgroup_sock_addr   cgroup_unix_connect
cgroup/sendmsg4            cgroup_sock_addr   cgroup_udp4_sendmsg
cgroup/sendmsg6            cgroup_sock_addr   cgroup_udp6_sendmsg
cgroup/sendmsg_unix        cgroup_sock_addr   cgroup_unix_sendmsg
cgroup/recvmsg4            cgroup_sock_addr   cgroup_udp4_recvmsg
cgroup/recvmsg6            cgroup_sock_addr   cgroup_udp6_recvmsg
cgroup/recvmsg_unix        cgroup_sock_addr   cgroup_unix_recvmsg
cgroup/getpeername4        cgroup_sock_addr   cgroup_inet4_getpeername
cgroup/getpeername6        cgroup_sock_addr   cgroup_inet6_getpeername
cgroup/getpeername_unix    cgroup_sock_addr   cgroup_unix_getpeername
cgroup/getsockname4        cgroup_sock_addr   cgroup_inet4_getsockname
cgroup/getsockname6        cgroup_sock_addr   cgroup_inet6_getsockname
cgroup/getsockname_unix    cgroup_sock_addr   cgroup_unix_getsockname
cgroup/sysctl              cgroup_sysctl      cgroup_sysctl
cgroup/getsockopt          cgroup_sockopt     cgroup_getsockopt
cgroup/setsockopt          cgroup_sockopt     cgroup_setsockopt
cgroup/dev                 cgroup_device      cgroup_device
sockops                    sock_ops           cgroup_sock_ops
struct_ops .s              struct_ops
sk_lookup                  sk_lookup          sk_lookup
netfilter                  netfilter          netfilter
`

interface Row {
  readonly name: string
  readonly kernelType: string
  readonly attachType: string | undefined
  readonly sleepable: boolean
}

const ROWS: readonly Row[] = TABLE.trim()
  .split('\n')
  .flatMap((line) => {
    const [, name = '', sleeps, kernelType = '', attachType] = /^(\S+)( \.s)? +(\S+)(?: +(\S+))?$/.exec(line) ?? []
    // What may sleep by nature.
    const row = { name, kernelType, attachType, sleepable: name === 'syscall' }
    return sleeps === undefined ? [row] : [row, { ...row, name: `${name}.s`, sleepable: true }]
  })

/** Reads a section name. One that libbpf does not know gives type 'unsupported' without a kernelType. */
export function sectionMeaning(section: string): SectionMeaning {
  const row = ROWS.find(({ name }) => section === name || section.startsWith(`${name}/`))
  if (!row) return { type: 'unsupported', sleepable: false }
  const { name, kernelType, attachType, sleepable } = row
  const slash = section.indexOf('/')
  return {
    ...(TYPES.has(kernelType) ? { type: kernelType as ProgramType } : { type: 'unsupported', kernelType }),
    ...(attachType === undefined ? {} : { attachType }),
    ...(slash < 0 ? {} : { attachTo: section.slice(slash + 1) }),
    sleepable: sleepable || name === 'syscall',
  }
}

/** All names of sections that libbpf knows, by the kernel's type of their programs. */
export function sectionsByType(): Map<string, string[]> {
  const types = new Map<string, string[]>()
  for (const { kernelType, name } of ROWS) types.set(kernelType, [...(types.get(kernelType) ?? []), name])
  return types
}

/** What an unknown name may have meant: the longest known one that it begins with, or that is like it. */
export function sectionHint(section: string): string {
  const likely = ROWS.map(({ name }) => name)
    .filter((name) => section.startsWith(name))
    .sort((a, b) => b.length - a.length)[0]
  if (likely !== undefined) return `libbpf since 1.0 takes no other ending: write SEC("${likely}")`
  const [head = ''] = section.split('/')
  const family = ROWS.map(({ name }) => name).filter((name) => name.startsWith(`${head}/`))
  return family.length > 0
    ? `of this family libbpf knows ${family.slice(0, 6).join(', ')}${family.length > 6 ? ' …' : ''}`
    : 'libbpf knows xdp, tc, socket, syscall, tp/…, kprobe/…, fentry/… and others'
}
