// Functions that are not static: the kernel looks at each by itself, with arguments of the types that it is declared
// with, and at a call only whether what is given fits them. Used by calls.
import type { FunctionSpec, ObjectSpec } from '../object/spec.js'
import { dynptrArgumentComplaint } from './dynptr.js'
import { numberOf } from './layout.js'
import { invalid, type Complaint } from './refusal.js'
import { readComplaint } from './special-slots.js'
import { placeIn, type State } from './state.js'
import type { Surroundings } from './step.js'
import { asArgument, UNKNOWN, type Value } from './value.js'

/** What an argument is declared as, as far as it matters here: a dynptr, or memory of so many bytes. */
export type GlobalArgument = 'dynptr' | { readonly bytes: number } | undefined

/** The declared arguments, r1 first; none if the object has no types. */
export function argumentsOf({ btf }: ObjectSpec, fn: FunctionSpec): readonly GlobalArgument[] {
  const prototype = btf?.prototypeOf(fn.btfId)
  if (!btf || !prototype) return []
  return prototype.parameters.map(({ type: id }): GlobalArgument => {
    const pointer = btf.type(btf.resolve(id))
    if (pointer.kind !== 'pointer') return undefined
    const pointee = btf.type(btf.resolve(pointer.type))
    if (pointee.kind === 'struct' && pointee.name === 'bpf_dynptr') return 'dynptr'
    return pointee.kind === 'int' || pointee.kind === 'struct' || pointee.kind === 'union'
      ? { bytes: pointee.size }
      : undefined
  })
}

/** What it sees of an argument. */
export function globalArgument(value: Value, type: GlobalArgument): Value {
  return type === 'dynptr' ? { is: 'dynptr', min: 0, max: 0 } : asArgument(value)
}

/** What is wrong with a call of it. */
export function globalComplaint(
  { spec, program }: Surroundings,
  state: State,
  { name }: FunctionSpec,
  types: readonly GlobalArgument[],
): Complaint | undefined {
  const isWrong = types.some((type, at) => {
    const register = at + 1
    if (type === 'dynptr') return dynptrArgumentComplaint(state, { register, does: 'use' }, true) !== undefined
    const place = type && placeIn(state, state.registers[register] ?? UNKNOWN)
    return place ? readComplaint(place.frame.special, place.at, type.bytes) !== undefined : false
  })
  return isWrong
    ? invalid(`Caller passes invalid args into func#${numberOf(spec, program, name)} ('${name}')`)
    : undefined
}
