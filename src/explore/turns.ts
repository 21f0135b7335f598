// Whether an interleaving comes back to a state that it has been in: then it can go round for ever. States are those since the
// last operation ended, by their hashes. Owned by a replay (trace.ts).
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

export class Turns {
  /** The ways that the last step closed, the shortest first. */
  closed: Turn[] = []
  private passed = new Map<string, { line: number; at: number }[]>()
  /** Per state passed: the CPU that stepped to it, and who is blocked in it. */
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
    const at = this.steps.push({ cpu, blocked })
    words.mark()
    const key = `${words.h0} ${words.h1} ${words.h2} ${words.h3}`
    const before = this.passed.get(key) ?? []
    this.closed = before.map((pass) => this.turn(pass.line, this.steps.slice(pass.at, at)))
    this.passed.set(key, [{ line, at }, ...before])
  }

  private turn(line: number, steps: { cpu: number; blocked: number }[]): Turn {
    const cpus = new Set(steps.map(({ cpu }) => cpu))
    const covered = steps.reduce((bits, { cpu, blocked }) => bits | (1 << cpu) | blocked, 0)
    return { line, cpus, covered }
  }
}
