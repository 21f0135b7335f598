// What one instruction that does not branch does to the state, and what is wrong with it. Calls are call.ts, branches
// branch.ts. Called by the walk: to find what holds, then to report.
import { storesMemory, written, type Instruction } from '../isa/decode.js'
import type { Form } from '../isa/form.js'
import type { MapSpec, ObjectSpec, ProgramSpec, Relocation } from '../object/spec.js'
import type { Code } from './blocks.js'
import { contextField } from './context.js'
import type { Role } from './entry.js'
import { valueComplaint } from './fields.js'
import { isMemory, objectAccessComplaint } from './objects.js'
import { afterPacketLoad, packetLoadComplaint } from './packet-load.js'
import { forget, loadedPlace, noteAccess } from './place.js'
import { access, invalid, type Complaint } from './refusal.js'
import {
  arithmetic,
  constant,
  EXACT,
  isAny,
  isConstant,
  joinedScalar,
  LOOSE,
  scalar,
  wideConstant,
  type Scalar,
} from './scalar.js'
import { UNKNOWN_HELD } from './resources.js'
import { overwriteComplaint, readComplaint } from './special-slots.js'
import { destroySpecial, forgetFrame, frameOf, overwrite, placeIn, replace, type Frame, type State } from './state.js'
import { KERNEL_POINTER, mayBeKernelPointer, moved, typeName, UNKNOWN, ZERO, type Value } from './value.js'

/** What surrounds the instruction; shared by a whole walk. */
export interface Surroundings {
  readonly spec: ObjectSpec
  readonly code: Code
  /** The program that runs; undefined if any may. Where proofs are looked for: a guess. */
  readonly program: ProgramSpec | undefined
  /**
   * False: arguments, loaded values and read-only data may be anything, because some hostile program made them so. What
   * is then known of a pointer holds whatever happens in guest memory.
   */
  readonly trusting: boolean
  /** What lies in a frame, and nobody knows, may be the address of a structure of the kernel. */
  readonly kernelPointers: boolean
  /** What the end of the function ends. */
  readonly role: Role
  /**
   * Of the function: loads that read 0 outside of guest memory, and so prove nothing. Only where proofs are looked for.
   */
  readonly probes?: ReadonlySet<number> | undefined
  /** Only in the reporting pass. */
  readonly report?: (instruction: Instruction, complaint: Complaint) => void
}

export function step(around: Surroundings, state: State, instruction: Instruction): void {
  const { form, dst } = instruction
  const { registers } = state
  switch (form.kind) {
    case 'alu': {
      const value = computed(around, state, instruction)
      if (value.is === 'packet' && value.base === instruction.index) forget(state, instruction.index)
      registers[dst] = value
      return
    }
    case 'endian':
      registers[dst] = reordered(registers[dst] ?? UNKNOWN, form.narrow)
      return
    case 'wide':
      registers[dst] = wide(instruction, around.code.relocations.get(instruction.index))
      return
    case 'load':
    case 'store':
    case 'atomic':
      return accessMemory(around, state, instruction)
    case 'legacy': {
      const complaint = around.report && state.sure ? packetLoadComplaint(state, around.role) : undefined
      if (complaint) around.report?.(instruction, complaint)
      afterPacketLoad(state, form.width, around.trusting)
      return
    }
    case 'cast':
      registers[dst] = UNKNOWN
      return
    default:
  }
}

function wide({ imm, high }: Instruction, relocation: Relocation | undefined): Value {
  switch (relocation?.kind) {
    case 'map':
      return { is: 'map', map: relocation.map }
    case 'map-value':
      return { is: 'value', map: relocation.map, min: relocation.offset, max: relocation.offset, nullable: false }
    case 'function-pointer':
      return { is: 'function', name: relocation.function }
    case undefined:
      return wideConstant((BigInt(high) << 32n) | BigInt(imm >>> 0))
    default:
      return UNKNOWN
  }
}

function computed(around: Surroundings, state: State, instruction: Instruction): Value {
  const { form, dst, src, imm } = instruction
  const { registers } = state
  const { operation, width } = form
  const target = registers[dst] ?? UNKNOWN
  const operand = operation === 'neg' ? ZERO : form.source === 'register' ? (registers[src] ?? UNKNOWN) : constant(imm)
  if (operation === 'mov' && width === 64) return operand
  const shifts = operation === 'add' || operation === 'sub'
  const first = operation === 'mov' || operation === 'movsx' ? operand : target
  // Whatever it is, a mask or a shift bounds it, and so does everything that keeps the lower half only.
  const one =
    (first.is === 'unknown' || first.is === 'place') && (!shifts || width === 32)
      ? scalar(-Infinity, Infinity, LOOSE)
      : first
  if (one.is === 'scalar' && operand.is === 'scalar') {
    const result = arithmetic(instruction, one, operand)
    return around.trusting && shifts && isKept(state, one, dst) ? linked(state, one, result) : result
  }
  if (width === 64 && shifts) {
    if (operand.is === 'scalar') return shifted(around, state, instruction, target, operand)
    if (target.is === 'scalar' && operation === 'add') return shifted(around, state, instruction, operand, target)
  }
  if (operation === 'xor' && form.source === 'register' && dst === src) return ZERO
  return scalarOfAny(width)
}

/** Bytes in another order, `bits` of them: any number, unless the kernel knows some of them. */
function reordered(value: Value, bits: number): Scalar {
  const precision = value.is === 'scalar' && isAny(value) ? EXACT : LOOSE
  return bits < 64 ? scalar(0, 2 ** bits - 1, precision) : scalar(-Infinity, Infinity, precision)
}

/** Another place than `dst` has this number, too. */
function isKept(state: State, value: Scalar, dst: number): boolean {
  if (isConstant(value)) return false
  return (
    state.registers.some((other, register) => other === value && register !== dst) ||
    isInFrame(state, value) ||
    state.callers.some((frame) => isInFrame(frame, value))
  )
}

function isInFrame({ slots }: Frame, value: Value): boolean {
  for (const slot of slots.values()) if (slot.value === value) return true
  return false
}

/** A number and its sum with another: what a branch finds out about one, the kernel knows of both. */
function linked(state: State, value: Scalar, sum: Scalar): Scalar {
  replace(state, value, joinedScalar(value))
  return joinedScalar(sum)
}

/** The result of arithmetic on something that may be a pointer. */
function scalarOfAny(width: number): Value {
  return width === 32 ? scalar(0, 2 ** 32 - 1, LOOSE) : UNKNOWN
}

function shifted(
  { report }: Surroundings,
  { sure }: State,
  instruction: Instruction,
  pointer: Value,
  by: Scalar,
): Value {
  const nullable = (pointer.is === 'value' || pointer.is === 'object') && pointer.nullable
  if (nullable || (pointer.is === 'object' && !isMemory(pointer.type))) {
    const words = `R${instruction.dst} pointer arithmetic on ${typeName(pointer)} prohibited`
    if (sure && nullable !== 'mixed') report?.(instruction, access(nullable ? `${words}, null-check it first` : words))
    return UNKNOWN
  }
  return moved(pointer, instruction.form.operation === 'add' ? by : scalar(-by.max, -by.min), instruction.index)
}

function accessMemory(around: Surroundings, state: State, instruction: Instruction): void {
  const { form, dst, src } = instruction
  const bytes = form.width / 8
  const stores = storesMemory(form)
  const register = stores ? dst : src
  const base = state.registers[register] ?? UNKNOWN
  if (around.report) reportAccess(around, state, instruction, base, register)
  // An atomic reads as a load does, but is no place of the packet's bounds.
  const reads = form.kind === 'load' || (form.kind === 'atomic' && around.trusting)
  const before = reads ? loaded(around, state, instruction, base) : undefined
  if (stores) stored(around, state, instruction, base)
  if (!around.trusting && !around.probes?.has(instruction.index)) noteAccess(state, instruction, register, bytes)
  const result = written(instruction)
  if (result < 0) return
  state.registers[result] = before ?? numberOf(form.width, 0)
}

function reportAccess(
  around: Surroundings,
  state: State,
  instruction: Instruction,
  base: Value,
  register: number,
): void {
  const { form, offset, src } = instruction
  const stores = storesMemory(form)
  // What reads and writes at once is looked at as a read first.
  const frameComplaint = isPlainStore(form) ? overwriteComplaint : readComplaint
  const place = placeIn(state, base)
  const isSpilled = isPlainStore(form) && form.source !== 'immediate' && state.registers[src]?.is === 'frame'
  const complaint =
    base.is === 'frame' && base.up > 0 && isSpilled
      ? invalid('cannot spill pointers to stack into stack frame of the caller')
      : place
        ? frameComplaint(place.frame.special, place.at + offset, form.width / 8)
        : accessComplaint(around.spec, instruction, base, register, stores)
  if (complaint && (state.sure || !UNSURE.has(base.is))) around.report?.(instruction, complaint)
}

/** It puts a register or a number there and reads nothing. */
function isPlainStore({ kind, operation }: Form): boolean {
  return kind === 'store' || operation === 'store_release'
}

/** What is only wrong if the kernel certainly comes there. */
const UNSURE: ReadonlySet<Value['is']> = new Set<Value['is']>(['object', 'released', 'dynptr', 'frame'])

function accessComplaint(
  { maps }: ObjectSpec,
  { offset, form }: Instruction,
  base: Value,
  register: number,
  stores: boolean,
): Complaint | undefined {
  const bytes = form.width / 8
  switch (base.is) {
    case 'key':
      return stores ? access(`write to change key R${register} not allowed`) : undefined
    case 'value': {
      const map = base.nullable ? undefined : maps.get(base.map)
      return map && valueComplaint(map, base, offset, bytes, register, stores)
    }
    case 'object':
      return objectAccessComplaint(base, offset, bytes, register, stores)
    case 'released':
    case 'dynptr':
      return access(`R${register} invalid mem access '${typeName(base)}'`)
    default:
      return undefined
  }
}

function loaded(around: Surroundings, state: State, instruction: Instruction, base: Value): Value {
  const { form, offset, index } = instruction
  if (!around.trusting) {
    const place = around.probes?.has(index) ? undefined : loadedPlace(around.program, state, instruction, base)
    return place ?? unknownLoad(form.width, form.narrow)
  }
  if (mayBeKernelPointer(base) && form.width === 64) return KERNEL_POINTER
  if (base.is === 'frame') {
    const place = placeIn(state, base)
    const slot = place?.frame.slots.get(place.at + offset)
    if (slot && slot.bytes === form.width / 8 && form.narrow === 0) return slot.value
    return around.kernelPointers && form.width === 64 ? KERNEL_POINTER : unknownLoad(form.width, form.narrow)
  }
  if (base.is === 'ctx' && base.min === base.max && form.narrow === 0)
    return contextField(around.program?.type, base.min + offset, form.width)
  if (base.is === 'value') {
    const map = around.spec.maps.get(base.map)
    const known = map && base.min === base.max ? readOnly(map, base.min + offset, form.width / 8) : undefined
    if (known === undefined) return numberOf(form.width, form.narrow)
    return form.narrow === 0 ? wideConstant(known) : unknownLoad(form.width, form.narrow)
  }
  if (base.is === 'packet' || base.is === 'key' || base.is === 'object') return numberOf(form.width, form.narrow)
  return unknownLoad(form.width, form.narrow)
}

/** A constant of the object: what the kernel knows as well, and decides branches with. */
function readOnly({ section, contents }: MapSpec, at: number, bytes: number): bigint | undefined {
  if (!section || !/^\.(rodata|kconfig)/.test(section) || !contents || at < 0 || at + bytes > contents.length)
    return undefined
  let value = 0n
  for (let byte = bytes - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(contents[at + byte]!)
  return value
}

/** Some number of that width: nobody knows more. */
function numberOf(width: number, narrow: number): Scalar {
  if (width === 64) return scalar()
  return narrow === 0 ? scalar(0, 2 ** width - 1) : scalar(-(2 ** (width - 1)), 2 ** (width - 1) - 1)
}

/** What may be a pointer if it is 64 bits wide; the kernel may know more of it. */
function unknownLoad(width: number, narrow: number): Value {
  return width === 64 ? UNKNOWN : { ...numberOf(width, narrow), precision: LOOSE }
}

function stored({ trusting }: Surroundings, state: State, instruction: Instruction, base: Value): void {
  const { form, src, offset, imm } = instruction
  const kept = isPlainStore(form) && form.source !== 'immediate' ? (state.registers[src] ?? UNKNOWN) : undefined
  // Another function may give it back from there.
  const isGivable = kept?.is === 'object' && kept.reference !== undefined && kept.dynptr === undefined
  const frame = frameOf(state, base)
  if (isGivable && !frame) state.resources = UNKNOWN_HELD
  // A number may be the lower half of a frame's address, which is all of it here.
  if (trusting && (base.is === 'unknown' || base.is === 'scalar')) return forgetFrame(state)
  if (!frame) return
  const place = placeIn(state, base)
  if (!place) return forgetFrame(state, frame)
  const at = place.at + offset
  const bytes = form.width / 8
  destroySpecial(state, frame, at, bytes)
  overwrite(frame, at, bytes)
  if (!isPlainStore(form)) return
  const value = kept ?? constant(imm)
  if (!trusting && !(value.is === 'place' && value.context)) return
  if (bytes === 8 || fits(value, form.width)) frame.slots.set(at, { bytes, value })
}

/** A narrow store and load give back the same number. */
function fits(value: Value, width: number): boolean {
  return value.is === 'scalar' && (isConstant(value) || value.min >= 0) && value.min >= 0 && value.max < 2 ** width
}
