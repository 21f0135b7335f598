// Instructions that may end the function that they stand in: legacy packet loads, out of the packet with the result 0,
// and tail calls, with that of the next program. What the kernel's verifier follows there, and what it demands of such
// functions. Used by the walk, and by analyse.ts before it walks.
import type { Instruction } from '../isa/decode.js'
import { firstPacketLoad, helperCalls, TAIL_CALL } from '../object/check.js'
import { reachable } from '../object/reachable.js'
import type { FunctionSpec, ObjectSpec, ProgramSpec } from '../object/spec.js'
import { invalid, placed, type Refusal } from './refusal.js'
import { scalar } from './scalar.js'
import { copyState, type State } from './state.js'
import { ZERO } from './value.js'

/** The end that the instruction may be, with the state behind it; undefined if it always goes on. */
export function earlyEnd({ form, imm }: Instruction, state: State): State | undefined {
  const isTailCall = form.kind === 'call' && form.operation === 'helper' && imm === TAIL_CALL
  if (form.kind !== 'legacy' && !isTailCall) return undefined
  const end = copyState(state)
  end.registers[0] = isTailCall ? scalar() : ZERO
  return end
}

/** The first function of a program, not the program itself, that may end so and does not answer a number. */
export function earlyEndRefusal(spec: ObjectSpec, program: ProgramSpec): Refusal | undefined {
  for (const name of reachable(spec, program.entry)) {
    const fn = spec.functions.get(name)!
    if (name === program.entry || answersNumber(spec, fn)) continue
    const load = firstPacketLoad(fn)
    const tailCall = helperCalls(fn).find(({ helper }) => helper === TAIL_CALL)
    const at = load ?? tailCall?.instruction
    if (at === undefined) continue
    const what = load === undefined ? 'tail_call' : 'LD_ABS'
    const words = spec.btf
      ? `${what} is only allowed in functions that return 'int'.`
      : `${what} is not allowed in subprogs without BTF`
    return placed(invalid(words), program.name, fn, at)
  }
  return undefined
}

function answersNumber({ btf }: ObjectSpec, { btfId }: FunctionSpec): boolean {
  const prototype = btf?.prototypeOf(btfId)
  const kind = prototype && btf?.resolved(prototype.type).kind
  return kind === 'int' || kind === 'enum'
}
