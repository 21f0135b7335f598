// The hazards of contract §5 that are about interleavings, each explored completely on the compiled core: what
// `skep check H7` explores (pairs, NMIs and stopping CPUs in general: the other tests of this folder).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesOf } from '../../src/explore/subjects/catalogue.js'
import { hold, named } from './named.js'

const HAZARDS = [
  '[H1] the last user reference goes while init publishes: nothing stays in the slot',
  "[H2] init's error path meets an armed timer: another CPU armed what init takes back",
  '[H3] a start that has read the block, beside the free of it, a grace period and its reuse',
  '[H4] a free while the queue holds an entry and a look is asked for: neither swallows the other',
  '[H5] setter, canceller and freer have read the same binding: its reference is dropped once',
  '[H6] a setter that finishes after the free leaves nothing bound',
  '[H7] a program is unloaded while its callback begins: it ends first',
  '[H8] a reference taken while the last one goes does not bring a block back',
  '[H9] callbacks that cancel each other’s timers, two and three of them: nobody waits for ever',
  '[H10] callbacks that free their own element, or each other’s',
  '[H11] a start that was accepted arms after the free',
  '[H12] a start from NMI is not overtaken by a later cancel: not armed after cancel returned',
  '[H13] work that was initialised and never started is freed',
  '[H14] a callback that restarts its timer while that is freed arms no dying block',
  '[H15] a callback that frees its own element and starts its timer',
  '[H16] a slot is used again while the old callback runs: old and new do not mix',
  '[H17] a stale pointer to an element that was given to another key',
  '[H18] cancel beside a setter that is half way: no callback stays without an owner',
  '[H19] updates of the value beside init, set_callback and start',
  '[H20] a firing beside the cancel that drops the binding and the unload of its program',
  '[H21] a start as NMI while the same CPU changes its queue: it fires',
  '[H22] init as NMI inside init: a block comes back',
  '[H23] a program writes over the bytes of a timer while others use it: nothing is lost',
  '[H25] two starts with different expiries: one of the two holds',
  '[H26] a start that pins a timer which is queued elsewhere: it fires here, not there',
  '[H27] cancel beside a callback that re-arms itself: answer and final state agree',
  '[H28] a poster that stops half way hides nothing: a later start still reaches the owner',
  '[H29] equal armings by a start, by its NMI and by another CPU',
  '[H30] the same timer on two CPUs: two runs never overlap, and cancel waits for the one that goes on',
  '[H31] a firing is not swallowed: the callback ran, or cancel answers 1',
  '[H32] a free between the look of a firing and its decision: no callback begins after it',
  '[H33] init through a stale pointer to an element that is deleted and reused',
  "[H34] init's error path frees its own block, not the one that a later init published",
  '[H35] set_callback by a program that is being unloaded does not bring its count back',
  '[H36] a re-arming to later beside the poll does not run before a timer that is due earlier',
  '[H37] a loop that goes to sleep hears whoever rings after its last look: a post, and one of its own NMI',
  '[H38] start beside cancel beside a setter: bound and armed are one decision',
]

for (const hazard of HAZARDS)
  test(hazard, (t) => {
    const number = /H\d+/.exec(hazard)![0]
    t.diagnostic(`${hold(named([number]))} states`)
  })

test('every hazard that has a named subject is tested here', () => {
  const numbers = (names: string[]) => [...new Set(names.map((name) => /H\d+/.exec(name)![0]))].sort()
  const subjects = entriesOf('shipped').filter(({ name }) => name.startsWith('hazard/'))
  assert.deepEqual(numbers(HAZARDS), numbers(subjects.map(({ name }) => name)))
})
