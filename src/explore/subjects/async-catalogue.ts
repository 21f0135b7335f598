// The subjects of the async protocol by name, and the machines that they share: pairs and triples (async-pairs.ts), the
// hazards of the contract (async-hazards.ts), two NMIs, repair of dead CPUs, pools that run empty or have two levels.
import { EDEADLK } from '../../../core/abi.js'
import type { Subject, View } from '../subject.js'
import { AsyncMachine } from './async.js'
import type { AsyncOptions, AsyncScript } from './async.js'
import { closingScenarios } from './async-closing.js'
import { entriesScenarios } from './async-entries.js'
import { hazardScenarios } from './async-hazards.js'
import { realtimeScenarios } from './async-realtime.js'
import { restProblem } from './async-memory.js'
import type { Places } from './async-memory.js'
import { generatedScenarios, isGenerated } from './async-pairs.js'
import { TIMER_STATES } from './async-states.js'
import type { Entry, Variant } from './entry.js'
import { ANYTHING, slug } from './entry.js'
import { moduleBytes } from '../builds.js'

/** Operations of one CPU in order, by name (async.ts). */
export type Script = string[] | AsyncScript

/** Machines other than the plain one: what they have. */
const MACHINES = {
  'two timers': { elements: 2 },
  'three timers': { elements: 3 },
  'four timers': { elements: 4, controlBlocks: 4 },
  // Memory that may be freed costs each access a question.
  'two timers, for closing': { elements: 2 },
  'one timer, for closing': {},
  hash: { hash: true },
  'one control block': { controlBlocks: 1 },
  'forty control blocks': { controlBlocks: 40 },
  'a timer on REALTIME': { realtime: true },
  'a timer on REALTIME, one thread': { realtime: true, oneThread: true },
  'programs that are loaded again': { reloads: true },
} satisfies Record<string, AsyncOptions>

export interface Scenario {
  name: string
  about: string
  hazards: string[]
  /** Operations that make the initial state. */
  steps: string
  scripts: Script[]
  variant?: Variant
  small?: boolean
  /** The element has a bpf_wq instead of a bpf_timer. */
  work?: boolean
  machine?: keyof typeof MACHINES
  /** What must hold at rest besides. */
  rest?: (view: View, places: Places) => string | undefined
  more?: Partial<Subject>
}

/** The machine of a scenario, with the core's check build or a changed one: `options` as for AsyncMachine. */
export function machineFor({ machine, work = false }: Scenario, options: AsyncOptions): AsyncMachine {
  return new AsyncMachine({ ...(machine === undefined ? {} : MACHINES[machine]), work, ...options })
}

/** Names the machine that a scenario needs: scenarios with the same may share one. */
export const machineName = ({ machine, work = false }: Scenario): string => `${machine} ${work}`

/** A scenario on a machine. */
export function scenarioSubject(machine: AsyncMachine, { name, steps, scripts, more, rest }: Scenario): Subject {
  const { places } = machine
  return machine.subject(
    name,
    steps,
    scripts.map((script) => (Array.isArray(script) ? { operations: script } : script)),
    rest ? { ...more, atRest: (view) => restProblem(places, view) ?? rest(view, places) } : more,
  )
}

function* nestedTwice(): Generator<Scenario> {
  for (const first of ['set2', 'free', 'now', 'init'])
    for (const second of ['now', 'async', 'free'])
      yield {
        name: `nested/now/${first}/${second}+nmi`,
        about: `two NMIs, ${first} and ${second}, one in the other or one after the other, over a start`,
        hazards: ['H21'],
        steps: TIMER_STATES['idle, bound']!,
        scripts: [{ operations: ['nowA', 'pollE'], nmi: [`${first}B`, `${second}C`] }],
        variant: 'nmi',
      }
}

const BOUND = '0:init 0:set1'
const BOUND_ON_1 = '1:init 1:set1'

const repair = (name: string, about: string, steps: string, ...scripts: Script[]): Scenario => {
  return { name: `repair/${name}+stop`, about, hazards: [], steps, scripts, variant: 'stop', small: true }
}

function* repairs(): Generator<Scenario> {
  yield repair(
    'start',
    'a start while the repair unpins the timer: the start holds',
    `${BOUND} 1:pin`,
    ['laterA'],
    { operations: ['asyncB'], mayStop: true },
    ['offlineR'],
  )
  yield repair(
    'run',
    'the repair unpins a timer while its callback ends elsewhere: it stays armed for no dead CPU',
    `${BOUND} 0:now`,
    ['pollA'],
    { operations: ['pinB'], mayStop: true },
    ['offlineR'],
  )
  yield repair(
    'two',
    'two CPUs repair at once: the reference of an entry, and what was in hand, are given back once',
    `${BOUND} 0:now`,
    { operations: ['pollA'], mayStop: true },
    ['offlineR'],
    ['offlineS'],
  )
  yield repair(
    'repairer',
    'a CPU dies in the repair of another one: a third repairs both, and what was queued is queued',
    `${BOUND} 0:now`,
    [],
    { operations: ['burythe1Q'], mayStop: true },
    ['offlineR', 'burythe1S'],
  )
  yield repair(
    'taken',
    'a CPU stops while it takes an entry of a timer whose callback runs elsewhere: it had one reference',
    `${BOUND_ON_1} 1:now`,
    { operations: ['nowA', 'pollA'], mayStop: true },
    ['pollB'],
    ['offlineR', 'buryS'],
  )
  // CPU 0 has stopped before the exploration.
  yield {
    name: 'repair/heirs-of-a-repairer',
    about:
      'two CPUs at once take over the repair that a third has died in: one goes on for it, what was queued is queued',
    hazards: [],
    steps: `${BOUND} 0:now 0:stoppedrepair`,
    scripts: [[], ['burythe1R'], ['burythe1S']],
    small: true,
  }
  yield* repairsBesideRuns()
}

// CPU 0 has stopped before the exploration.
function* repairsBesideRuns(): Generator<Scenario> {
  const yes = { hazards: ['H30'], small: true, more: { model: ANYTHING } }
  yield {
    ...yes,
    name: 'repair/beside-runs',
    about: 'the repair of a CPU that had an entry of a work in hand, while that runs elsewhere again and again',
    steps: '1:init 1:restart1 1:now 0:stoppedcleared',
    scripts: [[], ['pollB', 'pollC'], ['buryR', 'nowE', 'pollF']],
    work: true,
  }
  yield {
    ...yes,
    name: 'repair/next-run',
    about: 'a callback that waits for the run of a dead CPU does not wait for the one after it',
    steps: '1:init@0 1:set1@0 0:stoppedrunning 1:init@1 1:cancelnext1@1 1:now@1',
    scripts: [[], ['pollB'], ['awaitcancelR', 'buryR', 'cancelnext2@0E', 'now@0F', 'pollG']],
    machine: 'two timers',
    rest: (view) =>
      String(view.result('pollG')).includes(String(-EDEADLK))
        ? 'H12: a callback waits for a run that began after the one that it was to wait for'
        : undefined,
  }
}

const ALLOCATING = ['init', 'set1', 'now', 'free', 'drop', 'poll']

// One control block only: init answers -ENOMEM while it is taken or waits for its grace period, and changes nothing.
function* empty(): Generator<Scenario> {
  const yes = { hazards: [], machine: 'one control block' as const }
  const states = { uninitialised: '', 'idle, bound': BOUND, 'freed, waiting': '0:init 0:free' }
  for (const [state, steps] of Object.entries(states))
    for (const other of ALLOCATING) {
      const name = `no-memory/${slug(state)}/init/${other}`
      const about = `init and ${other} with one control block, slot ${state}`
      // Two polls: what was freed is there again, if nobody holds up its grace period.
      yield { ...yes, name, about, steps, scripts: [['initA', 'pollC', 'pollE', 'initD'], [`${other}B`]] }
      if (other === 'poll') continue
      yield {
        ...yes,
        name: `${name}+nmi`,
        about: `${about}, as NMI`,
        steps,
        scripts: [{ operations: ['initA', 'pollC'], nmi: [`${other}B`] }],
        variant: 'nmi',
      }
    }
  const about = 'three CPUs want the one control block'
  yield {
    ...yes,
    name: 'no-memory/three',
    about,
    steps: '',
    scripts: [['initA'], ['initB', 'freeC', 'pollE'], ['initD']],
  }
}

// What the host asks is exact when nothing changes: within what can be taken and given meanwhile.
function* counts(): Generator<Scenario> {
  for (const [name, steps, other, least, most] of [
    ['init', '', 'init', 39, 40],
    ['free', BOUND, 'free', 39, 40],
  ] as const)
    yield {
      name: `two-levels/count/${name}`,
      about: `the host counts the free control blocks beside ${other}`,
      hazards: [],
      steps,
      scripts: [['countA'], [`${other}B`, 'pollC', 'pollD']],
      machine: 'forty control blocks',
      more: { model: ANYTHING },
      rest: (view) => {
        const count = Number(view.result('countA'))
        return count >= least && count <= most ? undefined : `${count} blocks were free`
      },
    }
}

// Pool and inboxes of two levels: a leaf word and a summary, which operations of other CPUs come between.
function* wide(): Generator<Scenario> {
  const yes = { hazards: [], machine: 'forty control blocks' as const, steps: `${BOUND} 0:later` }
  for (const one of ['poll', 'free', 'now', 'pin'])
    for (const other of ['pin', 'free', 'now', 'init']) {
      const name = `two-levels/${one}/${other}`
      const about = `${one} and ${other}; inboxes and the pool of control blocks have two levels`
      yield { ...yes, name, about, scripts: [[`${one}A`], [`${other}B`]] }
      const asNmi = [{ operations: [`${one}A`, 'pollE'], nmi: [`${other}N`] }, ['pinB']]
      yield {
        ...yes,
        name: `${name}+nmi`,
        about: `${about}; as NMI, and a start elsewhere`,
        scripts: asNmi,
        variant: 'nmi',
      }
    }
}

// A program is unloaded and another one loaded in its place, while its callback is bound, due, or runs.
function* reloads(): Generator<Scenario> {
  const reload = ['put1C', 'pollD', 'pollE', 'reload1F']
  const due = `${BOUND} 1:now`
  const all: [name: string, about: string, steps: string, ...scripts: string[][]][] = [
    ['callback', 'after a set_callback, while its callback begins', due, ['set2B', ...reload], ['pollA', 'pollG']],
    ['cancel', 'after a cancel, while its callback begins', due, ['cancelB', ...reload], ['pollA', 'pollG']],
    ['set', 'while its callback begins and another setter comes', due, reload, ['pollA'], ['set2B', 'pollG']],
    ['free', 'while its timer is freed', BOUND, reload, ['nowA', 'freeB', 'pollG']],
  ]
  for (const [name, about, steps, ...scripts] of all)
    yield {
      name: `reload/${name}`,
      about: `a program is unloaded and another one loaded in its place ${about}`,
      hazards: ['H7', 'H35'],
      steps,
      scripts,
      machine: 'programs that are loaded again',
      small: true,
      more: { model: ANYTHING },
    }
}

/** Every scenario of the async protocol. */
export function* asyncScenarios(): Generator<Scenario> {
  yield* writtenScenarios()
  yield* generatedScenarios()
}

function* writtenScenarios(): Generator<Scenario> {
  yield* hazardScenarios()
  yield* repairs()
  yield* nestedTwice()
  yield* empty()
  yield* wide()
  yield* counts()
  yield* entriesScenarios()
  yield* closingScenarios()
  yield* reloads()
  yield* realtimeScenarios()
}

const machines = new Map<string, AsyncMachine>()

// The machine that subjects share.
function shared(scenario: Scenario, traced: boolean): AsyncMachine {
  const module = scenario.small ? 'core.small' : 'core'
  const key = `${module} ${machineName(scenario)} ${traced}`
  const known = machines.get(key)
  if (known) return known
  const machine = machineFor(scenario, { module: moduleBytes(module, traced), sites: traced })
  machines.set(key, machine)
  return machine
}

/** All of them; of a part of the generated ones (async-pairs.ts) that part only, of another part the others. */
export function* asyncEntries(part?: string): Generator<Entry> {
  const generated = part !== undefined && isGenerated(part)
  const scenarios = part === undefined ? asyncScenarios() : generated ? generatedScenarios(part) : writtenScenarios()
  for (const scenario of scenarios) {
    const { name, about, hazards, variant = 'plain', small = false } = scenario
    const subject = (traced: boolean): Subject => scenarioSubject(shared(scenario, traced), scenario)
    yield { name, about, hazards, protocol: 'shipped', variant, module: small ? 'core.small' : 'core', subject }
  }
}
