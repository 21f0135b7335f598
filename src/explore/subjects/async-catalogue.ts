// The subjects of the async protocol by name: pairs of operations from every initial state, beside each other, as NMI of
// each other, beside a CPU that stops; sequences; and the hazards of the contract that are about interleavings.
import type { SequentialModel } from '../linearize.js'
import type { Subject } from '../subject.js'
import { AsyncMachine, INITIAL_STATES } from './async.js'
import type { Entry, Variant } from './catalogue.js'
import { slug } from './catalogue.js'
import { moduleBytes } from './modules.js'
import type { ModuleName } from './modules.js'

const KINDS = ['init', 'set1', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'put2', 'drop', 'poll']
const OUTER = ['init', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'drop', 'poll']
const NESTED = OUTER.filter((kind) => kind !== 'poll')
const STOPPING = ['init', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'drop', 'poll']
const BESIDE = ['init', 'set2', 'later', 'cancel', 'drop']
/** The host does these once. */
const ONCE = new Set(['put1', 'put2', 'drop'])

const PAIR_HAZARDS = ['H1', 'H3', 'H5', 'H6', 'H11', 'H25', 'H26', 'H32', 'H35', 'H38']
const NMI_HAZARDS = ['H21', 'H22', 'H29']

type Script = string[] | { operations: string[]; nmi?: string[]; mayStop?: boolean }

interface Scenario {
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
  more?: Partial<Subject>
}

const machines = new Map<string, AsyncMachine>()

/** The machine that subjects share. */
function machineOf(module: ModuleName, work: boolean, traced: boolean): AsyncMachine {
  const key = `${module} ${work} ${traced}`
  const known = machines.get(key)
  if (known) return known
  const machine = new AsyncMachine({ module: moduleBytes(module, traced), sites: traced, work })
  machines.set(key, machine)
  return machine
}

/** A scenario on a machine: for the shared ones, and for a machine whose core was changed. */
export function scenarioSubject(machine: AsyncMachine, { name, steps, scripts, more }: Scenario): Subject {
  return machine.subject(
    name,
    steps,
    scripts.map((script) => (Array.isArray(script) ? { operations: script } : script)),
    more,
  )
}

function* pairs(): Generator<Scenario> {
  for (const [state, steps] of Object.entries(INITIAL_STATES))
    for (const [i, a] of KINDS.entries())
      for (const b of KINDS.slice(i)) {
        if (a === b && ONCE.has(a)) continue
        // CPU 0 and CPU 1 differ only where the initial state names one of them.
        for (const [one, other] of a === b || !/CPU|0:/.test(steps)
          ? [[a, b]]
          : [
              [a, b],
              [b, a],
            ])
          // prettier-ignore
          yield {
            name: `pair/${slug(state)}/${one}/${other}`,
            about: `${one} on CPU 0 and ${other} on CPU 1, timer ${state}`,
            hazards: PAIR_HAZARDS,
            steps,
            scripts: [[`${one}A`], [`${other}B`]],
          }
      }
}

const NMI_STATES = ['uninitialised', 'idle, bound', 'due on CPU 0', 'pinned to CPU 1, queued on CPU 0']

function* interrupted(): Generator<Scenario> {
  for (const state of NMI_STATES)
    for (const outer of OUTER)
      for (const nested of NESTED)
        if (outer !== nested || !ONCE.has(outer))
          yield {
            name: `pair/${slug(state)}/${outer}/${nested}+nmi`,
            about: `${nested} as an NMI at any step of ${outer}, timer ${state}`,
            hazards: NMI_HAZARDS,
            steps: INITIAL_STATES[state]!,
            scripts: [{ operations: [`${outer}A`, 'pollE'], nmi: [`${nested}B`] }],
            variant: 'nmi',
          }
  for (const first of ['set2', 'free'])
    for (const second of ['now', 'async'])
      yield {
        name: `nested/now/${first}/${second}+nmi`,
        about: `two NMIs, ${first} and ${second}, one in the other or one after the other, over a start`,
        hazards: ['H21'],
        steps: INITIAL_STATES['idle, bound']!,
        scripts: [{ operations: ['nowA', 'pollE'], nmi: [`${first}B`, `${second}C`] }],
        variant: 'nmi',
      }
}

const STOP_STATES = ['idle, bound', 'due on CPU 0']

function* stopped(): Generator<Scenario> {
  for (const state of STOP_STATES)
    for (const stopping of STOPPING)
      for (const other of BESIDE)
        if (stopping !== other || !ONCE.has(other))
          yield {
            name: `pair/${slug(state)}/${stopping}/${other}+stop`,
            about: `CPU 0 stops for ever at any step of ${stopping}; ${other} on CPU 1; then repair, timer ${state}`,
            hazards: [],
            steps: INITIAL_STATES[state]!,
            scripts: [
              { operations: [`${stopping}A`], mayStop: true },
              { operations: [`${other}B`] },
              { operations: ['offlineR', 'offlineS'] },
            ],
            variant: 'stop',
            small: true,
          }
}

const BOUND = '0:init 0:set1'
const DUE = `${BOUND} 0:now`

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
    DUE,
    ['pollA'],
    { operations: ['pinB'], mayStop: true },
    ['offlineR'],
  )
}

const HAZARDS: [hazard: string, about: string, steps: string, ...scripts: Script[]][] = [
  ['H2', 'init’s error path meets a timer that another CPU has armed', '', ['initA'], ['set1B', 'nowB'], ['dropC']],
  ['H2/made-and-armed', 'the last user reference goes while a timer is made and armed', '', ['initA', 'set1B', 'nowC'], ['dropE', 'pollF']], // prettier-ignore
  ['H4/look', 'a free while a look is asked for: neither swallows the other', `${BOUND} 0:later`, ['pollA'], ['pinB', 'freeB']], // prettier-ignore
  ['H4/entry', 'a free while the queue holds an entry', `${BOUND} 0:later 1:pin`, ['pollA'], ['freeB'], ['pollC']],
  [
    'H6/two-setters',
    'two setters and a cancel: each takes back its own binding only',
    BOUND,
    ['set1A'],
    ['set2B'],
    ['cancelC'],
  ],
  ['H7/cancel', 'a program is unloaded after a cancel while its callback begins', DUE, ['pollA', 'pollB'], ['cancelC', 'put1D', 'pollE', 'pollF']], // prettier-ignore
  ['H7/set', 'a program is unloaded after another took its place', DUE, ['pollA', 'pollB'], ['set2C', 'put1D', 'pollE', 'pollF']], // prettier-ignore
  ['H8', 'a reference taken while the last one goes does not bring a block back', `${DUE} 0:async`, ['laterA'], ['freeB'], ['pollC']], // prettier-ignore
  ['H12', 'a start from NMI is not overtaken by a later cancel', BOUND, { operations: ['set2A', 'pollA'], nmi: ['nowN'] }, ['cancelB', 'asyncB']], // prettier-ignore
  ['H18', 'cancel beside a setter that is half way: no callback stays without an owner', `${BOUND} 0:later`, ['cancelA'], ['set2B'], ['put2C']], // prettier-ignore
  ['H18/twice', 'two cancels beside two setters', BOUND, ['cancelA', 'cancelA2'], ['set2B', 'set1B']],
  ['H18/void', 'a half-way setter from before a cancel does not swallow one from after it', BOUND, ['set2A'], ['cancelB'], ['laterC', 'set1D', 'laterE']], // prettier-ignore
  ['H20', 'a firing beside the cancel that drops the binding and the unload of its program', DUE, ['pollA'], ['cancelB'], ['put1C']], // prettier-ignore
  ['H27', 'cancel beside a callback that re-arms itself: answer and final state agree', '0:init 0:restart1 0:now', ['pollA'], ['cancelB']], // prettier-ignore
  ['H27/async', 'cancel_async, then cancel, beside a callback that re-arms itself', '0:init 0:restart1 0:now', ['pollA'], ['asyncB', 'cancelB']], // prettier-ignore
  ['H30', 'the same timer on two CPUs: two runs never overlap, and cancel waits for the one that goes on', '0:init 0:restart1 0:now', ['pollA'], ['pinB', 'pollB'], ['cancelC']], // prettier-ignore
  ['H31', 'a firing is not swallowed: the callback ran, or cancel answers 1', DUE, ['pollA'], ['cancelB'], ['set2C']],
  ['H27/silence', 'after cancel returned no callback runs that nobody started again', DUE, ['pollA'], ['silenceB']],
  ['H34', 'init’s error path frees its own block, not the one that a later init published', '', ['initA'], ['dropB', 'reopenB', 'initB']], // prettier-ignore
]

function* hazards(): Generator<Scenario> {
  for (const [hazard, about, steps, ...scripts] of HAZARDS) {
    const nmi = scripts.some((script) => !Array.isArray(script))
    const name = `hazard/${hazard}${nmi ? '+nmi' : ''}`
    yield { name, about, hazards: [hazard.split('/')[0]!], steps, scripts, variant: nmi ? 'nmi' : 'plain' }
  }
  for (const posted of ['pin', 'now'])
    yield {
      name: `hazard/H28/${posted}+stop`,
      about: 'a poster that stops half way hides nothing: a later start still reaches the owner',
      hazards: ['H28'],
      steps: `${BOUND} 0:later`,
      scripts: [
        ['pollA'],
        { operations: [`${posted}B`], mayStop: true },
        { operations: ['offlineR', 'nowC', 'offlineS'] },
      ],
      variant: 'stop',
      small: true,
    }
}

/** A model that explains everything. */
const ANYTHING: SequentialModel<unknown> = {
  initial: () => 0,
  key: String,
  moments: () => [],
  final: () => '',
  agrees: () => true,
}

function* sleepers(): Generator<Scenario> {
  for (const [ringer, nmi, others] of [
    ['post', [], ['nowB', 'awaitB']],
    ['own-nmi', ['nowN'], ['awaitB']],
  ] as const)
    yield {
      name: `hazard/H37/${ringer}${nmi.length > 0 ? '+nmi' : ''}`,
      about: 'a worker’s loop that goes to sleep hears whoever rings after its last look',
      hazards: ['H37'],
      steps: `${BOUND} 0:later`,
      scripts: [{ operations: ['loopA'], nmi: [...nmi] }, [...others]],
      variant: nmi.length > 0 ? 'nmi' : 'plain',
      // The loop is no operation of the model: what counts is that it ends, which it does only if it woke up.
      more: { model: ANYTHING, atRest: () => undefined, progress: 'none' },
    }
}

const WORK_KINDS = ['init', 'set1', 'set2', 'now', 'free', 'put1', 'drop', 'poll']
const WORK_STATES: Record<string, string> = {
  uninitialised: '',
  'idle, bound': BOUND,
  pending: DUE,
  'pending, restarts itself': '0:init 0:restart1 0:now',
  'pending, frees itself': '0:init 0:freeself1 0:now',
}

function* works(): Generator<Scenario> {
  for (const [state, steps] of Object.entries(WORK_STATES))
    for (const one of WORK_KINDS)
      for (const other of WORK_KINDS)
        if (one !== other || !ONCE.has(one))
          yield {
            name: `work/${slug(state)}/${one}/${other}`,
            about: `${one} on CPU 0 and ${other} on CPU 1, work ${state}`,
            hazards: ['H13', 'H20'],
            steps,
            scripts: [[`${one}A`], [`${other}B`]],
            work: true,
          }
  yield {
    name: 'work/two-runners',
    about: 'the same work on two CPUs never runs twice at once, whoever starts it',
    hazards: [],
    steps: WORK_STATES['pending, restarts itself']!,
    scripts: [['pollA'], ['nowB', 'pollB']],
    work: true,
  }
  for (const outer of ['set2', 'now', 'free', 'poll'])
    yield {
      name: `work/idle-bound/${outer}/now+nmi`,
      about: `a start of work as an NMI at any step of ${outer}`,
      hazards: NMI_HAZARDS,
      steps: BOUND,
      scripts: [{ operations: [`${outer}A`, 'pollE'], nmi: ['nowB'] }],
      variant: 'nmi',
      work: true,
    }
}

const TRIPLE_STATES = ['idle, bound', 'due on CPU 0']
const TRIPLE_KINDS = ['init', 'set2', 'now', 'later', 'pin', 'cancel', 'async', 'free', 'put1', 'drop', 'poll']

function* triples(): Generator<Scenario> {
  for (const state of TRIPLE_STATES)
    for (const [i, a] of TRIPLE_KINDS.entries())
      for (const [j, b] of TRIPLE_KINDS.slice(i).entries())
        for (const c of TRIPLE_KINDS.slice(i + j)) {
          if ([a, b, c].some((kind, at, all) => ONCE.has(kind) && all.indexOf(kind) !== at)) continue
          // The polling CPU is the one that has the entry.
          const scripts = (c === 'poll' ? [c, a, b] : [a, b, c]).map((kind, cpu) => [`${kind}${'ABC'[cpu]}`])
          const name = `triple/${slug(state)}/${a}/${b}/${c}`
          const about = `${a}, ${b} and ${c} on three CPUs, timer ${state}`
          yield { name, about, hazards: [], steps: INITIAL_STATES[state]!, scripts }
        }
}

/** Every scenario of the async protocol. */
export function* asyncScenarios(): Generator<Scenario> {
  yield* sleepers()
  yield* works()
  yield* hazards()
  yield* pairs()
  yield* interrupted()
  yield* stopped()
  yield* repairs()
  yield* triples()
}

export function asyncEntries(): Entry[] {
  return [...asyncScenarios()].map((scenario) => {
    const { name, about, hazards, variant = 'plain', small = false, work = false } = scenario
    const module = small ? 'core.small' : 'core'
    const subject = (traced: boolean): Subject => scenarioSubject(machineOf(module, work, traced), scenario)
    return { name, about, hazards, protocol: 'shipped', variant, module, subject }
  })
}
