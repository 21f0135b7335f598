// bpf_perf_event_output and its two kin of tracing programs by the kernel's names: a record for the host, with the
// first bytes of the packet behind it if the flags ask for them. Called by guest programs, inside a section.
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
  RUN_CONTEXT_BYTES,
  RUN_HEADROOM_BYTES,
} from '../abi'
import { cpu, cpuIndex } from '../cpu'
import { peek32 } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { CPU_PROGRAM, CPU_RUN_BUFFER, MAP_TYPE, PROGRAM_TYPE } from '../layout'
import { TASK_PACKET_BYTES } from '../task-record'
import { mapAddress } from '../map/map'
import { perfOutput } from '../map/perf-event'
import { skbBytes } from './skb'
import { inRunBuffer } from './task'
import { xdpBytes } from './xdp'

/** In the flags: the index, or the own CPU's, and how many bytes of the packet. */
const INDEX: u64 = 0xffffffff
const CURRENT_CPU: u32 = 0xffffffff
const PACKET: u64 = 0xfffff00000000
const PACKET_SHIFT: u64 = 32

function eventArray(pointer: u64): usize {
  const map = mapAddress(pointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_PERF_EVENT_ARRAY) fault(FAULT_BAD_ACCESS, pointer)
  return map
}

/** Address of the record; a fault if it is not in the guest window. */
function recordAt(data: u64, size: u64): usize {
  if (size > 0xffffffff) fault(FAULT_BAD_ACCESS, data)
  return size === 0 ? 0 : guestAddress(data, <u32>size)
}

function put(map: usize, flags: u64, record: usize, size: u64, packet: usize): i32 {
  const index = <u32>flags
  return perfOutput(
    map,
    index === CURRENT_CPU ? cpuIndex() : index,
    record,
    <u32>size,
    packet,
    <u32>(flags >> PACKET_SHIFT),
  )
}

/**
 * Puts `size` bytes at `data`, and bytes of the packet, into the buffer at an index of a perf event array. 0, -EINVAL
 * (flags; programs without a packet have no bytes of it), -EFAULT (packet too short), and what perfOutput answers.
 */
export function bpf_perf_event_output(context: u64, mapPointer: u64, flags: u64, data: u64, size: u64): i64 {
  const map = eventArray(mapPointer)
  const type = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE)
  const skb =
    type === BPF_PROG_TYPE_SCHED_CLS ||
    type === BPF_PROG_TYPE_SCHED_ACT ||
    type === BPF_PROG_TYPE_SOCKET_FILTER ||
    type === BPF_PROG_TYPE_CGROUP_SKB
  const xdp = type === BPF_PROG_TYPE_XDP
  if (flags & ~(skb || xdp ? INDEX | PACKET : INDEX)) return -EINVAL
  const record = recordAt(data, size)
  const more = <u32>(flags >> PACKET_SHIFT)
  let packet: usize = 0
  if (more) {
    const start = xdp ? xdpBytes(context, 0, more) : skbBytes(context, 0, more)
    if (start === 0) return -EFAULT
    packet = guestAddress(start, more)
  }
  return put(map, flags, record, size, packet)
}

/**
 * The same from a tracing program, whose packet is the one that the host has given the run: whatever structure `buffer`
 * names, null has none (-EFAULT), and so have a run without and a callback.
 */
function tracedOutput(buffer: u64, mapPointer: u64, flags: u64, data: u64, size: u64): i64 {
  const map = eventArray(mapPointer)
  if (flags & ~(INDEX | PACKET)) return -EINVAL
  const record = recordAt(data, size)
  if (buffer === 0 || <u32>(flags >> PACKET_SHIFT) > inRunBuffer(TASK_PACKET_BYTES)) return -EFAULT
  const packet = <usize>peek32(cpu() + CPU_RUN_BUFFER) + <usize>(RUN_CONTEXT_BYTES + RUN_HEADROOM_BYTES)
  return put(map, flags, record, size, packet)
}

export function bpf_skb_output(skb: u64, map: u64, flags: u64, data: u64, size: u64): i64 {
  return tracedOutput(skb, map, flags, data, size)
}

export function bpf_xdp_output(xdp: u64, map: u64, flags: u64, data: u64, size: u64): i64 {
  return tracedOutput(xdp, map, flags, data, size)
}
