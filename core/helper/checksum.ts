// Internet checksums: differences, and replacing fields under a checksum in a packet. One's complement sums do not care
// for byte order, so words are taken as they lie. Exported to guest programs.
import { EFAULT, EINVAL } from '../abi'
import { peek16, peek32, peek8, poke16 } from '../door'
import { guestAddress } from '../guest'
import { skbBytes } from './skb'

const SIZE_MASK: u64 = 0x0f
const MARK_MANGLED: u64 = 0x20
const MARK_ENFORCE: u64 = 0x40
const L4_FLAGS: u64 = 0xff
const MOST_OFFSET: u32 = 0xffff
const MANGLED_ZERO: u32 = 0xffff

function add(sum: u32, addend: u32): u32 {
  const result = sum + addend
  return result < addend ? result + 1 : result
}

function fold(sum: u32): u32 {
  const once = (sum & 0xffff) + (sum >> 16)
  return ((once & 0xffff) + (once >> 16)) & 0xffff
}

function partial(from: usize, bytes: u32, seed: u32): u32 {
  let sum = seed
  let at: u32 = 0
  for (; at + 4 <= bytes; at += 4) sum = add(sum, peek32(from + at))
  if ((bytes & 2) !== 0) {
    sum = add(sum, peek16(from + at))
    at += 2
  }
  return (bytes & 1) !== 0 ? add(sum, peek8(from + at)) : sum
}

/** The sum over `to` less the sum over `from`, onto `seed`, folded to 16 bits. */
export function bpf_csum_diff(from: u64, fromSize: u64, to: u64, toSize: u64, seed: u64): i64 {
  const before = <u32>fromSize
  const after = <u32>toSize
  const old: usize = before === 0 ? 0 : guestAddress(from, before)
  const replacement: usize = after === 0 ? 0 : guestAddress(to, after)
  let sum = <u32>seed
  if (after > 0) sum = partial(replacement, after, sum)
  if (before > 0) sum = after > 0 ? add(sum, ~partial(old, before, 0)) : ~partial(old, before, ~sum)
  return fold(sum)
}

/** A checksum after a 16- or 32-bit field under it went from `from` to `to`; `from` 0 and a difference in `to` too. */
function replaced(checksum: u32, from: u32, to: u32): u32 {
  return ~fold(add(add(~checksum & 0xffff, ~from), to)) & 0xffff
}

/** The same by a difference. */
function replacedBy(checksum: u32, difference: u32): u32 {
  return ~fold(add(difference, ~checksum & 0xffff)) & 0xffff
}

function replace(checksum: u32, from: u64, to: u64, size: u64): i32 {
  if (size === 0) return from === 0 ? <i32>replacedBy(checksum, <u32>to) : -1
  if (size === 2) return <i32>replaced(checksum, (<u32>from) & 0xffff, (<u32>to) & 0xffff)
  return size === 4 ? <i32>replaced(checksum, <u32>from, <u32>to) : -1
}

/** Address of the checksum, 0 if it is not in the packet or not at an even offset. */
function place(context: u64, offset: u64): u64 {
  return <u32>offset > MOST_OFFSET || (offset & 1) !== 0 ? 0 : skbBytes(context, offset, 2)
}

/** Replaces a field (2 or 4 bytes; 0: `to` is a difference) under the IP checksum at `offset`. 0, -EINVAL, -EFAULT. */
export function bpf_l3_csum_replace(context: u64, offset: u64, from: u64, to: u64, flags: u64): i64 {
  if ((flags & ~SIZE_MASK) !== 0) return -EINVAL
  const at = place(context, offset)
  if (at === 0) return -EFAULT
  const address = guestAddress(at, 2)
  const result = replace(peek16(address), from, to, flags & SIZE_MASK)
  if (result < 0) return -EINVAL
  poke16(address, <u16>result)
  return 0
}

/** The same for TCP and UDP: with BPF_F_MARK_MANGLED_0 a checksum 0 stays 0, and a new 0 becomes 0xffff. */
export function bpf_l4_csum_replace(context: u64, offset: u64, from: u64, to: u64, flags: u64): i64 {
  if ((flags & ~L4_FLAGS) !== 0) return -EINVAL
  const at = place(context, offset)
  if (at === 0) return -EFAULT
  const address = guestAddress(at, 2)
  const mangled = (flags & MARK_MANGLED) !== 0
  const old = peek16(address)
  if (mangled && (flags & MARK_ENFORCE) === 0 && old === 0) return 0
  const result = replace(old, from, to, flags & SIZE_MASK)
  if (result < 0) return -EINVAL
  poke16(address, mangled && result === 0 ? <u16>MANGLED_ZERO : <u16>result)
  return 0
}
