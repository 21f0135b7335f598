// Whether an interleaving comes back to a state that it has been in: then it can go round for ever. States are those
// since the last operation ended, by their hashes. Owned by a replay (trace.ts).
import { STEP } from './choices.js'
import type { World } from './world.js'

/** A way from a state back to it. */
export interface Turn {
  /** What the caller said of the state when it was passed first. */
  line: number
  /** CPUs that step in it, in the order of their first step. */
  cpus: Set<number>
  /** The same and those that are blocked in one of its states, as bits. */
  covered: number
}

/** The world was in a state. */
interface Pass {
  /** What the caller said of it. */
  line: number
  /** Steps that led there. */
  steps: number
}

export class Turns {
  /** By state. */
  private passed = new Map<string, Pass[]>()
  /** Of the present state, the last one now. */
  private passes: Pass[] = []
  /** The CPU of each step, and who was blocked after it. */
  private steps: { cpu: number; blocked: number }[] = []
  private ended = 0

  /** Begins in the world's present state. */
  constructor(private readonly world: World) {
    this.pass(-1, 0)
  }

  /** The world has come to a state by a step of this CPU. */
  pass(cpu: number, line: number): void {
    const { words, control, cpuCount } = this.world
    const ended = words.words[control.done]!
    if (ended !== this.ended) this.passed.clear()
    this.ended = ended
    let blocked = 0
    for (let one = 0; one < cpuCount; one++) if (!this.world.enabled((one << 3) | STEP)) blocked |= 1 << one
    const steps = this.steps.push({ cpu, blocked })
    words.mark()
    const key = `${words.h0} ${words.h1} ${words.h2} ${words.h3}`
    this.passes = this.passed.get(key) ?? []
    this.passes.push({ line, steps })
    this.passed.set(key, this.passes)
  }

  /** The ways from the present state back to it, the shortest first. */
  *closed(): Generator<Turn> {
    let at = this.steps.length
    let cpus: number[] = []
    let covered = 0
    for (const { line, steps } of this.passes.slice(0, -1).reverse()) {
      while (at > steps) {
        const { cpu, blocked } = this.steps[--at]!
        cpus = [cpu, ...cpus.filter((other) => other !== cpu)]
        covered |= (1 << cpu) | blocked
      }
      yield { line, cpus: new Set(cpus), covered }
    }
  }
}
