// Iterators over the bits that are set in words. The 16 bytes lie in the program's frame: {words or their address: u64,
// bits: u32, bit: i32}. One word is copied; more are read where they are, within the window. Exported to guest
// programs.
import { E2BIG, EFAULT, EINVAL } from '../abi'
import { peek32, peek64, poke32, poke64 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'

const ITERATOR_BYTES: u32 = 16
const BITS: usize = 8
const BIT: usize = 12
/** BITS_ITER_NR_WORDS_MAX. */
const MOST_WORDS: u32 = 511
const WORD_BITS: u32 = 64

/** Over `words` words of 64 bits. 0; -EINVAL for none, -E2BIG for more than 511, -EFAULT for what cannot be read. */
export function bpf_iter_bits_new(iterator: u64, from: u64, words: u64): i64 {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  const count = <u32>words
  poke64(it, 0)
  poke32(it + BITS, 0)
  poke32(it + BIT, 0xffffffff)
  if (from === 0 || count === 0) return -EINVAL
  if (count > MOST_WORDS) return -E2BIG
  if (!inGuestWindow(from, count << 3)) return -EFAULT
  poke64(it, count === 1 ? peek64(<usize>from) : from)
  poke32(it + BITS, count * WORD_BITS)
  return 0
}

/** Address of the next bit's number, 0 at the end. */
export function bpf_iter_bits_next(iterator: u64): u64 {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  const bits = peek32(it + BITS)
  let bit = peek32(it + BIT) + 1
  while (bit < bits) {
    const data = peek64(it)
    const word = bits === WORD_BITS ? data : peek64(guestAddress(data + ((<u64>(bit >> 6)) << 3), 8))
    const rest = word >> (<u64>(bit & 63))
    if (rest !== 0) {
      poke32(it + BIT, bit + <u32>ctz<u64>(rest))
      return <u64>(it + BIT)
    }
    bit = (bit | 63) + 1
  }
  poke32(it + BITS, 0)
  return 0
}

/** Ends it. */
export function bpf_iter_bits_destroy(iterator: u64): void {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  poke64(it, 0)
  poke32(it + BITS, 0)
}
