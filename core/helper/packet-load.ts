// What legacy packet loads (BPF_LD with BPF_ABS or BPF_IND) do, under the names of the functions that the kernel puts
// in their place. The context is r6; the interpreter calls them, and compiled code imports them
// (src/jit/packet-load.ts), inside a section. A negative answer ends the function that loads, with the result 0.
import { EFAULT } from '../abi'
import { peek32, peek8 } from '../door'
import { guestAddress } from '../guest'
import { RECORD_MAC, RECORD_NETWORK } from '../run-record'
import { inside } from './packet'
import { recordOf, skbEnd, skbStart } from './skb'

/** Offsets from here up are from the network header, */
const SKF_NET_OFF: i32 = -0x100000
/** and below that, from here up, from the link header. */
const SKF_LL_OFF: i32 = -0x200000

/** Address of `length` packet bytes, 0 if they are not all inside. The offset is the lower half, with its sign. */
function place(skb: u64, offset: i32, length: u32): usize {
  let from: u32
  if (offset >= 0) from = skbStart(skb)
  else if (offset >= SKF_NET_OFF) {
    from = peek32(recordOf(skb) + RECORD_NETWORK)
    offset -= SKF_NET_OFF
  } else if (offset >= SKF_LL_OFF) {
    from = peek32(recordOf(skb) + RECORD_MAC)
    offset -= SKF_LL_OFF
  } else return 0
  const start = from === 0 ? 0 : inside(from, skbEnd(skb), <u32>offset, length)
  return start === 0 ? 0 : guestAddress(start, length)
}

/** The byte at that offset, or -EFAULT. */
export function bpf_skb_load_helper_8_no_cache(skb: u64, offset: u64): i64 {
  const at = place(skb, <i32>offset, 1)
  return at === 0 ? -EFAULT : <i64>peek8(at)
}

/** Two bytes from that offset on, as a number whose upper byte comes first, or -EFAULT. */
export function bpf_skb_load_helper_16_no_cache(skb: u64, offset: u64): i64 {
  const at = place(skb, <i32>offset, 2)
  return at === 0 ? -EFAULT : ((<i64>peek8(at)) << 8) | (<i64>peek8(at + 1))
}

/** The same of four bytes. */
export function bpf_skb_load_helper_32_no_cache(skb: u64, offset: u64): i64 {
  const at = place(skb, <i32>offset, 4)
  if (at === 0) return -EFAULT
  return ((<i64>peek8(at)) << 24) | ((<i64>peek8(at + 1)) << 16) | ((<i64>peek8(at + 2)) << 8) | (<i64>peek8(at + 3))
}
