// bpf_check_mtu: whether a packet fits through an interface, by the table of interfaces that the host has set. Exported
// to guest programs.
import { BPF_PROG_TYPE_XDP, EINVAL, ENODEV } from '../abi'
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { CPU_PROGRAM, PROGRAM_TYPE } from '../layout'
import { INTERFACE_MTU } from '../network-record'
import { interfaceAt } from './interface'
import { ETHERNET_BYTES } from './packet'
import { skbAt, skbLength, SKB_GSO_SIZE, SKB_IFINDEX } from './skb'
import { xdpIngress, xdpLength } from './xdp'

const BPF_MTU_CHK_SEGS: u64 = 1
const FITS: i64 = 0
const FRAG_NEEDED: i64 = 1

/**
 * 0 if the packet, changed by `difference`, fits through the interface (0: its own), 1 if it does not; *length, unless
 * 0, counts instead of the packet's and becomes the MTU. -EINVAL for flags, -ENODEV.
 */
export function bpf_check_mtu(context: u64, ifindex: u64, length: u64, difference: u64, flags: u64): i64 {
  const word = guestAddress(length, 4)
  const given = peek32(word)
  const xdp = peek32(<usize>peek32(cpu() + CPU_PROGRAM) + PROGRAM_TYPE) === BPF_PROG_TYPE_XDP
  if ((flags & ~(xdp ? <u64>0 : BPF_MTU_CHK_SEGS)) !== 0) return -EINVAL
  if (flags !== 0 && (<u32>difference !== 0 || given !== 0)) return -EINVAL
  const own = xdp ? xdpIngress(context) : peek32(skbAt(context) + SKB_IFINDEX)
  const wanted = <u32>ifindex === 0 ? own : <u32>ifindex
  const through = interfaceAt(wanted)
  if (!through) return -ENODEV
  const mtu = peek32(through + INTERFACE_MTU)
  const bytes = xdp ? <u32>xdpLength(context) : skbLength(context)
  const counted = <i32>(given !== 0 ? given + ETHERNET_BYTES : bytes) + <i32>difference
  poke32(word, mtu)
  if (counted <= <i32>(mtu + ETHERNET_BYTES)) return FITS
  // What will be cut into segments fits; how long they will be is not looked at.
  return !xdp && peek32(skbAt(context) + SKB_GSO_SIZE) !== 0 ? FITS : FRAG_NEEDED
}
