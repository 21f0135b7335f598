// Explores named subjects (the catalogue of `skep check`) in a test: each must hold and be complete.
import assert from 'node:assert/strict'
import { check } from '../../src/explore/check.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'
import type { Entry, Variant } from '../../src/explore/subjects/entry.js'
import { failureLines } from '../../src/report/check-text.js'
import { plain } from '../../src/report/style.js'

/** The shipped protocol's subjects by name, prefix, hazard or glob. */
export function named(patterns: string[], variants: Variant[] = []): Entry[] {
  const { chosen, unknown } = select(entriesOf('shipped'), patterns, variants)
  assert.deepEqual(unknown, [])
  return chosen
}

/** They all hold; returns the number of states. */
export function hold(entries: Entry[]): number {
  let states = 0
  for (const entry of entries) {
    const checked = check(entry)
    if (checked.failure) assert.fail([entry.name, ...failureLines(checked.failure, plain, 160)].join('\n'))
    assert.equal(checked.verdict, 'holds', entry.name)
    states += checked.states
  }
  return states
}
