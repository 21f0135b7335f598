// bpf_perf_event_output by the kernel's name: a record for the host, with the first bytes of the packet behind it if the flags
// ask for them. Called by guest programs, inside a section.
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
  EFAULT,
  EINVAL,
  FAULT_BAD_ACCESS,
  MAP_TYPE_PERF_EVENT_ARRAY,
} from '../abi'
import { cpu, cpuIndex } from '../cpu'
import { peek32 } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { CPU_PROGRAM, MAP_TYPE, PROGRAM_TYPE } from '../layout'
import { mapAddress } from '../map/map'
import { perfOutput } from '../map/perf-event'
import { skbBytes } from './skb'
import { xdpBytes } from './xdp'

/** In the flags: the index, or the own CPU's, and how many bytes of the packet. */
const INDEX: u64 = 0xffffffff
const CURRENT_CPU: u32 = 0xffffffff
const PACKET: u64 = 0xfffff00000000
const PACKET_SHIFT: u64 = 32

/**
 * Puts `size` bytes at `data`, and bytes of the packet, into the buffer at an index of a perf event array. 0, -EINVAL
 * (flags; programs without a packet have no bytes of it), -EFAULT (packet too short), and what perfOutput answers.
 */
export function bpf_perf_event_output(context: u64, mapPointer: u64, flags: u64, data: u64, size: u64): i64 {
  const map = mapAddress(mapPointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_PERF_EVENT_ARRAY) fault(FAULT_BAD_ACCESS, mapPointer)
  const type = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE)
  const skb =
    type === BPF_PROG_TYPE_SCHED_CLS ||
    type === BPF_PROG_TYPE_SCHED_ACT ||
    type === BPF_PROG_TYPE_SOCKET_FILTER ||
    type === BPF_PROG_TYPE_CGROUP_SKB
  const xdp = type === BPF_PROG_TYPE_XDP
  if (flags & ~(skb || xdp ? INDEX | PACKET : INDEX)) return -EINVAL
  if (size > 0xffffffff) fault(FAULT_BAD_ACCESS, data)
  const from: usize = size === 0 ? 0 : guestAddress(data, <u32>size)
  const more = <u32>(flags >> PACKET_SHIFT)
  let packet: usize = 0
  if (more) {
    const start = xdp ? xdpBytes(context, 0, more) : skbBytes(context, 0, more)
    if (start === 0) return -EFAULT
    packet = guestAddress(start, more)
  }
  const index = <u32>flags
  return perfOutput(map, index === CURRENT_CPU ? cpuIndex() : index, from, <u32>size, packet, more)
}
