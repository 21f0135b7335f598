// Elements of a hash map with timers or work on real threads, against the models of the map and of the timer: keys come
// and go while others operate on their timers, through pointers that may be stale, and callbacks fire. As map.test.ts.
import { test } from 'node:test'
import { changed, checkBuild, fails, holds } from './played.js'
import { ROUNDS } from './rounds.js'

const SEEN = [
  ...['update = 0', 'update = -17', 'delete = 0', 'lookup = -1'],
  ...['init = 0', 'init = -2', 'init = -16', 'set_callback = 0', 'start = 0', 'start = -22', 'poll = begin'],
]
const CANCELS = ['cancel = 0', 'cancel = 1', 'cancel = -22', 'cancel_async = 0']

test('timers of elements that are inserted, replaced and deleted answer two threads as in some order [G4, G10, H17, H33]', (t) =>
  holds(t, { kinds: ['timers'], threads: 2, rounds: ROUNDS }, [...SEEN, ...CANCELS]))

test('the same where three threads pause at any access of the core', (t) =>
  holds(t, { kinds: ['timers'], threads: 3, rounds: ROUNDS / 5, checked: checkBuild() }, [...SEEN, ...CANCELS]))

test('work of elements answers three threads that pause at any access as in some order', (t) =>
  holds(t, { kinds: ['work'], threads: 3, rounds: ROUNDS / 5, checked: checkBuild() }, SEEN))

test('a deletion that leaves the timer to the next key of its element is found, and shown', async (t) => {
  const checked = await changed(
    {
      'core/map/hash.ts': [['  if (hasSlots(map)) closeElement(map, index)\n', '']],
      'core/async/element.ts': [
        [
          'note32(slotAddress(map, index, KIND_TIMER), SLOT_EMPTY)',
          'compareExchange32(slotAddress(map, index, KIND_TIMER), SLOT_CLOSED, SLOT_EMPTY)',
        ],
        ['import { exchange32,', 'import { compareExchange32, exchange32,'],
      ],
    },
    '',
  )
  await fails(t, { kinds: ['timers'], threads: 3, rounds: 100, checked })
})
