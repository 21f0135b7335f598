// BPF functions -> one wasm module. Only what the roots reach is compiled; whatever those functions refer to must
// resolve now, so that no call is left to fail at run time.
import type { Instruction } from '../isa/decode.js'
import type { FunctionSpec } from '../object/spec.js'
import type { Callee, EmittedFunction, FunctionContext, InlinedFunction, LikelyTarget } from './context.js'
import { FunctionEmitter } from './function.js'
import { buildGraph, type Graph } from './graph.js'
import { inlinedSize, MOST_INLINED, MOST_INSTRUCTIONS } from './inline.js'
import type { HelperImport, LinkTarget } from './link.js'
import { assembleModule } from './module.js'
import { knownArguments, lookupSites } from './lookups.js'
import { lookUp, type CodePosition, type Positioned } from './positions.js'
import { calledFunctions, calleesOf, reachable, wideValue, type Unit } from './resolve.js'
import { emitStructure } from './structure.js'

/** Registers that each function has for itself. */
const SAVED = [6, 7, 8, 9]

export interface CompiledObject extends Positioned {
  /**
   * The module. Imports: env.memory, env.table (calls by register only), cpu.area, host.fault_at, core.<helper>…;
   * exports every compiled function.
   */
  readonly bytes: Uint8Array
  /** Export of each compiled function, in the order in which they were compiled. */
  readonly exports: ReadonlyMap<string, string>
  /** Functions whose address is taken: they need the table slot that LinkTarget.callbackIndex answered. */
  readonly callbacks: ReadonlySet<string>
  readonly moduleName: string
  /** Both as a stack trace has them: index of the function, byte offset in the module. */
  positions(functionIndex: number, offset: number): CodePosition | undefined
}

/**
 * Compiles `roots` (default: all functions) and what they call or take the address of.
 * Throws SkepError: BAD_INSTRUCTION (see decode), UNSUPPORTED_INSTRUCTION, UNRESOLVED, or what `target` throws.
 */
export function compile(
  functions: readonly FunctionSpec[],
  target: LinkTarget,
  roots: readonly string[] = functions.map(({ name }) => name),
): CompiledObject {
  const units = reachable(functions, target, roots)
  const indices = new Map([...units.keys()].map((name, at) => [name, at]))
  const imports: HelperImport[] = []
  const importIndices = new Map<string, number>()
  const callbacks = new Set<string>()

  const importIndex = (helper: HelperImport): number => {
    let index = importIndices.get(helper.name)
    if (index === undefined) {
      // Import 0 is host.fault_at.
      index = imports.push(helper)
      importIndices.set(helper.name, index)
    }
    return index
  }
  // All imports must be known before the first function index is written.
  const facts = new Map([...units.values()].map((unit) => [unit, target.facts?.(unit.spec)]))
  const graphs = new Map([...units.values()].map((unit) => [unit, buildGraph(unit.instructions)]))
  const called = calledFunctions(units.values())
  const callees = new Map(
    [...units.values()].map((unit) => [
      unit,
      calleesOf(unit, target, importIndex, {
        called: called.has(unit.spec.name),
        lookups: lookupSites(unit, graphs.get(unit)!),
        given: knownArguments(unit, graphs.get(unit)!),
        facts: facts.get(unit),
      }),
    ]),
  )
  const charges = (name: string): boolean => {
    const unit = units.get(name)!
    return (
      graphs.get(unit)!.isLoopHeader.includes(1) ||
      callsByRegister(unit.instructions) ||
      [...callees.get(unit)!.values()].some(spends)
    )
  }
  const firstFunction = 1 + imports.length
  const indexOf = (name: string): number => firstFunction + indices.get(name)!
  const tails =
    imports.some(({ tail }) => tail) ||
    [...callees.values()].some((own) => [...own.values()].some((callee) => isTail(callee)))

  const contextOf = (unit: Unit, resolved: ReadonlyMap<number, Callee>): FunctionContext => ({
    index: indexOf(unit.spec.name),
    saved: SAVED.filter((register) => unit.instructions.some(({ dst, src }) => dst === register || src === register)),
    guestBase: target.guestBase,
    guestEnd: target.guestEnd,
    callable: target.callable,
    callees: resolved,
    tails,
    facts: facts.get(unit),
    probes: target.probes?.(unit.spec),
    valueAddress: (map, offset) => target.mapValueAddress(map, offset),
    wideValue: (instruction) => wideValue(unit, instruction, target, callbacks),
  })
  const inlined = new Map<string, InlinedFunction>()
  const inPlace = (name: string, unit: Unit): InlinedFunction | undefined => {
    const own = callees.get(unit)!
    const graph = graphs.get(unit)!
    const size = inlinedSize(unit, graph, own.values(), inlined)
    if (size === undefined) return undefined
    const resolved = new Map<number, Callee>()
    for (const [at, callee] of own)
      resolved.set(
        at,
        typeof callee === 'string'
          ? { kind: 'function', index: indexOf(callee), charges: false, inline: inlined.get(callee) }
          : callee,
      )
    const emit = (f: FunctionEmitter): void => emitStructure(f, graph, unit.instructions)
    return { name, context: contextOf(unit, resolved), instructions: size, emit }
  }
  // Functions that call others in place come after these.
  for (let known = -1; known < inlined.size;) {
    known = inlined.size
    for (const [name, unit] of units) {
      const found = inlined.has(name) ? undefined : inPlace(name, unit)
      if (found) inlined.set(name, found)
    }
  }

  const numbered = (likely: LikelyTarget | undefined): LikelyTarget | undefined => {
    const at = likely && indices.get(likely.name)
    return likely && at !== undefined ? { ...likely, index: firstFunction + at } : undefined
  }
  const emitted = [...units.values()].map((unit) => {
    const resolved = new Map<number, Callee>()
    let room = MOST_INLINED
    const invoked = (
      name: string,
      most = MOST_INSTRUCTIONS,
    ): { index: number; charges: boolean; inline: InlinedFunction | undefined } => {
      const known = inlined.get(name)
      const inline = known && known.instructions <= most ? known : undefined
      if (inline) room -= inline.instructions
      const stands = room >= 0 ? inline : undefined
      // In place it reads nothing of the budget, nor spends.
      return { index: indexOf(name), charges: !stands && charges(name), inline: stands }
    }
    for (const [instruction, callee] of callees.get(unit)!)
      resolved.set(
        instruction,
        typeof callee === 'string'
          ? { kind: 'function', ...invoked(callee) }
          : callee.kind === 'loop'
            ? { ...callee, ...invoked(callee.callback, MOST_INLINED) }
            : callee.kind === 'tail'
              ? { ...callee, likely: numbered(callee.likely) }
              : callee,
      )
    return { name: unit.spec.name, ...compileFunction(unit, graphs.get(unit)!, contextOf(unit, resolved)) }
  })

  const { bytes, moduleName, tables } = assembleModule(
    imports,
    emitted,
    tails || [...units.values()].some(({ instructions }) => callsByRegister(instructions)),
  )
  return {
    bytes,
    moduleName,
    exports: new Map([...units.keys()].map((name) => [name, name])),
    callbacks,
    positions: (functionIndex, offset) => {
      const table = tables[functionIndex - firstFunction]
      return table && lookUp(table, offset)
    },
  }
}

function isTail(callee: Callee | string): boolean {
  return typeof callee !== 'string' && callee.kind === 'tail'
}

/** Does a call spend iterations? Functions do when they have loops or calls; of helpers those that call back, or on. */
function spends(callee: Callee | string): boolean {
  if (typeof callee === 'string' || callee.kind === 'loop' || callee.kind === 'tail') return true
  return callee.kind === 'import' && (callee.helper.frame || callee.helper.tail === true)
}

/** Does the function spend of the budget by calls by register? Nobody knows what they call. */
function callsByRegister(instructions: readonly Instruction[]): boolean {
  return instructions.some(({ form }) => form.kind === 'call-register')
}

function compileFunction(unit: Unit, graph: Graph, context: FunctionContext): EmittedFunction {
  const emitter = new FunctionEmitter(context)
  const kinds = new Set([...context.callees.values()].map(({ kind }) => kind))
  const loops = graph.isLoopHeader.includes(1) || kinds.has('loop')
  const callsFunctions = callsByRegister(unit.instructions) || kinds.has('function')
  // A function without loops that calls no other ends by itself; the caller has paid for it.
  emitter.keepBudget(loops ? 'loops' : callsFunctions ? 'entry' : 'no')
  const callsItself = [...context.callees.values()].some(
    (callee) => callee.kind === 'tail' && callee.likely?.index === context.index && callee.frame === undefined,
  )
  return emitter.finish(() => {
    const emit = (): void => emitStructure(emitter, graph, unit.instructions)
    if (callsItself) emitter.repeatable(emit)
    else emit()
  })
}
