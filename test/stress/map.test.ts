// Hash maps on real threads, against the sequential reference model: every answer of random updates, deletes and lookups of
// a few keys that meet must be that of some order, and the map must hold at rest what that order leaves in it.
// SKEP_STRESS_ROUNDS=N asks for N rounds, SKEP_STRESS_SEED=N for other operations.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { model } from '../../src/explore/subjects/map-stage.js'
import type { OneBucketMap } from '../../src/explore/subjects/map-stage.js'
import { CoreMachine } from '../core/harness.js'
import { counted, described, judged, ROUNDS, run, SEED } from './rounds.js'

const ENTRIES = 3

/** Runs the rounds on a machine of its own; what no order explains, in columns, or nothing. */
async function played({ threads, rounds, checked }: { threads: number; rounds: number; checked?: WebAssembly.Module }) {
  const machine = new CoreMachine({
    cpus: threads,
    ...(checked ? { build: { module: checked, before: () => {} } } : {}),
  })
  const maps = [MAP_TYPE_HASH, MAP_TYPE_LRU_HASH].map((type): OneBucketMap => {
    const { address } = machine.arrayMap({ type, entries: ENTRIES, valueSize: 4, timer: -1 })
    machine.setU32(address + layout.MAP_BUCKET_MASK, 0)
    return { map: address, type, maxEntries: ENTRIES, cpus: threads }
  })
  const { lines, rests, problems } = await run<readonly number[]>(
    new URL('./map-worker.js', import.meta.url),
    { memory: machine.memory, threads, rounds, seed: SEED },
    { maps, ...(checked ? { checked } : {}) },
  )
  const wrong = judged(
    lines,
    rests,
    (_, object) => model(maps[object]!, []),
    (keys) => `keys ${keys.join(', ') || 'none'}`,
  )
  return { wrong: wrong ?? problems[0], counts: counted(lines), operations: lines.length }
}

for (const checked of [false, true])
  test(`updates, deletes and lookups on ${checked ? 'three threads that pause at any access' : 'two threads'} answer as in some order`, async (t) => {
    const file = new URL('../../core/core.check.wasm', import.meta.url)
    const { wrong, ...done } = await played(
      checked
        ? { threads: 3, rounds: ROUNDS / 5, checked: new WebAssembly.Module(readFileSync(file)) }
        : { threads: 2, rounds: ROUNDS },
    )
    t.diagnostic(described(done))
    assert.equal(wrong, undefined, wrong)
    for (const seen of [
      'update = 0',
      'update = -7',
      'update = -17',
      'update = -2',
      'delete = 0',
      'delete = -2',
      'lookup = true',
    ])
      assert.ok((done.counts.get(seen) ?? 0) >= 5, `${seen} was seen ${done.counts.get(seen) ?? 0} times`)
  })

/** What the machine calls beside what mutants are compiled for. */
const EXPORTS = `export { map_bytes_core, map_bytes_guest } from './map/bytes'
export { sectionEnter as section_enter, sectionExit as section_exit } from './memory/section'
`

test('an insertion that does not compare what it replaces is found', async (t) => {
  const { compileMutant } = (await import(new URL('../../../scripts/mutant-core.mjs', import.meta.url).href)) as {
    compileMutant(mutant: unknown, options: { exports: string }): Promise<Uint8Array<ArrayBuffer>>
  }
  const exchange = 'compareExchange64(link, word, linkAfter(word, 0, element + 1)) === word'
  const mutant = {
    name: 'an insertion is a store',
    file: 'core/map/list.ts',
    edits: [[exchange, '(note64(link, linkAfter(word, 0, element + 1)), true)']],
  }
  const checked = new WebAssembly.Module(await compileMutant(mutant, { exports: EXPORTS }))
  const { wrong } = await played({ threads: 3, rounds: 200, checked })
  t.diagnostic(wrong ?? 'nothing')
  assert.match(wrong ?? 'nothing', /^round \d+, object \d:\nbefore: keys .*\nstamp +CPU 0/)
})
