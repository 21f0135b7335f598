// The kinds of maps that the stress test knows, by name.
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_QUEUE, MAP_TYPE_STACK } from '../../../core/abi.js'
import { hash } from './hash.js'
import { queue } from './queue.js'
import { ring, userRing } from './ring.js'
import { anyStructure } from './structure.js'
import { timers } from './timers.js'
import { trie } from './trie.js'

export const STRUCTURES = {
  hash: anyStructure(hash(MAP_TYPE_HASH)),
  lru: anyStructure(hash(MAP_TYPE_LRU_HASH)),
  queue: anyStructure(queue(MAP_TYPE_QUEUE)),
  stack: anyStructure(queue(MAP_TYPE_STACK)),
  ring: anyStructure(ring),
  'user-ring': anyStructure(userRing),
  trie: anyStructure(trie),
  timers: anyStructure(timers(false)),
  work: anyStructure(timers(true)),
}
export type Kind = keyof typeof STRUCTURES
