// Random walks: schedules drawn with a seed, for subjects too large to be explored. Finds violations, proves nothing.
import { choiceOfBit, STEP } from './choices.js'
import { Clocks } from './clocks.js'
import { prepared } from './prepare.js'
import { raceMessage, Rules } from './rules.js'
import type { Violated } from './search.js'
import type { Subject } from './subject.js'
import type { World } from './world.js'

export interface WalkOptions {
  seed?: number
  /** Schedules to try; 1,000 if not given. */
  walks?: number
  /** Steps after which a walk is given up; 100,000 if not given. */
  maxSteps?: number
  /**
   * One step in so many moves to another CPU, as far as there is a choice (1: any CPU at each step). 3 if not given.
   */
  switchEvery?: number
  maxMilliseconds?: number
  /** Asked before each walk: true ends them. */
  interrupted?: () => boolean
}

export interface WalkResult {
  walks: number
  transitions: number
  milliseconds: number
  violation?: Violated
}

/** Walks until a violation is found or the walks are done. The same seed takes the same walks. */
export function walk(subject: Subject, options: WalkOptions = {}): WalkResult {
  const { seed = 1, walks = 1000, maxMilliseconds = Infinity, interrupted = () => false } = options
  const goesOn = ({ walks: made, violation }: WalkResult, began: number): boolean =>
    made < walks && !violation && Date.now() - began < maxMilliseconds && !interrupted()
  return prepared(subject, { full: true }, (world) => {
    const random = generator(seed)
    const began = Date.now()
    const rules = new Rules(world)
    const mark = world.words.mark()
    const result: WalkResult = { walks: 0, transitions: 0, milliseconds: 0 }
    for (; goesOn(result, began); result.walks++) {
      const { choices, message } = oneWalk(world, rules, random, options)
      result.transitions += choices.length
      if (message !== undefined) result.violation = { message, choices }
      world.words.rollback(mark)
    }
    result.milliseconds = Date.now() - began
    return result
  })
}

function oneWalk(
  world: World,
  rules: Rules,
  random: () => number,
  options: WalkOptions,
): { choices: number[]; message: string | undefined } {
  const { maxSteps = 100_000, switchEvery = 3 } = options
  const { choices: offers } = world
  const clocks = new Clocks(world.cpuCount, world.subject.stage.limit)
  let race: string | undefined
  world.observer = (seen) => {
    const raced = clocks.access(seen, world.stopped, 0)
    if (raced) race ??= raceMessage(world, seen, raced)
  }
  const choices: number[] = []
  for (let last = -1; choices.length < maxSteps;) {
    const only = offers.quietCpu()
    const enabled: number[] = []
    const offered = only < 0 ? offers.offered() : offers.offered() & offers.ofCpu(only)
    for (let bits = offered; bits !== 0; bits &= bits - 1) enabled.push(choiceOfBit[31 - Math.clz32(bits & -bits)]!)
    if (enabled.length === 0) return { choices, message: rules.atEnd() }
    const same = enabled.filter((choice) => choice >> 3 === last && (choice & 7) === STEP)
    const from = same.length > 0 && random() % switchEvery !== 0 ? same : enabled
    const choice = from[random() % from.length]!
    last = choice >> 3
    choices.push(choice)
    world.step(choice)
    const message = world.violation ?? race ?? rules.inState()
    if (message !== undefined) return { choices, message }
  }
  return { choices, message: undefined }
}

// xorshift32: unsigned numbers, never 0.
function generator(seed: number): () => number {
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}
