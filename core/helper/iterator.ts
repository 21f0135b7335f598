// Numeric iterators: bpf_for and bpf_repeat. The iterator's 8 bytes lie in the program's frame, {current: i32, end:
// i32}, both 0 when it is over; a program that forges them only iterates over other numbers. Exported to guest
// programs.
import { E2BIG, EINVAL } from '../abi'
import { peek32, poke32 } from '../door'
import { guestAddress } from '../guest'

const ITERATOR_BYTES: u32 = 8
const END: usize = 4
/** BPF_MAX_LOOPS. */
const MOST: i64 = 8 * 1024 * 1024

/** Counts from `start` to before `end`. 0, -EINVAL if start > end, -E2BIG for more than 8 Mi numbers. */
export function bpf_iter_num_new(iterator: u64, start: u64, end: u64): i64 {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  const first = <i32>start
  const last = <i32>end
  poke32(it, 0)
  poke32(it + END, 0)
  if (first > last) return -EINVAL
  if (<i64>last - <i64>first > MOST) return -E2BIG
  poke32(it, first - 1)
  poke32(it + END, last)
  return 0
}

/** Address of the next number, 0 at the end. */
export function bpf_iter_num_next(iterator: u64): u64 {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  const next = <i32>peek32(it) + 1
  if (<i64>(<i32>peek32(it)) + 1 >= <i64>(<i32>peek32(it + END))) {
    poke32(it, 0)
    poke32(it + END, 0)
    return 0
  }
  poke32(it, next)
  return <u64>it
}

/** Ends it. */
export function bpf_iter_num_destroy(iterator: u64): void {
  const it = guestAddress(iterator, ITERATOR_BYTES)
  poke32(it, 0)
  poke32(it + END, 0)
}
