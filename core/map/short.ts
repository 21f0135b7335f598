// The common way of an update and of a delete: a hash map whose keys are one word each and whose values have no special
// fields (MAP_SHORT), and a bucket that nobody else is changing. The same steps as in hash.ts and list.ts, in one
// function each: there they are a dozen calls, which take longer than the steps. Whatever is rare is left to hash.ts,
// before anything was changed: a list that changes, nested code, a lookup that waits for help, an element or a room
// that is not at hand. An insertion that has evicted and then finds its place changed goes on there with what it has.
// Called by the helpers.
import { BPF_EXIST, BPF_NOEXIST } from '../abi'
import { cpu, cpuIndex } from '../cpu'
import { compareExchange64, glance32, glance64, load64, note32, note64, peek32, poke32 } from '../door'
import {
  CPU_MAP_OPERATIONS,
  MAP_KEY_SIZE,
  MAP_SLOW_LOOKUPS,
  MAP_TYPE,
  MAP_VALUE_SIZE,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_ORDER,
  SHARE_SPARE,
} from '../layout'
import { valueAddress } from '../element'
import { evictForRoom, publish } from './hash'
import { SWEEP, act } from './list'
import { noteReferenced } from './lru'
import { bucketOf, linkAfter, nextOf, recordOf } from './record'
import { RESERVED, isFull, reserveOwn, unreserve } from './room'
import { isLru } from './shape'
import { shareOf } from './share'
import { giveElement } from './spare'

/** Nothing has changed: the long way is to be gone. */
export const LONG_WAY: i32 = 1

/** As hashUpdate without BPF_F_LOCK, or LONG_WAY. */
export function updateShort(map: usize, key: usize, value: usize, flags: u32): i32 {
  const operations = cpu() + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return LONG_WAY
  // From here to the end nested code leaves the spare element alone (spare.ts).
  poke32(operations, 1)
  const done = put(map, key, value, flags)
  poke32(operations, 0)
  return done
}

/** Deletes the key: 0, or LONG_WAY. */
export function deleteShort(map: usize, key: usize): i32 {
  const operations = cpu() + CPU_MAP_OPERATIONS
  if (peek32(operations) !== 0) return LONG_WAY
  poke32(operations, 1)
  const done = remove(map, key)
  poke32(operations, 0)
  return done
}

/** The order word of a key (record.ts has it for keys of other sizes, too). */
function keyAt(map: usize, key: usize): u64 {
  return peek32(map + MAP_KEY_SIZE) === 8 ? glance64(key) : <u64>glance32(key)
}

/** Walks to the place of the key, as `act` does, and changes it. */
function put(map: usize, key: usize, value: usize, flags: u32): i32 {
  const order = keyAt(map, key)
  let link = bucketOf(map, order)
  let word = load64(link)
  let current = nextOf(word)
  if (load64(map + MAP_SLOW_LOOKUPS) !== 0) return LONG_WAY
  while (current) {
    const record = recordOf(map, current - 1)
    const its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    if (load64(link) !== word || its & RECORD_MARK) return LONG_WAY
    if (place === order) return flags & BPF_NOEXIST ? LONG_WAY : replace(map, order, value, link, word, record, its)
    if (place > order) current = 0
    else {
      link = record + RECORD_LINK
      word = its
      current = nextOf(its)
    }
  }
  return flags & BPF_EXIST ? LONG_WAY : insert(map, order, value, flags, link, word)
}

/** Writes an element in the caller's hands; plain stores: record.ts. */
function write(map: usize, index: u32, order: u64, value: usize, next: u32, referenced: bool): void {
  const record = recordOf(map, index)
  const to = valueAddress(map, index)
  const size = peek32(map + MAP_VALUE_SIZE)
  note64(record + RECORD_ORDER, order)
  let at: u32 = 0
  for (; at + 8 <= size; at += 8) note64(to + at, glance64(value + at))
  if (at < size) note32(to + at, glance32(value + at))
  note64(record + RECORD_LINK, linkAfter(load64(record + RECORD_LINK), 0, next))
  noteReferenced(map, record, referenced)
}

/** The element of the key, which `link` leads to, for the CPU's spare one. */
function replace(map: usize, order: u64, value: usize, link: usize, word: u64, record: usize, its: u64): i32 {
  const share = shareOf(map, cpuIndex())
  const spare = peek32(share + SHARE_SPARE)
  if (!spare) return LONG_WAY
  poke32(share + SHARE_SPARE, 0)
  write(map, spare - 1, order, value, nextOf(its), true)
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, spare)) !== its) {
    poke32(share + SHARE_SPARE, spare)
    return LONG_WAY
  }
  if (compareExchange64(link, word, linkAfter(word, 0, spare)) !== word) act(map, SWEEP, order, 0, 0, 0)
  poke32(share + SHARE_SPARE, nextOf(word))
  return 0
}

/** A new element where `link` holds `word`: the CPU's spare one in a room of its own, or one that it evicts. */
function insert(map: usize, order: u64, value: usize, flags: u32, link: usize, word: u64): i32 {
  if (isLru(peek32(map + MAP_TYPE))) return insertEvicting(map, order, value, flags, link, word)
  const share = shareOf(map, cpuIndex())
  const spare = peek32(share + SHARE_SPARE)
  if (!spare || reserveOwn(share) !== RESERVED) return LONG_WAY
  poke32(share + SHARE_SPARE, 0)
  write(map, spare - 1, order, value, nextOf(word), false)
  if (compareExchange64(link, word, linkAfter(word, 0, spare)) === word) return 0
  unreserve(map)
  poke32(share + SHARE_SPARE, spare)
  return LONG_WAY
}

function insertEvicting(map: usize, order: u64, value: usize, flags: u32, link: usize, word: u64): i32 {
  const evicted = isFull(map) ? evictForRoom(map) : 0
  if (!evicted) return LONG_WAY
  write(map, evicted - 1, order, value, nextOf(word), false)
  if (compareExchange64(link, word, linkAfter(word, 0, evicted)) === word) return 0
  // The place has changed; by the eviction itself, if that was here.
  return publish(map, evicted - 1, order, flags, true)
}

function remove(map: usize, key: usize): i32 {
  const order = keyAt(map, key)
  let link = bucketOf(map, order)
  let word = load64(link)
  let current = nextOf(word)
  if (load64(map + MAP_SLOW_LOOKUPS) !== 0) return LONG_WAY
  while (current) {
    const record = recordOf(map, current - 1)
    const its = load64(record + RECORD_LINK)
    const place = load64(record + RECORD_ORDER)
    if (load64(link) !== word || its & RECORD_MARK || place > order) return LONG_WAY
    if (place === order) return unlink(map, order, link, word, record, its)
    link = record + RECORD_LINK
    word = its
    current = nextOf(its)
  }
  return LONG_WAY
}

/** The element of the key, which `link` leads to. */
function unlink(map: usize, order: u64, link: usize, word: u64, record: usize, its: u64): i32 {
  const successor = nextOf(its)
  if (compareExchange64(record + RECORD_LINK, its, linkAfter(its, RECORD_MARK, successor)) !== its) return LONG_WAY
  if (compareExchange64(link, word, linkAfter(word, 0, successor)) !== word) act(map, SWEEP, order, 0, 0, 0)
  unreserve(map)
  const share = shareOf(map, cpuIndex())
  if (peek32(share + SHARE_SPARE)) giveElement(map, nextOf(word) - 1)
  else poke32(share + SHARE_SPARE, nextOf(word))
  return 0
}
