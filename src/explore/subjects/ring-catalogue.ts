// Rings, and the perf buffers that they are, as named subjects: the plans of ring-plans.ts. What must hold is in
// ring-stage.ts.
import { EAGAIN, ENOSPC } from '../../../core/abi.js'
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject } from '../subject.js'
import { coreEntry, variantName, type Entry } from './entry.js'
import { moduleBytes } from '../builds.js'
import { ringsModel } from './ring-model.js'
import type { RingState } from './ring-model.js'
import { PLANS, SMALL } from './ring-plans.js'
import type { Plan } from './ring-plans.js'
import { atRest, capacity, holding, output, put, records, ringStage } from './ring-stage.js'
import type { RingStage } from './ring-stage.js'

const stages = new Map<string, RingStage>()

// Repair looks at every map that there may be: the small build, in which that are four.
function stageOf({ cpus = 2, buffers = 1 }: Plan, traced: boolean): RingStage {
  const key = [traced, cpus, buffers].join()
  const stage = stages.get(key) ?? ringStage({ traced, cpus, buffers, module: moduleBytes('core.small', traced) })
  stages.set(key, stage)
  return stage
}

const operationsOf = (scripts: CpuScript[]): Operation[] =>
  scripts.flatMap(({ operations, nmi = [] }) => [...operations, ...nmi])

function modelOf({ bytes = SMALL, buffers = 1 }: Plan, at: RingStage, held: readonly RingState[]) {
  const full = buffers === 0 ? -EAGAIN : -ENOSPC
  return ringsModel(capacity(bytes), full, held, (view) =>
    at.rings.map((ring) => String(records(ring, view))).join(';'),
  )
}

function subjectOf(plan: Plan, at: RingStage): Subject {
  const { name, variant, held, bytes = SMALL, buffers = 1, loose = false } = plan
  const scripts = plan.scripts(at, bytes)
  const before = at.rings.map((_, ring) => held.map((_, v) => ring * held.length + v))
  // Where a CPU stops, its record may be reserved for ever: that is no state of the model.
  const model = loose || variant === 'stop' ? undefined : modelOf(plan, at, before)
  return subject({
    name,
    stage: at.stage,
    setup: holding(at, held, buffers === 0 ? output : put),
    cpus: scripts,
    atRest: atRest(at, operationsOf(scripts), before.flat()),
    ...(model ? { model: model as SequentialModel<unknown> } : {}),
  })
}

export function ringEntries(): Entry[] {
  return PLANS.map((plan) => {
    const { name, about, variant } = plan
    const entry = coreEntry(name, about, variant, (traced) => subjectOf(plan, stageOf(plan, traced)))
    return { ...entry, module: 'core.small' }
  })
}

/** The same on another build of the core: for its mutants. */
export const ringScenarios = (): { name: string; subject(module: Uint8Array): Subject }[] =>
  PLANS.map((plan) => ({
    name: variantName(plan.name, plan.variant),
    subject: (module) => subjectOf(plan, ringStage({ cpus: plan.cpus ?? 2, buffers: plan.buffers ?? 1, module })),
  }))
