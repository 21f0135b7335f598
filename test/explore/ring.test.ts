// Rings and perf buffers under the explorer: the named subjects `perf/…` and `ring/…`.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('records that are put are taken once, whole, whoever else puts, interrupts, stops or closes', (t) => {
  const entries = named(['perf', 'ring'])
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})
