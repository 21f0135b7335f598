// Runs of programs that leave records of a ring open, as named subjects: beside other CPUs, with NMIs that leave some
// too, at any step of a run, of a turn between runs, of what follows a fault. What must hold: where no code runs any
// more, nothing is reserved, and what was submitted is there once (ring-stage.ts).
import { CONTEXT_NMI, CONTEXT_TASK, MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import { MAP_BYTES, MAP_RECORDS, MAP_STATE } from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { Operation, Subject, Value } from '../subject.js'
import { trampolines } from '../trampoline.js'
import { closingOperation } from './async-closing.js'
import { coreStage, poll } from './core-stage.js'
import { coreEntry, variantName, type Entry, type Plan } from './entry.js'
import { moduleBytes } from '../builds.js'
import { atRest, output, placeOf, reserveSample, RING_BYTES, submit, take } from './ring-stage.js'
import type { RingPlace, RingStage } from './ring-stage.js'

const BYTES = 8
/** MAP_STATE of a map whose memory somebody holds (core/async/user-reference.ts). */
const MAP_LIVE = 1
/** Bytes of headers. */
const FIRST_HEADERS = 64

/** Where programs are run whose bodies are JavaScript. */
interface RunStage extends RingStage {
  program: number
  bodies: (() => unknown)[]
}

const stages = new Map<string, RunStage>()

function runStage(cpus: number, traced: boolean, module = moduleBytes('core.small', traced)): RunStage {
  const bodies: (() => unknown)[] = []
  let program = 0
  let place: RingPlace | undefined
  const stage: Stage = coreStage({ cpus, traced, coreBytes: 1 << 14, module }, ({ cpu, all, buffer, createMap }) => {
    let first = 0
    for (const one of all) {
      const { table } = one.exports
      first = table.grow(1) as number
      table.set(first, trampolines(1, 0, () => (bodies[one.index]!(), 0n))[0])
    }
    program = cpu.exports['program_create'](first, first + 1, first + 1) as number
    place = placeOf(createMap([MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0]), cpu, buffer)
  })
  return { stage, program, bodies, array: 0, rings: [place!.ring], ...place!, atOnce: true }
}

function stageOf(cpus: number, traced: boolean): RunStage {
  const key = `${cpus} ${traced}`
  const stage = stages.get(key) ?? runStage(cpus, traced)
  stages.set(key, stage)
  return stage
}

/** A run of a program that does what the operation does. */
function running(at: RunStage, { run, ...rest }: Operation, context = CONTEXT_TASK): Operation {
  return {
    ...rest,
    run(cpu) {
      let result: Value | void
      at.bodies[cpu.index] = () => (result = run(cpu))
      cpu.exports['program_run'](at.program, 0, context)
      return result
    },
  }
}

/** Reserves a record, and that is all. */
const reserve = (at: RunStage, name: string): Operation => ({
  name,
  kind: 'discard',
  run: (cpu) => (reserveSample(at, cpu, BYTES) === 0 ? -1 : 0),
})

class Fault extends Error {}

/** A run that reserves a record and ends in a fault, and what the host does then. */
function faulting(at: RunStage, name: string): Operation {
  const opening = reserve(at, name)
  const broken = running(at, {
    ...opening,
    run(cpu: Cpu) {
      opening.run(cpu)
      throw new Fault()
    },
  })
  return {
    ...broken,
    run(cpu) {
      try {
        broken.run(cpu)
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown
      }
      cpu.exports['cpu_unwind']()
      return 0
    },
  }
}

const leave = (at: RunStage, name: string): Operation => running(at, reserve(at, name))
/** The same in a ring that may be closed already: as a program finds one in a map of maps, then it is not there. */
const leaveIfThere = (at: RunStage, name: string): Operation => {
  const opening = reserve(at, name)
  return running(at, {
    ...opening,
    run: (cpu) => (cpu.load32(at.ring + MAP_STATE) === MAP_LIVE ? opening.run(cpu) : -1),
  })
}
/** The host takes the ring's memory: the headers of its first records stand for all. */
function takeRing(cpu: Cpu, ring: number): void {
  cpu.poison(cpu.peek32(ring + MAP_RECORDS), FIRST_HEADERS)
  cpu.poison(ring + MAP_STATE + 4, MAP_BYTES - MAP_STATE - 4)
}
const closing = (at: RunStage, verb: 'close' | 'reclaim'): Operation =>
  closingOperation(`${verb}H`, verb, { map: at.ring }, takeRing)

/** As an NMI, in a run of its own. */
const leaveIn = (at: RunStage, name: string): Operation => running(at, reserve(at, name), CONTEXT_NMI)
const submitted = (at: RunStage, name: string, v: number): Operation => ({
  ...running(at, submit(at, name, v, BYTES)),
  kind: 'put',
})

const PLANS: (Plan<RunStage> & { cpus: number })[] = [
  {
    name: 'ring/run/submit',
    about: 'an NMI leaves a record open at any step of a run that submits one',
    variant: 'nmi',
    cpus: 1,
    scripts: (at) => [{ operations: [submitted(at, 'A', 4)], nmi: [leaveIn(at, 'B')] }],
  },
  {
    name: 'ring/run/leave',
    about: 'an NMI leaves a record open at any step of a run that leaves one open, while another CPU takes',
    variant: 'nmi',
    cpus: 2,
    scripts: (at) => [{ operations: [leave(at, 'A')], nmi: [leaveIn(at, 'B')] }, { operations: [take(at, 'C')] }],
  },
  {
    name: 'ring/run/poll',
    about: 'an NMI leaves a record open at any step of a turn between runs',
    variant: 'nmi',
    cpus: 1,
    scripts: (at) => [{ operations: [poll('A')], nmi: [leaveIn(at, 'B')] }],
  },
  {
    name: 'ring/run/fault',
    about: 'an NMI leaves a record open at any step of a run with an open record that ends in a fault',
    variant: 'nmi',
    cpus: 1,
    scripts: (at) => [{ operations: [faulting(at, 'A')], nmi: [leaveIn(at, 'B')] }],
  },
  {
    name: 'ring/run/leave',
    about: 'a run leaves a record open while another CPU puts one and takes',
    variant: 'plain',
    cpus: 2,
    scripts: (at) => [{ operations: [leave(at, 'A')] }, { operations: [output(at, 'B', 5, 8), take(at, 'C')] }],
  },
  {
    name: 'ring/run/closed',
    about: 'a run leaves a record open in a ring that is closed meanwhile, its memory taken back',
    variant: 'plain',
    cpus: 2,
    scripts: (at) => [
      { operations: [leaveIfThere(at, 'A')] },
      { operations: [closing(at, 'close'), closing(at, 'reclaim')] },
    ],
  },
]

function subjectOf({ name, scripts }: Plan<RunStage>, at: RunStage): Subject {
  const cpus = scripts(at)
  const operations = cpus.flatMap(({ operations: own, nmi = [] }) => [...own, ...nmi])
  const left = atRest(at, operations, [])
  return subject({
    name,
    stage: at.stage,
    cpus,
    // Nobody consumes what a closed ring holds.
    atRest: (view) => (view.load32(at.ring + MAP_STATE) === MAP_LIVE ? left(view) : undefined),
  })
}

export function ringRunEntries(): Entry[] {
  return PLANS.map((plan) => ({
    ...coreEntry(plan.name, plan.about, plan.variant, (traced) => subjectOf(plan, stageOf(plan.cpus, traced))),
    module: 'core.small',
  }))
}

/** The same on another build of the core: for its mutants. */
export const ringRunScenarios = (): { name: string; subject(module: Uint8Array): Subject }[] =>
  PLANS.map((plan) => ({
    name: variantName(plan.name, plan.variant),
    subject: (module) => subjectOf(plan, runStage(plan.cpus, false, module)),
  }))
