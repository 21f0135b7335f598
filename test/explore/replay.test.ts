// A token alone is enough: what was violated is violated again when its interleaving is replayed, whatever kind it is
// of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../../src/explore/check.js'
import { explore, replay, subject } from '../../src/explore/index.js'
import type { SequentialModel, Subject } from '../../src/explore/index.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'
import type { Protocol } from '../../src/explore/subjects/entry.js'
import { fixtureStage } from './fixture.js'

const AT = 64

/** What a subject violates, and that the replay of its token says the same of the same last line. */
function again(broken: Subject, pattern: RegExp): void {
  const { failure } = explore(subject(broken))
  assert.match(failure?.message ?? 'it holds', pattern)
  const trace = replay(broken, failure!.token)
  assert.equal(trace.message, failure!.message)
  assert.deepEqual(trace.lines, failure!.trace.lines)
  assert.equal(trace.cycle, failure!.trace.cycle)
}

test('the replay of a token violates what the search found: in a state, at rest, by results, for ever', async () => {
  const stage = await fixtureStage()
  const both = (fn: string, rest: Partial<Subject> = {}): Subject => ({
    name: fn,
    stage,
    cpus: [0, 1].map((cpu) => ({ operations: [{ name: `${fn}${cpu}`, run: ({ exports }) => exports[fn](AT, cpu) }] })),
    ...rest,
  })
  const count = (of: number) => (view: { load32(at: number): number }) =>
    view.load32(AT) === of ? undefined : `the counter is ${view.load32(AT)}`
  again(both('counter_lossy', { atRest: count(2) }), /the counter is 1/)
  again(both('counter_add', { check: (view) => (view.load32(AT) > 1 ? 'more than one' : undefined) }), /more than one/)
  again(both('counter_plain'), /races with CPU/)
  again(both('lock'), /deadlock: CPU \d waits in lock/)
  again(both('peterson_enter'), /deadlock|a cycle in which no operation ends: CPU \d in peterson_enter/)
  again(both('polite_enter', { progress: 'fair' }), /livelock: CPU 1 can/)
  const ticket: SequentialModel<number> = {
    initial: 0,
    key: String,
    moments: ({ result }) => [(next) => (result === next ? [next + 1] : [])],
  }
  const tickets: Subject = {
    name: 'tickets',
    stage,
    cpus: [0, 1].map((cpu) => ({
      operations: [
        {
          name: `take${cpu}`,
          run(own) {
            const ticket = own.load32(AT)
            own.store32(AT, ticket + 1)
            return ticket
          },
        },
      ],
    })),
    model: ticket as SequentialModel<unknown>,
  }
  again(tickets, /no order of the operations explains the results: take\d = 0/)
})

test('what holds holds when it is replayed, to its end and before', async () => {
  const stage = await fixtureStage()
  const one = subject({
    name: 'one',
    stage,
    cpus: [{ operations: [{ name: 'add', run: ({ exports }) => exports.counter_lossy(AT) }] }],
    atRest: (view) => (view.load32(AT) === 1 ? undefined : 'it does not count'),
  })
  assert.equal(replay(one, 'a1').message, undefined)
  assert.equal(replay(one, 'a2').message, undefined)
  assert.throws(() => replay(one, 'a3'), { code: 'BAD_TOKEN', message: /CPU 0 cannot do step 3 of the token/ })
  assert.throws(() => replay(one, '?'), { code: 'BAD_TOKEN', message: /^replay token '\?': expected CPUs/ })
  assert.throws(() => subject({ ...one, cpus: [] }), { code: 'BAD_SUBJECT', message: /^subject one: cpus must be/ })
})

test('the two setters of the merged design keep each other from their end, when replayed too', () => {
  const found = (protocol: Protocol) => {
    const { chosen } = select(entriesOf(protocol), ['two-cpus-set-a-callback-neither*'], [])
    assert.equal(chosen.length, 1)
    return { entry: chosen[0]!, checked: check(chosen[0]!) }
  }
  const { entry, checked } = found('merged')
  assert.match(checked.failure!.message, /^livelock: CPUs 0, 1 can go on for ever under a fair scheduler/)
  assert.notEqual(checked.failure!.trace.cycle, undefined)
  const { failure, verdict } = check(entry, { token: checked.failure!.token })
  assert.equal(verdict, 'violated')
  assert.equal(failure!.message, checked.failure!.message)
  assert.equal(failure!.trace.cycle, checked.failure!.trace.cycle)
  assert.equal(found('locked').checked.verdict, 'holds')
})
