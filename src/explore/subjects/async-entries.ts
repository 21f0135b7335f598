// Several timers, or works, in one queue of a CPU: what becomes of the one in the middle, or of another, while the owner
// fires them, by another CPU, by an NMI, and where the owner stops for ever. The structures of core/queue are the owner's
// alone, but what it finds there others have changed. Named `entries/…`.
import type { View } from '../subject.js'
import type { Scenario, Script } from './async-catalogue.js'
import type { Variant } from './entry.js'
import { ANYTHING, slug, variantName } from './entry.js'

interface Structure {
  work?: boolean
  /** How CPU 0 queues the three. */
  steps: string
  /** Whether they are due when the exploration begins. */
  due: boolean
}

// The poll first moves the wheel to the present: what is due then is due when it is started, and comes into no slot.
const started = (...starts: string[]): string =>
  ['0:poll', ...[0, 1, 2].flatMap((element) => [`0:init@${element}`, `0:set1@${element}`]), ...starts].join(' ')

const STRUCTURES: Record<string, Structure> = {
  'the due list': { steps: started('0:past@0', '0:past@1', '0:past@2'), due: true },
  'the due heap': { steps: started('0:past@2', '0:past@1', '0:past@0'), due: true },
  'a slot of the wheel': { steps: started('0:later@0', '0:later@1', '0:later@2'), due: false },
  'a slot that is due': { steps: started('0:abs@0', '0:abs@1', '0:abs@2', '0:tick'), due: true },
  'a slot in no order': { steps: started('0:abs@2', '0:abs@0', '0:abs@1', '0:tick'), due: true },
  'the work list': { work: true, steps: started('0:now@0', '0:now@1', '0:now@2'), due: true },
}

const TIMER_OPERATIONS = ['free', 'cancel', 'async', 'now', 'later', 'pin']
const WORK_OPERATIONS = ['free', 'now', 'init']

const ALL = [0, 1, 2] as const
/** A poll fires all timers that are due, but runs one work. */
const pollsOf = ({ work }: Structure): string[] => (work ? ['pollA', 'pollW', 'pollY', 'pollZ'] : ['pollA', 'pollZ'])

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

/** The orders in which CPU 0 may run the three where one of them is operated on meanwhile. */
function orders({ due }: Structure, operation: string, victim: number, nmi: boolean): Set<string> {
  const starts = operation === 'now' || (operation === 'pin' && nmi)
  const others = due ? ALL.filter((element) => element !== victim) : []
  const all = due ? [...ALL] : []
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

/** At rest: the three ran in one of those orders [H36]. */
const inOrder = (polls: readonly string[], allowed: ReadonlySet<string>) => (view: View) => {
  const order = ran(view, polls)
  if (allowed.has(order)) return undefined
  return `H36: they ran in the order [${order}], not ${[...allowed].map((one) => `[${one}]`).join(' or ')}`
}

/** Subjects with three entries in one structure. */
export function* entriesScenarios(): Generator<Scenario> {
  for (const [name, structure] of Object.entries(STRUCTURES))
    for (const operation of structure.work ? WORK_OPERATIONS : TIMER_OPERATIONS)
      for (const victim of ALL)
        for (const { variant, how, scripts } of MEETINGS) {
          if (variant === 'stop' && !STOPPED.has(`${operation}-${victim}`)) continue
          yield {
            name: variantName(`entries/${slug(name)}/${operation}-${victim}`, variant),
            about: `CPU 0 fires what is due of three in ${name}; ${operation} of number ${victim} ${how}`,
            hazards: [],
            steps: structure.steps,
            scripts: scripts(pollsOf(structure), `${operation}@${victim}B`),
            variant,
            work: structure.work === true,
            machine: 'three timers',
            small: variant === 'stop',
            more: { model: ANYTHING },
            ...(variant !== 'stop' && {
              rest: inOrder(pollsOf(structure), orders(structure, operation, victim, variant === 'nmi')),
            }),
          }
        }
}
