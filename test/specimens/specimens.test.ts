// The older designs under the explorer: each question of src/explore/specimens is a test per design, which asserts that
// the violation is found, or that the complete exploration finds none. docs/specimens.md tells the stories.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore } from '../../src/explore/index.js'
import { questions, questionSubject } from '../../src/explore/specimens/subjects.js'
import type { Design } from '../../src/explore/specimens/subjects.js'

/** What is found: the violation, its preemptions if the fewest possible are asserted. */
type Found = Partial<Record<Design, RegExp | [RegExp, number]>>

const freedCode = /access to freed memory at prog#1\.f0/
const spins = /deadlock: CPU 0 waits in delete for (slot#0|cpu0\.timers)\.(lock|running|sequence)/
const livelock = /livelock: CPUs 0, 1 can go on for ever under a fair scheduler/
const lockAndRfc = (pattern: RegExp | [RegExp, number]): Found => ({ locked: pattern, 'rfc-v1': pattern })

/** By the question's name; a design that is not named here must hold. */
const FOUND: Record<string, Found> = {
  'set_callback while the timer fires: the program that runs is loaded': lockAndRfc([freedCode, 2]),
  'the last user reference goes while the timer fires: the program that runs is loaded': lockAndRfc([freedCode, 1]),
  'another timer’s callback frees while the timer fires: the program that runs is loaded': lockAndRfc([freedCode, 2]),
  'the work is freed while its worker begins: the program that runs is loaded': {
    locked: [freedCode, 1],
    'rfc-v1': [freedCode, 1],
    merged: [freedCode, 1],
  },
  'start of a work against an init that finds no user reference': {
    locked: [/start: access to freed memory at cb#0\.program/, 2],
  },
  'start of a work against a free: no freed block is queued': { locked: /access to freed memory at cb#0/ },
  'an init that finds no user reference against a new user’s init': {
    'rfc-v1': /init answered 0.*the slot is empty/,
    merged: /init answered 0.*the slot is empty/,
  },
  'free against a firing and a set_callback: no callback begins after free has returned': {
    merged: /a callback begins after free has returned/,
  },
  'an NMI deletes the element inside init': { locked: [spins, 0] },
  'an NMI deletes the element inside set_callback': { locked: [spins, 0] },
  'an NMI deletes the element inside start': { locked: [spins, 0] },
  'an NMI deletes the element inside cancel': lockAndRfc([spins, 0]),
  'an NMI deletes the element inside free': { locked: [spins, 0] },
  'an NMI deletes the element while another timer is started': lockAndRfc([spins, 0]),
  'an NMI deletes the element while its timer fires': lockAndRfc([spins, 0]),
  'NMIs on two CPUs delete the element that the other CPU sets a callback of': {
    locked: /deadlock: CPU 0 waits in delete timer 1 for slot#1\.lock, CPU 1 waits in delete timer 0 for slot#0\.lock/,
  },
  'an NMI sets a callback and starts inside every operation': lockAndRfc(/the operation is refused in NMI/),
  'a CPU stops inside set_callback: another CPU sets, starts and cancels': {
    locked: /deadlock: CPU 1 waits in set other/,
    'rfc-v1': /every later set_callback is answered -EBUSY/,
  },
  'a CPU stops inside start: another CPU starts': {
    locked: /deadlock: CPU 1 waits in start other/,
    'rfc-v1': /deadlock: CPU 1 waits in start other/,
    merged: /deadlock: CPU 1 waits in start other/,
  },
  'a callback cancels a timer whose callback cancels an idle one: no cycle, no -EDEADLK': {
    locked: /answered -EDEADLK, and no cycle waits/,
    'rfc-v1': /answered -EDEADLK, and no cycle waits/,
    merged: /answered -EDEADLK, and no cycle waits/,
  },
  'start without a callback': { 'rfc-v1': /start answered 0; the timer fired, no callback ran/ },
  'two CPUs set a callback: both are answered 0': { 'rfc-v1': [/a set_callback is lost: -EBUSY/, 1] },
  'two CPUs set a callback: neither keeps the other from its end': { merged: livelock },
  'a set_callback and a free: neither keeps the other from its end': { merged: livelock },
  'cancel against a set_callback that fails: nothing is bound after it': {
    'rfc-v1': [/the callback is still bound/, 1],
  },
  'two cancels, then start: the callback that was cancelled does not run': {
    'rfc-v1': [/the callback runs that both cancels have dropped/, 1],
  },
  'a start in NMI, then cancel on another CPU: the timer is not armed': { merged: [/and the timer is armed/, 0] },
  'a start in NMI, then cancel_async on another CPU: the timer is not armed': { merged: [/and the timer is armed/, 0] },
  'a start in NMI, then cancel and set_callback: the new callback does not run': {
    merged: [/nobody has started/, 0],
  },
  'a start in NMI, then cancel_async in NMI of another CPU: the timer is not armed when both are carried out': {
    merged: /after start had returned, and the timer is armed/,
  },
  'a start in NMI while this CPU carries out deferred commands: it is accepted': { merged: [/-EDEADLK/, 0] },
  'five starts in NMI, one after another: each is accepted': { merged: [/-ENOMEM/, 0] },
  'start against cancel: not armed unbound, with start and cancel answering 0': {
    'rfc-v1': /both answered 0; the timer is armed and nothing is bound/,
    merged: [/both answered 0; the timer is armed and nothing is bound/, 1],
  },
  'cancel while the timer fires: it ran, or cancel answers that it was armed': {
    locked: [/cancel answers 0, and an armed timer never ran/, 1],
    'rfc-v1': [/cancel answers 0, and an armed timer never ran/, 1],
    merged: [/cancel answers 0, and an armed timer never ran/, 1],
  },
}

for (const question of questions)
  for (const design of question.designs) {
    const found = FOUND[question.name]?.[design]
    const numbers = question.hazards.map((hazard) => `[${hazard}] `).join('')
    test(`${numbers}${design}: ${question.name} – ${found ? 'violated' : 'holds'}`, () => {
      const { failure, complete } = explore(questionSubject(question, design))
      if (found === undefined) {
        assert.equal(failure, undefined, failure?.message)
        assert.equal(complete, true)
        return
      }
      const [pattern, preemptions] = Array.isArray(found) ? found : [found]
      assert.match(failure?.message ?? 'it holds', pattern)
      if (preemptions === undefined) return
      assert.equal(failure?.preemptions, preemptions)
      assert.equal(failure?.minimal, true)
    })
  }

test('every violation that is expected belongs to a question', () => {
  const names = new Set(questions.map(({ name }) => name))
  assert.deepEqual(
    Object.keys(FOUND).filter((name) => !names.has(name)),
    [],
  )
})
