// Rings, perf buffers and user rings under the explorer: the named subjects `perf/…`, `ring/…` and `user-ring/…`.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('records that are put are taken once, whole, whoever else puts, interrupts, stops or closes', (t) => {
  const entries = named(['perf', 'ring'])
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})

test('samples of a host are drained once, whole, by one CPU at a time, whoever interrupts or stops', (t) => {
  const entries = named(['user-ring'])
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})
