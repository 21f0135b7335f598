// The redirect helpers. There is no network: where a packet is sent is recorded for the host, which gives it as part of
// the run's answer if the program returns that it redirects. Exported to guest programs.
import {
  BPF_F_INGRESS,
  BPF_PROG_TYPE_XDP,
  EINVAL,
  ENOMEM,
  TC_ACT_REDIRECT,
  TC_ACT_SHOT,
  XDP_ABORTED,
  XDP_REDIRECT,
} from '../abi'
import { cpu } from '../cpu'
import { copy, peek32, poke32, poke64 } from '../door'
import { guestAddress } from '../guest'
import { CPU_BUFFER_USED, CPU_FIRING, CPU_PROGRAM, CPU_RUN_BUFFER, PROGRAM_TYPE } from '../layout'
import {
  CLONE_BYTES,
  CLONE_FLAGS,
  CLONE_IFINDEX,
  CLONE_PACKET,
  NEIGHBOR_BYTES,
  RECORD_CLONES,
  RECORD_NEIGHBOR,
  RECORD_NEIGHBOR_GIVEN,
  RECORD_REDIRECT,
  RECORD_REDIRECT_FLAGS,
  RECORD_REDIRECT_INDEX,
  RECORD_REDIRECT_MAP,
  RECORD_TARGET,
  RUN_RECORD,
} from '../run-record'
import { bufferEnd } from './packet'
import { skbEnd, skbStart } from './skb'

const REDIRECT: u32 = 23
const REDIRECT_NEIGH: u32 = 152
const REDIRECT_PEER: u32 = 155

/** True in a program of XDP. */
export function isXdp(): bool {
  return peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE) === BPF_PROG_TYPE_XDP
}

/**
 * Records where the packet of the running program goes. `helper` is the helper's number (0: nowhere after all), `index`
 * an interface, or a key of `map` under which `target` stands; both 0 for none.
 */
export function recordRedirect(helper: u32, index: u32, flags: u64, map: usize, target: u64): void {
  // A callback that fires between runs has no packet.
  if (peek32(cpu() + CPU_FIRING) !== 0) return
  poke32(cpu() + CPU_BUFFER_USED, 1)
  const record = <usize>peek32(cpu() + CPU_RUN_BUFFER) + RUN_RECORD
  poke32(record + RECORD_REDIRECT, helper)
  poke32(record + RECORD_REDIRECT_INDEX, index)
  poke64(record + RECORD_REDIRECT_FLAGS, flags)
  poke32(record + RECORD_REDIRECT_MAP, <u32>map)
  poke64(record + RECORD_TARGET, target)
  poke32(record + RECORD_NEIGHBOR_GIVEN, 0)
}

/** XDP_REDIRECT or TC_ACT_REDIRECT; XDP_ABORTED or TC_ACT_SHOT for flags that are not allowed. */
export function bpf_redirect(ifindex: u64, flags: u64): i64 {
  const xdp = isXdp()
  if ((flags & ~(xdp ? <u64>0 : <u64>BPF_F_INGRESS)) !== 0) return xdp ? XDP_ABORTED : TC_ACT_SHOT
  recordRedirect(REDIRECT, <u32>ifindex, flags, 0, 0)
  return xdp ? XDP_REDIRECT : TC_ACT_REDIRECT
}

/** TC_ACT_REDIRECT into the peer of a pair of interfaces; TC_ACT_SHOT for any flag. */
export function bpf_redirect_peer(ifindex: u64, flags: u64): i64 {
  if (flags !== 0) return TC_ACT_SHOT
  recordRedirect(REDIRECT_PEER, <u32>ifindex, 0, 0, 0)
  return TC_ACT_REDIRECT
}

/**
 * TC_ACT_REDIRECT to a neighbour, the one in `parameters` if there are any; TC_ACT_SHOT for flags and short parameters.
 */
export function bpf_redirect_neigh(ifindex: u64, parameters: u64, length: u64, flags: u64): i64 {
  const given = <u32>length
  if ((given !== 0 && given < <u32>NEIGHBOR_BYTES) || flags !== 0) return TC_ACT_SHOT
  const from: usize = given !== 0 ? guestAddress(parameters, NEIGHBOR_BYTES) : 0
  recordRedirect(REDIRECT_NEIGH, <u32>ifindex, 0, 0, 0)
  if (from === 0 || peek32(cpu() + CPU_FIRING) !== 0) return TC_ACT_REDIRECT
  const record = <usize>peek32(cpu() + CPU_RUN_BUFFER) + RUN_RECORD
  copy(record + RECORD_NEIGHBOR, from, NEIGHBOR_BYTES)
  poke32(record + RECORD_NEIGHBOR_GIVEN, 1)
  return TC_ACT_REDIRECT
}

/**
 * Records a copy of the packet as it is now. 0; -EINVAL for flags or interface 0, -ENOMEM when the run buffer is full.
 */
export function bpf_clone_redirect(context: u64, ifindex: u64, flags: u64): i64 {
  const start = skbStart(context)
  const end = skbEnd(context)
  if ((flags & ~(<u64>BPF_F_INGRESS)) !== 0 || <u32>ifindex === 0 || start > end) return -EINVAL
  const bytes = end - start
  const record = guestAddress(context + RUN_RECORD, RECORD_CLONES + 4)
  const needed: u32 = (CLONE_PACKET + bytes + 7) & ~7
  const last = bufferEnd(context)
  if (last < end || needed > last - end) return -ENOMEM
  const clone = guestAddress(<u64>(last - needed), needed)
  poke32(clone + CLONE_BYTES, bytes)
  poke32(clone + CLONE_IFINDEX, <u32>ifindex)
  poke64(clone + CLONE_FLAGS, flags)
  copy(clone + CLONE_PACKET, guestAddress(<u64>start, bytes), bytes)
  poke32(record + RECORD_CLONES, peek32(record + RECORD_CLONES) + needed)
  return 0
}
