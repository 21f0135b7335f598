// Hash maps under the explorer: every interleaving of a few operations on one bucket, on two CPUs, as NMI of each
// other, and with a CPU that stops for ever: the named subjects `map/…`, and some that are asked other questions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BPF_NOEXIST, MAP_TYPE_HASH } from '../../core/abi.js'
import { MAP_SHARES, SHARE_BYTES, SHARE_SPARE } from '../../core/layout.js'
import { explore, subject } from '../../src/explore/index.js'
import type { CpuScript, Report, SequentialModel } from '../../src/explore/index.js'
import { printTrace } from '../../src/explore/index.js'
import {
  atRest,
  check,
  elements,
  holding,
  lookup,
  mapStage,
  model,
  remove,
  sparing,
  update,
  walk,
  walkElements,
  type MapStage,
} from '../../src/explore/subjects/map-stage.js'
import type { Variant } from '../../src/explore/subjects/entry.js'
import { offline } from '../../src/explore/subjects/core-stage.js'
import { MAP_OPERATIONS } from '../../src/explore/subjects/map-operations.js'
import { moduleBytes } from '../../src/explore/builds.js'
import { hold, named } from './named.js'

function run(at: MapStage, keys: number[], cpus: CpuScript[], name: string): Report {
  const report = explore(
    subject({
      name,
      stage: at.stage,
      setup: holding(at, ...keys),
      cpus,
      check: check(at),
      atRest: atRest(at),
      model: model(at, keys) as SequentialModel<unknown>,
    }),
  )
  if (report.failure) assert.fail(`${name}: ${report.failure.message}\n${printTrace(report.failure.trace)}`)
  assert.equal(report.complete, true, name)
  return report
}

const FAMILIES: [name: string, patterns: string[], variants: Variant[]][] = [
  ['any two operations on two CPUs', ['map/*-holding-*'], ['plain']],
  ['any operation as an NMI at any step of any other', ['map/*-holding-*'], ['nmi']],
  ['any operation beside a CPU that stops for ever at any step of any other', ['map/*-holding-*'], ['stop']],
  ['CPUs that have a spare element, and one the rooms', ['map/spare', 'map/room-that-moves'], ['plain', 'nmi']],
  ['changes that go the short way', ['map/short'], ['plain', 'nmi']],
  ['an element that is handed out again never misleads an operation that is half way past it', ['map/reuse'], []],
  // Three updates of one key have more than four million states: `npm run check`.
  ['three operations on three CPUs', ['map/three/look-up-1', 'map/three/delete-1'], []],
  [
    'keys longer than eight bytes, and of no whole word',
    ['map/long-keys', 'map/keys-of-6', 'map/keys-of-8', 'map/keys-of-20'],
    [],
  ],
  ['updates and reads of a value under its lock', ['map/locked'], []],
  ['values of other CPUs, walks and counts beside changes', ['map/per-cpu', 'map/walk', 'map/count'], ['plain', 'nmi']],
  ['a lookup that asks for help is answered, also if its CPU stops', ['map/help'], ['plain', 'stop']],
  ['LRU: insertions that evict, beside each other, as NMI, beside a CPU that stops', ['map/lru'], []],
]

for (const [name, patterns, variants] of FAMILIES)
  test(name, (t) => {
    const entries = named(patterns, variants)
    t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
  })

test('a lookup that asks for help has a bound of own steps [G7]', (t) => {
  let states = 0
  const at = mapStage(MAP_TYPE_HASH, 2, { patience: 0 })
  const make = (names: string[]) => names.map((name, position) => MAP_OPERATIONS[name]!(at, `${name}, ${position}`))
  for (const others of [
    ['update 1', 'update 1'],
    ['delete 1', 'update 1'],
  ]) {
    const operations = make(others)
    const asking = lookup(at, 'asking', 2)
    for (const first of [
      { operations: [asking] },
      { operations: [asking], mayStop: true },
      { operations: [asking], nmi: [lookup(at, 'nested', 1)] },
    ]) {
      const report = run(at, [1, 2], [first, { operations }], `lookup beside ${others.join()}`)
      assert.ok(report.ownSteps.get('asking')!.steps < 100)
      states += report.states
    }
  }
  t.diagnostic(`${states} states`)
})

test('a walk by key meets a key that stays in the map once, whatever happens to it and its neighbours', (t) => {
  let states = 0
  const at = mapStage(MAP_TYPE_HASH, 3)
  const once = (result: unknown, key: number) =>
    String(result)
      .split(',')
      .filter((one) => one === String(key)).length === 1
  for (const others of [
    [update(at, 'u1', 1), update(at, 'u2', 2)],
    [remove(at, 'd3', 3), update(at, 'u1', 1)],
  ]) {
    const report = explore(
      subject({
        name: 'walk by key',
        stage: at.stage,
        setup: holding(at, 1, 2, 3),
        cpus: [{ operations: [walk(at, 'walk')] }, { operations: others }],
        check: check(at),
        atRest: (view) =>
          once(view.result('walk'), 1) && once(view.result('walk'), 2) ? undefined : `met ${view.result('walk')}`,
      }),
    )
    assert.equal(report.failure?.message, undefined)
    assert.ok(report.complete)
    states += report.states
  }
  t.diagnostic(`${states} states`)
})

test('a walk by element never meets one that was prepared and lost the race to be inserted', (t) => {
  const at = mapStage(MAP_TYPE_HASH, 1, { cpus: 3 })
  const report = explore(
    subject({
      name: 'walk by element',
      stage: at.stage,
      cpus: [
        { operations: [walkElements(at, 'walk')] },
        { operations: [update(at, 'create', 1, BPF_NOEXIST)] },
        { operations: [update(at, 'create too', 1, BPF_NOEXIST)] },
      ],
      check: check(at),
      atRest(view) {
        const met = String(view.result('walk'))
        return met === '' || met === String(elements(at, view)[0]!.index) ? undefined : `met ${met}`
      },
    }),
  )
  assert.equal(report.failure?.message, undefined)
  assert.ok(report.complete)
  t.diagnostic(`${report.states} states`)
})

test('the spare element of a CPU that stops goes back to the pool with its repair, once', (t) => {
  let states = 0
  // Repair looks at every map that there may be: the small build, in which that are four.
  const at = mapStage(MAP_TYPE_HASH, 2, { cpus: 3, roomsKept: 1, module: moduleBytes('core.small') })
  const kept = atRest(at)
  for (const [stopping, other] of [
    ['update 1', 'update 1'],
    ['delete 1', 'insert 2'],
  ] as const)
    for (const sparers of [[0, 1], [1]]) {
      const report = explore(
        subject({
          name: `${stopping} stops beside ${other}`,
          stage: at.stage,
          setup: sparing(at, [1], sparers),
          cpus: [
            { operations: [stopping === 'update 1' ? update(at, 'A', 1) : remove(at, 'A', 1)], mayStop: true },
            { operations: [update(at, 'B', other === 'update 1' ? 1 : 2)] },
            { operations: [offline('S')] },
          ],
          check: check(at),
          atRest(view) {
            const share = view.load32(at.map + MAP_SHARES) + view.stopped * SHARE_BYTES
            if (view.stopped >= 0 && view.load32(share + SHARE_SPARE)) return 'the dead CPU keeps its spare'
            return kept(view)
          },
        }),
      )
      assert.equal(report.failure?.message, undefined)
      assert.ok(report.complete)
      states += report.states
    }
  t.diagnostic(`${states} states`)
})
