// What a subject says must hold, asked of the present state: in every state, and when nobody can go on. Made in the initial
// state (a model may read it); used by searches, walks and replays alike.
import { hex } from './access.js'
import { Linearizer } from './linearize.js'
import type { Observation } from './observation.js'
import type { Raced } from './races.js'
import type { Subject, View } from './subject.js'
import { viewOf } from './view.js'
import { WordSet } from './words.js'
import type { World } from './world.js'

export class Rules {
  private readonly view: View
  /** What `check` has read of any state so far. */
  private readonly checked = new WordSet()
  private readonly checkView: View
  private readonly linearizer: Linearizer<unknown> | undefined

  constructor(private readonly world: World) {
    this.view = viewOf(world)
    this.checkView = viewOf(world, this.checked)
    const { model } = world.subject
    this.linearizer = model && new Linearizer(model, world, this.view)
  }

  /** What is wrong in this state. `since`: where the undo log stood in a state in which nothing was; then a state is not checked
   * again in which all is the same that `check` has read before, of whatever state. */
  inState(since?: number): string | undefined {
    const { check } = this.world.subject
    if (check === undefined || (since !== undefined && !this.world.words.wrote(since, this.checked))) return undefined
    return guarded(() => check(this.checkView))
  }

  /** What is wrong in a state without a choice. */
  atEnd(): string | undefined {
    return this.deadlock() ?? this.atRest()
  }

  /** Somebody waits for ever: in a state without a choice. */
  deadlock(): string | undefined {
    const stuck = this.world.stuck()
    return stuck === undefined ? undefined : `deadlock: ${stuck}`
  }

  /** What is at rest is not as it should be: where everything has ended. */
  atRest(): string | undefined {
    return guarded(() => this.world.subject.atRest?.(this.view)) ?? this.linearizer?.check()
  }
}

/**
 * What is wrong with a cycle in which these CPUs step, in this order, and no operation ends; the world stands in a state of
 * it. `covered`: the CPUs that step or are blocked somewhere in it, as bits. Undefined if the subject allows the cycle.
 */
export function cycleMessage(world: World, cpus: Iterable<number>, covered: number): string | undefined {
  const { progress = 'lock-free' } = world.subject
  if (progress === 'none') return undefined
  if (progress === 'fair') return covered === (1 << world.cpuCount) - 1 ? livelockMessage(world) : undefined
  const running = [...cpus].map((cpu) => `CPU ${cpu} in ${world.running(cpu).at(-1)?.operation.name ?? 'nothing'}`)
  return `a cycle in which no operation ends: ${running.join(', ')} can go on for ever`
}

/** What is wrong where even a fair scheduler lets those go on for ever that are inside an operation in the present state. */
export function livelockMessage(world: World): string {
  const cpus = Array.from({ length: world.cpuCount }, (_, cpu) => cpu)
  const inside = cpus.filter((cpu) => cpu !== world.stopped && world.running(cpu).length > 0)
  return `livelock: CPU${inside.length === 1 ? '' : 's'} ${inside.join(', ')} can go on for ever under a fair scheduler, and no operation ends`
}

/** What is wrong with an access that races with an earlier one of another CPU. */
export function raceMessage({ subject, calls }: World, { call }: Observation, { cpu, address }: Raced): string {
  return `${calls[call]!.operation.name}: ${raceText(subject, address, cpu)}`
}

/** The same without the operation. */
export const raceText = (subject: Subject, address: number, other: number): string =>
  `a plain access races with CPU ${other} at ${subject.nameOf?.(address) ?? hex(address)}`

function guarded(check: () => string | void | undefined): string | undefined {
  try {
    return check() ?? undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
