// Rings, perf buffers, user rings and maps of stacks under the explorer: the named subjects `perf/…`, `ring/…`,
// `user-ring/…` and `stack/…`.
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

test('a stack lies under the id that its call answered, whatever an NMI files meanwhile', (t) => {
  const entries = named(['stack'])
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})
