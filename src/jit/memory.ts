// Loads, stores and atomics of guest memory. Every address is compared exactly with the guest window, all 64 bits of
// it, unless it is proved to lie there (verify/prove.ts; its proofs rest on the checks of what is not proved, so none
// of those is left out here; counted.ts) or lies in a range that was checked before:
//
//   address := register + low - guestBase;  address >u guestEnd - guestBase - (high - low)  ->  fault site
//
// One check covers all accesses of the same basic block through the same unmodified register: [low, high) spans them.
// A span ends at calls and atomics. If the check fails, one of its accesses leaves the window, and the fault site finds
// out which is the first: by comparing them in their order or, if something can be seen of what happens between them
// (stores, accesses through other registers), by doing all of it again with a check for each access. So the same has
// happened when the fault is reported, with the same position and address, as if each access had been checked by
// itself.
import { FAULT_BAD_ACCESS, FAULT_MISALIGNED_ATOMIC, FRAME_BYTES } from '../../core/abi.js'
import { storesMemory, written, type Instruction } from '../isa/decode.js'
import { accessOf, inFrame, type Access } from './access.js'
import type { Window } from './context.js'
import { I32, I64, VOID, atomicOp, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { KnownAccess } from './link.js'

/** Log2 of the bytes: wasm's notation for alignment. */
const ALIGNMENT = { 1: 0, 2: 1, 4: 2, 8: 3 } as Record<number, number>

/** Where an access stands: its basic block goes on in `instructions` from `at` up to `end`. */
export interface Place {
  readonly instructions: readonly Instruction[]
  readonly at: number
  readonly end: number
  /** Writes instructions of the block once more, [from, to). */
  again(from: number, to: number): void
}

/** Instructions that a fault site does again at most. */
const MOST_AGAIN = 40

/** Emits kinds 'load', 'store' and 'atomic'. */
export function emitAccess(f: FunctionEmitter, rest: Place): void {
  const instruction = rest.instructions[rest.at]!
  const access = accessOf(instruction)!
  const { form } = instruction
  const plainStore = form.kind === 'store'
  if (
    isProbe(f, access) &&
    !f.counted?.loop.places.has(instruction.index) &&
    !f.context.facts?.accesses.has(instruction.index)
  )
    return emitProbe(f, access)
  const address = prepare(f, access, rest)
  if (form.kind === 'atomic') return emitAtomic(f, access, address)
  address.push()
  if (plainStore) {
    pushValue(f, instruction)
    f.op({ 8: op.i64_store8, 16: op.i64_store16, 32: op.i64_store32, 64: op.i64_store }[form.width])
  } else f.op(loadOf(instruction))
  f.code.u32(ALIGNMENT[access.bytes]!).u32(address.offset)
  if (!plainStore) f.setRegister(instruction.dst)
  const guard = f.context.facts?.guards.get(instruction.index)
  if (guard) emitGuard(f, instruction.dst, guard)
}

function loadOf({ form }: Instruction): number {
  if (form.narrow !== 0) return { 8: op.i64_load8_s, 16: op.i64_load16_s, 32: op.i64_load32_s }[form.width as 8]
  return { 8: op.i64_load8_u, 16: op.i64_load16_u, 32: op.i64_load32_u, 64: op.i64_load }[form.width]
}

function isProbe(f: FunctionEmitter, { instruction }: Access): boolean {
  return f.context.probes?.has(instruction.index) === true
}

/** A load that cannot fault: outside of the window it gives 0. */
function emitProbe(f: FunctionEmitter, { instruction, base, offset, bytes }: Access): void {
  const { guestBase, guestEnd } = f.context
  f.getRegister(base)
    .const64(offset - guestBase)
    .op(op.i64_add)
  f.tee(f.address)
  f.const64(guestEnd - guestBase - bytes).op(op.i64_gt_u, op.if, I64)
  f.const64(0).op(op.else)
  f.get(f.address).op(op.i32_wrap_i64, loadOf(instruction))
  f.code.u32(ALIGNMENT[bytes]!).u32(guestBase)
  f.op(op.end).setRegister(instruction.dst)
}

// What a program's context says of its packet is believed only if it is as the machine wrote it: in the guest window.
function emitGuard(f: FunctionEmitter, register: number, guard: 'start' | 'end'): void {
  const { guestBase, guestEnd } = f.context
  f.getRegister(register)
  if (guard === 'start') f.const64(guestBase).op(op.i64_lt_u)
  else f.const64(guestEnd).op(op.i64_gt_u)
  f.faultIf(() => f.fault(FAULT_BAD_ACCESS, () => f.getRegister(register)))
}

function pushValue(f: FunctionEmitter, { form, src, imm }: Instruction): void {
  if (form.source === 'register') f.getRegister(src)
  else f.const64(imm)
}

/** What makes an address: an i32 that `push` pushes, and a static offset. */
interface Address {
  push(): void
  readonly offset: number
}

/** The address of an access that was proved to lie in guest memory. */
function proved(f: FunctionEmitter, { base, offset }: Access, proof: KnownAccess): Address {
  if (proof.kind === 'frame' && proof.offset !== undefined) return frameAddress(f, proof.offset)
  if (proof.kind === 'value' && proof.offset !== undefined)
    return { push: () => void f.const32(0), offset: f.context.valueAddress(proof.map, proof.offset) }
  const indexed = f.indexed.get(base)
  if (indexed && proof.kind === 'value' && proof.least !== undefined) {
    const at = indexed.address + offset
    // Then what was added is not negative, and its lower half is all of it. A static offset is unsigned.
    if (indexed.address <= f.context.valueAddress(proof.map, proof.least) && at >= 0)
      return { push: () => void f.getRegister32(indexed.index), offset: at }
  }
  if (offset < 0) return { push: () => void f.getRegister32(base).const32(offset).op(op.i32_add), offset: 0 }
  return { push: () => void f.getRegister32(base), offset }
}

function frameAddress(f: FunctionEmitter, offset: number): Address {
  return { push: () => void f.get(f.bottom), offset: FRAME_BYTES + offset }
}

/** In a turn of a loop that counts: where the counting register stood at its head, by a constant further. */
function countedAddress(f: FunctionEmitter, { instruction }: Access): Address | undefined {
  const place = f.counted?.loop.places.get(instruction.index)
  if (!f.counted || !place) return undefined
  const { loop, turn, start } = f.counted
  const push = (): void => {
    f.get(start)
    if (place.inFrame) f.get(f.bottom).op(op.i32_add)
  }
  return { push, offset: place.offset + turn * loop.step }
}

/** Makes the access safe. */
function prepare(f: FunctionEmitter, access: Access, rest: Place): Address {
  const { base, offset, bytes } = access
  if (inFrame(access)) return frameAddress(f, offset)
  const counted = countedAddress(f, access)
  if (counted) return counted
  const proof = f.context.facts?.accesses.get(access.instruction.index)
  if (proof) return proved(f, access, proof)
  let window = f.windows.get(base)
  if (!window || offset < window.low || offset + bytes > window.high) window = check(f, access, rest)
  const { local, low } = window
  return { push: () => void f.get(local), offset: f.context.guestBase + offset - low }
}

function check(f: FunctionEmitter, access: Access, rest: Place): Window {
  const { guestBase, guestEnd } = f.context
  const size = guestEnd - guestBase
  const { accesses, low, high, last, isSeen } = spanOf(f, access, rest, size)
  f.getRegister(access.base)
  f.const64(low - guestBase).op(op.i64_add)
  f.tee(f.address)
  f.const64(size - (high - low)).op(op.i64_gt_u)
  f.faultIf(isSeen ? () => doAgain(f, rest, last) : () => reportFirst(f, accesses, low))
  const local = f.local(`window${access.base}`, I32)
  f.get(f.address).op(op.i32_wrap_i64).set(local)
  const window = { low, high, local }
  f.windows.set(access.base, window)
  return window
}

/** What one check covers: this access and later ones through the same value of the same register. */
interface Span {
  readonly accesses: readonly Access[]
  /** [low, high) from the register. */
  readonly low: number
  readonly high: number
  /** Where the last of them stands. */
  readonly last: number
  /** Something that can be seen after a fault may happen between the first and the last. */
  readonly isSeen: boolean
}

function spanOf(f: FunctionEmitter, access: Access, rest: Place, windowSize: number): Span {
  const accesses = [access]
  let { offset: low } = access
  let high = low + access.bytes
  let last = rest.at
  let isSeen = false
  let happens = false
  for (let at = rest.at; at < rest.end && !f.oneByOne; at += 1) {
    const instruction = rest.instructions[at]!
    const { form } = instruction
    if (form.kind === 'call' || form.kind === 'call-register' || form.kind === 'legacy') break
    const other = accessOf(instruction)
    if (other && at > rest.at && other.base === access.base && !isSafe(f, other)) {
      const newLow = Math.min(low, other.offset)
      const newHigh = Math.max(high, other.offset + other.bytes)
      if (newHigh - newLow > windowSize || (happens && at - rest.at >= MOST_AGAIN)) break
      low = newLow
      high = newHigh
      accesses.push(other)
      last = at
      isSeen = happens
    } else if (other && at > rest.at && !isSafe(f, other)) happens = true
    if (storesMemory(form) || f.context.facts?.guards.has(instruction.index)) happens = true
    if (form.kind === 'atomic') break
    if (written(instruction) === access.base) break
  }
  return { accesses, low, high, last, isSeen }
}

/** It cannot fail, and needs no check. */
function isSafe(f: FunctionEmitter, access: Access): boolean {
  const { index } = access.instruction
  return (
    inFrame(access) ||
    isProbe(f, access) ||
    f.context.facts?.accesses.has(index) === true ||
    f.counted?.loop.places.has(index) === true
  )
}

/** Fault site of a check that failed for one access of several: with a check for each, one of them will. */
function doAgain(f: FunctionEmitter, { at, again }: Place, last: number): void {
  f.windows = new Map()
  f.oneByOne = true
  again(at, last + 1)
  f.oneByOne = false
  f.op(op.unreachable)
}

/**
 * The same if nothing happens between them: the accesses in their order, each in its position; the first outside ends
 * the run.
 */
function reportFirst(f: FunctionEmitter, accesses: readonly Access[], low: number): void {
  const { guestBase, guestEnd } = f.context
  const relative = (access: Access): void => {
    f.get(f.address)
    if (access.offset !== low) f.const64(access.offset - low).op(op.i64_add)
  }
  accesses.forEach((access, number) => {
    const last = number === accesses.length - 1
    f.position(access.instruction.index)
    if (!last) {
      relative(access)
      f.const64(guestEnd - guestBase - access.bytes).op(op.i64_gt_u)
      f.op(op.if, VOID)
    }
    f.fault(FAULT_BAD_ACCESS, () => {
      relative(access)
      f.const64(guestBase).op(op.i64_add)
    })
    if (!last) f.op(op.end)
  })
}

function emitAtomic(f: FunctionEmitter, access: Access, place: Address): void {
  const { instruction, bytes } = access
  const { form, src, dst } = instruction
  const { width } = form
  const immediate = (): void => void f.code.u32(ALIGNMENT[bytes]!).u32(place.offset)
  if (bytes > 1) {
    place.push()
    if (place.offset % bytes !== 0) f.const32(place.offset).op(op.i32_add)
    f.const32(bytes - 1).op(op.i32_and)
    f.faultIf(() =>
      f.fault(FAULT_MISALIGNED_ATOMIC, () => f.getRegister(access.base).const64(access.offset).op(op.i64_add)),
    )
  }
  place.push()
  switch (form.operation) {
    case 'load_acquire':
      f.op(op.atomic, atomicOp.load[width])
      immediate()
      f.setRegister(dst)
      return
    case 'store_release':
      f.getRegister(src).op(op.atomic, atomicOp.store[width])
      immediate()
      return
    case 'cmpxchg':
      // With 32 bits wasm compares the zero-extended cell with all of the expected value: cut that first.
      f.getRegister(0)
      if (width === 32) f.const64(0xffffffff).op(op.i64_and)
      f.getRegister(src).op(op.atomic, atomicOp.cmpxchg[width as 32])
      immediate()
      f.setRegister(0)
      return
    default: {
      const fetches = form.operation === 'xchg' || form.operation.startsWith('fetch_')
      const operation = form.operation.replace('fetch_', '') as 'add' | 'or' | 'and' | 'xor' | 'xchg'
      f.getRegister(src).op(op.atomic, atomicOp[operation][width as 32])
      immediate()
      if (fetches) f.setRegister(src)
      else f.op(op.drop)
    }
  }
}
