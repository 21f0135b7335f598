// A search whose steps are leaps where their like was made before finds what one finds that makes every step access by
// access: the same states, steps, outcomes, bounds and violations. On the shipped protocol and on the designs that have
// bugs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocationsFail } from '../../src/explore/allocation.js'
import { search, type SearchOptions } from '../../src/explore/search.js'
import { Stage, subject } from '../../src/explore/index.js'
import type { Operation, Subject } from '../../src/explore/index.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'
import { ANYTHING } from '../../src/explore/subjects/entry.js'

// The first search of a stage runs compiled code in the middle of steps: it is the one with leaps.
function same(subject: Subject, options: SearchOptions = {}): number {
  const [leaping, walking] = [true, false].map((leaps) => {
    subject.stage.sharing.forget()
    const { milliseconds: _, ...found } = search(subject, { maxStates: 5_000, leaps, ...options })
    return found
  })
  assert.deepEqual(leaping, walking, subject.name)
  return leaping!.violation ? 1 : 0
}

const some = (pattern: string, every = 1): Subject[] =>
  select(entriesOf('shipped'), [pattern], [])
    .chosen.filter((_, index) => index % every === 0)
    .map(({ subject }) => subject(false))

test('leaps change nothing of what is found in the shipped core', () => {
  const patterns = ['parts/*', 'lock/*', 'bloom/*', 'user-ring/*', 'grace/*', 'repair/*', 'hazard/H18', 'hazard/H12']
  for (const subject of patterns.flatMap((pattern) => some(pattern))) same(subject)
})

test('leaps change nothing with NMIs, CPUs that stop, failing allocations and bounded preemptions', () => {
  for (const subject of some('pair/*', 400)) same(subject)
  for (const subject of some('map/*', 250)) same(allocationsFail(subject))
  for (const subject of some('triple/*', 3000)) same(subject, { preemptions: 2 })
})

// The loop comes back to the node at which the operation began; then what had ended before it began is known already.
test('an NMI that begins with a loop begins once', () => {
  const [FLAG, ONE, OTHER] = [64, 68, 72]
  const loop: Operation = {
    name: 'loop',
    run(cpu) {
      for (;;) {
        cpu.retry()
        if (cpu.load32(FLAG) !== 0) return
      }
    },
  }
  const store = (name: string, at: number): Operation => ({
    name,
    run(cpu) {
      cpu.store32(at, 1)
      cpu.peek32(OTHER)
      cpu.store32(at, 2)
      cpu.peek32(OTHER)
      cpu.store32(at, 3)
    },
  })
  const made = subject({
    name: 'an NMI that waits',
    stage: new Stage({ memory: 128, cpus: 2 }),
    cpus: [
      { operations: [store('outer', ONE)], nmi: [loop] },
      { operations: [store('before', ONE), { name: 'set', run: (cpu) => cpu.store32(FLAG, 1) }] },
    ],
    progress: 'none',
    model: ANYTHING,
  })
  assert.equal(same(made), 0)
})

test('leaps hide no bug of the designs that have some', () => {
  for (const protocol of ['locked', 'rfc-v1', 'merged'] as const) {
    const subjects = entriesOf(protocol).filter((_, index) => index % 2 === 0)
    const violations = subjects.reduce((found, { subject }) => found + same(subject(false)), 0)
    assert.ok(violations > 0 && violations < subjects.length, `${protocol}: ${violations} of ${subjects.length}`)
  }
})
