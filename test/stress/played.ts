// Plays the stress test of maps: creates them, runs the threads, and asks the models.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { CoreMachine } from '../core/harness.js'
import { counted, described, judged, run, SEED } from './rounds.js'
import { STRUCTURES } from './structures/index.js'
import type { Kind } from './structures/index.js'
import type { StructureTask } from './structure-worker.js'

export interface Play {
  kinds: Kind[]
  threads: number
  rounds: number
  /** A check build of the core: threads pause at its accesses. */
  checked?: WebAssembly.Module
  seed?: number
}

/** Runs the rounds on a machine of its own. `wrong`, of each kind: what no order explains, in columns, or nothing. */
async function played({ kinds, threads, rounds, checked, seed = SEED }: Play) {
  const build = checked && { module: checked, before: () => {} }
  const machine = new CoreMachine({ cpus: threads, ...(build ? { build } : {}) })
  const places = kinds.map((kind) => STRUCTURES[kind].create(machine, threads))
  const clock = new SharedArrayBuffer(8)
  new BigInt64Array(clock)[0] = 1_000_000n
  const task: Pick<StructureTask, 'kinds' | 'places' | 'clock' | 'checked'> = {
    ...{ kinds, places, clock },
    ...(checked ? { checked } : {}),
  }
  const meeting = { memory: machine.memory, threads, rounds, seed }
  const { lines, rests, problems } = await run(new URL('./structure-worker.js', import.meta.url), meeting, task)
  const of = (object: number) => STRUCTURES[kinds[object]!]
  const wrong = judged(
    lines,
    rests,
    ({ now }, object) => of(object).model(places[object], now!),
    (state, object) => of(object).shown(state),
  )
  const counts = counted(lines)
  return { wrong, problems, counts, told: described({ counts, operations: lines.length }) }
}

/** Every answer is that of some order, nothing is wrong at rest, and each of `seen` was seen often. */
export async function holds(t: TestContext, play: Play, seen: readonly string[]): Promise<void> {
  const { wrong, problems, counts, told } = await played(play)
  t.diagnostic(told)
  for (const one of [...wrong, ...problems]) assert.equal(one, undefined, one)
  for (const one of seen) assert.ok((counts.get(one) ?? 0) >= 5, `${one} was seen ${counts.get(one) ?? 0} times`)
}

/** Of each kind some seed shows what no order explains. */
export async function fails(t: TestContext, play: Play & { kinds: Kind[] }): Promise<void> {
  const left = new Set(play.kinds)
  for (let seed = SEED; left.size > 0 && seed < SEED + 10; seed++) {
    const kinds = [...left]
    const { wrong } = await played({ ...play, kinds, seed })
    for (const [object, one] of wrong.entries()) {
      if (one === undefined) continue
      assert.match(one, /^round \d+, object \d:\nbefore: .*\nstamp +CPU 0/)
      t.diagnostic(`${kinds[object]}: ${one}`)
      left.delete(kinds[object]!)
    }
  }
  assert.equal(left.size, 0, `nothing was found wrong with ${[...left].join(', ')}`)
}

/** The check build of the core. */
export const checkBuild = (): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(new URL('../../core/core.check.wasm', import.meta.url)))

/** Changes of files of the core: what stands there, and what instead. */
export type Changes = Record<string, [from: string, to: string][]>

/** A changed core, as a check build; `exports`: what is called beside what mutants are compiled for. */
export async function changed(more: Changes, exports: string): Promise<WebAssembly.Module> {
  const { compileMutant } = (await import(new URL('../../../scripts/mutant-core.mjs', import.meta.url).href)) as {
    compileMutant(mutant: unknown, options: { exports: string }): Promise<Uint8Array<ArrayBuffer>>
  }
  const name = `changes of ${Object.keys(more).join(', ')}`
  return new WebAssembly.Module(await compileMutant({ name, more }, { exports: MACHINE + exports }))
}

/** What a machine of the core alone calls. */
const MACHINE = `export { map_bytes_core, map_bytes_guest } from './map/bytes'
export { sectionEnter as section_enter, sectionExit as section_exit } from './memory/section'
`
