// Hash maps under the explorer: every interleaving of a few operations on one bucket, on two CPUs, as NMI of each
// other, and with a CPU that stops for ever. What must hold is in map-stage.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BPF_EXIST, BPF_NOEXIST, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import { explore, subject } from '../../src/explore/index.js'
import type { CpuScript, Operation, Report, SequentialModel } from '../../src/explore/index.js'
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
  update,
  walk,
  walkElements,
  type MapStage,
} from './map-stage.js'

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

type Make = (at: MapStage, name: string) => Operation

/** The operations on keys 1 and 2, by name. */
const OPERATIONS: Record<string, Make> = {
  'look up 1': (at, name) => lookup(at, name, 1),
  'look up 2': (at, name) => lookup(at, name, 2),
  'delete 1': (at, name) => remove(at, name, 1),
  'delete 2': (at, name) => remove(at, name, 2),
  'update 1': (at, name) => update(at, name, 1),
  'update 2': (at, name) => update(at, name, 2),
  'create 1': (at, name) => update(at, name, 1, BPF_NOEXIST),
  'replace 2': (at, name) => update(at, name, 2, BPF_EXIST),
}

/** Each pair once, as [first, second]. */
function* pairs(): Generator<[string, string]> {
  const names = Object.keys(OPERATIONS)
  for (const [i, one] of names.entries()) for (const other of names.slice(i)) yield [one, other]
}

const HASHES: [number, number[]][] = [
  [1, []],
  [1, [1]],
  [2, []],
  [2, [1]],
  [2, [2]],
  [2, [1, 2]],
]

/** Explores `script` of each pair of operations on maps of one and two entries, from every content. */
function everyPair(name: string, type: number, script: (one: Operation, other: Operation) => CpuScript[]): number {
  let states = 0
  for (const [maxEntries, keys] of HASHES) {
    const at = mapStage(type, maxEntries)
    for (const [one, other] of pairs()) {
      const cpus = script(OPERATIONS[one]!(at, 'A'), OPERATIONS[other]!(at, 'B'))
      states += run(at, keys, cpus, `${one} ${name} ${other}, ${maxEntries} entries, holding [${keys.join()}]`).states
    }
  }
  return states
}

test('any two operations on two CPUs', (t) => {
  const states = everyPair('beside', MAP_TYPE_HASH, (one, other) => [{ operations: [one] }, { operations: [other] }])
  t.diagnostic(`${states} states`)
})

test('any operation as an NMI at any step of any other', (t) => {
  const states = everyPair('interrupted by', MAP_TYPE_HASH, (one, other) => [{ operations: [one], nmi: [other] }])
  t.diagnostic(`${states} states`)
})

test('any operation beside a CPU that stops for ever at any step of any other', (t) => {
  const states = everyPair('stopped, beside it', MAP_TYPE_HASH, (one, other) => [
    { operations: [one], mayStop: true },
    { operations: [other] },
  ])
  t.diagnostic(`${states} states`)
})

test('an element that is handed out again at once never misleads an operation that is half way past it', (t) => {
  let states = 0
  for (const [maxEntries, keys] of [
    [1, [1]],
    [2, [1, 2]],
  ] as const) {
    const at = mapStage(MAP_TYPE_HASH, maxEntries)
    for (const one of ['look up 2', 'delete 1', 'update 1', 'create 1'])
      for (const second of ['delete 1', 'update 1', 'delete 2'])
        for (const third of ['update 1', 'update 2', 'delete 1']) {
          const operations = [OPERATIONS[second]!(at, 'B'), OPERATIONS[third]!(at, 'C')]
          const cpus = [{ operations: [OPERATIONS[one]!(at, 'A')] }, { operations }]
          states += run(at, [...keys], cpus, `${one} beside ${second}, ${third}, ${maxEntries} entries`).states
        }
  }
  t.diagnostic(`${states} states`)
})

test('three operations on three CPUs', (t) => {
  let states = 0
  const at = mapStage(MAP_TYPE_HASH, 1, { cpus: 3 })
  for (const trio of [
    ['delete 1', 'delete 1', 'update 1'],
    ['look up 1', 'update 1', 'update 1'],
  ]) {
    const cpus = trio.map((name, cpu) => ({ operations: [OPERATIONS[name]!(at, `cpu ${cpu}`)] }))
    states += run(at, [1], cpus, trio.join(', ')).states
  }
  t.diagnostic(`${states} states`)
})

test('a lookup that asks for help is answered, also around an NMI, also if its CPU stops', (t) => {
  let states = 0
  const at = mapStage(MAP_TYPE_HASH, 2, { patience: 0 })
  const make = (names: string[]) => names.map((name, position) => OPERATIONS[name]!(at, `${name}, ${position}`))
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

test('keys longer than eight bytes', (t) => {
  let states = 0
  const at = mapStage(MAP_TYPE_HASH, 2, { keySize: 12 })
  for (const [one, other] of pairs()) {
    const cpus = [{ operations: [OPERATIONS[one]!(at, 'A')] }, { operations: [OPERATIONS[other]!(at, 'B')] }]
    states += run(at, [1], cpus, `${one} beside ${other}`).states
  }
  t.diagnostic(`${states} states`)
})

test('LRU: insertions that evict, beside each other, as NMI, beside a CPU that stops', (t) => {
  let states = 0
  const small = mapStage(MAP_TYPE_LRU_HASH, 1)
  const large = mapStage(MAP_TYPE_LRU_HASH, 2)
  const third = (name: string): Operation => update(large, name, 3)
  const beside = (one: Operation, other: Operation): CpuScript[] => [{ operations: [one] }, { operations: [other] }]
  for (const [at, keys, cpus] of [
    [small, [1], beside(update(small, 'A', 2), lookup(small, 'B', 1))],
    [small, [1], beside(update(small, 'A', 2), remove(small, 'B', 1))],
    [small, [1], beside(update(small, 'A', 2), update(small, 'B', 1))],
    [small, [1], [{ operations: [remove(small, 'A', 1)], mayStop: true }, { operations: [update(small, 'B', 2)] }]],
    [large, [1, 2], beside(third('A'), update(large, 'B', 1))],
    [large, [1, 2], beside(third('A'), update(large, 'B', 3))],
    [large, [1, 2], beside(third('A'), remove(large, 'B', 1))],
    [
      large,
      [1, 2],
      [{ operations: [third('A')], nmi: [update(large, 'B', 1)] }, { operations: [lookup(large, 'C', 1)] }],
    ],
  ] as [MapStage, number[], CpuScript[]][])
    states += run(
      at,
      keys,
      cpus,
      `LRU of ${at.maxEntries}: ${cpus.map(({ operations }) => operations.map(({ kind }) => kind)).join(' beside ')}`,
    ).states
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
