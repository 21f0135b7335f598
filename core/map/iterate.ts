// Iteration over a hash map while others change it. Called by the helpers and the host. In bucket order (for_each,
// next key): a key that is in the map from beginning to end is visited exactly once, replaced or not, because its
// place in the order never moves. By element (next): an element that is in the map from beginning to end is visited
// once. Neither returns an element that was not in the map at some moment of the call. Both walk as find.ts does.
// Keys of more than 8 bytes whose 64-bit hashes are equal count as one in the bucket order.
import { callBack, calleeFrame, callbackOf, chargeIteration } from '../callback'
import { cpuIndex } from '../cpu'
import { load64, peek32, retry } from '../door'
import {
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_ELEMENT_COUNT,
  RECORD_KEY,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_ORDER,
} from '../layout'
import { callbackKey } from './callback-key'
import { FIND_DISTURBED, find } from './find'
import { valueAddressOn } from './map'
import { bucketOf, copyKey, isLong, nextOf, orderOf, recordOf } from './record'

/** Calls `fn` for one element; true if it wants to stop. */
export function visit(map: usize, key: usize, value: usize, fn: u32, context: u64, callee: usize): bool {
  chargeIteration()
  return callBack(fn, map, key, value, context, callee) !== 0
}

/** bpf_for_each_map_elem on a hash map: the number of elements visited. */
export function hashForEach(map: usize, fn: u64, context: u64, frame: usize): u32 {
  const index = callbackOf(fn)
  const callee = calleeFrame(frame)
  const mask = peek32(map + MAP_BUCKET_MASK)
  let visited: u32 = 0
  for (let bucket: u32 = 0; bucket <= mask; bucket++) {
    const first = bucketAt(map, bucket)
    let begun = false
    let last: u64 = 0
    // One turn for each element, from the bucket again: the callback may have changed everything.
    while (true) {
      let link = first
      let word = load64(link)
      let current = nextOf(word)
      let place: u64 = 0
      let key: usize = 0
      while (current) {
        const record = recordOf(map, current - 1)
        const its = load64(record + RECORD_LINK)
        place = load64(record + RECORD_ORDER)
        const here = !(its & RECORD_MARK) && (!begun || place > last)
        // Before the link is looked at again: afterwards the record may be in the hands of whoever prepares another
        // key.
        if (here) key = callbackKey(map, current - 1, callee)
        if (load64(link) !== word) {
          link = first
          word = load64(link)
          current = nextOf(word)
          continue
        }
        if (here) break
        if (!(its & RECORD_MARK)) {
          link = record + RECORD_LINK
          word = its
        }
        current = nextOf(its)
      }
      if (!current) break
      begun = true
      last = place
      visited++
      if (visit(map, key, valueAddressOn(map, current - 1, cpuIndex()), index, context, callee)) return visited
    }
  }
  return visited
}

function bucketAt(map: usize, bucket: u32): usize {
  return <usize>peek32(map + MAP_BUCKETS) + ((<usize>bucket) << 3)
}

/** Writes the first key of a bucket, behind the order word `last` if `begun`, to `into`: false at the end. */
function nextIn(map: usize, first: usize, begun: bool, last: u64, into: usize): bool {
  let found = walkBehind(map, first, begun, last, into)
  while (found === FIND_DISTURBED) {
    retry()
    found = walkBehind(map, first, begun, last, into)
  }
  return found !== 0
}

function walkBehind(map: usize, first: usize, begun: bool, last: u64, into: usize): u32 {
  let link = first
  let word = load64(link)
  let current = nextOf(word)
  while (current) {
    const record = recordOf(map, current - 1)
    const its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    const here = !(its & RECORD_MARK) && (!begun || place > last)
    if (here) copyKey(map, record, into)
    if (load64(link) !== word) return FIND_DISTURBED
    if (here) return current
    if (!(its & RECORD_MARK)) {
      link = record + RECORD_LINK
      word = its
    }
    current = nextOf(its)
  }
  return 0
}

/** Writes the key that follows the key at `key` in bucket order (it need not be in the map; 0 asks for the first) to
 *  `into`, where there is room for whole words: false at the end. Both are guest addresses and may be the same. */
export function hashNextKey(map: usize, key: usize, into: usize): bool {
  const mask = peek32(map + MAP_BUCKET_MASK)
  let bucket: u32 = 0
  if (key) {
    const order = orderOf(map, key)
    const at = bucketOf(map, order)
    if (nextIn(map, at, true, order, into)) return true
    bucket = <u32>((at - bucketAt(map, 0)) >> 3) + 1
  }
  for (; bucket <= mask; bucket++) if (nextIn(map, bucketAt(map, bucket), false, 0, into)) return true
  return false
}

/** The first element at or after index `cursor` that is in the map, or -1. */
export function hashNextElement(map: usize, cursor: u32): i32 {
  const count = peek32(map + MAP_ELEMENT_COUNT)
  for (let index = cursor; index < count; index++) if (isInMap(map, index)) return <i32>index
  return -1
}

/** A record that is not marked may be prepared and not yet in the map: only the walk to its key tells. */
function isInMap(map: usize, index: u32): bool {
  const record = recordOf(map, index)
  while (true) {
    retry()
    if (load64(record + RECORD_LINK) & RECORD_MARK) return false
    const found = find(map, load64(record + RECORD_ORDER), isLong(map) ? record + RECORD_KEY : 0)
    if (found !== FIND_DISTURBED) return found === index + 1
  }
}
