// Own steps of an operation over all schedules: exact where there is a bound, and a finding where there is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, Stage, subject } from '../../src/explore/index.js'
import type { Operation, Report, Subject } from '../../src/explore/index.js'

const AT = 64

const asked = (operations: Operation[], more: Partial<Subject> = {}): Report =>
  explore(
    subject({
      name: 'own steps',
      stage: new Stage({ memory: 128, cpus: operations.length }),
      cpus: operations.map((operation) => ({ operations: [operation] })),
      ...more,
    }),
  )

/** Adds to the word by compare-and-exchange, as often as `rounds` allows. */
const add = (name: string, rounds: number): Operation => ({
  name,
  run(cpu) {
    for (let round = 0; round < rounds; round++) {
      const seen = cpu.load32(AT)
      if (cpu.compareExchange32(AT, seen, seen + 1) === seen) return 'done'
    }
    return 'gave up'
  },
})

test('the most own steps of each operation are those of its worst schedule', () => {
  const { failure, ownSteps } = asked([add('A', 5), add('B', 5), add('C', 5)])
  assert.equal(failure, undefined)
  // Two others change the word once each: at most three turns of two accesses.
  assert.deepEqual([...ownSteps], ['A', 'B', 'C'].map((name) => [name, { steps: 6, repeats: false }])) // prettier-ignore
})

test('a loop whose every further turn follows a change by somebody else has the steps of one turn, and repeats', () => {
  const loop = (name: string): Operation => ({
    name,
    run(cpu) {
      for (;;) {
        cpu.retry()
        const seen = cpu.load32(AT)
        if (cpu.compareExchange32(AT, seen, seen + 1) === seen) return
      }
    },
  })
  const { failure, ownSteps } = asked([loop('A'), loop('B')])
  assert.equal(failure, undefined)
  assert.deepEqual(ownSteps.get('A'), { steps: 2, repeats: true })
})

test('two that keep undoing what the other has done can go on for ever: no bound is a finding, with the turn that repeats', () => {
  const insist = (name: string, value: number): Operation => ({
    name,
    run(cpu) {
      for (let turn: 1 | 2 = 1; ; turn = 2) {
        cpu.retry(turn)
        cpu.store32(AT, value)
        if (cpu.load32(AT) === value) return
      }
    },
  })
  const { failure } = asked([insist('A', 1), insist('B', 2)])
  assert.match(
    failure!.message,
    /^a cycle in which no operation ends: CPU \d in [AB], CPU \d in [AB] can go on for ever$/,
  )
  const turn = failure!.trace.lines.slice(failure!.trace.cycle)
  assert.deepEqual(new Set(turn.map(({ cpu }) => cpu)), new Set([0, 1]))
})

test('a loop that never comes back to a state it was in is found by its steps', () => {
  const count: Operation = {
    name: 'count',
    run(cpu) {
      while (cpu.add32(AT, 1) < 1_000_000);
    },
  }
  const { failure } = asked([count, add('A', 1)], { maxSteps: 100 })
  assert.match(failure!.message, /^count took more than 100 own steps$/)
})
