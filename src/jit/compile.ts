// BPF functions -> one wasm module. Only what the roots reach is compiled; whatever those functions refer to must
// resolve now, so that no call is left to fail at run time.
import { SkepError } from '../error.js'
import { decode, type Instruction } from '../isa/decode.js'
import { disassemble } from '../isa/disassemble.js'
import type { FunctionSpec, Relocation } from '../object/spec.js'
import { FunctionEmitter, type Callee, type EmittedFunction, type FunctionContext } from './function.js'
import { buildGraph, type Graph } from './graph.js'
import type { HelperImport, LinkTarget } from './link.js'
import { assembleModule } from './module.js'
import { lookUp, type CodePosition, type Positioned } from './positions.js'
import { emitStructure } from './structure.js'

export interface CompiledObject extends Positioned {
  /** The module. Imports: env.memory, cpu.area, host.fault_at, core.<helper>…; exports every compiled function. */
  readonly bytes: Uint8Array
  /** Export of each compiled function, in the order in which they were compiled. */
  readonly exports: ReadonlyMap<string, string>
  /** Functions whose address is taken: they need the table slot that LinkTarget.callbackIndex answered. */
  readonly callbacks: ReadonlySet<string>
  readonly moduleName: string
  /** Both as a stack trace has them: index of the function, byte offset in the module. */
  positions(functionIndex: number, offset: number): CodePosition | undefined
}

/** One function as it is being compiled. */
interface Unit {
  readonly spec: FunctionSpec
  readonly instructions: Instruction[]
  readonly relocations: ReadonlyMap<number, Relocation>
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
  const callees = new Map([...units.values()].map((unit) => [unit, calleesOf(unit, target, importIndex)]))
  const graphs = new Map([...units.values()].map((unit) => [unit, buildGraph(unit.instructions)]))
  const charges = (name: string): boolean => {
    const unit = units.get(name)!
    return graphs.get(unit)!.isLoopHeader.includes(1) || [...callees.get(unit)!.values()].some(spends)
  }
  const firstFunction = 1 + imports.length

  const emitted = [...units.values()].map((unit) => {
    const resolved = new Map<number, Callee>()
    for (const [instruction, callee] of callees.get(unit)!)
      resolved.set(
        instruction,
        typeof callee === 'string'
          ? { kind: 'function', index: firstFunction + indices.get(callee)!, charges: charges(callee) }
          : callee,
      )
    const context: FunctionContext = {
      guestBase: target.guestBase,
      guestEnd: target.guestEnd,
      callees: resolved,
      wideValue: (instruction) => wideValue(unit, instruction, target, callbacks),
    }
    return { name: unit.spec.name, ...compileFunction(unit, graphs.get(unit)!, context) }
  })

  const { bytes, moduleName, tables } = assembleModule(imports, emitted)
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

/** Does a call spend iterations? Functions do when they have loops or calls; of helpers those that call back. */
function spends(callee: Callee | string): boolean {
  return typeof callee === 'string' || (callee.kind === 'import' && callee.helper.frame)
}

function compileFunction(unit: Unit, graph: Graph, context: FunctionContext): EmittedFunction {
  const emitter = new FunctionEmitter(context)
  const callsFunctions = [...context.callees.values()].some(({ kind }) => kind === 'function')
  // A function without loops that calls no other ends by itself; the caller has paid for it.
  emitter.keepBudget(graph.isLoopHeader.includes(1) ? 'loops' : callsFunctions ? 'entry' : 'no')
  return emitter.finish(() => emitStructure(emitter, graph, unit.instructions))
}

/** The functions that the roots reach by calls and taken addresses, decoded. */
function reachable(
  functions: readonly FunctionSpec[],
  target: LinkTarget,
  roots: readonly string[],
): Map<string, Unit> {
  const byName = new Map(functions.map((spec) => [spec.name, spec]))
  const units = new Map<string, Unit>()
  const waiting: string[] = []
  const want = (name: string, from?: string): void => {
    if (units.has(name)) return
    const spec = byName.get(name)
    if (!spec)
      throw new SkepError(
        'UNRESOLVED',
        `${target.fileName}: ${from ? `function '${from}' refers to '${name}', which` : `'${name}'`} has no code in this object`,
      )
    const relocations = new Map(spec.relocations.map((relocation) => [relocation.instruction, relocation]))
    units.set(name, { spec, instructions: decodeOf(spec, target), relocations })
    waiting.push(name)
  }
  for (const root of roots) want(root)
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    for (const relocation of units.get(name)!.relocations.values())
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') want(relocation.function, name)
  return units
}

function decodeOf(spec: FunctionSpec, target: LinkTarget): Instruction[] {
  const instructions = decode(spec.code, spec.name)
  for (const instruction of instructions)
    if (instruction.form.kind === 'legacy' || instruction.form.kind === 'call-register')
      throw new SkepError(
        'UNSUPPORTED_INSTRUCTION',
        `${place(target, spec, instruction)}: ` +
          (instruction.form.kind === 'legacy'
            ? 'legacy packet loads are not supported'
            : 'calls by register are not supported'),
        { function: spec.name, instruction: instruction.index },
      )
  return instructions
}

function place(target: LinkTarget, spec: FunctionSpec, instruction: Instruction): string {
  return `${target.fileName}: function '${spec.name}', instruction ${instruction.index} (${disassemble(instruction)})`
}

/** What every call calls: the name of a function, or an import, or nothing. */
function calleesOf(
  unit: Unit,
  target: LinkTarget,
  importIndex: (helper: HelperImport) => number,
): Map<number, Callee | string> {
  const callees = new Map<number, Callee | string>()
  for (const instruction of unit.instructions) {
    const { form, index, imm } = instruction
    if (form.kind !== 'call') continue
    const relocation = unit.relocations.get(index)
    if (relocation?.kind === 'call') callees.set(index, relocation.function)
    else if (relocation?.kind === 'kfunc') callees.set(index, kfunc(unit, instruction, relocation, target, importIndex))
    else if (form.operation === 'helper') {
      const helper = target.helperImport(imm, unit.spec.name, index)
      callees.set(index, { kind: 'import', index: importIndex(helper), helper })
    } else if (form.operation === 'function' && index + 1 + imm === 0) callees.set(index, unit.spec.name)
    else
      throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: nothing says what is called here`, {
        function: unit.spec.name,
        instruction: index,
      })
  }
  return callees
}

function kfunc(
  unit: Unit,
  instruction: Instruction,
  { name, weak }: Extract<Relocation, { kind: 'kfunc' }>,
  target: LinkTarget,
  importIndex: (helper: HelperImport) => number,
): Callee {
  const helper = target.kfuncImport(name)
  if (helper) return { kind: 'import', index: importIndex(helper), helper }
  if (weak) return { kind: 'missing', name }
  throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: there is no kfunc '${name}'`, {
    function: unit.spec.name,
    instruction: instruction.index,
  })
}

/** What an `lddw` loads, as 64 bits. */
function wideValue(unit: Unit, instruction: Instruction, target: LinkTarget, callbacks: Set<string>): bigint {
  const { index, form, imm, high } = instruction
  const relocation = unit.relocations.get(index)
  switch (relocation?.kind) {
    case 'map':
      return BigInt(target.mapAddress(relocation.map))
    case 'map-value':
      return BigInt(target.mapValueAddress(relocation.map, relocation.offset))
    case 'function-pointer':
      callbacks.add(relocation.function)
      return BigInt(target.callbackIndex(relocation.function))
    case 'extern':
    case 'kfunc': {
      const value = target.externValue?.(relocation.name)
      if (value !== undefined) return value
      // What only a weak reference may find: address 0, which programs test for.
      if (relocation.weak) return 0n
      break
    }
    default:
      if (form.operation === 'immediate' && !relocation) return (BigInt(high) << 32n) | BigInt(imm >>> 0)
  }
  const what =
    relocation && 'name' in relocation ? `there is no '${relocation.name}'` : 'nothing says what this refers to'
  throw new SkepError('UNRESOLVED', `${place(target, unit.spec, instruction)}: ${what}`, {
    function: unit.spec.name,
    instruction: index,
  })
}
