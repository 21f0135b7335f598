// What a subject says must hold, asked of the present state: in every state, and when nobody can go on. Made in the
// initial state (a model may read it); used by searches, walks and replays alike.
import { addressName } from './address-name.js'
import { enlarged } from './arrays.js'
import { Linearizer } from './linearize.js'
import type { Observation } from './observation.js'
import type { Raced } from './races.js'
import type { Subject, View } from './subject.js'
import { Verdicts } from './verdicts.js'
import { viewOf } from './view.js'
import type { World } from './world.js'

/** What `check` has read of the states of a path, by their depth: a hash, and how many words it is of. */
const VERSION = 4
const STRIDE = 5

export class Rules {
  private readonly view: View
  private readonly checkView: View
  private readonly linearizer: Linearizer<unknown> | undefined
  private readonly checked: Verdicts
  private readonly ended: Verdicts
  private hashes = new Int32Array(STRIDE << 6)
  private readonly endHash = new Int32Array(4)

  /** `remembers`: for a search that does not ask twice what it knows. */
  constructor(
    private readonly world: World,
    private readonly remembers = false,
  ) {
    this.checked = new Verdicts(world.words)
    this.ended = new Verdicts(world.words)
    this.view = viewOf(world, this.ended.read)
    this.checkView = viewOf(world, this.checked.read)
    const { model } = world.subject
    this.linearizer = model && new Linearizer(model, world, this.view)
    for (const word of world.control.endWords()) this.ended.read.add(word)
  }

  /** What is wrong in this state. */
  inState(): string | undefined {
    const { check } = this.world.subject
    return check && guarded(() => check(this.checkView))
  }

  /**
   * The same in a search: `check` is not asked where all is as it was in another state that it has read of any so far.
   * `since`: where the undo log stood in the state one step before, at a depth one less, which was the last one asked
   * there.
   */
  atDepth(depth: number, since?: number): string | undefined {
    if (!this.remembers || this.world.subject.check === undefined) return this.inState()
    const { checked } = this
    const at = depth * STRIDE
    if (at + STRIDE > this.hashes.length) this.hashes = enlarged(this.hashes, this.hashes.length * 2)
    const { hashes } = this
    const above = at - STRIDE
    if (since !== undefined && hashes[above + VERSION] === checked.version) {
      for (let field = 0; field < STRIDE; field++) hashes[at + field] = hashes[above + field]!
      if (!this.world.words.rehash(since, checked.read, hashes, at)) return undefined
    } else checked.hash(hashes, at)
    if (checked.knows(hashes, at)) return undefined
    const wrong = this.inState()
    if (wrong === undefined) checked.add(hashes, at)
    hashes[at + VERSION] = checked.version
    return wrong
  }

  /**
   * Whether another state without a choice had the same results, and was the same in all that is asked of it. Only with
   * a model: what a subject without one asks at rest may be more than what it reads of the view.
   */
  endsAsBefore(): boolean {
    if (!this.remembersEnds()) return false
    this.ended.hash(this.endHash, 0)
    return this.ended.knows(this.endHash, 0)
  }

  /** Nothing was wrong in this state without a choice, of which `endsAsBefore` was asked. */
  ends(): void {
    if (this.remembersEnds()) this.ended.add(this.endHash, 0)
  }

  private remembersEnds(): boolean {
    return this.remembers && this.linearizer !== undefined && this.ended.helps
  }

  /** Nobody asks any more. */
  release(): void {
    this.checked.release()
    this.ended.release()
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
 * What is wrong with a cycle in which these CPUs step, in this order, and no operation ends; the world stands in a
 * state of it. `covered`: the CPUs that step or are blocked somewhere in it, as bits. Undefined if the subject allows
 * the cycle.
 */
export function cycleMessage(world: World, cpus: Iterable<number>, covered: number): string | undefined {
  const { progress = 'lock-free' } = world.subject
  if (progress === 'none') return undefined
  if (progress === 'fair') return covered === (1 << world.cpuCount) - 1 ? livelockMessage(world) : undefined
  const running = [...cpus].map((cpu) => `CPU ${cpu} in ${world.running(cpu).at(-1)?.operation.name ?? 'nothing'}`)
  return `a cycle in which no operation ends: ${running.join(', ')} can go on for ever`
}

/**
 * What is wrong where even a fair scheduler lets those go on for ever that are inside an operation in the present
 * state.
 */
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
  `a plain access races with CPU ${other} at ${addressName(subject, address)}`

function guarded(check: () => string | void | undefined): string | undefined {
  try {
    return check() ?? undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
