// Timers on REALTIME: the named subjects `realtime/…`, of which `npm run check` explores more, and why setting that
// clock is offered by machines of one thread only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore } from '../../src/explore/index.js'
import { AsyncMachine } from '../../src/explore/subjects/async.js'
import { hold, named } from './named.js'

test('any two operations on a timer that is armed for a reading of REALTIME, on two CPUs and as NMI of each other', (t) => {
  t.diagnostic(`${hold(named(['realtime/armed-for-a-reading']))} states`)
})

test('REALTIME is set in any order with two operations of one thread: timers for a reading of it move, others do not', (t) => {
  const some = ['abs/later', 'abs/poll', 'past/poll', 'cancel/poll', 'async/free']
  const names = ['forward', 'back'].flatMap((way) =>
    some.map((two) => `realtime/set-${way}/armed-for-a-reading/${two}`),
  )
  t.diagnostic(`${hold(named(names))} states`)
})

test('setting REALTIME beside another CPU that starts a timer misses it: machines of threads do not offer that', () => {
  const machine = new AsyncMachine({ realtime: true })
  const scripts = [{ operations: ['absA'] }, { operations: ['forwardS'] }]
  const { failure } = explore(machine.subject('realtime/on-threads', '0:init 0:set1', scripts))
  assert.match(failure!.message, /no order of the operations explains the results/)
  assert.ok(failure!.trace.lines.some(({ operation }) => operation === 'forwardS'))
})

test('[H7] a program takes the place of another only when no callback of that one runs any more', (t) => {
  t.diagnostic(`${hold(named(['reload/callback', 'reload/cancel', 'reload/free']))} states`)
})
