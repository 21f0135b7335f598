// Hash maps under the explorer: every interleaving of a few operations on one bucket, on two CPUs, as NMI of each other,
// and with a CPU that stops for ever. What must hold is in map-stage.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BPF_EXIST, BPF_NOEXIST, MAP_TYPE_HASH } from '../../core/abi.js'
import { explore, subject } from '../../src/explore/index.js'
import type { CpuScript, Operation, Report, SequentialModel } from '../../src/explore/index.js'
import { printTrace } from '../../src/explore/index.js'
import { atRest, check, holding, lookup, mapStage, model, remove, update, type MapStage } from './map-stage.js'

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
