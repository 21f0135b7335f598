// What a conditional jump finds out: on each of its two ways the state is narrowed, or the way cannot be taken.
import type { Instruction } from '../isa/decode.js'
import { withoutReference } from './resources.js'
import { constant, isAny, isConstant, isUndecidedAlike, narrowed, narrowedBy, type Scalar } from './scalar.js'
import { copyState, replace, replaceWhere, type State } from './state.js'
import { mayBeKernelPointer, TESTED, UNKNOWN, ZERO, type PacketPointer, type Value } from './value.js'

/** The ways on from a block's last instruction: index of the next instruction and the state there. */
export function waysOn(instruction: Instruction, state: State): { to: number; state: State }[] {
  const { form, next, target } = instruction
  if (form.kind === 'exit') return []
  if (form.kind === 'goto') return [{ to: target, state }]
  if (target < 0) return [{ to: next, state }]
  if (form.kind !== 'jump')
    return [
      { to: next, state },
      { to: target, state: copyState(state) },
    ]
  const sure = state.sure && isDecidedAlike(instruction, state)
  const ways: { to: number; state: State }[] = []
  const not = where(instruction, copyState(state), false)
  if (not) ways.push({ to: next, state: not })
  const taken = where(instruction, state, true)
  if (taken) ways.push({ to: target, state: taken })
  if (ways.length === 2) for (const way of ways) way.state.sure = sure
  return ways
}

/** False if the kernel may know more of the values, and so that one of the two ways is never taken. */
function isDecidedAlike({ form, dst, src, imm }: Instruction, { registers }: State): boolean {
  const one = registers[dst] ?? UNKNOWN
  const other: Value = form.source === 'register' ? (registers[src] ?? UNKNOWN) : constant(imm)
  if (one.is === 'scalar' && other.is === 'scalar') {
    if (isConstant(other)) return isUndecidedAlike(one, form.operation, other.min, form.width)
    const mirrored = MIRRORED.get(form.operation)
    if (isConstant(one) && mirrored !== undefined) return isUndecidedAlike(other, mirrored, one.min, form.width)
    return one !== other && isAny(one) && isAny(other)
  }
  if (form.width !== 64) return false
  if (one.is === 'packet-end') return other.is === 'packet' && !other.beyond
  if (other.is === 'packet-end') return one.is === 'packet' && !one.beyond
  const pointer = isZero(other) ? one : other
  if (pointer.is === 'released') return !pointer.tested
  return (pointer.is === 'value' || pointer.is === 'object') && pointer.nullable === true
}

/** The state where the comparison holds (or does not); undefined if it never does. Changes `state`. */
function where(instruction: Instruction, state: State, holds: boolean): State | undefined {
  const { form, dst, src, imm } = instruction
  const one = state.registers[dst] ?? UNKNOWN
  const other: Value = form.source === 'register' ? (state.registers[src] ?? UNKNOWN) : constant(imm)
  if (one.is === 'scalar' && other.is === 'scalar') return numbers(state, instruction, one, other, holds)
  if (one.is === 'released' || other.is === 'released')
    replaceWhere(state, (value) => (value.is === 'released' ? TESTED : undefined))
  if (form.width !== 64) return state
  if (one.is === 'packet' && other.is === 'packet-end') return packet(state, one, form.operation, holds)
  if (one.is === 'packet-end' && other.is === 'packet')
    return packet(state, other, MIRRORED.get(form.operation) ?? '', holds)
  if (form.operation !== 'eq' && form.operation !== 'ne') return state
  const isNull = (form.operation === 'eq') === holds
  const pointer = isZero(other) ? one : isZero(one) ? other : undefined
  if (!pointer) return isNull ? bothAlike(state, one, other) : state
  if (pointer.is === 'value') {
    if (!pointer.nullable) return isNull && pointer.min === 0 && pointer.max === 0 ? undefined : state
    replace(state, pointer, isNull ? ZERO : { ...pointer, nullable: false })
  } else if (pointer.is === 'object') {
    if (!pointer.nullable) return isNull ? undefined : state
    if (isNull && pointer.owns && pointer.reference !== undefined)
      state.resources = withoutReference(state.resources, pointer.reference)
    replace(state, pointer, isNull ? ZERO : { ...pointer, nullable: false })
  } else if (pointer.is === 'unknown' && !mayBeKernelPointer(pointer) && isNull)
    state.registers[pointer === one ? dst : src] = ZERO
  return state
}

/**
 * Two that are equal: if one is certainly not null, neither is the other; if it may be a pointer, the kernel may know.
 */
function bothAlike(state: State, one: Value, other: Value): State {
  for (const [pointer, to] of [
    [one, other],
    [other, one],
  ] as const) {
    if ((pointer.is !== 'value' && pointer.is !== 'object') || pointer.nullable !== true || to.is === 'scalar') continue
    const nullable = to.is === 'value' || to.is === 'object' ? to.nullable : 'mixed'
    if (nullable !== true) replace(state, pointer, { ...pointer, nullable })
  }
  return state
}

function isZero(value: Value): boolean {
  return value.is === 'scalar' && value.min === 0 && value.max === 0
}

function numbers(state: State, { form }: Instruction, one: Scalar, other: Scalar, holds: boolean): State | undefined {
  if (isConstant(other)) return put(state, one, narrowed(one, form.operation, other.min, form.width, holds))
  const mirrored = MIRRORED.get(form.operation)
  if (isConstant(one) && mirrored !== undefined)
    return put(state, other, narrowed(other, mirrored, one.min, form.width, holds))
  const first = narrowedBy(one, form.operation, other, form.width, holds)
  const second = narrowedBy(other, mirrored ?? form.operation, one, form.width, holds)
  if (!first || !second) return undefined
  replace(state, one, first)
  replace(state, other, second)
  return state
}

function put(state: State, before: Scalar, after: Scalar | undefined): State | undefined {
  if (!after) return undefined
  if (after !== before && !isConstant(before)) replace(state, before, after)
  return state
}

/** The same comparison with its sides exchanged. */
const MIRRORED: ReadonlyMap<string, string> = new Map([
  ['eq', 'eq'],
  ['ne', 'ne'],
  ['set', 'set'],
  ['gt', 'lt'],
  ['lt', 'gt'],
  ['ge', 'le'],
  ['le', 'ge'],
  ['sgt', 'slt'],
  ['slt', 'sgt'],
  ['sge', 'sle'],
  ['sle', 'sge'],
])

/** `pointer operation end`: where the pointer is not behind the end, the bytes before it are there. */
function packet(state: State, pointer: PacketPointer, operation: string, holds: boolean): State {
  const before =
    (operation === 'le' && holds) ||
    (operation === 'lt' && holds) ||
    (operation === 'gt' && !holds) ||
    (operation === 'ge' && !holds)
  if (before)
    replaceWhere(state, (value) =>
      value.is === 'packet' && value.base === pointer.base && value.proved < pointer.offset
        ? { ...value, proved: pointer.offset }
        : undefined,
    )
  else if (operation !== 'eq' && operation !== 'ne') replace(state, pointer, { ...pointer, beyond: true })
  return state
}
