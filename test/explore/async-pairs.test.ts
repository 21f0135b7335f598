import { test } from 'node:test'
import { AsyncMachine, INITIAL_STATES } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'

const KINDS = ['init', 'set1', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'put2', 'drop', 'poll']
/** The host does these once. */
const ONCE = new Set(['put1', 'put2', 'drop'])

const machine = new AsyncMachine()

for (const [state, steps] of Object.entries(INITIAL_STATES))
  test(`[H1] [H3] [H5] [H6] [H11] [H25] [H26] [H32] [H38] any two operations on one timer, ${state}`, () => {
    for (const a of KINDS)
      for (const b of KINDS)
        if (a !== b || !ONCE.has(a))
          holds(machine.subject(`${state}: ${a} | ${b}`, steps, [{ operations: [`${a}A`] }, { operations: [`${b}B`] }]))
  })
