// What the packet helpers share: the bounds of the run buffer, and copying between a packet and the program. The
// context is what the host laid out in the CPU's run buffer (src/machine/run/packet.ts); its words are the guest's, so
// what they say is checked before it is used. Called by helper/xdp.ts, skb*.ts, checksum.ts, redirect.ts, dynptr.ts.
import { EFAULT, RUN_CONTEXT_BYTES, RUN_TAILROOM_BYTES } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek32, poke32 } from '../door'
import { guestAddress } from '../guest'
import { CPU_BUFFER_USED, CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES } from '../layout'
import { RECORD_CLONES, RUN_RECORD } from '../run-record'

const MOST_OFFSET: u32 = 0x7fffffff

export const ETHERNET_BYTES: u32 = 14

/** Where the headroom begins, for whoever is about to move into it. */
export function headroomStart(): u32 {
  poke32(cpu() + CPU_BUFFER_USED, 1)
  return peek32(cpu() + CPU_RUN_BUFFER) + RUN_CONTEXT_BYTES
}

/** Up to where a packet may reach: behind it lie its tailroom and the clones that were made. */
export function bufferEnd(context: u64): u32 {
  const last = peek32(cpu() + CPU_RUN_BUFFER) + peek32(cpu() + CPU_RUN_BUFFER_BYTES) - RUN_TAILROOM_BYTES
  const clones = peek32(guestAddress(context + RUN_RECORD, RECORD_CLONES + 4) + RECORD_CLONES)
  return clones < last ? last - clones : 0
}

/** Address of `length` packet bytes at `offset` from `from`, 0 if they are not all inside. */
export function inside(from: u32, end: u32, offset: u32, length: u32): u64 {
  const start = <u64>from + <u64>offset
  return offset > MOST_OFFSET || start + <u64>length > <u64>end ? 0 : start
}

/** Copies packet bytes to the program; -EFAULT with `to` zeroed if `start` is 0. */
export function copyOut(start: u64, to: u64, length: u32): i64 {
  const target = guestAddress(to, length)
  if (start === 0) {
    fill(target, 0, length)
    return -EFAULT
  }
  copy(target, guestAddress(start, length), length)
  return 0
}

/** Copies bytes of the program into the packet; -EFAULT if `start` is 0. */
export function copyIn(start: u64, from: u64, length: u32): i64 {
  const source = guestAddress(from, length)
  if (start === 0) return -EFAULT
  copy(guestAddress(start, length), source, length)
  return 0
}
