// How an interleaving is made short: the fewest preemptions, then the fewest switches.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, Stage, subject } from '../../src/explore/index.js'
import type { Operation } from '../../src/explore/index.js'
import { switchesOf } from '../../src/explore/choices.js'
import { choicesOf } from '../../src/explore/token.js'

const FIRST = 64
const ORDER = 68

const stage = new Stage({ memory: 128, cpus: 2 })
/** One access each: no preemption is possible, and CPUs may take turns as often as there are operations. */
const add = (name: string, address: number): Operation => ({ name, run: (cpu) => void cpu.add32(address, 1) })
const claim = (name: string, value: number): Operation => ({
  name,
  run: (cpu) => cpu.compareExchange32(FIRST, 0, value),
})

test('between operations that are over CPUs are not left and come back to without need', () => {
  const report = explore(
    subject({
      name: 'who comes first',
      stage,
      cpus: [
        { operations: [claim('a', 1), add('a2', ORDER), add('a3', ORDER)] },
        { operations: [claim('b', 2), add('b2', ORDER), add('b3', ORDER)] },
      ],
      atRest: (view) => (view.load32(FIRST) === 2 ? 'CPU 1 came first' : undefined),
    }),
  )
  assert.equal(report.failure?.token, 'b3a3')
  assert.deepEqual([report.failure.preemptions, report.failure.minimal], [0, true])
})

test('an NMI and a stop that what is wrong does not need are left out', () => {
  const report = explore(
    subject({
      name: 'a lost update beside an NMI and a stop',
      stage,
      cpus: [
        {
          mayStop: true,
          operations: [{ name: 'a', run: (cpu) => cpu.store32(ORDER, cpu.load32(ORDER) + 1) }],
          nmi: [add('nmi', ORDER + 4)],
        },
        { operations: [add('b', ORDER)] },
      ],
      check: (view) => (view.ended('a') && view.ended('b') && view.load32(ORDER) < 2 ? 'lost' : undefined),
    }),
  )
  assert.equal(report.failure?.message, 'lost')
  assert.equal(switchesOf(choicesOf(report.failure.token)), 2)
  assert.doesNotMatch(report.failure.token, /[\^_!]/)
})

test('who only asks whether anything is wrong gets the interleaving that was found first', () => {
  const racing = subject({
    name: 'never together',
    stage,
    cpus: [{ operations: [add('a', ORDER), add('a2', ORDER)] }, { operations: [add('b', ORDER)] }],
    atRest: () => 'always wrong',
  })
  const { failure } = explore(racing, { minimise: false })
  assert.deepEqual([failure?.message, failure?.minimal], ['always wrong', false])
})
