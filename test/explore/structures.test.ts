// The explorer on small structures of the fixture, right ones and some with known bugs: it finds these, loses no
// outcome, and repeats what it found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverageOf, explore, exploreAtRandom, oneSided, replay, subject } from '../../src/explore/index.js'
import type { Operation, Report, SearchOptions, Stage } from '../../src/explore/index.js'
import { fixtureStage } from './fixture.js'

const AT = 64

/** An operation that calls one export. */
const call = (name: string, fn: string, ...args: number[]): Operation => ({
  name,
  run: (cpu) => cpu.exports[fn](...args),
})

const holds = (report: Report): void => {
  assert.equal(report.failure, undefined, report.failure?.message)
  assert.equal(report.complete, true)
}
const fails = (report: Report, pattern: RegExp): void => assert.match(report.failure?.message ?? 'it holds', pattern)

const counters = (stage: Stage, fn: string, cpus = 2) =>
  subject({
    name: fn,
    stage,
    cpus: Array.from({ length: cpus }, (_, cpu) => ({
      operations: [call(`a${cpu}`, fn, AT), call(`b${cpu}`, fn, AT)],
    })),
    atRest: (view) => (view.load32(AT) === cpus * 2 ? undefined : `the counter is ${view.load32(AT)}`),
  })

test('an atomic counter counts every addition', async () => {
  const stage = await fixtureStage({ cpus: 3 })
  holds(explore(counters(stage, 'counter_add', 3)))
  const report = explore(counters(stage, 'counter_cas', 2))
  holds(report)
  assert.deepEqual(report.ownSteps.get('a0'), { steps: 2, repeats: true })
})

test('a load and a store lose an addition, shown with one preemption', async () => {
  const report = explore(counters(await fixtureStage(), 'counter_lossy'))
  fails(report, /the counter is [123]/)
  assert.equal(report.failure?.preemptions, 1)
  assert.equal(report.failure?.minimal, true)
})

test('merging states loses no outcome: the same as every interleaving by itself', async () => {
  const stage = await fixtureStage()
  for (const fn of ['counter_add', 'counter_lossy', 'counter_cas']) {
    const { atRest: _, ...open } = counters(stage, fn)
    const compare = (options: SearchOptions) => {
      const report = explore(subject(open), options)
      holds(report)
      return [...report.outcomes].sort()
    }
    const merged = compare({})
    assert.deepEqual(merged, compare({ full: true }))
    assert.deepEqual(merged, compare({ naive: true, full: true }))
    assert.ok(merged.length > 1)
  }
})

test('a plain access that can come right beside another CPU’s is a race; published data is none', async () => {
  const stage = await fixtureStage()
  const pair = (one: string, other: string) =>
    subject({
      name: one,
      stage,
      cpus: [{ operations: [call('one', one, AT)] }, { operations: [call('other', other, AT)] }],
    })
  for (const options of [{}, { full: true }]) {
    fails(explore(pair('counter_plain', 'counter_plain'), options), /races with CPU/)
    fails(explore(pair('counter_add', 'counter_plain'), options), /races with CPU/)
    fails(explore(pair('publish_early', 'consume'), options), /races with CPU/)
    const published = explore(pair('publish', 'consume'), options)
    holds(published)
    assert.deepEqual([...published.outcomes].sort(), ['one=undefined other=0', 'one=undefined other=7'])
  }
})

test('a retry loop that carries something from turn to turn is refused', async () => {
  const stage = await fixtureStage()
  assert.throws(() => explore(counters(stage, 'counter_patient')), /carries something from one turn to the next/)
})

const NODES = [96, 104, 112]

const stacks = (stage: Stage, push: string, pop: string) =>
  subject({
    name: pop,
    stage,
    setup: (cpus) => NODES.slice(0, 2).forEach((node) => cpus[0]!.exports[push](AT, node)),
    cpus: [
      { operations: [call('pop0', pop, AT)] },
      {
        operations: [
          call('popA', pop, AT),
          call('popB', pop, AT),
          { name: 'pushA', run: (cpu) => cpu.exports[push](AT, NODES[1]) },
        ],
      },
    ],
    atRest(view) {
      const held = [view.result('pop0'), view.result('popA'), view.result('popB')].filter((node) => node !== 0)
      const linked: number[] = []
      for (let node = view.load32(AT); node !== 0 && linked.length < 5; node = view.load32(node)) linked.push(node)
      const free = linked.filter((node) => node !== NODES[1] && held.includes(node))
      return free.length ? `node ${free[0]} is in the stack and in a CPU's hands` : undefined
    },
  })

test('the ABA bug of a stack that reuses its nodes at once is found; a tagged head has none', async () => {
  const stage = await fixtureStage()
  const broken = explore(stacks(stage, 'push', 'pop'))
  fails(broken, /in the stack and in a CPU's hands/)
  assert.equal(broken.failure?.preemptions, 1)
  holds(explore(stacks(stage, 'push_tagged', 'pop_tagged')))
})

test('a reference taken after the pointer was read meets a freed object; one that refuses 0 does not', async () => {
  const stage = await fixtureStage()
  const object = 96
  const readers = (take: string) =>
    subject({
      name: take,
      stage,
      setup(cpus) {
        cpus[0]!.store32(AT, object)
        cpus[0]!.store32(object, 1)
      },
      cpus: [
        {
          operations: [
            {
              name: 'use',
              run(cpu) {
                const held = cpu.exports[take](AT)
                if (held === 0) return 'none'
                if (cpu.load32(held + 4) !== 0) cpu.fail('a reference was taken on a freed object')
                cpu.exports.drop(held)
                return 'used'
              },
            },
          ],
        },
        { operations: [call('unlink', 'unlink', AT)] },
      ],
      atRest: (view) => (view.load32(object + 4) === 1 ? undefined : 'the object leaks'),
    })
  fails(explore(readers('take_naive')), /reference was taken on a freed object/)
  holds(explore(readers('take')))
})

test('poisoned words may not be touched', async () => {
  const stage = await fixtureStage()
  const report = explore(
    subject({
      name: 'poison',
      stage,
      cpus: [
        {
          operations: [
            {
              name: 'free',
              run(cpu) {
                cpu.store32(AT, 0)
                cpu.poison(96, 8)
              },
            },
          ],
        },
        { operations: [{ name: 'use', run: (cpu) => (cpu.load32(AT) === 0 ? cpu.load32(100) : 0) }] },
      ],
    }),
  )
  fails(report, /access to freed memory at 0x64/)
})

test('coverage tells of each compare-and-exchange whether it was seen to succeed and to fail', async () => {
  const stage = await fixtureStage()
  const one = counters(stage, 'counter_cas', 1)
  holds(explore(one))
  assert.deepEqual(oneSided(coverageOf(stage)), [
    'a0: cas 0x40 was never seen to fail',
    'b0: cas 0x40 was never seen to fail',
  ])
  holds(explore(counters(stage, 'counter_cas', 2)))
  assert.deepEqual(coverageOf(stage).exchanges.get('a0: cas 0x40'), { succeeded: true, failed: true })
})

test('a random walk finds the lost addition, the same one for the same seed, and its token repeats it', async () => {
  const stage = await fixtureStage()
  const lossy = counters(stage, 'counter_lossy')
  const found = exploreAtRandom(lossy, { seed: 7 })
  assert.match(found.failure?.message ?? 'it holds', /the counter is/)
  assert.equal(exploreAtRandom(lossy, { seed: 7 }).walks, found.walks)
  const again = replay(lossy, found.failure!.token)
  assert.deepEqual(again.lines, found.failure!.trace.lines)
})
