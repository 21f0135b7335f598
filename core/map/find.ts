// Lookup in the bucket lists, the reading side of list.ts: never writes to them. Called by the helpers, the host,
// announce.ts and iterate.ts.
//
// The walk passes through marked elements: a replaced one leads to the element that took its key over. `link` stays
// the last unmarked link and `word` what it held; while it still holds that, every marked element behind it is still
// linked and its own link frozen (list.ts), so what is read behind them is in the list as well. So each step reads
// the element, then sees that `link` still holds `word`; if not, the walk was disturbed and starts again.
import { load64, peek32 } from '../door'
import { MAP_ELEMENT_COUNT, RECORD_LINK, RECORD_MARK, RECORD_ORDER } from '../layout'
import { bucketOf, nextOf, recordOf, sameKey } from './record'

/** The walk met a change of the list: nothing is known. */
export const FIND_DISTURBED: u32 = 0xffffffff

/**
 * One walk to the key with this order word (and, for long keys, the words at `key`, which may be guest memory; else 0).
 * Returns the element's index + 1, 0 if the key is absent, or FIND_DISTURBED. At most one step more than there are
 * elements: a walk that is longer was chased by insertions.
 */
export function find(map: usize, order: u64, key: usize): u32 {
  let link = bucketOf(map, order)
  let word = load64(link)
  let current = nextOf(word)
  let left = peek32(map + MAP_ELEMENT_COUNT)
  while (current) {
    const record = recordOf(map, current - 1)
    const its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    const same = place === order && (!key || sameKey(map, record, key))
    if (load64(link) !== word || !left--) return FIND_DISTURBED
    if (!(its & RECORD_MARK)) {
      if (same) return current
      if (place > order) return 0
      link = record + RECORD_LINK
      word = its
    }
    current = nextOf(its)
  }
  return 0
}

/**
 * The first step of `find` for a key that its order word identifies: most walks end there. FIND_DISTURBED if this
 * one does not. Without a loop, so that it is compiled into its caller.
 */
export function findAtHead(map: usize, order: u64): u32 {
  const link = bucketOf(map, order)
  const word = load64(link)
  const current = nextOf(word)
  if (!current) return 0
  const record = recordOf(map, current - 1)
  const its = load64(record + RECORD_LINK)
  const place = load64(record + RECORD_ORDER)
  if (load64(link) !== word || its & RECORD_MARK || place < order) return FIND_DISTURBED
  return place === order ? current : 0
}
