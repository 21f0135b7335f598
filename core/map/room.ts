// How many elements a hash map holds. A room is reserved before an insertion is published and given back after a
// deletion has set its mark: an operation that is going on counts as holding one. So the map never holds more than
// max_entries, and is called full only while elements and operations under way together are that many. Called by
// list.ts, hash.ts and short.ts.
//
// The map counts the rooms that it has handed out (MAP_COUNT). A CPU keeps a few that were given back to it and fills
// them again, so that CPUs which insert and delete meet at no common word; whoever finds none at home and none at the
// map takes one that another CPU keeps. Rooms move between the words, so to find each of them empty, one after the
// other, says nothing; but each giving makes a new version of its word: who sees all words empty, and then sees them
// all unchanged, knows that in between there was no room anywhere.
import { cpuCount, cpuIndex } from '../cpu'
import { add64, compareExchange64, load64, peek32 } from '../door'
import { MAP_COUNT, MAP_MAX_ENTRIES, MAP_ROOMS_KEPT, SHARE_ROOMS } from '../layout'
import { shareOf } from './share'

/** What `reserve` answers; CHANGED: another CPU changed a word meanwhile, nothing is known. */
export const RESERVED: u32 = 0
export const NO_ROOM: u32 = 1
const CHANGED: u32 = 2

const HANDED_VERSION: u64 = 1 << 32
const KEPT_VERSION: u64 = 1 << 16
const KEPT: u64 = KEPT_VERSION - 1

function keptBy(map: usize, on: u32): usize {
  return shareOf(map, on) + SHARE_ROOMS
}

function exchange(word: usize, from: u64, to: u64): u32 {
  return compareExchange64(word, from, to) === from ? RESERVED : CHANGED
}

/** Reserves one of the rooms that this CPU keeps, at its share of the map. */
export function reserveOwn(share: usize): u32 {
  const kept = load64(share + SHARE_ROOMS)
  return kept & KEPT ? exchange(share + SHARE_ROOMS, kept, kept - 1) : NO_ROOM
}

/** Reserves room for one element. */
export function reserve(map: usize): u32 {
  const own = reserveOwn(shareOf(map, cpuIndex()))
  if (own !== NO_ROOM) return own
  const handed = load64(map + MAP_COUNT)
  if (<u32>handed < peek32(map + MAP_MAX_ENTRIES)) return exchange(map + MAP_COUNT, handed, handed + 1)
  return peek32(map + MAP_ROOMS_KEPT) ? reserveElsewhere(map, handed) : NO_ROOM
}

/** A room that some CPU keeps. NO_ROOM only if there was a moment at which nobody had any. */
function reserveElsewhere(map: usize, handed: u64): u32 {
  const cpus = cpuCount()
  let seen: u64 = 0
  for (let on: u32 = 0; on < cpus; on++) {
    const kept = load64(keptBy(map, on))
    if (kept & KEPT) return exchange(keptBy(map, on), kept, kept - 1)
    seen += kept
  }
  if (load64(map + MAP_COUNT) !== handed) return CHANGED
  // Versions only grow and all were seen without rooms: the sum is the same only if every word is.
  for (let on: u32 = 0; on < cpus; on++) seen -= load64(keptBy(map, on))
  return seen ? CHANGED : NO_ROOM
}

/** Gives the room of one element back. */
export function unreserve(map: usize): void {
  const own = keptBy(map, cpuIndex())
  if (<u32>(load64(own) & KEPT) < peek32(map + MAP_ROOMS_KEPT)) add64(own, KEPT_VERSION + 1)
  else add64(map + MAP_COUNT, HANDED_VERSION - 1)
}

/** True if there is no room at this moment, in a map whose CPUs keep none. */
export function isFull(map: usize): bool {
  return <u32>load64(map + MAP_COUNT) >= peek32(map + MAP_MAX_ENTRIES)
}

/** Elements in the map, operations under way included; exact only while nothing changes. */
export function roomsTaken(map: usize): u32 {
  const handed = <u32>load64(map + MAP_COUNT)
  let kept: u32 = 0
  for (let on: u32 = 0; on < cpuCount(); on++) kept += <u32>(load64(keptBy(map, on)) & KEPT)
  return kept < handed ? handed - kept : 0
}
