// Rings, and the perf buffers that they are, as named subjects: records put by two CPUs, put and taken at the same time, put by an NMI in any step
// of a put, beside a CPU that stops, into a full ring, and while the buffer is closed. What must hold is in ring-stage.ts.
import { EAGAIN } from '../../../core/abi.js'
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject } from '../subject.js'
import { coreEntry, variantName, type Entry, type Variant } from './entry.js'
import { moduleBytes } from './modules.js'
import { ringModel } from './ring-model.js'
import type { RingState } from './ring-model.js'
import {
  atRest,
  capacity,
  close,
  discard,
  holding,
  output,
  put,
  records,
  repair,
  ringStage,
  take,
} from './ring-stage.js'
import type { RingStage } from './ring-stage.js'

const SMALL = 8
/** Two of them fill a ring of 4096 bytes. */
const LARGE = 2000

const stages = new Map<string, RingStage>()

// Repair looks at every map that there may be: the small build, in which that are four.
function stageOf(traced: boolean, cpus: number | undefined): RingStage {
  const key = `${traced} ${cpus}`
  const direct = cpus === undefined ? {} : { cpus, perf: false, module: moduleBytes('core.small', traced) }
  const stage = stages.get(key) ?? ringStage({ traced, ...direct })
  stages.set(key, stage)
  return stage
}

interface Plan {
  name: string
  about: string
  variant: Variant
  /** Bytes of the records that are there before. */
  held: readonly number[]
  bytes?: number
  /** CPUs of a machine whose programs write to the ring itself; without it, it is a perf buffer. */
  cpus?: number
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
  {
    name: 'ring/put/put',
    about: 'two CPUs put a record each while a third one takes',
    variant: 'plain',
    held: [],
    cpus: 3,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [output(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/full/put/put',
    about: 'two CPUs put a record each where there is room for one, while a third one takes',
    variant: 'plain',
    held: [LARGE],
    bytes: LARGE,
    cpus: 3,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [output(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/put/discard',
    about: 'one CPU puts a record, another one reserves one and gives it up, a third one takes',
    variant: 'plain',
    held: [],
    cpus: 3,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [discard(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/put/put',
    about: 'a record is put by an NMI in any step of a put, beside a put of another CPU',
    variant: 'nmi',
    held: [],
    cpus: 2,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)], nmi: [output(at, 'B', 5, bytes)] },
      { operations: [output(at, 'C', 6, bytes), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/put/put',
    about: 'one of two CPUs that put a record stops; it is repaired, and the other records can be taken',
    variant: 'stop',
    held: [],
    cpus: 2,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)], mayStop: true },
      { operations: [output(at, 'B', 5, bytes), repair('repair'), take(at, 'C'), take(at, 'D')] },
    ],
  },
]

// Where a CPU stops, its record may be reserved for ever: that is no state of the model.
function modelOf({ variant, held, bytes = SMALL, cpus }: Plan, at: RingStage): SequentialModel<RingState> | undefined {
  if (cpus === undefined || variant === 'stop') return undefined
  return ringModel(capacity(bytes), -EAGAIN, [...held.keys()], (view) => String(records(at.ring, view)))
}

function subjectOf(plan: Plan, at: RingStage): Subject {
  const { name, held, bytes = SMALL, cpus } = plan
  const scripts = plan.scripts(at, bytes)
  const model = modelOf(plan, at)
  return subject({
    name,
    stage: at.stage,
    setup: holding(at, held, cpus === undefined ? put : output),
    cpus: scripts,
    atRest: atRest(at, operationsOf(scripts), [...held.keys()]),
    ...(model ? { model: model as SequentialModel<unknown> } : {}),
  })
}

export function ringEntries(): Entry[] {
  return PLANS.map((plan) => {
    const { name, about, variant, cpus } = plan
    const entry = coreEntry(name, about, variant, (traced) => subjectOf(plan, stageOf(traced, cpus)))
    return cpus === undefined ? entry : { ...entry, module: 'core.small' }
  })
}

/** The same on another build of the core: for its mutants. */
export const ringScenarios = (): { name: string; subject(module: Uint8Array): Subject }[] =>
  PLANS.map((plan) => ({
    name: variantName(plan.name, plan.variant),
    subject: (module) => subjectOf(plan, ringStage({ cpus: plan.cpus ?? 2, perf: plan.cpus === undefined, module })),
  }))
