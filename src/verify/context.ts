// Where a program's context holds pointers, by program type: to the packet's borders, and to what a tracing program
// traces.
import type { ProgramType } from '../object/spec.js'
import { EXACT, LOOSE, scalar } from './scalar.js'
import { hasTypedArguments } from './probes.js'
import { KERNEL_POINTER, UNKNOWN, type Base, type Value } from './value.js'

/** The packet's start; all loads of it are the same place, as long as nothing moves the packet. */
const DATA: Base = -1
const META: Base = -2

const PACKETS: Partial<Record<ProgramType, { data: number; end: number; meta?: number }>> = {
  xdp: { data: 0, end: 4, meta: 8 },
  sched_cls: { data: 76, end: 80, meta: 140 },
  sched_act: { data: 76, end: 80, meta: 140 },
  cgroup_skb: { data: 76, end: 80 },
}

/** __sk_buff.sk. */
const SK = 168
const SOCKET_BUFFER = new Set<ProgramType>(['sched_cls', 'sched_act', 'cgroup_skb', 'socket_filter'])

/** What a load of `width` bits at `offset` of the context gives. */
export function contextField(type: ProgramType | undefined, offset: number, width: number): Value {
  const packet = type && PACKETS[type]
  if (packet && width === 32) {
    if (offset === packet.data) return { is: 'packet', base: DATA, offset: 0, proved: 0 }
    if (offset === packet.meta) return { is: 'packet', base: META, offset: 0, proved: 0 }
    if (offset === packet.end) return { is: 'packet-end' }
  }
  if (width === 64 && offset === SK && type !== undefined && SOCKET_BUFFER.has(type))
    return {
      is: 'object',
      type: 'sock_common',
      reference: undefined,
      owns: false,
      nullable: true,
      size: Infinity,
      min: 0,
      max: 0,
    }
  if (width === 64) return type && hasTypedArguments(type) ? KERNEL_POINTER : UNKNOWN
  return scalar(0, 2 ** width - 1, packet ? EXACT : LOOSE)
}
