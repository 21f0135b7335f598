// Maps on real threads, against the sequential reference models: every answer of random operations that meet must be
// that of some order, and the map must hold at rest what that order leaves in it. A changed core must be found wrong.
// SKEP_STRESS_ROUNDS=N asks for N rounds, SKEP_STRESS_SEED=N for other operations.
import { test } from 'node:test'
import { changed, checkBuild, fails, holds } from './played.js'
import type { Changes } from './played.js'
import { ROUNDS } from './rounds.js'
import type { Kind } from './structures/index.js'

const KINDS: Kind[] = ['hash', 'lru', 'queue', 'stack', 'ring', 'user-ring', 'trie']

/** Full, empty, there and not there: answers that all kinds have to give. */
const SEEN = [
  ...['update = 0', 'update = -7', 'update = -17', 'update = -2', 'update = -28'],
  ...['delete = 0', 'delete = -2', 'lookup = true', 'lookup = -1', 'next = -1'],
  ...['push = 0', 'push = -7', 'pop = -2', 'peek = -2'],
  ...['put = 0', 'put = -11', 'submit = 0', 'discard = 0', 'take = -1', 'query = 0', 'submit = -1', 'drain = '],
]

test('maps of every kind answer two threads as in some order', (t) =>
  holds(t, { kinds: KINDS, threads: 2, rounds: ROUNDS * 2 }, SEEN))

test('maps of every kind answer three threads that pause at any access as in some order', (t) =>
  holds(t, { kinds: KINDS, threads: 3, rounds: ROUNDS / 2, checked: checkBuild() }, SEEN))

/** One line of each file: an operation that lost a race says that it has done its work. */
const LOST: Changes = {
  'core/map/list.ts': [['unreserve(map)\n  return DISTURBED', 'unreserve(map)\n  return INSERTED']],
  'core/map/queue.ts': [
    [
      'place, load64(place), cell + 1)) return DISTURBED',
      'place, load64(place), cell + 1)) {\n    giveStep(map, record)\n    giveCell(map, cell)\n    return 0\n  }',
    ],
  ],
  'core/map/trie.ts': [
    [
      'count - 1, at, word, to)) return DISTURBED',
      'count - 1, at, word, to)) {\n    giveStep(map, record)\n    giveNode(map, spare)\n    return 0\n  }',
    ],
  ],
  // Or that there was no room.
  'core/map/ring.ts': [['      if (load64(map + MAP_RING_LAST) !== last) continue\n', '']],
}

test('a changed core is found, and shown by the few operations that it takes', async (t) => {
  const exports = `export { bpf_map_peek_elem, bpf_map_pop_elem, bpf_map_push_elem } from './helper/queue'
export { bpf_ringbuf_query, bpf_ringbuf_submit } from './helper/ring-buffer'
export { bpf_user_ringbuf_drain } from './helper/user-ring'
export { map_next_key } from './map/host'
export { user_ring_end, user_ring_reserve } from './map/user-ring'
`
  const kinds: Kind[] = ['hash', 'queue', 'user-ring', 'trie']
  await fails(t, { kinds, threads: 3, rounds: 400, checked: await changed(LOST, exports) })
})
