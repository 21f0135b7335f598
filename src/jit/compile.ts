// BPF functions -> one wasm module. Only what the roots reach is compiled; whatever those functions refer to must
// resolve now, so that no call is left to fail at run time.
import type { FunctionSpec } from '../object/spec.js'
import { Callees, callsByRegister, type Part } from './callees.js'
import type { AtOnce, EmittedFunction, FunctionContext } from './context.js'
import type { CoreCode } from './core-code.js'
import { FunctionEmitter } from './function.js'
import { buildGraph, type Graph } from './graph.js'
import { exportsCalled, ownFunction } from './in-place.js'
import type { HelperImport, LinkTarget } from './link.js'
import { assembleModule, type OwnFunction } from './module.js'
import { knownArguments, lookupSites } from './lookups.js'
import { packetLoads } from './packet-load.js'
import { lookUp, type CodePosition, type Positioned } from './positions.js'
import { calledFunctions, calleesOf, reachable, type Unit } from './resolve.js'
import { emitStructure } from './structure.js'

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
  const imports = new Imports()
  // All imports must be known before the first function has a number.
  const parts = partsOf(units, target, imports)
  const firstFunction = 1 + imports.helpers.length
  const callees = new Callees(parts, firstFunction, target)
  const emitted = [...parts].map(([name, part]) => ({
    name,
    ...compileFunction(part.unit, part.graph, callees.contextOf(part)),
  }))
  const usesTable = callees.tails || [...units.values()].some(({ instructions }) => callsByRegister(instructions))
  const { bytes, moduleName, tables } = assembleModule(imports.helpers, emitted, imports.own, usesTable)
  return {
    bytes,
    moduleName,
    exports: new Map([...units.keys()].map((name) => [name, name])),
    callbacks: callees.callbacks,
    positions: (functionIndex, offset) => {
      const table = tables[functionIndex - firstFunction]
      return table && lookUp(table, offset)
    },
  }
}

/** What the module has of the core, numbered as asked for: what it imports (0 is host.fault_at), and functions. */
class Imports {
  readonly helpers: HelperImport[] = []
  readonly own: OwnFunction[] = []
  readonly #indices = new Map<string, number>()
  readonly #own = new Map<string, number>()
  /** What a function of the core calls: once for all places where it stands. */
  readonly #ofCore = new Map<number, AtOnce['imports']>()

  readonly indexOf = (helper: HelperImport): number => {
    let index = this.#indices.get(helper.name)
    if (index === undefined) {
      index = this.helpers.push(helper)
      this.#indices.set(helper.name, index)
    }
    return index
  }

  /** What a helper mostly does; in place of the call, or as a function. */
  readonly atOnce = (core: CoreCode, name: string, constants: AtOnce['constants'], inPlace: boolean): AtOnce => {
    const index = core.indexOf(name)
    let imports = this.#ofCore.get(index)
    if (!imports) {
      imports = new Map(
        exportsCalled(core, index).map(([called, as]) => {
          const helper = { name: as, parameters: 0, frame: false, returns: true, signature: core.functionAt(called) }
          return [called, this.indexOf(helper)]
        }),
      )
      this.#ofCore.set(index, imports)
    }
    const atOnce = { core, index, constants, imports }
    if (inPlace) return atOnce
    const key = [name, ...constants].join()
    let own = this.#own.get(key)
    if (own === undefined) {
      own = this.own.push(ownFunction(name, atOnce)) - 1
      this.#own.set(key, own)
    }
    return { ...atOnce, own }
  }
}

/** What is known of each function by itself; asks for all that any of them imports. */
function partsOf(units: ReadonlyMap<string, Unit>, target: LinkTarget, imports: Imports): Map<string, Part> {
  const called = calledFunctions(units.values())
  return new Map(
    [...units].map(([name, unit]) => {
      const graph = buildGraph(unit.instructions)
      const facts = target.facts?.(unit.spec)
      const sites = {
        called: called.has(name),
        lookups: lookupSites(unit, graph),
        given: knownArguments(unit, graph),
        facts,
      }
      const loads = packetLoads(unit.instructions, imports.indexOf)
      const callees = new Map([...calleesOf(unit, target, imports, sites), ...loads])
      return [name, { unit, graph, facts, callees }]
    }),
  )
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
