// Any operation as an NMI at any step of any other: the named subjects `pair/…+nmi`.
import { test } from 'node:test'
import { hold, named } from './named.js'

for (const state of ['uninitialised', 'idle-bound', 'due-on-cpu-0', 'pinned-to-cpu-1-queued-on-cpu-0'])
  test(`[H21] [H22] [H29] any operation as an NMI at any step of any other, ${state}`, (t) => {
    const entries = named([`pair/${state}`], ['nmi'])
    t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
  })

test('[H21] two NMIs, one in the other or one after the other, over a start', () => {
  hold(named(['nested']))
})
