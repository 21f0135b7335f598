// The complete search: iterative depth-first over the states of one subject, merged by hash, with Tarjan's components
// found on the way so that cycles (livelocks) are seen. Also the search that merges nothing, for comparison on small
// subjects. Finds the first violation and the choices that lead to it.
import { enlarged } from './arrays.js'
import { choiceOfBit, KINDS, STEP } from './choices.js'
import type { WorldOptions } from './choices.js'
import { prepared } from './prepare.js'
import { cycleMessage, livelockMessage, Rules } from './rules.js'
import type { Subject } from './subject.js'
import { outcomeOf } from './view.js'
import { OutOfRoom, Visited } from './visited.js'
import type { World } from './world.js'

/** Limits of a search. */
export interface SearchOptions extends WorldOptions {
  /** Give up after this many states (the verdict is then "incomplete"). */
  maxStates?: number
  /** Memory of the visited set; 1 GiB if not given. */
  maxBytes?: number
  /** Give up after this many milliseconds. */
  maxMilliseconds?: number
  /** Do not merge equal states: every interleaving by itself. For comparisons; cycles are not found. */
  naive?: boolean
  /** Asked again and again: true ends the search, which is then incomplete. */
  interrupted?: () => boolean
  /** Called about once a second. */
  progress?: (found: { states: number; transitions: number; depth: number; milliseconds: number }) => void
}

export type GaveUp = 'states' | 'memory' | 'time' | 'interrupted'

export interface Violated {
  message: string
  /** Choices from the initial state. */
  choices: number[]
  /** For a cycle: the position in `choices` at which it begins. */
  cycle?: number
}

/** How much was searched, and the violation if there is one. */
export interface SearchResult {
  /** Different states that were visited. */
  states: number
  /** Steps that were made. */
  transitions: number
  /** States in which everything had ended. */
  ends: number
  /** Steps of the longest interleaving. */
  depth: number
  /** Every state was visited, or a violation was found first. */
  complete: boolean
  /** Why it was given up, if it was: what has come to its limit. */
  gaveUp?: GaveUp
  milliseconds: number
  /** Bytes of the visited set. */
  bytes: number
  outcomes: Set<string>
  /** Cycles that only an unfair scheduler keeps going ('fair' subjects). */
  unfairCycles: number
  /** Most own steps of each operation by name; `repeats` if a retry loop may add turns. */
  ownSteps: Map<string, { steps: number; repeats: boolean }>
  violation?: Violated
}

const ROOM = 1 << 10

/** Per level of the search: undo mark, state number, lowest reachable, hash, choices, masks. */
const MARK = 0
const STATE = 1
const LOW = 2
const HASH = 3
/** Choices that are still to be made, as bits, and the one that was made last. */
const OPEN_CHOICES = 7
const CHOICE = 8
/** CPUs that step within the component so far, and that are blocked (or done) in one of its states. */
const STEPPED = 9
const PAUSED = 10
const CYCLIC = 11
/** CPUs that are blocked (or done) in the level's own state. */
const BLOCKED = 12
/** Accesses that the choice made. */
const ACCESSES = 13
const LEVEL = 14

/** Steps that a search goes on for after it has learnt that an access is not independent, before it begins again. */
const LEARNING_STEPS = 5_000
/** Before a search, and before one that is begun again, one with this many preemptions at most learns what it can. */
const LEARNING_PREEMPTIONS = 2

/**
 * Explores a subject from its initial state; memory is the stage's image again afterwards. Begins with what a search
 * without preemptions learns of the words that operations use, and starts again with what it and, in turn, searches
 * with one and with two preemptions learn, until no access was taken to be independent that is not: the last search is
 * the one that counts. A violation counts at once: every path is an execution.
 */
export function search(subject: Subject, asked: SearchOptions = {}): SearchResult {
  const options = { leaps: true, ...asked }
  const { full, naive, preemptions } = options
  const learns = full !== true && naive !== true && preemptions === undefined
  let steps = LEARNING_STEPS
  for (let bound = 0; ; bound++) {
    if (learns && bound <= LEARNING_PREEMPTIONS) {
      const { result } = once(subject, { ...options, preemptions: bound, maxStates: steps }, Infinity)
      if (result.violation) return result
    }
    const { result, grown } = once(subject, options, learns && bound < LEARNING_PREEMPTIONS ? 0 : LEARNING_STEPS)
    if (result.violation || full === true || grown === 0 || result.gaveUp === 'interrupted') return result
    steps = LEARNING_STEPS + result.transitions / 4
  }
}

function once(subject: Subject, options: SearchOptions, learning: number): { result: SearchResult; grown: number } {
  return prepared(subject, options, (world) => {
    const result = new Search(world, options, learning).run()
    return { result, grown: world.sharing.grown }
  })
}

class Search {
  private levels = new Int32Array(LEVEL * ROOM)
  private open = new Int32Array(ROOM)
  private openCount = 0
  private depth = 0
  private readonly visited: Visited
  private readonly rules: Rules
  private readonly result: SearchResult
  private readonly began = Date.now()
  /** A cycle of a 'fair' subject. `proof`: CPUs that step in it if it alone shows a livelock, else 0. */
  private witness: (Violated & { proof: number }) | undefined

  constructor(
    private readonly world: World,
    private readonly options: SearchOptions,
    private readonly learning: number,
  ) {
    this.visited = new Visited(options.maxBytes ?? 1 << 30)
    this.rules = new Rules(world, options.full !== true)
    this.result = {
      states: 0,
      transitions: 0,
      ends: 0,
      depth: 0,
      complete: false,
      milliseconds: 0,
      bytes: 0,
      outcomes: new Set(),
      unfairCycles: 0,
      ownSteps: new Map(),
    }
  }

  run(): SearchResult {
    const { result, world } = this
    try {
      const violation = this.explore()
      if (violation) result.violation = violation
      result.complete = violation === undefined ? !this.exhausted() : true
    } catch (thrown) {
      if (!(thrown instanceof OutOfRoom)) throw thrown
      result.gaveUp = 'memory'
    }
    result.milliseconds = Date.now() - this.began
    result.bytes = this.visited.bytes
    this.visited.release()
    this.rules.release()
    world.calls.forEach(({ operation }, index) => {
      const known = result.ownSteps.get(operation.name)
      const steps = Math.max(known?.steps ?? 0, world.ownSteps[index]!)
      result.ownSteps.set(operation.name, { steps, repeats: world.logs.repeated.has(operation) })
    })
    return result
  }

  private exhausted(): boolean {
    const { maxStates = Infinity, maxMilliseconds = Infinity, interrupted } = this.options
    const { result } = this
    if (result.states >= maxStates) result.gaveUp = 'states'
    else if (Date.now() - this.began > maxMilliseconds) result.gaveUp = 'time'
    else if (interrupted?.() === true) result.gaveUp = 'interrupted'
    return result.gaveUp !== undefined
  }

  private explore(): Violated | undefined {
    const { world, result, options } = this
    const { words } = world
    const naive = options.naive === true
    const mark = words.mark()
    const givenUp = (): undefined => void words.rollback(mark)
    const entered = this.enter(-1)
    if (entered !== undefined) return entered
    let ticks = 0
    let reported = Date.now()
    let learnt = 0
    let learntAt = 0
    while (this.depth > 0) {
      const at = (this.depth - 1) * LEVEL
      const choice = this.nextChoice(at)
      if (choice < 0) {
        const closed = this.leave(at)
        if (closed !== undefined) return closed
        continue
      }
      if ((++ticks & 0xfff) === 0) {
        if (this.exhausted()) return givenUp()
        if (options.progress && Date.now() - reported > 1000) {
          reported = Date.now()
          const { states, transitions } = result
          options.progress({ states, transitions, depth: this.depth, milliseconds: reported - this.began })
        }
      }
      if (world.sharing.grown > learnt) {
        learnt = world.sharing.grown
        learntAt = result.transitions
      }
      if (learnt > 0 && options.full !== true && result.transitions > learntAt + this.learning) return givenUp()
      result.transitions++
      world.step(choice)
      this.levels[at + CHOICE] = choice
      this.levels[at + ACCESSES] = world.accesses
      if (world.violation !== undefined) return world.doubtful ? givenUp() : this.violated(world.violation)
      words.mark()
      const state = naive ? -1 : this.visited.add(words.h0, words.h1, words.h2, words.h3)
      if (!naive && this.visited.known) {
        const cycle = this.meet(at, state, choice)
        if (cycle !== undefined) return cycle
        this.back(at)
        continue
      }
      const violation = this.enter(state)
      if (violation !== undefined) return violation
    }
    return undefined
  }

  private nextChoice(at: number): number {
    const todo = this.levels[at + OPEN_CHOICES]!
    if (todo === 0) return -1
    const lowest = todo & -todo
    this.levels[at + OPEN_CHOICES] = todo ^ lowest
    return choiceOfBit[31 - Math.clz32(lowest)]!
  }

  // A state seen for the first time: checks it and opens a level for it.
  private enter(state: number): Violated | undefined {
    const { world, result } = this
    const { words } = world
    const mark = words.mark()
    if (this.depth === 0 && this.options.naive !== true)
      state = this.visited.add(words.h0, words.h1, words.h2, words.h3)
    result.states++
    if ((this.depth + 1) * LEVEL > this.levels.length) this.levels = enlarged(this.levels, this.levels.length * 2)
    const at = this.depth * LEVEL
    const { levels } = this
    levels[at + MARK] = mark
    levels[at + STATE] = state
    levels[at + LOW] = state
    levels[at + HASH] = words.h0
    levels[at + HASH + 1] = words.h1
    levels[at + HASH + 2] = words.h2
    levels[at + HASH + 3] = words.h3
    const { choices } = world
    const offered = choices.offered()
    const only = choices.quietCpu()
    levels[at + OPEN_CHOICES] = choices.allowed(only < 0 ? offered : offered & choices.ofCpu(only))
    levels[at + CHOICE] = -1
    levels[at + STEPPED] = 0
    levels[at + BLOCKED] = levels[at + PAUSED] = this.paused(offered)
    levels[at + CYCLIC] = 0
    this.depth++
    if (this.depth > result.depth) result.depth = this.depth
    if (state >= 0) {
      this.visited.marks[state] = 1
      if (this.openCount === this.open.length) this.open = enlarged(this.open, this.openCount * 2)
      this.open[this.openCount++] = state
    }
    const wrong = this.rules.atDepth(this.depth - 1, at === 0 ? undefined : levels[at - LEVEL + MARK])
    if (wrong !== undefined) return this.violated(wrong)
    return levels[at + OPEN_CHOICES] === 0 ? this.end(offered) : undefined
  }

  // CPUs that cannot make a step in a state with these choices, as bits.
  private paused(offered: number): number {
    let bits = 0
    for (let cpu = 0; cpu < this.world.cpuCount; cpu++) if (!((offered >> (cpu * KINDS + STEP)) & 1)) bits |= 1 << cpu
    return bits
  }

  // Nobody can go on: everything has ended, or somebody waits for ever.
  private end(offered: number): Violated | undefined {
    const { world, result } = this
    if (this.paused(offered) !== (1 << world.cpuCount) - 1) return undefined // the bound holds it back
    if (this.rules.endsAsBefore()) {
      result.ends++
      return undefined
    }
    const deadlock = this.rules.deadlock()
    if (deadlock !== undefined) return this.violated(deadlock)
    result.ends++
    if (result.outcomes.size < 100_000) result.outcomes.add(outcomeOf(world))
    const wrong = this.rules.atRest()
    if (wrong !== undefined) return this.violated(wrong)
    this.rules.ends()
    return undefined
  }

  // The step led to a known state: if its component is still open, it closes a cycle.
  private meet(at: number, state: number, choice: number): Violated | undefined {
    if (this.visited.marks[state] === 0) return undefined
    const { levels, world } = this
    levels[at + LOW] = Math.min(levels[at + LOW]!, state)
    levels[at + STEPPED] = levels[at + STEPPED]! | (1 << (choice >> 3))
    levels[at + CYCLIC] = 1
    const { progress = 'lock-free' } = world.subject
    if (progress === 'none') return undefined
    let from = this.depth - 1
    while (from >= 0 && levels[from * LEVEL + STATE] !== state) from--
    if (from < 0) return undefined
    const cpus = new Set<number>()
    let covered = 0
    for (let level = from; level < this.depth; level++) {
      const cpu = levels[level * LEVEL + CHOICE]! >> 3
      cpus.add(cpu)
      covered |= (1 << cpu) | levels[level * LEVEL + BLOCKED]!
    }
    const message = cycleMessage(world, cpus, covered)
    if (message === undefined && this.witness !== undefined) return undefined
    const found = { ...this.violated(message ?? livelockMessage(world)), cycle: this.path(from).length }
    if (progress === 'lock-free') return found
    const proof = message === undefined ? 0 : cpus.size
    if (proof >= (this.witness?.proof ?? 0)) this.witness = { ...found, proof }
    return undefined
  }

  // All choices of the level are done: closes its component if it is the first state of one, and goes back.
  private leave(at: number): Violated | undefined {
    const { levels } = this
    const state = levels[at + STATE]!
    if (state >= 0 && levels[at + LOW] === state) {
      const livelock = this.closeComponent(at, state)
      if (livelock !== undefined) return livelock
    }
    this.depth--
    if (this.depth === 0) return undefined
    const above = at - LEVEL
    if (state >= 0 && levels[at + LOW]! < state) {
      levels[above + LOW] = Math.min(levels[above + LOW]!, levels[at + LOW]!)
      levels[above + STEPPED]! |= levels[at + STEPPED]! | (1 << (levels[above + CHOICE]! >> 3))
      levels[above + PAUSED]! |= levels[at + PAUSED]!
      levels[above + CYCLIC]! |= levels[at + CYCLIC]!
    }
    this.back(above)
    return undefined
  }

  private closeComponent(at: number, state: number): Violated | undefined {
    const { levels, world } = this
    let popped: number
    do {
      popped = this.open[--this.openCount]!
      this.visited.marks[popped] = 0
    } while (popped !== state)
    if (levels[at + CYCLIC] === 0) return undefined
    const everyone = (1 << world.cpuCount) - 1
    const fair = ((levels[at + STEPPED]! | levels[at + PAUSED]!) & everyone) === everyone
    const found = this.witness
    this.witness = undefined
    if (found !== undefined && found.proof > 0) return found
    if (!fair || world.subject.progress !== 'fair') {
      this.result.unfairCycles++
      return undefined
    }
    return { choices: this.path(), ...found, message: livelockMessage(world) }
  }

  // Undoes the step taken from a level.
  private back(at: number): void {
    const { words } = this.world
    words.rollback(this.levels[at + MARK]!)
    words.h0 = this.levels[at + HASH]!
    words.h1 = this.levels[at + HASH + 1]!
    words.h2 = this.levels[at + HASH + 2]!
    words.h3 = this.levels[at + HASH + 3]!
  }

  // The choices that led to a level: one for each access, so that they mean the same in a full world.
  private path(to = this.depth): number[] {
    const choices: number[] = []
    for (let level = 0; level < to; level++) {
      const choice = this.levels[level * LEVEL + CHOICE]!
      if (choice < 0) continue
      choices.push(choice)
      for (let more = this.levels[level * LEVEL + ACCESSES]!; more > 1; more--) choices.push(choice & ~7)
    }
    return choices
  }

  private violated(message: string): Violated {
    return { message, choices: this.path() }
  }
}
