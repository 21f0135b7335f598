// The bucket lists of a hash map: M. Michael's lock-free list (2002) over records that are reused at once, sorted by
// (order word, key words), so a key has exactly one place. Here is the writing side; find.ts reads.
//
// What holds at every moment:
//  - The elements in the map are those reachable from a bucket whose link is unmarked. A mark is set once per life,
//    by the one who thereby owns the element: only the owner closes its timers and gives it back (hash.ts), whoever
//    unlinks it.
//  - A marked link never changes until its owner has given the element back; and the owner gives it back only after
//    it is unlinked. A marked element can be unlinked only through the link of an unmarked one (or the bucket).
//  - Replacing: new.link = old's next, then old.link: {next} -> {mark, new}. In that one step old is deleted and its
//    key is present again, in `new`, which is reached through old until old is unlinked. No lookup misses the key.
//  - The walk below reads current's link and key, then sees that the link which led there is still the same word.
//    Versions only grow, so `current` was linked all that time and was not reused under the reader. So a
//    compare-and-exchange on a word that was read this way acts on the very list that was seen.
//
// A CPU that stops holds nobody up: what it marked, others unlink; what it holds in its hands is one element.
// Each failed compare-and-exchange means that another CPU (or nested code) changed that link: lock-free.
import { BPF_EXIST, BPF_NOEXIST } from '../abi'
import { compareExchange64, load64, note64, retry } from '../door'
import { RECORD_LINK, RECORD_MARK, RECORD_ORDER } from '../layout'
import { NO_ROOM, RESERVED, reserve, unreserve } from './room'
import { bucketOf, compareKey, linkAfter, nextOf, recordOf } from './record'

/**
 * Actions at a key's place, and their results in the low byte; an element that came into the caller's hands stands
 * above.
 */
export const PUT: u32 = 0
/** PUT by a caller who has reserved the room already. */
export const PUT_RESERVED: u32 = 1
export const REMOVE: u32 = 2
/** Removes the key only if it is in the element given. */
export const EVICT: u32 = 3
/** Only unlinks the marked elements up to the key's place. */
export const SWEEP: u32 = 4

export const ABSENT: u32 = 0
export const PRESENT: u32 = 1
const FULL: u32 = 2
export const INSERTED: u32 = 3
/** The former element of the key is marked and the caller's. */
export const TAKEN: u32 = 4
/** The same, and it may still be linked: the caller sweeps before it gives the element back. */
export const TAKEN_LINKED: u32 = 5

/** The element in a result. */
export function takenElement(result: u32): u32 {
  return result >> 8
}

/**
 * Walks to the place of a key, unlinking the marked elements that it meets, and acts there. `order` and `key` (where
 * its bytes or a record's key words are, 0 for short keys) name the key; `element` is the prepared element that PUT
 * inserts, or the one that EVICT wants. PUT obeys the update flags: ABSENT (BPF_EXIST), PRESENT (BPF_NOEXIST), FULL.
 */
export function act(map: usize, action: u32, order: u64, key: usize, element: u32, flags: u32): u32 {
  while (true) {
    retry()
    const result = attempt(map, action, order, key, element, flags)
    if (result !== DISTURBED) return result
  }
}

const DISTURBED: u32 = 6

function attempt(map: usize, action: u32, order: u64, key: usize, element: u32, flags: u32): u32 {
  let link = bucketOf(map, order)
  let word = load64(link)
  while (true) {
    const current = nextOf(word)
    if (current) {
      const record = recordOf(map, current - 1)
      const its = load64(record + RECORD_LINK)
      const place = load64(record + RECORD_ORDER)
      const before = place < order ? -1 : place > order ? 1 : compareKey(map, record, key)
      if (load64(link) !== word) return DISTURBED
      if (its & RECORD_MARK) {
        const past = linkAfter(word, 0, nextOf(its))
        if (compareExchange64(link, word, past) !== word) return DISTURBED
        word = past
        continue
      }
      if (before < 0) {
        link = record + RECORD_LINK
        word = its
        continue
      }
      if (before === 0) return actOnPresent(map, action, link, word, current, its, element, flags)
    }
    return actOnAbsent(map, action, link, word, element, flags)
  }
}

function actOnPresent(
  map: usize,
  action: u32,
  link: usize,
  word: u64,
  current: u32,
  its: u64,
  element: u32,
  flags: u32,
): u32 {
  if (action === SWEEP) return ABSENT
  if (action === EVICT && current - 1 !== element) return ABSENT
  let successor = nextOf(its)
  if (action <= PUT_RESERVED) {
    if (flags & BPF_NOEXIST) return PRESENT
    prepare(map, element, successor)
    successor = element + 1
  }
  if (compareExchange64(recordOf(map, current - 1), its, linkAfter(its, RECORD_MARK, successor)) !== its)
    return DISTURBED
  // Marked: ours. Another walk may unlink it before we do; then, or if our predecessor changed, a sweep makes sure.
  const unlinked = compareExchange64(link, word, linkAfter(word, 0, successor)) === word
  return ((current - 1) << 8) | (unlinked ? TAKEN : TAKEN_LINKED)
}

function actOnAbsent(map: usize, action: u32, link: usize, word: u64, element: u32, flags: u32): u32 {
  if (action > PUT_RESERVED || flags & BPF_EXIST) return ABSENT
  // The place did not change since the walk saw the key absent, so the map was full while the key was absent.
  if (action === PUT) {
    const answer = reserve(map)
    if (answer === NO_ROOM && load64(link) === word) return FULL
    if (answer !== RESERVED) return DISTURBED
  }
  prepare(map, element, nextOf(word))
  if (compareExchange64(link, word, linkAfter(word, 0, element + 1)) === word) return INSERTED
  if (action === PUT) unreserve(map)
  return DISTURBED
}

/** Sets the link of the caller's element before it is published; unmarked, a new version. A plain store: record.ts. */
function prepare(map: usize, element: u32, next: u32): void {
  const link = recordOf(map, element) + RECORD_LINK
  note64(link, linkAfter(load64(link), 0, next))
}
