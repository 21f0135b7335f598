// Queues, stacks and bloom filters as named subjects: any two operations beside each other, as NMI of each other,
// beside a CPU that stops; cells that are handed out again at once; three CPUs. What must hold is in queue-stage.ts.
import { BPF_EXIST, MAP_TYPE_BLOOM_FILTER, MAP_TYPE_QUEUE, MAP_TYPE_STACK } from '../../../core/abi.js'
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { Operation } from '../subject.js'
import type { Entry, Plan } from './entry.js'
import { coreEntry, slug } from './entry.js'
import { MEETINGS, othersOf } from './meetings.js'
import { ask, atRest, check, filterModel, holding, model, peek, pop, push, queueStage } from './queue-stage.js'
import type { Free, QueueStage } from './queue-stage.js'
import { once } from './shared-operations.js'

/** Makes an operation; `n` numbers those of one subject, so that each pushes a value of its own. */
type Make = (at: QueueStage, n: number) => Operation

const letter = (n: number): string => 'ABCDEFGH'[n]!

const OPERATIONS: Record<string, Make> = {
  push: (at, n) => push(at, letter(n), 4 + n),
  overwrite: (at, n) => push(at, letter(n), 4 + n, BPF_EXIST),
  pop: (at, n) => pop(at, letter(n), n),
  peek: (at, n) => peek(at, letter(n), n),
}

const KINDS: [name: string, type: number][] = [
  ['queue', MAP_TYPE_QUEUE],
  ['stack', MAP_TYPE_STACK],
]

/** max_entries and how many values are there. Two places hold one value of three; three entries have four places. */
const CONTENTS: [maxEntries: number, held: number][] = [
  [1, 0],
  [1, 1],
  [2, 1],
  [2, 2],
  [3, 3],
]

const stages = new Map<string, QueueStage>()

function stageOf(type: number, maxEntries: number, cpus: number, traced: boolean, module?: Uint8Array): QueueStage {
  if (module) return queueStage(type, maxEntries, { cpus, module })
  const key = [type, maxEntries, cpus, traced].join()
  const known = stages.get(key)
  if (known) return known
  const stage = queueStage(type, maxEntries, { cpus, traced })
  stages.set(key, stage)
  return stage
}

interface QueuePlan extends Plan<QueueStage> {
  type: number
  maxEntries: number
  held: number
  free?: Free
  cpus?: number
}

function entry({ name, about, type, maxEntries, held, free, variant, cpus = 2, scripts }: QueuePlan): Entry {
  return coreEntry(name, about, variant, (traced, module) => {
    const at = stageOf(type, maxEntries, cpus, traced, module)
    const filter = type === MAP_TYPE_BLOOM_FILTER
    const first = Array.from({ length: held }, (_, v) => v)
    const gone = { cells: 0, records: 0 }
    return subject({
      name,
      stage: at.stage,
      setup: holding(at, first, free, gone),
      cpus: scripts(at),
      ...(filter ? {} : { check: check(at), atRest: atRest(at, 2, gone) }),
      model: (filter ? filterModel() : model(at, first)) as SequentialModel<unknown>,
    })
  })
}

const make = (at: QueueStage, names: readonly string[]): Operation[] =>
  names.map((name, n) => once(at.stage, `${name} ${n}`, () => OPERATIONS[name]!(at, n)))

function* pairs(kind: string, type: number): Generator<Entry> {
  const operations = Object.keys(OPERATIONS)
  for (const meeting of MEETINGS)
    for (const [maxEntries, held] of CONTENTS)
      for (const [i, one] of operations.entries())
        for (const other of othersOf(operations, i, meeting))
          yield entry({
            name: `${kind}/${held}-of-${maxEntries}/${one}/${other}`,
            about: `${one} and ${other}, ${meeting.how}; a ${kind} with ${held} of ${maxEntries}`,
            type,
            maxEntries,
            held,
            variant: meeting.variant,
            scripts: (at) => meeting.scripts(...(make(at, [one, other]) as [Operation, Operation])),
          })
}

/** One operation beside two, so that what it has read is handed out again; and three CPUs. */
function* crowds(kind: string, type: number): Generator<Entry> {
  for (const one of Object.keys(OPERATIONS))
    for (const [second, third] of [
      ['pop', 'push'],
      ['overwrite', 'pop'],
      ['overwrite', 'overwrite'],
    ] as const)
      for (const maxEntries of [1, 2])
        yield entry({
          name: `${kind}/reuse-${maxEntries}/${one}/${second}/${third}`,
          about: `${one} beside ${second}, then ${third}: a cell that is handed out again misleads nobody`,
          type,
          maxEntries,
          held: maxEntries,
          free: one === 'peek' ? { cells: 1, records: 1 } : { cells: 2, records: 2 },
          variant: 'plain',
          scripts: (at) => {
            const [a, b, c] = make(at, [one, second, third])
            return [{ operations: [a!] }, { operations: [b!, c!] }]
          },
        })
  for (const trio of [
    ['push', 'pop', 'peek'],
    ['overwrite', 'push', 'pop'],
  ])
    yield entry({
      name: `${kind}/three/${trio.map(slug).join('/')}`,
      about: `${trio.join(', ')} on three CPUs`,
      type,
      maxEntries: 1,
      held: 1,
      cpus: 3,
      variant: 'plain',
      scripts: (at) => make(at, trio).map((operation) => ({ operations: [operation] })),
    })
  yield entry({
    name: `${kind}/interrupted/push/pop`,
    about: 'push with a pop as an NMI, beside a peek',
    type,
    maxEntries: 1,
    held: 1,
    variant: 'nmi',
    scripts: (at) => {
      const [a, b, c] = make(at, ['push', 'pop', 'peek'])
      return [{ operations: [a!], nmi: [b!] }, { operations: [c!] }]
    },
  })
}

function* filters(): Generator<Entry> {
  for (const { variant, how, scripts } of MEETINGS)
    yield entry({
      name: 'bloom/push/ask',
      about: `a push and a peek of the same value, ${how}`,
      type: MAP_TYPE_BLOOM_FILTER,
      maxEntries: 4,
      held: 1,
      variant,
      scripts: (at) => scripts(push(at, 'A', 4), ask(at, 'B', 4)),
    })
}

export function queueEntries(): Entry[] {
  return [...KINDS.flatMap(([kind, type]) => [...pairs(kind, type), ...crowds(kind, type)]), ...filters()]
}
