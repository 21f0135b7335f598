// bpf_spin_lock under the explorer: the named subjects `lock/…`.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('no addition under a lock is lost, and the lock of a CPU that stops is given back', (t) => {
  const entries = named(['lock'])
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})
