// A map goes: its last user reference and the reference on its memory are given up while its timers or works are queued
// and fire; then the host takes the memory back, as soon as the core says so (MAP_RECLAIMABLE), and whoever still
// touches it is found [H3, G1]. Named `closing/…`.
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { Operation, View } from '../subject.js'
import type { Scenario } from './async-catalogue.js'
import { decodeState } from './async-memory.js'
import type { Places } from './async-memory.js'
import { TIMER_STATES } from './async-states.js'
import { ANYTHING, slug, variantName } from './entry.js'

/** MAP_STATE of a map that is gone (core/async/user-reference.ts). */
export const MAP_RECLAIMABLE = 3
/** Polls after which two grace periods that nobody holds up are over: one starts it, one ends it. */
const POLLS = 4

// The host frees the map: its values, its slots, and all of its structure but the state, which repair looks at.
function takeBack(cpu: Cpu, map: number): void {
  const word = (field: number): number => cpu.peek32(map + field)
  const elements = word(layout.MAP_ELEMENT_COUNT)
  const values = word(layout.MAP_ELEMENTS)
  const slots = word(layout.MAP_TIMER_SLOTS) || word(layout.MAP_WORK_SLOTS)
  const bytes = elements * word(layout.MAP_STRIDE)
  cpu.poison(slots, elements * 4)
  cpu.poison(values, bytes)
  cpu.poison(map, layout.MAP_STATE)
  cpu.poison(map + layout.MAP_STATE + 4, layout.MAP_BYTES - layout.MAP_STATE - 4)
}

/**
 * The host's operations on the map by name: close (both references go), reclaim (it waits a while for the memory;
 * `take` then takes it).
 */
export function closingOperation(
  name: string,
  verb: string,
  { map }: Pick<Places, 'map'>,
  take: (cpu: Cpu, map: number) => void = takeBack,
): Operation {
  if (verb === 'close')
    return {
      name,
      kind: 'close',
      run({ exports }) {
        exports['map_user_put'](map)
        exports['map_put'](map)
        return 0
      },
    }
  if (verb !== 'reclaim') throw new Error(`the async subjects have no operation ${name}`)
  return {
    name,
    kind: 'reclaim',
    run(cpu) {
      for (let poll = 0; poll < POLLS; poll++) cpu.exports['cpu_poll']()
      if (cpu.load32(map + layout.MAP_STATE) !== MAP_RECLAIMABLE) return 'waits'
      take(cpu, map)
      return 'taken back'
    },
  }
}

// What was to be taken back after a CPU had stopped and was repaired.
function notTakenBack(view: View): string | undefined {
  if (view.stopped < 0) return undefined
  if (view.result('reclaimS') !== 'taken back') return 'G3: the memory of the map stays with the CPU that stopped'
  return view.result('reload1T') === 'waits' ? 'G3: the program stays with the CPU that stopped' : undefined
}

// What has FREED in its slot is as good as gone.
function livesOn(view: View, { slot }: Places): string | undefined {
  const block = view.load32(slot)
  if (view.stopped < 0 || block === layout.SLOT_EMPTY) return undefined
  const { freed } = decodeState(view.load64(block + layout.CB_STATE))
  return freed ? undefined : 'H1: a map that has no users has a timer that lives'
}

const BOTH = '0:poll 0:init@0 0:set1@0 0:init@1 0:set1@1'

/** What CPU 0 has in its queues, of two elements. */
const QUEUED: { name: string; work: boolean; steps: string }[] = [
  { name: 'timers that are due', work: false, steps: `${BOTH} 0:past@0 0:past@1` },
  { name: 'timers in a slot that is due', work: false, steps: `${BOTH} 0:abs@1 0:abs@0 0:tick` },
  { name: 'timers for later', work: false, steps: `${BOTH} 0:later@0 0:later@1` },
  { name: 'works', work: true, steps: `${BOTH} 0:now@0 0:now@1` },
]

const shared = { hazards: ['H3'], more: { model: ANYTHING } }

// Programs have no reference on a map that they have found in another one: only their sections keep it. What they leave
// in the queues of a CPU is met there in a section of that CPU, which may be younger than the map's grace period.
function* found(): Generator<Scenario> {
  const one = { ...shared, machine: 'one timer, for closing' as const }
  const about = 'a map is closed, its memory taken back, while a program that has found it in another one'
  const close = ['closeH', 'reclaimH']
  yield {
    ...one,
    name: 'closing/found/free',
    about: `${about} frees its timer, whose slot of the wheel is due`,
    steps: '0:poll 0:init 0:set1 0:abs 0:tick',
    scripts: [['pollA'], ['freefoundB'], close],
  }
  yield {
    ...one,
    name: 'closing/found/init',
    about: `${about} makes a timer in it, which another such program starts and fires`,
    steps: '',
    scripts: [['initfoundA'], ['startfoundB', 'pollC'], close],
  }
  yield {
    ...one,
    name: variantName('closing/found/init', 'stop'),
    about: `${about} stops for ever while it makes a timer in it, which another such program starts; after repair`,
    steps: '',
    scripts: [
      { operations: ['initfoundA'], mayStop: true },
      { operations: ['startfoundB', 'pollgoneC'], afterStop: true },
      ['closeH', 'offlineR', 'reclaimH'],
    ],
    variant: 'stop',
    small: true,
  }
}

/** Subjects in which a map goes that has two timers or works in the queues of CPU 0, or one timer. */
export function* closingScenarios(): Generator<Scenario> {
  for (const { name, work, steps } of QUEUED)
    yield {
      ...shared,
      name: `closing/${slug(name)}`,
      about: `a map with two ${name} is closed while CPU 0 fires them, its memory taken back`,
      steps,
      scripts: [
        ['pollA', 'pollZ'],
        ['closeH', 'reclaimH'],
      ],
      work,
      machine: 'two timers, for closing',
    }
  yield* found()
  yield {
    ...shared,
    name: variantName('closing/reclaimed', 'stop'),
    about: 'a CPU stops while it ends the grace periods of a map and of a program; after repair both can be taken back',
    steps: '0:put1 0:close',
    scripts: [{ operations: ['pollA', 'pollB', 'pollC'], mayStop: true }, [], ['offlineR', 'reclaimS', 'reload1T']],
    variant: 'stop',
    machine: 'one timer, for closing',
    small: true,
    rest: notTakenBack,
  }
  yield {
    ...shared,
    name: variantName('closing/init/repair', 'stop'),
    about: 'a CPU has stopped in an init in a map that goes, and the one that repairs it stops, too; both are repaired',
    steps: '1:init 1:set1 0:stoppedinit',
    scripts: [[], { operations: ['burythe1R'], mayStop: true }, ['offlineS', 'burythe1T']],
    variant: 'stop',
    small: true,
    rest: livesOn,
  }
  yield {
    ...shared,
    name: variantName('closing/one', 'stop'),
    about: 'a map is closed while CPU 0 fires its timer, stops and is repaired, and its memory taken back',
    steps: TIMER_STATES['due on CPU 0']!,
    scripts: [{ operations: ['pollA'], mayStop: true }, ['closeH', 'offlineR', 'offlineS', 'reclaimH']],
    variant: 'stop',
    machine: 'one timer, for closing',
    small: true,
  }
}
