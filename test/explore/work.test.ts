// Work queues, explored like timers: work is a timer that is due at once in another queue. The named subjects `work/…`.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('[H13] [H20] any two operations on one work, on two CPUs and as NMI of each other', (t) => {
  t.diagnostic(`${hold(named(['work'], ['plain', 'nmi']))} states`)
})
