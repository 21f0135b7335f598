// The program types that this machine runs: what the core is told of each (enum bpf_prog_type), and which have a
// packet.
import * as abi from '../../core/abi.js'
import type { ProgramType } from '../object/spec.js'

/** The kernel's number of each type; 0 for what is never loaded. */
export const programTypeNumbers: Readonly<Record<ProgramType, number>> = {
  socket_filter: abi.BPF_PROG_TYPE_SOCKET_FILTER,
  kprobe: abi.BPF_PROG_TYPE_KPROBE,
  sched_cls: abi.BPF_PROG_TYPE_SCHED_CLS,
  sched_act: abi.BPF_PROG_TYPE_SCHED_ACT,
  tracepoint: abi.BPF_PROG_TYPE_TRACEPOINT,
  xdp: abi.BPF_PROG_TYPE_XDP,
  cgroup_skb: abi.BPF_PROG_TYPE_CGROUP_SKB,
  perf_event: abi.BPF_PROG_TYPE_PERF_EVENT,
  raw_tracepoint: abi.BPF_PROG_TYPE_RAW_TRACEPOINT,
  tracing: abi.BPF_PROG_TYPE_TRACING,
  syscall: abi.BPF_PROG_TYPE_SYSCALL,
  unsupported: 0,
}

/** Types whose context is a struct __sk_buff. */
export const SOCKET_BUFFER_TYPES: readonly ProgramType[] = ['socket_filter', 'sched_cls', 'sched_act', 'cgroup_skb']

/** Types that may have legacy packet loads. */
export const PACKET_LOAD_TYPES: readonly ProgramType[] = ['socket_filter', 'sched_cls', 'sched_act']

/** Types that run on a packet. */
export const PACKET_TYPES: readonly ProgramType[] = [...SOCKET_BUFFER_TYPES, 'xdp']
