// BPF functions -> one wasm module. Only what the roots reach is compiled; whatever those functions refer to must
// resolve now, so that no call is left to fail at run time.
import type { FunctionSpec } from '../object/spec.js'
import {
  callsByRegister,
  FunctionEmitter,
  type Callee,
  type EmittedFunction,
  type FunctionContext,
} from './function.js'
import { buildGraph, type Graph } from './graph.js'
import type { HelperImport, LinkTarget } from './link.js'
import { assembleModule } from './module.js'
import { lookupSites } from './lookups.js'
import { loopSites } from './loop-call.js'
import { lookUp, type CodePosition, type Positioned } from './positions.js'
import { calleesOf, reachable, wideValue, type Unit } from './resolve.js'
import { emitStructure } from './structure.js'

export interface CompiledObject extends Positioned {
  /** The module. Imports: env.memory, env.table (calls by register only), cpu.area, host.fault_at, core.<helper>…; exports every compiled function. */
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
  const callees = new Map(
    [...units.values()].map((unit) => [
      unit,
      calleesOf(unit, target, importIndex, {
        lookups: lookupSites(unit, graphs.get(unit)!),
        loops: loopSites(unit, graphs.get(unit)!),
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
  const tails = imports.some(({ tail }) => tail)

  const emitted = [...units.values()].map((unit) => {
    const resolved = new Map<number, Callee>()
    for (const [instruction, callee] of callees.get(unit)!)
      resolved.set(
        instruction,
        typeof callee === 'string'
          ? { kind: 'function', index: firstFunction + indices.get(callee)!, charges: charges(callee) }
          : callee.kind === 'loop'
            ? { ...callee, index: firstFunction + indices.get(callee.callback)!, charges: charges(callee.callback) }
            : callee,
      )
    const context: FunctionContext = {
      guestBase: target.guestBase,
      guestEnd: target.guestEnd,
      callable: target.callable,
      callees: resolved,
      tails,
      facts: facts.get(unit),
      valueAddress: (map, offset) => target.mapValueAddress(map, offset),
      wideValue: (instruction) => wideValue(unit, instruction, target, callbacks),
    }
    return { name: unit.spec.name, ...compileFunction(unit, graphs.get(unit)!, context) }
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

/** Does a call spend iterations? Functions do when they have loops or calls; of helpers those that call back, or on. */
function spends(callee: Callee | string): boolean {
  if (typeof callee === 'string' || callee.kind === 'loop') return true
  return callee.kind === 'import' && (callee.helper.frame || callee.helper.tail === true)
}

function compileFunction(unit: Unit, graph: Graph, context: FunctionContext): EmittedFunction {
  const emitter = new FunctionEmitter(context)
  const kinds = new Set([...context.callees.values()].map(({ kind }) => kind))
  const loops = graph.isLoopHeader.includes(1) || kinds.has('loop')
  const callsFunctions = callsByRegister(unit.instructions) || kinds.has('function')
  // A function without loops that calls no other ends by itself; the caller has paid for it.
  emitter.keepBudget(loops ? 'loops' : callsFunctions ? 'entry' : 'no')
  return emitter.finish(() => emitStructure(emitter, graph, unit.instructions))
}
