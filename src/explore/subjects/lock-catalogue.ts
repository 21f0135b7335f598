// bpf_spin_lock as named subjects: two and three CPUs that add to a counter under the lock, as programs do, with plain
// accesses; a CPU that stops anywhere, before, inside or behind its lock, and is repaired while another one waits. What
// must hold: no addition is lost, nobody waits for ever, and at the end nobody holds the lock.
import * as layout from '../../../core/layout.js'
import { subject } from '../subject.js'
import type { Operation, Stage, Subject, View } from '../index.js'
import { coreStage, offline } from './core-stage.js'
import { coreEntry, type Entry, type Plan } from './entry.js'
import { moduleBytes } from '../builds.js'

interface LockStage {
  stage: Stage
  /** The lock word; the counter lies behind it, as in a map value. */
  lock: number
  areas: number
}

const stages = new Map<boolean, LockStage>()

function stageOf(traced: boolean): LockStage {
  const known = stages.get(traced)
  if (known) return known
  let place = { lock: 0, areas: 0 }
  const module = moduleBytes('core.small', traced)
  const stage = coreStage({ cpus: 3, traced, coreBytes: 1 << 13, module }, ({ buffer, header }) => {
    place = { lock: buffer, areas: header(layout.HEADER_CPU_AREAS) }
  })
  const made = { stage, ...place }
  stages.set(traced, made)
  return made
}

/** Adds one under the lock. */
const add = ({ lock }: LockStage, name: string): Operation => ({
  name,
  kind: 'add',
  mayWait: true,
  run(cpu) {
    cpu.exports['bpf_spin_lock'](BigInt(lock))
    const count = cpu.peek32(lock + 4)
    cpu.poke32(lock + 4, count + 1)
    cpu.exports['bpf_spin_unlock'](BigInt(lock))
    return count
  },
})

function atRest({ lock, areas }: LockStage, operations: readonly Operation[]) {
  return (view: View): string | undefined => {
    const adds = operations.filter(({ kind }) => kind === 'add')
    const ended = adds.filter(({ name }) => view.ended(name)).length
    const count = view.load32(lock + 4)
    if (count < ended || count > (view.stopped < 0 ? ended : adds.length))
      return `${ended} have added, the count is ${count}`
    const repaired = operations.some(({ kind, name }) => kind === 'offline' && view.ended(name))
    if (view.stopped >= 0 && !repaired) return undefined
    if (view.load32(lock) !== 0) return `CPU ${view.load32(lock) - 1} still holds the lock`
    if (ended < adds.length - (view.stopped < 0 ? 0 : 1)) return 'a CPU still waits for the lock'
    const holding = [0, 1, 2].find((cpu) => view.load32(areas + cpu * layout.CPU_BYTES + layout.CPU_LOCK) !== 0)
    return holding === undefined ? undefined : `CPU ${holding} believes that it holds a lock`
  }
}

const PLANS: Plan<LockStage>[] = [
  {
    name: 'lock/two',
    about: 'two CPUs add under a lock, one of them twice',
    variant: 'plain',
    scripts: (at) => [{ operations: [add(at, 'A'), add(at, 'B')] }, { operations: [add(at, 'C')] }],
  },
  {
    name: 'lock/three',
    about: 'three CPUs add under a lock',
    variant: 'plain',
    scripts: (at) => [{ operations: [add(at, 'A')] }, { operations: [add(at, 'B')] }, { operations: [add(at, 'C')] }],
  },
  {
    name: 'lock/two',
    about: 'a CPU that adds under a lock stops and is repaired while another one waits for it',
    variant: 'stop',
    scripts: (at) => [
      { operations: [add(at, 'A')], mayStop: true },
      { operations: [add(at, 'B')] },
      { operations: [offline('repair')] },
    ],
  },
]

function subjectOf({ name, scripts }: Plan<LockStage>, at: LockStage): Subject {
  const cpus = scripts(at)
  const operations = cpus.flatMap((script) => script.operations)
  return subject({ name, stage: at.stage, cpus, atRest: atRest(at, operations) })
}

export function lockEntries(): Entry[] {
  return PLANS.map((plan) => ({
    ...coreEntry(plan.name, plan.about, plan.variant, (traced) => subjectOf(plan, stageOf(traced))),
    module: 'core.small',
  }))
}
