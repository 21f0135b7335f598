// What the ring buffer helpers mostly do, for rings that the code names: the compiler writes these functions in place
// of the call (src/jit/in-place.ts), with the ring's numbers as constants. Each answers 0 if it is not so simple, and
// then nothing has changed: the helper (ring-buffer.ts) is to be called. Else it answers 1 more than the helper would.
// `map`: address of the ring; `headers`, `samples`: where its headers and samples begin; `mask`: its units less 1.
import { BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP } from '../abi'
import { compareExchange64, load64 } from '../door'
import { inGuestWindow } from '../guest'
import { beginOpen, endOpen } from '../map/open-records'
import { NOT_LAST, commit, commitLast, headerAt, takeAtOnce } from '../map/ring-at-once'
import { wakeConsumer } from '../map/ring-bell'
import { LARGEST_SAMPLE, RECORD_COMMITTED, SAMPLE_OFFSET, startOf, withOwner } from '../map/ring-record'
import { copyShort } from '../map/value'

/** Bytes of a sample that `output` copies word by word. */
const SHORT: u64 = 63

function sampleAt(samples: usize, mask: u32, word: u64): usize {
  return samples + ((<usize>(startOf(word) & mask)) << 3) + SAMPLE_OFFSET
}

export function ringbuf_reserve_at_once(
  _: u64,
  size: u64,
  flags: u64,
  map: usize,
  headers: usize,
  samples: usize,
  mask: u32,
): i64 {
  if (flags !== 0 || size > LARGEST_SAMPLE) return 0
  beginOpen()
  const word = takeAtOnce(map, headers, mask, <u32>size)
  if (word) return <i64>sampleAt(samples, mask, word) + 1
  endOpen()
  return 0
}

export function ringbuf_submit_at_once(
  sample: u64,
  flags: u64,
  map: usize,
  headers: usize,
  samples: usize,
  mask: u32,
): i64 {
  // Rotated, a misaligned offset, and one with upper bits, is no place of the ring.
  const place = rotr<u64>(sample - <u64>(samples + SAMPLE_OFFSET), 3)
  const start = commitLast(map, headers, mask, place)
  if (start === NOT_LAST) return 0
  wakeConsumer(map, start, flags)
  return 1
}

export function ringbuf_output_at_once(
  _: u64,
  data: u64,
  size: u64,
  flags: u64,
  map: usize,
  headers: usize,
  samples: usize,
  mask: u32,
): i64 {
  if (flags & ~(<u64>(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) || size > SHORT) return 0
  if (!inGuestWindow(data, <u32>size)) return 0
  const word = takeAtOnce(map, headers, mask, <u32>size)
  if (!word) return 0
  copyShort(sampleAt(samples, mask, word), <usize>data, <u32>size)
  const header = headerAt(headers, mask, startOf(word))
  const seen = load64(header)
  if (compareExchange64(header, seen, withOwner(word, RECORD_COMMITTED)) !== seen) commit(header, word)
  wakeConsumer(map, startOf(word), flags)
  return 1
}
