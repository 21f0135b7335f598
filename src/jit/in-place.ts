// Functions of the core in place of helpers: what a helper mostly does, with what the compiler knows of the map or ring
// as constants, which the engine folds. They stand in place of the call, or are functions of the module, one for each
// map. It is the core's own code (core-code.ts): only its locals are numbered anew, and what it calls is written in
// place, too, but for exports, which the module imports. Such a function answers 0 if it is not so simple (nothing has
// changed then, and the helper is called), else 1 more than the helper would answer. Called by call.ts and compile.ts.
import type { AtOnce, Callee } from './context.js'
import { blockType, passOperands, type CoreCode } from './core-code.js'
import { ByteWriter, I32, I64, VOID, op, type ValueType } from './encoder.js'
import { AREA_GLOBAL, type FunctionEmitter } from './function.js'
import type { OwnFunction } from './module.js'
import { Reader } from './module-reader.js'
import { pushSlot } from './slot.js'

/** Functions within functions. */
const DEEPEST = 4

/** Where the code is written. */
interface Place {
  readonly code: ByteWriter
  /** The local of that name. */
  local(name: string, type: ValueType): number
}

/** r0 = what the function answers, or else the helper. */
export function emitAtOnce(
  f: FunctionEmitter,
  { helper, index, map, slot }: Extract<Callee, { kind: 'import' }>,
  atOnce: AtOnce,
): void {
  const answer = f.local('answer', I64)
  const pushRegisters = (): void => {
    for (let register = 1; register <= helper.parameters; register += 1) f.getRegister(register)
    if (slot) pushSlot(f, slot)
  }
  pushRegisters()
  if (atOnce.own === undefined) emitWithConstants(f, atOnce)
  else {
    f.op(op.call)
    f.code.u32(f.context.own + atOnce.own)
  }
  f.tee(answer).op(op.i64_eqz, op.if, I64)
  pushRegisters()
  if (map !== undefined) f.const32(map)
  f.op(op.call)
  f.code.u32(index)
  if (!helper.returns) f.const64(0)
  f.op(op.else)
  f.get(answer).const64(1).op(op.i64_sub)
  f.op(op.end)
  f.setRegister(0)
}

/** The function of the module that does what the core's does with these constants. */
export function ownFunction(name: string, atOnce: AtOnce): OwnFunction {
  const all = atOnce.core.functionAt(atOnce.index).parameters
  const parameters = all.slice(0, all.length - atOnce.constants.length)
  const types: ValueType[] = []
  const named = new Map<string, number>()
  const code = new ByteWriter(1024)
  const local = (key: string, type: ValueType): number => {
    const known = named.get(key) ?? parameters.length + types.push(type) - 1
    named.set(key, known)
    return known
  }
  for (let at = 0; at < parameters.length; at += 1) code.byte(op.local_get).u32(at)
  emitWithConstants({ code, local }, atOnce)
  code.byte(op.end)
  const body = new ByteWriter(code.length + 64).locals(types).append(code.bytes())
  return { name, parameters, body: body.bytes() }
}

/** The exports that a function of the core calls, itself or in what is written in place: their numbers and names. */
export function exportsCalled(core: CoreCode, index: number): [number, string][] {
  const found = new Map<number, string>()
  const local = (): number => 0
  const imports = {
    get(called: number): number | undefined {
      const name = core.exportOf(called)
      if (name !== undefined) found.set(called, name)
      return name === undefined ? undefined : 0
    },
  }
  emitCoreFunction({ code: new ByteWriter(1024), local }, { core, imports }, index, 0)
  return [...found]
}

/** Pops the helper's arguments, pushes the answer. */
function emitWithConstants(place: Place, atOnce: AtOnce): void {
  for (const constant of atOnce.constants) {
    if (typeof constant === 'bigint') place.code.byte(op.i64_const).s64(constant)
    else place.code.byte(op.i32_const).s32(constant)
  }
  emitCoreFunction(place, atOnce, atOnce.index, 0)
}

/** What is called of the core: as an import of that number, or in place if it has none. */
interface Called {
  readonly core: CoreCode
  readonly imports: { get(index: number): number | undefined }
}

/** Pops the arguments, pushes the result. */
function emitCoreFunction(place: Place, from: Called, index: number, level: number): void {
  if (level > DEEPEST) throw new Error(`function ${index} of the core has too many functions within`)
  const { core } = from
  const { code } = place
  const { parameters, result, locals, start } = core.functionAt(index)
  const types = [...parameters, ...locals]
  const own = types.map((type, at) => place.local(`core ${level} ${at} ${type}`, type))
  for (let at = parameters.length - 1; at >= 0; at -= 1) code.byte(op.local_set).u32(own[at]!)
  // A call begins with zeros there.
  for (let at = parameters.length; at < types.length; at += 1) {
    code.byte(types[at] === I32 ? op.i32_const : op.i64_const).byte(0)
    code.byte(op.local_set).u32(own[at]!)
  }
  code.byte(op.block).byte(result ?? VOID)
  const reader = new Reader(core.bytes, start)
  for (let depth = 0; depth >= 0;) {
    const begin = reader.at
    const opcode = reader.byte()
    switch (opcode) {
      case op.local_get:
      case op.local_set:
      case op.local_tee:
        code.byte(opcode).u32(own[reader.leb()]!)
        continue
      case op.global_get:
        if (reader.leb() !== core.area) throw new Error('a global of the core besides that of the area')
        code.byte(opcode).u32(AREA_GLOBAL)
        continue
      case op.call: {
        const called = reader.leb()
        const imported = from.imports.get(called)
        if (imported === undefined) emitCoreFunction(place, from, called, level + 1)
        else code.byte(op.call).u32(imported)
        continue
      }
      case op.return:
        code.byte(op.br).u32(depth)
        continue
      case op.block:
      case op.loop:
      case op.if:
        code.byte(opcode).byte(blockType(reader))
        depth += 1
        continue
      case op.end:
        code.byte(opcode)
        depth -= 1
        continue
      default:
        passOperands(reader, opcode)
        code.append(core.bytes.subarray(begin, reader.at))
    }
  }
}
