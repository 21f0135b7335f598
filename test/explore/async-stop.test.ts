import { test } from 'node:test'
import { AsyncMachine, INITIAL_STATES } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'
import { smallCore } from './small-core.js'

const STOPPING = ['set2', 'later', 'cancel', 'async']
const OTHER = ['init', 'set2', 'later', 'cancel', 'drop']

test('a CPU that stops at any step delays nobody; repair leaves at most one control block and one reference lost', async () => {
  const machine = new AsyncMachine({ module: await smallCore() })
  for (const state of ['idle, bound'])
    for (const stopping of STOPPING)
      for (const other of OTHER)
        holds(
          machine.subject(`${state}: ${stopping} stops | ${other} | repair`, INITIAL_STATES[state]!, [
            { operations: [`${stopping}A`], mayStop: true },
            { operations: [`${other}B`] },
            { operations: ['offlineR', 'offlineS'] },
          ]),
        )
})
