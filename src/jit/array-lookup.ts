// Lookups in an array or per-CPU array that is known when the program is compiled: no call. Where the program asks next
// whether there was a value, as nearly all do, the index has answered that already (structure.ts). Called by call.ts.
import { FRAME_BYTES } from '../../core/abi.js'
import type { Instruction } from '../isa/decode.js'
import type { Callee } from './context.js'
import { I32, I64, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { checkKey, KEY_BYTES } from './lookups.js'

export type ArrayLookup = Extract<Callee, { kind: 'array' }>

/** bpf_map_lookup_elem: r0 = index < entries ? address of the value : 0. */
export function emitArrayLookup(f: FunctionEmitter, lookup: ArrayLookup): void {
  emitIndex(f, lookup)
  pushIsThere(f, lookup)
  f.op(op.if, I64)
  pushValue(f, lookup)
  f.op(op.else).const64(0).op(op.end)
  f.setRegister(0)
}

/** Does the jump ask whether a lookup found something? 'found': it is taken then, 'absent': else. */
export function asksForValue({ form, dst, imm }: Instruction): 'found' | 'absent' | undefined {
  if (form.kind !== 'jump' || form.width !== 64 || form.source !== 'immediate' || dst !== 0 || imm !== 0)
    return undefined
  return form.operation === 'ne' ? 'found' : form.operation === 'eq' ? 'absent' : undefined
}

/** The first half of a lookup: only then do the others below mean something. */
export function emitIndex(f: FunctionEmitter, { key, number }: ArrayLookup): void {
  if (number !== undefined) return
  if (key !== undefined && key >= -FRAME_BYTES && key + KEY_BYTES <= 0) {
    f.get(f.bottom).op(op.i32_load, 0)
    f.code.u32(FRAME_BYTES + key)
  } else {
    checkKey(f, KEY_BYTES)
    f.op(op.i32_load, 0)
    f.code.u32(f.context.guestBase)
  }
  f.set(indexLocal(f))
}

/** Pushes whether there is a value, as i32. */
export function pushIsThere(f: FunctionEmitter, { shape, number }: ArrayLookup): void {
  if (number !== undefined) f.const32(number < shape.entries ? 1 : 0)
  else f.get(indexLocal(f)).const32(shape.entries).op(op.i32_lt_u)
}

/** Sets r0 to what the lookup gives if there is a value (the address means nothing else), or if there is none. */
export function setResult(f: FunctionEmitter, lookup: ArrayLookup, found: boolean): void {
  if (found) pushValue(f, lookup)
  else f.const64(0)
  f.setRegister(0)
}

function pushValue(f: FunctionEmitter, { shape, number }: ArrayLookup): void {
  const { stride, elements, cpuStride } = shape
  if (number !== undefined) f.const32(elements + (number < shape.entries ? number * stride : 0))
  else f.get(indexLocal(f)).const32(stride).op(op.i32_mul).const32(elements).op(op.i32_add)
  if (cpuStride > 0) f.get(f.cpuOffset(cpuStride)).op(op.i32_add)
  f.op(op.i64_extend_i32_u)
}

function indexLocal(f: FunctionEmitter): number {
  return f.local('index', I32)
}
