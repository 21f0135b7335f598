// The common way of an update and of a delete: a hash map whose keys are one word each and whose values have no special
// fields (MAP_SHORT), and a key that is, or belongs, at the head of its bucket. The same steps as in hash.ts and
// list.ts, in one function each: there they are a dozen calls, which take longer than the steps. Whatever is rare is
// left to hash.ts, before anything was changed: a list that changes, nested code, a lookup that waits for help, an
// element or a room that is not at hand. Called by the helpers.
import { BPF_EXIST, BPF_NOEXIST } from '../abi'
import { cpu } from '../cpu'
import { compareExchange64, glance32, glance64, load64, note32, note64, peek32, poke32 } from '../door'
import {
  CPU_INDEX,
  CPU_MAP_OPERATIONS,
  MAP_KEY_SIZE,
  MAP_SLOW_LOOKUPS,
  MAP_VALUE_SIZE,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_ORDER,
  SHARE_SPARE,
} from '../layout'
import { valueAddress } from '../element'
import { SWEEP, act } from './list'
import { noteReferenced } from './lru'
import { bucketOf, linkAfter, nextOf, recordOf } from './record'
import { RESERVED, reserveOwn, unreserve } from './room'
import { shareOf } from './share'
import { giveElement } from './spare'

/** The order word of a key (record.ts has it for keys of other sizes, too). */
function keyAt(map: usize, key: usize): u64 {
  return peek32(map + MAP_KEY_SIZE) === 8 ? glance64(key) : <u64>glance32(key)
}

/** True if it is done; else nothing has changed, and the long way is to be gone. */
export function updateShort(map: usize, key: usize, value: usize, flags: u64): bool {
  const area = cpu()
  const operations = area + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return false
  // From here to the end nested code leaves the spare element alone (spare.ts).
  poke32(operations, 1)
  const done = put(map, key, value, flags, peek32(area + CPU_INDEX))
  poke32(operations, 0)
  return done
}

function put(map: usize, key: usize, value: usize, flags: u64, on: u32): bool {
  const share = shareOf(map, on)
  const spare = peek32(share + SHARE_SPARE)
  if (!spare || load64(map + MAP_SLOW_LOOKUPS) !== 0) return false
  const order = keyAt(map, key)
  const link = bucketOf(map, order)
  const word = load64(link)
  const current = nextOf(word)
  const record = current ? recordOf(map, current - 1) : 0
  const its = current ? load64(record + RECORD_LINK) : 0
  const place = current ? load64(record + RECORD_ORDER) : u64.MAX_VALUE
  if (load64(link) !== word || its & RECORD_MARK || place < order) return false
  const present = current !== 0 && place === order
  if (present ? flags & BPF_NOEXIST : flags & BPF_EXIST || reserveOwn(share) !== RESERVED) return false
  poke32(share + SHARE_SPARE, 0)
  const mine = recordOf(map, spare - 1)
  const to = valueAddress(map, spare - 1)
  const size = peek32(map + MAP_VALUE_SIZE)
  note64(mine + RECORD_ORDER, order)
  let at: u32 = 0
  for (; at + 8 <= size; at += 8) note64(to + at, glance64(value + at))
  if (at < size) note32(to + at, glance32(value + at))
  const successor = present ? nextOf(its) : current
  note64(mine + RECORD_LINK, linkAfter(load64(mine + RECORD_LINK), 0, successor))
  noteReferenced(map, mine, present)
  if (present && compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, spare)) !== its) {
    poke32(share + SHARE_SPARE, spare)
    return false
  }
  const linked = compareExchange64(link, word, linkAfter(word, 0, spare)) === word
  if (present) {
    if (!linked) act(map, SWEEP, order, 0, 0, 0)
    poke32(share + SHARE_SPARE, current)
    return true
  }
  if (linked) return true
  unreserve(map)
  poke32(share + SHARE_SPARE, spare)
  return false
}

/** Deletes the key: true if it is done; else nothing has changed, and the long way is to be gone. */
export function deleteShort(map: usize, key: usize): bool {
  const area = cpu()
  const operations = area + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return false
  poke32(operations, 1)
  const done = remove(map, key, peek32(area + CPU_INDEX))
  poke32(operations, 0)
  return done
}

function remove(map: usize, key: usize, on: u32): bool {
  const order = keyAt(map, key)
  const link = bucketOf(map, order)
  const word = load64(link)
  const current = nextOf(word)
  if (!current || load64(map + MAP_SLOW_LOOKUPS) !== 0) return false
  const record = recordOf(map, current - 1)
  const its = load64(record + RECORD_LINK)
  const place = load64(record + RECORD_ORDER)
  if (load64(link) !== word || its & RECORD_MARK || place !== order) return false
  const successor = nextOf(its)
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, successor)) !== its) return false
  if (compareExchange64(link, word, linkAfter(word, 0, successor)) !== word) act(map, SWEEP, order, 0, 0, 0)
  unreserve(map)
  const share = shareOf(map, on)
  if (peek32(share + SHARE_SPARE)) giveElement(map, current - 1)
  else poke32(share + SHARE_SPARE, current)
  return true
}
