// Any two operations on one timer on two CPUs: the named subjects `pair/…`. Here the states that differ most,
// completely; `npm run check` explores all of them.
import { test } from 'node:test'
import { hold, named } from './named.js'

const STATES = ['uninitialised', 'idle-unbound', 'idle-bound', 'due-on-cpu-0', 'pinned-to-cpu-1-queued-on-cpu-0']

for (const state of STATES)
  test(`[H1] [H3] [H5] [H6] [H11] [H25] [H26] [H32] [H35] [H38] any two operations on one timer, ${state}`, (t) => {
    const entries = named([`pair/${state}`], ['plain'])
    t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
  })
