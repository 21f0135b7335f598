// Functions of the core in place of their calls: what a helper mostly does, without the call, and with what the compiler knows
// as constants, from which the engine then computes further. It is the core's own code (core-code.ts): only its locals are
// numbered anew, and the calls in it are written in place, too. Such a function answers 0 if it is not so simple (nothing has
// changed then, and the helper is called), else 1 more than the helper would answer. Called by call.ts.
import type { AtOnce, Callee } from './context.js'
import { CodeReader, passOperands, type CoreCode } from './core-code.js'
import { I32, I64, VOID, op, type ValueType } from './encoder.js'
import { AREA_GLOBAL, type FunctionEmitter } from './function.js'

/** Functions within functions. */
const DEEPEST = 4

/** r0 = what the function answers, or else the helper. */
export function emitAtOnce(
  f: FunctionEmitter,
  { helper, index, atOnce }: Extract<Callee, { kind: 'import' }> & { readonly atOnce: AtOnce },
): void {
  const { core, name, constants } = atOnce
  const answer = f.local('answer', I32)
  for (let register = 1; register <= helper.parameters; register += 1) f.getRegister(register)
  for (const constant of constants) f.const32(constant)
  emitCoreFunction(f, core, core.indexOf(name), 0)
  f.tee(answer).op(op.if, I64)
  f.get(answer).const32(1).op(op.i32_sub, op.i64_extend_i32_u)
  f.op(op.else)
  for (let register = 1; register <= helper.parameters; register += 1) f.getRegister(register)
  f.op(op.call)
  f.code.u32(index)
  if (!helper.returns) f.const64(0)
  f.op(op.end)
  f.setRegister(0)
}

/** Pops the arguments, pushes the result. */
function emitCoreFunction(f: FunctionEmitter, core: CoreCode, index: number, level: number): void {
  if (level > DEEPEST) throw new Error(`function ${index} of the core has too many functions within`)
  const { parameters, result, locals, start } = core.functionAt(index)
  const types = [...parameters, ...locals]
  const own = types.map((type, at) => f.local(`core ${level} ${at} ${type}`, type))
  for (let at = parameters.length - 1; at >= 0; at -= 1) f.set(own[at]!)
  // A call begins with zeros there.
  for (let at = parameters.length; at < types.length; at += 1) pushZero(f, types[at]!).set(own[at]!)
  f.op(op.block, result ?? VOID)
  const reader = new CodeReader(core.bytes, start)
  for (let depth = 0; depth >= 0;) {
    const begin = reader.at
    const opcode = reader.byte()
    switch (opcode) {
      case op.local_get:
      case op.local_set:
      case op.local_tee:
        f.op(opcode)
        f.code.u32(own[reader.u32()]!)
        continue
      case op.global_get:
        if (reader.u32() !== core.area) throw new Error('a global of the core besides that of the area')
        f.op(opcode)
        f.code.u32(AREA_GLOBAL)
        continue
      case op.call:
        emitCoreFunction(f, core, reader.u32(), level + 1)
        continue
      case op.return:
        f.op(op.br)
        f.code.u32(depth)
        continue
      case op.block:
      case op.loop:
      case op.if:
        f.op(opcode, reader.byte())
        depth += 1
        continue
      case op.end:
        f.op(opcode)
        depth -= 1
        continue
      default:
        passOperands(reader, opcode)
        f.code.append(core.bytes.subarray(begin, reader.at))
    }
  }
}

function pushZero(f: FunctionEmitter, type: ValueType): FunctionEmitter {
  return type === I32 ? f.const32(0) : f.const64(0)
}
