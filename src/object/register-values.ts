// What the registers of a function hold, as far as it is the same on every way to an instruction: a map, a place in a
// map's value, the stack, the context, a function. No verifier: what is not certain is unknown. Used by
// src/report/async-use.ts.
import { decode, written, type Instruction } from '../isa/decode.js'
import type { FunctionSpec, ObjectSpec, Relocation } from './spec.js'

export type RegisterValue =
  | { readonly is: 'unknown' }
  | { readonly is: 'map'; readonly map: string }
  | { readonly is: 'value'; readonly map: string; readonly offset: number }
  | { readonly is: 'stack' }
  | { readonly is: 'ctx' }
  | { readonly is: 'function'; readonly name: string }
  | { readonly is: 'scalar' }

type Registers = readonly RegisterValue[]

const UNKNOWN: RegisterValue = { is: 'unknown' }
const SCALAR: RegisterValue = { is: 'scalar' }
const REGISTERS = 11
const MAP_LOOKUP = 1

/** Calls `visit` once for every instruction that can be reached, with r0 to r10 as they are before it. */
export function visitRegisters(
  spec: ObjectSpec,
  fn: FunctionSpec,
  visit: (instruction: Instruction, registers: Registers, relocation: Relocation | undefined) => void,
): void {
  const instructions = decode(fn.code, fn.name)
  const byIndex = new Map(instructions.map((instruction) => [instruction.index, instruction]))
  const relocations = new Map(fn.relocations.map((relocation) => [relocation.instruction, relocation]))
  const entry: RegisterValue[] = new Array<RegisterValue>(REGISTERS).fill(UNKNOWN)
  entry[10] = { is: 'stack' }
  if (spec.programs.has(fn.name)) entry[1] = { is: 'ctx' }
  const before = new Map<number, Registers>([[0, entry]])
  const open = [0]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const instruction = byIndex.get(index)
    const registers = before.get(index)
    if (!instruction || !registers) continue
    const after = step(spec, instruction, registers, relocations.get(index))
    for (const [to, state] of successors(instruction, after)) {
      const known = before.get(to)
      const joined = known ? join(known, state) : state
      if (joined === known) continue
      before.set(to, joined)
      open.push(to)
    }
  }
  for (const instruction of instructions) {
    const registers = before.get(instruction.index)
    if (registers) visit(instruction, registers, relocations.get(instruction.index))
  }
}

/** `known` itself if nothing is lost. A register can only become unknown, so the walk ends. */
function join(known: Registers, other: Registers): Registers {
  const lost = known.map((value, register) => value.is !== 'unknown' && !same(value, other[register] ?? UNKNOWN))
  return lost.includes(true) ? known.map((value, register) => (lost[register] ? UNKNOWN : value)) : known
}

function same(a: RegisterValue, b: RegisterValue): boolean {
  if (a.is === 'map' && b.is === 'map') return a.map === b.map
  if (a.is === 'value' && b.is === 'value') return a.map === b.map && a.offset === b.offset
  if (a.is === 'function' && b.is === 'function') return a.name === b.name
  return a.is === b.is
}

function successors({ form, next, target, dst, imm }: Instruction, after: Registers): [number, Registers][] {
  if (form.kind === 'exit') return []
  if (form.kind === 'goto') return [[target, after]]
  if (form.kind !== 'jump')
    return target >= 0
      ? [
          [next, after],
          [target, after],
        ]
      : [[next, after]]
  // Where a lookup's result is known to be 0 it is no value.
  const compared = form.source === 'immediate' && imm === 0
  const none = compared ? after.map((value, register) => (register === dst ? UNKNOWN : value)) : after
  return [
    [next, form.operation === 'ne' ? none : after],
    [target, form.operation === 'eq' ? none : after],
  ]
}

function step(
  spec: ObjectSpec,
  instruction: Instruction,
  registers: Registers,
  relocation: Relocation | undefined,
): Registers {
  const { form, dst, src, imm } = instruction
  const after = [...registers]
  if (form.kind === 'call' || form.kind === 'call-register') {
    after.fill(UNKNOWN, 0, 6)
    const map = registers[1]
    if (form.operation === 'helper' && imm === MAP_LOOKUP && map?.is === 'map' && !spec.maps.get(map.map)?.inner)
      after[0] = { is: 'value', map: map.map, offset: 0 }
    return after
  }
  const target = written(instruction)
  if (target < 0) return after
  after[target] = UNKNOWN
  if (form.kind === 'wide') after[dst] = relocation ? related(relocation) : SCALAR
  if (form.kind === 'alu' && form.operation === 'mov' && form.narrow === 0) {
    if (form.source === 'immediate') after[dst] = SCALAR
    else if (form.width === 64) after[dst] = registers[src] ?? UNKNOWN
  }
  if (form.kind === 'alu' && form.operation === 'add' && form.width === 64 && form.source === 'immediate') {
    const value = registers[dst] ?? UNKNOWN
    if (value.is === 'value') after[dst] = { ...value, offset: value.offset + imm }
    else if (value.is === 'stack' || value.is === 'scalar') after[dst] = value
  }
  return after
}

function related(relocation: Relocation): RegisterValue {
  switch (relocation.kind) {
    case 'map':
      return { is: 'map', map: relocation.map }
    case 'map-value':
      return { is: 'value', map: relocation.map, offset: relocation.offset }
    case 'function-pointer':
      return { is: 'function', name: relocation.function }
    default:
      return UNKNOWN
  }
}
