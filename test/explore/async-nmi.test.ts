import { test } from 'node:test'
import { AsyncMachine, INITIAL_STATES } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'

const OUTER = ['init', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'drop', 'poll']
const NESTED = ['init', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'drop']
const ONCE = new Set(['put1', 'drop'])

const machine = new AsyncMachine()

for (const state of ['uninitialised', 'idle, bound', 'due on CPU 0', 'pinned to CPU 1, queued on CPU 0'])
  test(`[H21] [H22] [H29] any operation as an NMI at any step of any other, ${state}`, () => {
    for (const outer of OUTER)
      for (const nested of NESTED)
        if (outer !== nested || !ONCE.has(outer))
          holds(
            machine.subject(`${state}: ${outer} nmi ${nested}`, INITIAL_STATES[state]!, [
              { operations: [`${outer}A`, 'pollE'], nmi: [`${nested}B`] },
            ]),
          )
  })

test('[H21] two NMIs, one in the other or one after the other, over a start', () => {
  for (const first of ['set2', 'free'])
    for (const second of ['now', 'async'])
      holds(
        machine.subject(`now nmi ${first} ${second}`, INITIAL_STATES['idle, bound']!, [
          { operations: ['nowA', 'pollE'], nmi: [`${first}B`, `${second}C`] },
        ]),
      )
})
