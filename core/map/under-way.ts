// Operations that may hold an element (or the record of a step) in their hands, counted for each CPU: its repair counts
// what a dead CPU had under way (repair.ts). Called by hash.ts, queue.ts and trie.ts; short.ts, which begins only where
// nothing is under way, writes the number itself.
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { CPU_MAP_OPERATIONS } from '../layout'

/** An operation begins. */
export function begin(): void {
  const count = cpu() + CPU_MAP_OPERATIONS
  poke32(count, peek32(count) + 1)
}

/** It ends, with nothing in its hands. */
export function end(): void {
  const count = cpu() + CPU_MAP_OPERATIONS
  poke32(count, peek32(count) - 1)
}
