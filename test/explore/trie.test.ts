// LPM tries under the explorer: the named subjects `trie/…`, and lookups that ask for help.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, printTrace, subject } from '../../src/explore/index.js'
import type { SequentialModel } from '../../src/explore/index.js'
import type { Variant } from '../../src/explore/subjects/entry.js'
import {
  atRest,
  check,
  holding,
  lookup,
  model,
  prefix,
  remove,
  trieStage,
  update,
} from '../../src/explore/subjects/trie-stage.js'
import { hold, named } from './named.js'

// A part of the named subjects: `npm run check` explores them all.
const FAMILIES: [name: string, patterns: string[], variants: Variant[]][] = [
  ['a lookup beside any change', ['trie/holding-*/*/look-up-110'], ['plain']],
  ['any operation as an NMI at any step of any other', ['trie/holding-1-110', 'trie/holding-10-110'], ['nmi']],
  ['any operation beside a lookup whose CPU stops for ever', ['trie/holding-1-110/look-up-110'], ['stop']],
  ['what a lookup found half way was right at some moment', ['trie/behind-*/look-up-110/*'], []],
]

for (const [name, patterns, variants] of FAMILIES)
  test(name, (t) => {
    const entries = named(patterns, variants)
    t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
  })

test('a lookup that asks for help is answered', (t) => {
  const at = trieStage(3, { patience: 0 })
  const held: [ReturnType<typeof prefix>, number][] = [[prefix('1'), 90], [prefix('110'), 91]] // prettier-ignore
  const laid = [
    lookup(at, 'asking', 0, prefix('11000000')),
    remove(at, 'delete', 1, prefix('110')),
    update(at, 'update', 2, prefix('11'), 52),
  ]
  const [asking, one, other] = laid.map(({ operation }) => operation)
  const report = explore(
    subject({
      name: 'lookup with help',
      stage: at.stage,
      setup: holding(at, held, laid),
      cpus: [{ operations: [asking!] }, { operations: [one!, other!] }],
      check: check(at),
      atRest: atRest(at),
      model: model(at, held) as SequentialModel<unknown>,
    }),
  )
  if (report.failure) assert.fail(`${report.failure.message}\n${printTrace(report.failure.trace)}`)
  assert.equal(report.complete, true)
  t.diagnostic(`${report.states} states`)
})
