// What the calls of each function call in the module: numbers in place of names, code in place of calls, who pays for
// loops. Made by compile.ts when all imports are known, for only then a function has its number. Invariant: the code in
// place of the calls in one function is bounded, whatever it calls.
import type { Instruction } from '../isa/decode.js'
import type { Callee, FunctionContext, InlinedFunction, LikelyTarget } from './context.js'
import type { FunctionEmitter } from './function.js'
import type { Graph } from './graph.js'
import { inlinedSize, MOST_INLINED, MOST_INSTRUCTIONS } from './inline.js'
import type { KnownFacts, LinkTarget } from './link.js'
import { impliedBy } from './packet-load.js'
import { wideValue, type Unit } from './resolve.js'
import { emitStructure } from './structure.js'

/** A function of the module: its code, and what is known of it and of its calls before anything has a number. */
export interface Part {
  readonly unit: Unit
  readonly graph: Graph
  readonly facts: KnownFacts | undefined
  /** By call: a function by its name, or anything else. */
  readonly callees: ReadonlyMap<number, Callee | string>
}

type Invoked = Pick<Extract<Callee, { kind: 'function' }>, 'index' | 'charges' | 'inline'>

/** Registers that each function has for itself. */
const SAVED = [6, 7, 8, 9]

export class Callees {
  /** Some function makes tail calls. */
  readonly tails: boolean
  /** Functions whose address is taken, as far as their code has been written. */
  readonly callbacks = new Set<string>()
  readonly #parts: ReadonlyMap<string, Part>
  readonly #target: LinkTarget
  readonly #own: number
  readonly #indices: ReadonlyMap<string, number>
  readonly #inlined = new Map<string, InlinedFunction>()

  /** `firstFunction`: the number of the first part in the module. What it has of the core comes behind the last one. */
  constructor(parts: ReadonlyMap<string, Part>, firstFunction: number, target: LinkTarget) {
    this.#parts = parts
    this.#target = target
    this.#own = firstFunction + parts.size
    this.#indices = new Map([...parts.keys()].map((name, at) => [name, firstFunction + at]))
    this.tails = [...parts.values()].some(({ callees }) => [...callees.values()].some(goesOn))
    // Functions that call others in place come after these.
    for (let known = -1; known < this.#inlined.size;) {
      known = this.#inlined.size
      for (const [name, part] of parts) {
        const found = this.#inlined.has(name) ? undefined : this.#inPlace(name, part)
        if (found) this.#inlined.set(name, found)
      }
    }
  }

  /** What the code of a function is made from. */
  contextOf(part: Part): FunctionContext {
    const resolved = new Map<number, Callee>()
    let room = MOST_INLINED
    const invoked = (name: string, most = MOST_INSTRUCTIONS): Invoked => {
      const known = this.#inlined.get(name)
      const inline = known && known.instructions <= most ? known : undefined
      if (inline) room -= inline.instructions
      const stands = room >= 0 ? inline : undefined
      // In place it reads nothing of the budget, nor spends.
      return { index: this.#indexOf(name), charges: !stands && this.#charges(name), inline: stands }
    }
    for (const [instruction, callee] of part.callees)
      if (typeof callee === 'string') resolved.set(instruction, { kind: 'function', ...invoked(callee) })
      else if (callee.kind === 'loop')
        resolved.set(instruction, { ...callee, ...invoked(callee.callback, MOST_INLINED) })
      else if (callee.kind === 'tail') resolved.set(instruction, { ...callee, likely: this.#numbered(callee.likely) })
      else resolved.set(instruction, callee)
    return this.#context(part, resolved)
  }

  #context({ unit, facts }: Part, callees: ReadonlyMap<number, Callee>): FunctionContext {
    const target = this.#target
    return {
      index: this.#indexOf(unit.spec.name),
      own: this.#own,
      saved: SAVED.filter((register) =>
        unit.instructions.some(
          (each) => each.dst === register || each.src === register || impliedBy(each) === register,
        ),
      ),
      guestBase: target.guestBase,
      guestEnd: target.guestEnd,
      callable: target.callable,
      callees,
      tails: this.tails,
      facts,
      probes: target.probes?.(unit.spec),
      valueAddress: (map, offset) => target.mapValueAddress(map, offset),
      wideValue: (instruction) => wideValue(unit, instruction, target, this.callbacks),
    }
  }

  /**
   * The function as it stands in place of its calls; undefined if it does not, or some that it calls have yet to be
   * looked at.
   */
  #inPlace(name: string, part: Part): InlinedFunction | undefined {
    const { unit, graph, callees } = part
    const size = inlinedSize(unit, graph, callees.values(), this.#inlined)
    if (size === undefined) return undefined
    const resolved = new Map<number, Callee>()
    for (const [at, callee] of callees)
      resolved.set(
        at,
        typeof callee === 'string'
          ? { kind: 'function', index: this.#indexOf(callee), charges: false, inline: this.#inlined.get(callee) }
          : callee,
      )
    const emit = (f: FunctionEmitter): void => emitStructure(f, graph, unit.instructions)
    return { name, context: this.#context(part, resolved), instructions: size, emit }
  }

  #indexOf(name: string): number {
    return this.#indices.get(name)!
  }

  /** Does a call of the function spend of the loop budget? */
  #charges(name: string): boolean {
    const { unit, graph, callees } = this.#parts.get(name)!
    return graph.isLoopHeader.includes(1) || callsByRegister(unit.instructions) || [...callees.values()].some(spends)
  }

  #numbered(likely: LikelyTarget | undefined): LikelyTarget | undefined {
    const index = likely && this.#indices.get(likely.name)
    return likely && index !== undefined ? { ...likely, index } : undefined
  }
}

/** Does the function call by register? Nobody knows what, nor what that spends. */
export function callsByRegister(instructions: readonly Instruction[]): boolean {
  return instructions.some(({ form }) => form.kind === 'call-register')
}

/** A tail call, by the compiler's code or a helper's. */
function goesOn(callee: Callee | string): boolean {
  if (typeof callee === 'string') return false
  return callee.kind === 'tail' || (callee.kind === 'import' && callee.helper.tail === true)
}

/** Does a call spend iterations? Functions do when they have loops or calls; of helpers those that call back, or on. */
function spends(callee: Callee | string): boolean {
  if (typeof callee === 'string' || callee.kind === 'loop' || goesOn(callee)) return true
  return callee.kind === 'import' && callee.helper.frame
}
