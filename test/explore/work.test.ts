// Work queues, explored like timers: work is a timer that is due at once in another queue, and these are its pairs.
import { describe, test } from 'node:test'
import { AsyncMachine } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'

const KINDS = ['init', 'set1', 'set2', 'now', 'free', 'put1', 'drop', 'poll']
/** The host does these once. */
const ONCE = new Set(['put1', 'drop'])
const STATES: Record<string, string> = {
  uninitialised: '',
  'idle, bound': '0:init 0:set1',
  'pending on CPU 0': '0:init 0:set1 0:now',
  'pending, restarts itself': '0:init 0:restart1 0:now',
  'pending, frees itself': '0:init 0:freeself1 0:now',
}

const machine = new AsyncMachine({ work: true })

describe('[H13] [H20] work', () => {
  for (const [state, steps] of Object.entries(STATES))
    test(`any two operations on one work, ${state}`, () => {
      for (const a of KINDS)
        for (const b of KINDS)
          if (a !== b || !ONCE.has(a))
            holds(
              machine.subject(`${state}: ${a} | ${b}`, steps, [{ operations: [`${a}A`] }, { operations: [`${b}B`] }]),
            )
    })

  test('the same work on two CPUs never runs twice at once, whoever starts it', () => {
    holds(
      machine.subject('two runners', STATES['pending, restarts itself']!, [
        { operations: ['pollA'] },
        { operations: ['nowB', 'pollB'] },
      ]),
    )
  })

  test('a start from NMI at any step', () => {
    for (const outer of ['set2', 'now', 'free', 'poll'])
      holds(
        machine.subject(`${outer} nmi now`, STATES['idle, bound']!, [
          { operations: [`${outer}A`, 'pollE'], nmi: ['nowB'] },
        ]),
      )
  })
})
