// The hazards of contract §5 that are about interleavings, each explored completely on the compiled core: the named
// subjects `hazard/…` (pairs, NMIs and stopping CPUs in general: the other tests of this folder).
import { test } from 'node:test'
import { hold, named } from './named.js'

const HAZARDS = [
  "[H2] init's error path meets an armed timer: another CPU armed what init takes back",
  '[H4] a free while the queue holds an entry and a look is asked for: neither swallows the other',
  '[H7] a program is unloaded while its callback begins: it ends first',
  '[H8] a reference taken while the last one goes does not bring a block back',
  '[H12] a start from NMI is not overtaken by a later cancel: not armed after cancel returned',
  '[H18] cancel beside a setter that is half way: no callback stays without an owner',
  '[H20] a firing beside the cancel that drops the binding and the unload of its program',
  '[H27] cancel beside a callback that re-arms itself: answer and final state agree',
  '[H28] a poster that stops half way hides nothing: a later start still reaches the owner',
  '[H30] the same timer on two CPUs: two runs never overlap, and cancel waits for the one that goes on',
  '[H31] a firing is not swallowed: the callback ran, or cancel answers 1',
  "[H34] init's error path frees its own block, not the one that a later init published",
  '[H37] a loop that goes to sleep hears whoever rings after its last look: a post, and one of its own NMI',
]

for (const hazard of HAZARDS)
  test(hazard, (t) => {
    const number = /H\d+/.exec(hazard)![0]
    t.diagnostic(`${hold(named([`hazard/${number}`]))} states`)
  })
