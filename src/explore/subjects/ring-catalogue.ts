// Perf buffers, and the rings that they are, as named subjects: records put and taken at the same time, put by an NMI in any step
// of a put, beside a CPU that stops, into a full ring, and while the buffer is closed. What must hold is in ring-stage.ts.
import { subject } from '../subject.js'
import type { CpuScript, Operation } from '../subject.js'
import { coreEntry, type Entry, type Variant } from './entry.js'
import { atRest, close, holding, put, ringStage, take } from './ring-stage.js'
import type { RingStage } from './ring-stage.js'

const SMALL = 8
/** Two of them fill a ring of 4096 bytes. */
const LARGE = 2000

const stages = new Map<boolean, RingStage>()

function stageOf(traced: boolean): RingStage {
  const stage = stages.get(traced) ?? ringStage({ traced })
  stages.set(traced, stage)
  return stage
}

interface Plan {
  name: string
  about: string
  variant: Variant
  /** Bytes of the records that are there before. */
  held: readonly number[]
  bytes?: number
  scripts(at: RingStage, bytes: number): CpuScript[]
}

const operationsOf = (scripts: CpuScript[]): Operation[] =>
  scripts.flatMap(({ operations, nmi = [] }) => [...operations, ...nmi])

const PLANS: Plan[] = [
  {
    name: 'perf/put/take',
    about: 'two records are put while two are taken',
    variant: 'plain',
    held: [],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes), put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'perf/full/put/take',
    about: 'a record is put into a full buffer while one is taken: it fits, or it is counted as lost',
    variant: 'plain',
    held: [LARGE, LARGE],
    bytes: LARGE,
    scripts: (at, bytes) => [{ operations: [put(at, 'A', 4, bytes)] }, { operations: [take(at, 'B'), take(at, 'C')] }],
  },
  {
    name: 'perf/wrap/put/take',
    about: 'a record is put at the place of one that a consumer has gone past and not yet vacated',
    variant: 'plain',
    held: [2040, 2024],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes), put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'perf/put/close',
    about: 'a record is put while the buffer is closed',
    variant: 'plain',
    held: [],
    scripts: (at, bytes) => [{ operations: [put(at, 'A', 4, bytes)] }, { operations: [close(at, 'B'), take(at, 'C')] }],
  },
  {
    name: 'perf/put/put',
    about: 'a record is put by an NMI in any step of a put, beside a take',
    variant: 'nmi',
    held: [SMALL],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], nmi: [put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'perf/put/take',
    about: 'the CPU that puts a record stops: what was in front of it can be taken',
    variant: 'stop',
    held: [SMALL],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], mayStop: true },
      { operations: [take(at, 'B'), take(at, 'C')] },
    ],
  },
]

export function ringEntries(): Entry[] {
  return PLANS.map(({ name, about, variant, held, bytes = SMALL, scripts }) =>
    coreEntry(name, about, variant, (traced) => {
      const at = stageOf(traced)
      const cpus = scripts(at, bytes)
      return subject({
        name,
        stage: at.stage,
        setup: holding(at, held),
        cpus,
        atRest: atRest(at, operationsOf(cpus), [...held.keys()]),
      })
    }),
  )
}
