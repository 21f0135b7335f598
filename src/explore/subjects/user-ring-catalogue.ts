// User ring buffers as named subjects: samples submitted while they are drained, two that drain at a time, a drain in
// an NMI, beside a CPU that stops. What must hold is in user-ring-stage.ts.
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { View } from '../subject.js'
import { coreEntry, type Entry, type Plan } from './entry.js'
import { ringModel } from './ring-model.js'
import { records, userCapacity } from './ring-stage.js'
import { atRest, drain, holding, NO_ROOM, produce, SAMPLE_BYTES, userRingStage } from './user-ring-stage.js'
import type { UserRingStage } from './user-ring-stage.js'

const stages = new Map<boolean, UserRingStage>()

function stageOf(traced: boolean): UserRingStage {
  const stage = stages.get(traced) ?? userRingStage({ traced })
  stages.set(traced, stage)
  return stage
}

interface UserRingPlan extends Plan<UserRingStage> {
  /** Samples that are there before. */
  held: number
}

const PLANS: UserRingPlan[] = [
  {
    name: 'user-ring/submit/drain',
    about: 'a sample is submitted and one given up while the ring is drained twice',
    variant: 'plain',
    held: 0,
    scripts: (at) => [
      { operations: [produce(at, 'A', 4, false), produce(at, 'B', 5)] },
      { operations: [drain(at, 'C'), drain(at, 'D')] },
    ],
  },
  {
    name: 'user-ring/submit/submit',
    about: 'two hosts submit samples at the same time; one of them drains',
    variant: 'plain',
    held: 0,
    scripts: (at) => [{ operations: [produce(at, 'A', 4)] }, { operations: [produce(at, 'B', 5), drain(at, 'C')] }],
  },
  {
    name: 'user-ring/drain/drain',
    about: 'two CPUs drain at the same time: each sample goes to one of them, one may be refused',
    variant: 'plain',
    held: 2,
    scripts: (at) => [{ operations: [drain(at, 'A')] }, { operations: [drain(at, 'B')] }],
  },
  {
    name: 'user-ring/drain/drain',
    about: 'an NMI drains in any step of a drain, while a sample is submitted',
    variant: 'nmi',
    held: 1,
    scripts: (at) => [{ operations: [drain(at, 'A')], nmi: [drain(at, 'B')] }, { operations: [produce(at, 'C', 4)] }],
  },
  {
    name: 'user-ring/submit/drain',
    about: 'the host that submits a sample stops: what was in front of it can be drained',
    variant: 'stop',
    held: 1,
    scripts: (at) => [{ operations: [produce(at, 'A', 4)], mayStop: true }, { operations: [drain(at, 'B')] }],
  },
  {
    name: 'user-ring/drain/drain',
    about: 'the CPU that drains stops: others are refused, or go on behind it',
    variant: 'stop',
    held: 2,
    scripts: (at) => [{ operations: [drain(at, 'A')], mayStop: true }, { operations: [drain(at, 'B')] }],
  },
]

export function userRingEntries(): Entry[] {
  return PLANS.map(({ name, about, variant, held, scripts }) =>
    coreEntry(name, about, variant, (traced) => {
      const at = stageOf(traced)
      const cpus = scripts(at)
      const operations = cpus.flatMap(({ operations: own, nmi = [] }) => [...own, ...nmi])
      const before = Array.from({ length: held }, (_, v) => v)
      const final = (view: View): string => String(records(at.ring, view))
      // Where a CPU stops, a sample may be reserved for ever, or half drained: that is no state of the model.
      const model = variant === 'stop' ? undefined : ringModel(userCapacity(SAMPLE_BYTES), NO_ROOM, before, final)
      return subject({
        ...{ name, stage: at.stage, setup: holding(at, held), cpus, atRest: atRest(at, operations, held) },
        ...(model ? { model: model as SequentialModel<unknown> } : {}),
      })
    }),
  )
}
