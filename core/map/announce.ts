// What makes lookup wait-free: after some disturbed walks a lookup asks for help, and every update, delete and
// eviction that starts while a request stands answers it before it changes anything. So a lookup is disturbed at most
// MAP_PATIENCE times, and then only by changes that were under way when it asked: each changes a bounded number of
// links, and the first newcomer's answer ends it.
//
// A request (layout: LOOKUP_*) is the map, the guest address of the key, and an answer word {ticket, answer} with the
// answer pending. It lies in the asking CPU's area, one per nesting level: nested code begins and ends inside one
// step of what it interrupted, so the first free request is never taken under its hands. A helper reads the answer
// word first and answers by compare-and-exchange on it: an answer for an older ticket is refused. Called by hash.ts and
// trie.ts; withdrawLookups by the repair of a dead CPU.
import { cpu, cpuArea, cpuIndex } from '../cpu'
import { and64, compareExchange64, load32, load64, or64, peek32, retry, store32, store64 } from '../door'
import { inGuestWindow } from '../guest'
import {
  CPU_LOOKUPS,
  LOOKUP_ANSWER,
  LOOKUP_BYTES,
  LOOKUP_KEY,
  LOOKUP_LEVELS,
  LOOKUP_MAP,
  MAP_KEY_SIZE,
  MAP_PATIENCE,
  MAP_SLOW_LOOKUPS,
  MAP_TYPE,
} from '../layout'
import { FIND_DISTURBED, find } from './find'
import { isLong, orderOf } from './record'
import { isTrie } from './shape'
import { tryTrieFind } from './trie-find'

const ANSWER_BITS: u64 = 32
/** Below 2^25 the answer is what `find` says. */
const PENDING: u32 = 0x80000000
const WITHDRAWN: u32 = 0x80000001

/** Finds the key at a guest address: the element's index + 1, or 0. Wait-free. */
export function findSurely(map: usize, order: u64, key: usize): u32 {
  const patience = peek32(map + MAP_PATIENCE)
  for (let turn: u32 = 0; turn < patience; turn++) {
    const found = attempt(map, order, key)
    if (found !== FIND_DISTURBED) return found
  }
  const request = freeRequest()
  if (request) return findWithHelp(map, order, key, request)
  // Deeper nested than anything here runs: lock-free at least.
  while (true) {
    retry()
    const found = attempt(map, order, key)
    if (found !== FIND_DISTURBED) return found
  }
}

/** One walk; `order` means nothing to a trie. */
function attempt(map: usize, order: u64, key: usize): u32 {
  return isTrie(peek32(map + MAP_TYPE)) ? tryTrieFind(map, key) : find(map, order, isLong(map) ? key : 0)
}

function freeRequest(): usize {
  for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) {
    const request = cpu() + CPU_LOOKUPS + level * LOOKUP_BYTES
    if (!load32(request + LOOKUP_MAP)) return request
  }
  return 0
}

function findWithHelp(map: usize, order: u64, key: usize, request: usize): u32 {
  // Taken before the ticket is read: nested code in between would use up the same ticket for a request of its own.
  store32(request + LOOKUP_MAP, <u32>map)
  const ticket = ((load64(request + LOOKUP_ANSWER) >> ANSWER_BITS) + 1) << ANSWER_BITS
  store32(request + LOOKUP_KEY, <u32>key)
  store64(request + LOOKUP_ANSWER, ticket | PENDING)
  or64(map + MAP_SLOW_LOOKUPS, (<u64>1) << cpuIndex())
  let found: u32 = FIND_DISTURBED
  while (found === FIND_DISTURBED) {
    retry()
    const answer = <u32>load64(request + LOOKUP_ANSWER)
    found = answer === PENDING ? attempt(map, order, key) : answer
  }
  store64(request + LOOKUP_ANSWER, ticket | WITHDRAWN)
  withdraw(map, cpuIndex(), request)
  return found
}

/** Frees a request; the CPU's bit goes too unless another of its requests is about the same map. */
function withdraw(map: usize, index: u32, request: usize): void {
  store32(request + LOOKUP_MAP, 0)
  const requests = cpuArea(index) + CPU_LOOKUPS
  for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) {
    if (<usize>load32(requests + level * LOOKUP_BYTES + LOOKUP_MAP) === map) return
  }
  and64(map + MAP_SLOW_LOOKUPS, ~((<u64>1) << index))
}

/** Answers every request about the map that stands; at the start of whatever changes its lists. */
export function answerLookups(map: usize): void {
  let asking = load64(map + MAP_SLOW_LOOKUPS)
  while (asking) {
    const requests = cpuArea(<u32>ctz(asking)) + CPU_LOOKUPS
    asking &= asking - 1
    for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) answer(map, requests + level * LOOKUP_BYTES)
  }
}

function answer(map: usize, request: usize): void {
  while (true) {
    retry()
    const word = load64(request + LOOKUP_ANSWER)
    if (<u32>word !== PENDING || <usize>load32(request + LOOKUP_MAP) !== map) return
    const key = <usize>load32(request + LOOKUP_KEY)
    // A request that changed hands between these reads may pair this map with another map's key.
    if (!inGuestWindow(<u64>key, peek32(map + MAP_KEY_SIZE))) return
    const found = attempt(map, isTrie(peek32(map + MAP_TYPE)) ? 0 : orderOf(map, key), key)
    if (found === FIND_DISTURBED) continue
    compareExchange64(request + LOOKUP_ANSWER, word, (word & ~(<u64>0xffffffff)) | (<u64>found))
    return
  }
}

/** Withdraws the requests of CPU `index`, which is dead. */
export function withdrawLookups(index: u32): void {
  const requests = cpuArea(index) + CPU_LOOKUPS
  for (let level: u32 = 0; level < <u32>LOOKUP_LEVELS; level++) {
    const request = requests + level * LOOKUP_BYTES
    const map = <usize>load32(request + LOOKUP_MAP)
    if (map) withdraw(map, index, request)
  }
}
