// The hazards of contract §5 that are about interleavings, each as a scenario of its own, explored completely on the
// compiled core (pairs, NMIs and stopping CPUs in general: the other tests of this folder).
import { describe, test } from 'node:test'
import type { SequentialModel } from '../../src/explore/linearize.js'
import { AsyncMachine } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'
import { smallCore } from './small-core.js'

const machine = new AsyncMachine()
/** A model that explains everything. */
const quiet: SequentialModel<unknown> = {
  initial: () => 0,
  key: String,
  moments: () => [],
  final: () => '',
  agrees: () => true,
}
const BOUND = '0:init 0:set1'

/** Explores scripts of operations, a list per CPU, from a state made by `steps`. */
function survives(
  name: string,
  steps: string,
  ...scripts: (string[] | { operations: string[]; nmi: string[] })[]
): void {
  holds(
    machine.subject(
      name,
      steps,
      scripts.map((script) => (Array.isArray(script) ? { operations: script } : script)),
    ),
  )
}

describe('hazards of two and three CPUs', () => {
  test("[H2] init's error path meets an armed timer: another CPU armed what init takes back", () =>
    survives('H2', '', ['initA'], ['set1B', 'nowB'], ['dropC']))

  test('[H4] a free while the queue holds an entry and a look is asked for: neither swallows the other', () => {
    survives('H4 look', '0:init 0:set1 0:later', ['pollA'], ['pinB', 'freeB'])
    survives('H4 entry', '0:init 0:set1 0:later 1:pin', ['pollA'], ['freeB'], ['pollC'])
  })

  test('[H8] a reference taken while the last one goes does not bring a block back', () =>
    survives('H8', '0:init 0:set1 0:now 0:async', ['laterA'], ['freeB'], ['pollC']))

  test('[H12] a start from NMI is not overtaken by a later cancel: not armed after cancel returned', () =>
    survives('H12', BOUND, { operations: ['set2A', 'pollA'], nmi: ['nowN'] }, ['cancelB', 'asyncB']))

  test('[H18] cancel beside a setter that is half way: no callback stays without an owner', () => {
    survives('H18', '0:init 0:set1 0:later', ['cancelA'], ['set2B'], ['put2C'])
    survives('H18 twice', BOUND, ['cancelA', 'cancelA2'], ['set2B', 'set1B'])
  })

  test('[H20] a firing beside the cancel that drops the binding and the unload of its program', () =>
    survives('H20', '0:init 0:set1 0:now', ['pollA'], ['cancelB'], ['put1C']))

  test('[H27] cancel beside a callback that re-arms itself: answer and final state agree', () => {
    survives('H27', '0:init 0:restart1 0:now', ['pollA'], ['cancelB'])
    survives('H27 async', '0:init 0:restart1 0:now', ['pollA'], ['asyncB', 'cancelB'])
  })

  test('[H30] the same timer on two CPUs: two runs never overlap, and cancel waits for the one that goes on', () =>
    survives('H30', '0:init 0:restart1 0:now', ['pollA'], ['pinB', 'pollB'], ['cancelC']))

  test('[H31] a firing is not swallowed: the callback ran, or cancel answers 1', () =>
    survives('H31', '0:init 0:set1 0:now', ['pollA'], ['cancelB'], ['set2C']))

  test("[H34] init's error path frees its own block, not the one that a later init published", () =>
    survives('H34', '', ['initA'], ['dropB', 'reopenB', 'initB']))
})

describe('a CPU that goes to sleep', () => {
  test('[H37] hears whoever rings between its last look and its sleep: a post, and one of its own NMI', () => {
    const later = '0:init 0:set1 0:later'
    const loop = (nmi: string[], others: string[][]) =>
      holds(
        machine.subject(
          `H37 ${nmi.join()} ${others.join(' | ')}`,
          later,
          [{ operations: ['loopA'], nmi }, ...others.map((operations) => ({ operations }))],
          // The loop is no operation of the model: what counts is that it ends, which it does only if it woke up.
          { model: quiet, atRest: () => undefined, progress: 'none' },
        ),
      )
    loop([], [['nowB', 'awaitB']])
    loop(['nowN'], [['awaitB']])
  })
})

describe('hazards of a CPU that stops', () => {
  test('[H28] a poster that stops half way hides nothing: a later start still reaches the owner', async () => {
    const small = new AsyncMachine({ module: await smallCore() })
    for (const posted of ['pin', 'now'])
      holds(
        small.subject(`H28 ${posted}`, '0:init 0:set1 0:later', [
          { operations: ['pollA'] },
          { operations: [`${posted}B`], mayStop: true },
          { operations: ['offlineR', 'nowC', 'offlineS'] },
        ]),
      )
  })
})
