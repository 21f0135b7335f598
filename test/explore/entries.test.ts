// Several timers or works in one queue of a CPU, in each of its structures: the named subjects `entries/…`, of which
// `npm run check` explores those beside a CPU that stops, too.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('[H36] three timers of one CPU fire in their order, whatever becomes of one of them on another CPU or in an NMI', (t) => {
  t.diagnostic(`${hold(named(['entries'], ['plain', 'nmi']))} states`)
})

test('[G9] a CPU stops while it fires three timers of which another CPU frees one: repair leaves the others to somebody', (t) => {
  t.diagnostic(`${hold(named(['entries/the-due-heap/async-1+stop', 'entries/a-slot-in-no-order/async-1+stop'], ['stop']))} states`) // prettier-ignore
})
