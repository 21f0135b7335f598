// A question to the older designs: who does what on which CPU, and what must hold; and what questions are made of.
import type { Cpu } from '../executor.js'
import type { Operation, Subject, View } from '../subject.js'
import type { Callbacks, Design, SpecimenStage } from './stage.js'

export interface Question {
  name: string
  /** Hazards of the contract that it is about. */
  hazards: string[]
  designs: Design[]
  callbacks?: Callbacks
  build(at: SpecimenStage): Omit<Subject, 'name' | 'stage' | 'nameOf' | 'show' | 'showResult'>
}

/** Kinds, as init takes them. */
export const TIMER = 1
export const WORK = 2
/** An expiry that never comes: the clock of the model stands still. */
export const LATER = 1_000_000n

/**
 * A timer in slot 0, bound to program 1 (which lives by that binding only, if `unloaded`), armed on CPU `on` if asked
 * for.
 */
export function prepared(
  at: SpecimenStage,
  what: { kind?: number; armed?: bigint; on?: number; unloaded?: boolean } = {},
) {
  return (cpus: Cpu[]): void => {
    const cpu = cpus[what.on ?? 0]
    at.init(cpu!, 0, what.kind ?? TIMER)
    at.set(cpu!, 1)
    if (what.armed !== undefined) {
      if (what.kind === WORK) at.startWork(cpu!)
      else at.start(cpu!, what.armed)
    }
    if (what.unloaded === true) at.unload(cpu!, 1)
  }
}

/** Whether an operation has answered 0 or 1. */
export const answered = (view: View, name: string): boolean => view.result(name) === 0 || view.result(name) === 1

/** A short program that an NMI can interrupt at every step. */
export const victims: Record<string, (at: SpecimenStage) => Operation> = {
  init: (at) => at.run('init', (cpu) => at.init(cpu)),
  set_callback: (at) => at.run('set_callback', (cpu) => at.set(cpu, 2)),
  start: (at) => at.run('start', (cpu) => at.start(cpu, LATER)),
  cancel: (at) => at.run('cancel', (cpu) => at.cancel(cpu)),
  free: (at) => at.run('free', (cpu) => at.free(cpu)),
}
