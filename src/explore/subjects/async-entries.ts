// Several timers, or works, in one queue of a CPU: what becomes of the one in the middle, or of another, while the
// owner fires them, by another CPU, by an NMI, and where the owner stops for ever. The structures of core/queue are the
// owner's alone, but what it finds there others have changed. Named `entries/…`.
import type { View } from '../subject.js'
import type { Scenario, Script } from './async-catalogue.js'
import type { Variant } from './entry.js'
import { ANYTHING, slug, variantName } from './entry.js'

interface Structure {
  work?: boolean
  /** How many; 3 if not given. */
  entries?: 4
  /** How CPU 0 queues them, once all are initialised and bound. */
  starts: string[]
  /** One that CPU 0 queues while the other operation may come already. */
  last?: string
  /** Whether they are due when the exploration begins. */
  due: boolean
}

const STRUCTURES: Record<string, Structure> = {
  'the due list': { starts: ['0:past@0', '0:past@1', '0:past@2'], due: true },
  'the due heap': { starts: ['0:past@2', '0:past@1', '0:past@0'], due: true },
  'a slot of the wheel': { starts: ['0:later@0', '0:later@1', '0:later@2'], due: false },
  'a slot that is due': { starts: ['0:abs@0', '0:abs@1', '0:abs@2', '0:tick'], due: true },
  'a slot in no order': { starts: ['0:abs@2', '0:abs@0', '0:abs@1', '0:tick'], due: true },
  'a slot that fills': { starts: ['0:abs@0', '0:abs@2'], last: 'abs@1', due: false },
  'a heap that fills': {
    entries: 4,
    starts: ['0:past@3', '0:past@0', '0:past@1'],
    last: 'past@2',
    due: true,
  },
  'a heap of three': { entries: 4, starts: ['0:past@3', '0:past@0', '0:past@1', '0:past@2'], due: true },
  'a slot of four': { entries: 4, starts: ['0:abs@0', '0:abs@1', '0:abs@2', '0:abs@3', '0:tick'], due: true },
  'the work list': { work: true, starts: ['0:now@0', '0:now@1', '0:now@2'], due: true },
}

const TIMER_OPERATIONS = ['free', 'cancel', 'async', 'now', 'later', 'pin']
const WORK_OPERATIONS = ['free', 'now', 'init']

const THREE: readonly number[] = [0, 1, 2]
const FOUR: readonly number[] = [0, 1, 2, 3]
const allOf = ({ entries }: Structure): readonly number[] => (entries === 4 ? FOUR : THREE)

// The poll first moves the wheel to the present: what is due then is due when it is started, and comes into no slot.
const stepsOf = (structure: Structure): string =>
  [
    '0:poll',
    ...allOf(structure).flatMap((element) => [`0:init@${element}`, `0:set1@${element}`]),
    ...structure.starts,
  ].join(' ')

/** A poll fires all timers that are due, but runs one work. */
const pollsOf = ({ work }: Structure): string[] => (work ? ['pollA', 'pollW', 'pollY', 'pollZ'] : ['pollA', 'pollZ'])
const turnsOf = (structure: Structure): string[] => [
  ...(structure.last === undefined ? [] : [`${structure.last}L`]),
  ...pollsOf(structure),
]

interface Meeting {
  variant: Variant
  how: string
  scripts(polls: string[], other: string): Script[]
}

const MEETINGS: Meeting[] = [
  { variant: 'plain', how: 'on another CPU', scripts: (polls, other) => [polls, [other]] },
  { variant: 'nmi', how: 'as an NMI at any step', scripts: (polls, other) => [{ operations: polls, nmi: [other] }] },
  {
    variant: 'stop',
    how: 'on another CPU; the first stops, then repair',
    scripts: ([poll], other) => [{ operations: [poll!], mayStop: true }, [other], ['offlineR', 'offlineS']],
  },
]

/** Beside an owner that stops, only these: there are a hundred times as many states. */
const STOPPED = new Set(['cancel-1', 'async-1'])

/** The orders in which CPU 0 may run them where one of them is operated on meanwhile. */
function orders(structure: Structure, operation: string, victim: number, nmi: boolean): Set<string> {
  const { due } = structure
  const every = allOf(structure)
  const starts = operation === 'now' || (operation === 'pin' && nmi)
  const others = due ? every.filter((element) => element !== victim) : []
  const all = due ? [...every] : []
  const ways: number[][] = [all]
  // A start to now comes after the others, once more or instead; that of another CPU may be that CPU's to run.
  if (starts) ways.push([...others, victim], [...all, victim])
  const leaves = operation === 'init' || (starts && nmi)
  if (!leaves) ways.push(others)
  return new Set(ways.map((way) => way.join()))
}

function ran(view: View, polls: readonly string[]): string {
  const notes = polls.flatMap((poll) => String(view.result(poll)).split(';'))
  return notes.flatMap((note) => (note.startsWith('begin') ? [note.slice(note.indexOf('@') + 1)] : [])).join()
}

/** At rest: they ran in one of those orders [H36]. */
const inOrder = (polls: readonly string[], allowed: ReadonlySet<string>) => (view: View) => {
  const order = ran(view, polls)
  if (allowed.has(order)) return undefined
  return `H36: they ran in the order [${order}], not ${[...allowed].map((one) => `[${one}]`).join(' or ')}`
}

/** Subjects with three or four entries in one structure. */
export function* entriesScenarios(): Generator<Scenario> {
  for (const [name, structure] of Object.entries(STRUCTURES))
    for (const operation of structure.work ? WORK_OPERATIONS : TIMER_OPERATIONS)
      for (const victim of allOf(structure))
        for (const { variant, how, scripts } of MEETINGS) {
          const stops = structure.entries === undefined && structure.last === undefined
          if (variant === 'stop' && !(stops && STOPPED.has(`${operation}-${victim}`))) continue
          yield {
            name: variantName(`entries/${slug(name)}/${operation}-${victim}`, variant),
            about: `CPU 0 fires what is due of ${structure.entries === 4 ? 'four' : 'three'} in ${name}; ${operation} of number ${victim} ${how}`,
            hazards: [],
            steps: stepsOf(structure),
            scripts: scripts(turnsOf(structure), `${operation}@${victim}B`),
            variant,
            work: structure.work === true,
            machine: structure.entries === 4 ? 'four timers' : 'three timers',
            small: variant === 'stop',
            more: { model: ANYTHING },
            ...(variant !== 'stop' && {
              rest: inOrder(pollsOf(structure), orders(structure, operation, victim, variant === 'nmi')),
            }),
          }
        }
}
