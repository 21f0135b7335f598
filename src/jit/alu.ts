// Arithmetic, byte swaps and comparisons. Wasm's shifts mask their count as BPF's do; its divisions trap where BPF's
// answer 0 (division) or the dividend (modulo) for a zero divisor, and where the signed quotient overflows.
import type { Instruction } from '../isa/decode.js'
import { I32, I64, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'

const PLAIN64: Partial<Record<string, number>> = {
  add: op.i64_add,
  sub: op.i64_sub,
  mul: op.i64_mul,
  or: op.i64_or,
  and: op.i64_and,
  xor: op.i64_xor,
  lsh: op.i64_shl,
  rsh: op.i64_shr_u,
  arsh: op.i64_shr_s,
}
const PLAIN32: Partial<Record<string, number>> = {
  add: op.i32_add,
  sub: op.i32_sub,
  mul: op.i32_mul,
  or: op.i32_or,
  and: op.i32_and,
  xor: op.i32_xor,
  lsh: op.i32_shl,
  rsh: op.i32_shr_u,
  arsh: op.i32_shr_s,
}

/** Kind 'alu'. */
export function emitAlu(f: FunctionEmitter, instruction: Instruction): void {
  const { form, dst, src, imm } = instruction
  const wide = form.width === 64
  const getDst = (): FunctionEmitter => (wide ? f.getRegister(dst) : f.getRegister32(dst))
  const operand = (): FunctionEmitter => {
    if (form.source === 'register') return wide ? f.getRegister(src) : f.getRegister32(src)
    return wide ? f.const64(imm) : f.const32(imm)
  }
  const setDst = (): FunctionEmitter => (wide ? f.setRegister(dst) : f.setRegister32(dst))

  const plain = (wide ? PLAIN64 : PLAIN32)[form.operation]
  if (plain !== undefined) {
    const window = f.windows.get(dst)
    const address =
      wide && form.operation === 'add' && form.source === 'register' ? f.indexed.addressIn(dst) : undefined
    getDst()
    operand().op(plain)
    setDst()
    if (address !== undefined) f.indexed.added(dst, address, src)
    // A register that moves by a constant takes what is known about its neighbourhood with it.
    if (window && wide && form.source === 'immediate' && (form.operation === 'add' || form.operation === 'sub')) {
      const distance = form.operation === 'add' ? imm : -imm
      window.low -= distance
      window.high -= distance
      f.windows.set(dst, window)
    }
    return
  }
  switch (form.operation) {
    case 'mov':
      if (form.source === 'register') operand()
      else f.const64(wide ? imm : imm >>> 0)
      if (wide || form.source === 'immediate') f.setRegister(dst)
      else f.setRegister32(dst)
      return
    case 'movsx':
      operand()
      if (form.narrow === 32) f.op(op.i64_extend32_s)
      else if (wide) f.op(form.narrow === 8 ? op.i64_extend8_s : op.i64_extend16_s)
      else f.op(form.narrow === 8 ? op.i32_extend8_s : op.i32_extend16_s)
      setDst()
      return
    case 'neg':
      if (wide) f.const64(0)
      else f.const32(0)
      getDst().op(wide ? op.i64_sub : op.i32_sub)
      setDst()
      return
    default:
      divide(f, instruction, getDst, operand)
      setDst()
  }
}

/** Pushes the quotient or remainder. */
function divide(
  f: FunctionEmitter,
  { form, imm, index }: Instruction,
  getDst: () => FunctionEmitter,
  operand: () => FunctionEmitter,
): void {
  const wide = form.width === 64
  const type = wide ? I64 : I32
  const zero = (): FunctionEmitter => (wide ? f.const64(0) : f.const32(0))
  const modulo = form.operation === 'mod' || form.operation === 'smod'
  const signed = form.operation === 'sdiv' || form.operation === 'smod'
  const divideBy = (): void => {
    const divide64 = signed ? op.i64_div_s : op.i64_div_u
    const divide32 = signed ? op.i32_div_s : op.i32_div_u
    const modulo64 = signed ? op.i64_rem_s : op.i64_rem_u
    const modulo32 = signed ? op.i32_rem_s : op.i32_rem_u
    getDst()
    operand().op(modulo ? (wide ? modulo64 : modulo32) : wide ? divide64 : divide32)
  }
  const negate = (): void => {
    zero()
    getDst().op(wide ? op.i64_sub : op.i32_sub)
  }
  if (form.source === 'immediate') {
    if (imm === 0) {
      if (modulo) getDst()
      else zero()
    } else if (imm === -1 && form.operation === 'sdiv') negate()
    else divideBy()
    return
  }
  if (f.counted?.loop.divisions.has(index)) return divideBy()
  operand().op(wide ? op.i64_eqz : op.i32_eqz)
  f.op(op.if, type)
  if (modulo) getDst()
  else zero()
  f.op(op.else)
  if (form.operation === 'sdiv') {
    operand()
    if (wide) f.const64(-1).op(op.i64_eq)
    else f.const32(-1).op(op.i32_eq)
    f.op(op.if, type)
    negate()
    f.op(op.else)
    divideBy()
    f.op(op.end)
  } else divideBy()
  f.op(op.end)
}

/** Kind 'endian'. The machine is little-endian, so "to little-endian" only truncates. */
export function emitEndian(f: FunctionEmitter, { form, dst }: Instruction): void {
  f.getRegister(dst)
  if (form.operation === 'le') {
    if (form.narrow === 64) return void f.setRegister(dst)
    f.const64(form.narrow === 16 ? 0xffff : 0xffffffff).op(op.i64_and)
    f.setRegister(dst)
    return
  }
  switch (form.narrow) {
    case 16: {
      const value = f.local('swap32', I32)
      f.op(op.i32_wrap_i64).tee(value).const32(8).op(op.i32_shl).const32(0xff00).op(op.i32_and)
      f.get(value).const32(8).op(op.i32_shr_u).const32(0xff).op(op.i32_and, op.i32_or)
      f.setRegister32(dst)
      return
    }
    case 32: {
      const value = f.local('swap32', I32)
      f.op(op.i32_wrap_i64).tee(value).const32(8).op(op.i32_rotl).const32(0x00ff00ff).op(op.i32_and)
      f.get(value).const32(8).op(op.i32_rotr).const32(0xff00ff00).op(op.i32_and, op.i32_or)
      f.setRegister32(dst)
      return
    }
    default: {
      const value = f.local('swap64', I64)
      f.set(value)
      swapNeighbours(f, value, 8, 0x00ff00ff00ff00ffn)
      f.set(value)
      swapNeighbours(f, value, 16, 0x0000ffff0000ffffn)
      f.const64(32).op(op.i64_rotl)
      f.setRegister(dst)
    }
  }
}

function swapNeighbours(f: FunctionEmitter, value: number, bits: number, mask: bigint): void {
  f.get(value).const64(mask).op(op.i64_and).const64(bits).op(op.i64_shl)
  f.get(value).const64(bits).op(op.i64_shr_u).const64(mask).op(op.i64_and, op.i64_or)
}

type Compare = readonly [yes64: number, no64: number, yes32: number, no32: number]

const COMPARE: Partial<Record<string, Compare>> = {
  eq: [op.i64_eq, op.i64_ne, op.i32_eq, op.i32_ne],
  ne: [op.i64_ne, op.i64_eq, op.i32_ne, op.i32_eq],
  gt: [op.i64_gt_u, op.i64_le_u, op.i32_gt_u, op.i32_le_u],
  ge: [op.i64_ge_u, op.i64_lt_u, op.i32_ge_u, op.i32_lt_u],
  lt: [op.i64_lt_u, op.i64_ge_u, op.i32_lt_u, op.i32_ge_u],
  le: [op.i64_le_u, op.i64_gt_u, op.i32_le_u, op.i32_gt_u],
  sgt: [op.i64_gt_s, op.i64_le_s, op.i32_gt_s, op.i32_le_s],
  sge: [op.i64_ge_s, op.i64_lt_s, op.i32_ge_s, op.i32_lt_s],
  slt: [op.i64_lt_s, op.i64_ge_s, op.i32_lt_s, op.i32_ge_s],
  sle: [op.i64_le_s, op.i64_gt_s, op.i32_le_s, op.i32_gt_s],
}

/** Pushes 1 (or any value but 0) if the jump's condition is `wanted`, else 0. */
export function emitCondition(f: FunctionEmitter, instruction: Instruction, wanted: boolean): void {
  const { form, dst, src, imm } = instruction
  if (form.kind === 'may-goto') return emitMayGoto(f, wanted)
  const wide = form.width === 64
  if (wide) f.getRegister(dst)
  else f.getRegister32(dst)
  const compare = COMPARE[form.operation]
  // Comparisons with zero have instructions of their own.
  if (compare && form.source === 'immediate' && imm === 0 && (form.operation === 'eq' || form.operation === 'ne')) {
    if ((form.operation === 'eq') === wanted) f.op(wide ? op.i64_eqz : op.i32_eqz)
    else if (wide) f.const64(0).op(op.i64_ne)
    return
  }
  if (form.source === 'register') {
    if (wide) f.getRegister(src)
    else f.getRegister32(src)
  } else if (wide) f.const64(imm)
  else f.const32(imm)
  if (compare) f.op(compare[(wide ? 0 : 2) + (wanted ? 0 : 1)]!)
  else {
    // 'set': any common bit.
    f.op(wide ? op.i64_and : op.i32_and)
    if (!wanted) f.op(wide ? op.i64_eqz : op.i32_eqz)
    else if (wide) f.const64(0).op(op.i64_ne)
  }
}

/** Jumps once the activation's count is used up; until then it counts down and goes on. */
function emitMayGoto(f: FunctionEmitter, wanted: boolean): void {
  const counter = f.mayGotoCounter
  f.get(counter)
  if (wanted) f.op(op.i32_eqz)
  f.get(counter).get(counter).const32(0).op(op.i32_ne, op.i32_sub).set(counter)
}
