// Timers and work on real threads, against the sequential reference model: every answer and every callback of random
// operations that meet must be those of some order (contract G6), a callback never early, never while or after what the
// contract forbids it to be. SKEP_STRESS_ROUNDS=N asks for N rounds, SKEP_STRESS_SEED=N for other operations.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as layout from '../../core/layout.js'
import { EMPTY_SLOT, slotModel } from '../../src/explore/model.js'
import type { SlotState } from '../../src/explore/model.js'
import { CALLBACKS } from '../../src/explore/subjects/async-callbacks.js'
import { CoreMachine } from '../core/harness.js'
import { counted, described, judged, ROUNDS, run, SEED } from './rounds.js'
import type { Counts, Rest } from './rounds.js'
import type { StressSlot } from './slot-worker.js'

const BLOCKS = 64
const FIRST = 1

interface Play {
  threads: number
  rounds: number
  /** A check build of the core: threads pause at its accesses. */
  checked?: WebAssembly.Module
  seed?: number
}

/** Runs the rounds on a machine of its own; what no order explains, in columns, or nothing. */
async function played({ threads, rounds, checked, seed = SEED }: Play) {
  const build = checked && { module: checked, before: () => {} }
  const machine = new CoreMachine({ cpus: threads, controlBlocks: BLOCKS, ...(build ? { build } : {}) })
  const programs = [0, 1].map((p) => machine.program(FIRST + p * CALLBACKS, FIRST + (p + 1) * CALLBACKS))
  const slots: StressSlot[] = [false, true].flatMap((work) => {
    const map = machine.arrayMap({ entries: work ? 1 : 2, timer: work ? -1 : 8, work: work ? 8 : -1 })
    const words = machine.u32(map.address + (work ? layout.MAP_WORK_SLOTS : layout.MAP_TIMER_SLOTS))
    return Array.from({ length: work ? 1 : 2 }, (_, element) => ({
      work,
      element,
      at: map.value(element) + 8,
      places: {
        cpus: threads,
        areas: machine.u32(layout.HEADER + layout.HEADER_CPU_AREAS),
        expiries: machine.u32(layout.HEADER + layout.HEADER_REALTIME_EXPIRIES),
        blocks: machine.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCKS),
        blockCount: BLOCKS,
        pool: machine.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCK_POOL),
        programs,
        map: map.address,
        slot: words + element * 4,
      },
    }))
  })
  const clock = new SharedArrayBuffer(8)
  new BigInt64Array(clock)[0] = 1_000_000n
  const { lines, rests, problems } = await run<SlotState>(
    new URL('./slot-worker.js', import.meta.url),
    { memory: machine.memory, threads, rounds, seed },
    { slots, first: FIRST, clock, ...(checked ? { checked } : {}) },
  )
  return {
    wrong: judged(lines, rests, modelOf, shown).find((one) => one !== undefined) ?? problems[0],
    counts: counted(lines),
    operations: lines.length,
  }
}

const modelOf = ({ now }: Rest<SlotState>) => slotModel(() => EMPTY_SLOT, { now: now!, mayRunOut: true })

// What of a state is not as in an empty slot.
const shown = (state: SlotState): string =>
  `{${Object.entries(state)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(EMPTY_SLOT[name as keyof SlotState]))
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ')}}`

/** Fails unless each of these was seen often. */
function seen(counts: Counts): void {
  for (const kind of [
    'init = 0',
    'start = 0',
    'cancel = 1',
    'cancel_async = 1',
    'poll = begin',
    'free = 0',
    'drop-user = 0',
  ])
    assert.ok((counts.get(kind) ?? 0) >= 5, `${kind} was seen ${counts.get(kind) ?? 0} times`)
}

test('operations on timers and work that meet on two threads answer as in some order [G4, G5, G6]', async (t) => {
  const { wrong, ...done } = await played({ threads: 2, rounds: ROUNDS })
  t.diagnostic(described(done))
  assert.equal(wrong, undefined, wrong)
  seen(done.counts)
})

test('the same where three threads pause at any access of the core', async (t) => {
  const checked = new WebAssembly.Module(readFileSync(new URL('../../core/core.check.wasm', import.meta.url)))
  const { wrong, ...done } = await played({ threads: 3, rounds: ROUNDS / 5, checked })
  t.diagnostic(described(done))
  assert.equal(wrong, undefined, wrong)
  seen(done.counts)
})

/** What the machine and the worker call beside what mutants are compiled for. */
const EXPORTS = `export { map_bytes_core, map_bytes_guest } from './map/bytes'
export { map_update } from './map/host'
export { sectionEnter as section_enter, sectionExit as section_exit } from './memory/section'
`
/** Nearly every round in which an element is freed shows it; of changes that need a race, some seeds show nothing. */
const BROKEN = 'free leaves the binding in its word'

test('a change of the core that no order explains is found, and shown by the few operations that it takes', async (t) => {
  const scripts = new URL('../../../scripts/', import.meta.url)
  const { mutants } = (await import(new URL('mutants-list.mjs', scripts).href)) as { mutants: { name: string }[] }
  const { compileMutant } = (await import(new URL('mutant-core.mjs', scripts).href)) as {
    compileMutant(mutant: unknown, options: { exports: string }): Promise<Uint8Array<ArrayBuffer>>
  }
  const mutant = mutants.find(({ name }) => name === BROKEN)
  const checked = new WebAssembly.Module(await compileMutant(mutant, { exports: EXPORTS }))
  let wrong: string | undefined
  for (let seed = SEED; wrong === undefined && seed < SEED + 20; seed++)
    ({ wrong } = await played({ threads: 2, rounds: 200, checked, seed }))
  t.diagnostic(wrong ?? 'nothing')
  assert.match(wrong ?? 'nothing', /^round \d+, object \d:\nbefore: .*\nstamp +CPU 0/)
})
