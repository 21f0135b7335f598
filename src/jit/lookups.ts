// Map lookups whose map is known when the program is compiled: nearly all, for clang loads the map's address right
// before the call. An array's lookup then needs no call. Only what holds on every path counts, so the search does not
// leave the call's basic block. Called by compile.ts and call.ts.
import { FAULT_BAD_ACCESS, FRAME_BYTES } from '../../core/abi.js'
import { written, type Instruction } from '../isa/decode.js'
import { FRAME_POINTER } from '../isa/opcodes.js'
import type { Relocation } from '../object/spec.js'
import { I32, I64, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { Graph } from './graph.js'
import type { ArrayShape } from './link.js'
import type { Unit } from './resolve.js'

const LOOKUP_HELPER = 1
const KEY_BYTES = 4

/** A call of bpf_map_lookup_elem on a map that is known. */
export interface LookupSite {
  readonly map: string
  /** Where the key begins, from the frame pointer (negative); undefined if it is not seen to lie in the frame. */
  readonly key: number | undefined
}

/** By index of the call instruction. */
export function lookupSites(unit: Unit, graph: Graph): Map<number, LookupSite> {
  const sites = new Map<number, LookupSite>()
  for (const { first, end } of graph.blocks) {
    let map: string | undefined
    let key: number | undefined
    for (let at = first; at < end; at += 1) {
      const instruction = unit.instructions[at]!
      const relocation = unit.relocations.get(instruction.index)
      if (isLookup(instruction) && !relocation && map !== undefined) sites.set(instruction.index, { map, key })
      const target = written(instruction)
      if (target === 1) map = relocation?.kind === 'map' ? relocation.map : undefined
      if (target === 2) key = frameOffset(instruction, key)
    }
  }
  return sites
}

/** What r2 refers to at a call of a helper, and what number r3 is, if it is a constant. */
export interface KnownArguments {
  readonly second: Relocation
  readonly third: number | undefined
}

/** The arguments of calls of helpers that the same basic block loads: by index of the call instruction. */
export function knownArguments(unit: Unit, graph: Graph): Map<number, KnownArguments> {
  const known = new Map<number, KnownArguments>()
  for (const { first, end } of graph.blocks) {
    let second: Relocation | undefined
    let third: number | undefined
    for (let at = first; at < end; at += 1) {
      const instruction = unit.instructions[at]!
      const { form, index, imm } = instruction
      const relocation = unit.relocations.get(index)
      if (form.kind === 'call' && form.operation === 'helper' && !relocation && second)
        known.set(index, { second, third })
      const target = written(instruction)
      if (target === 2) second = relocation
      if (target === 3)
        third = form.kind === 'alu' && form.operation === 'mov' && form.source === 'immediate' ? imm >>> 0 : undefined
    }
  }
  return known
}

function isLookup({ form, imm }: Instruction): boolean {
  return form.kind === 'call' && form.operation === 'helper' && imm === LOOKUP_HELPER
}

/** What r2, which held `before` (an offset from the frame pointer), holds after an instruction that writes it. */
function frameOffset({ form, src, imm }: Instruction, before: number | undefined): number | undefined {
  if (form.kind !== 'alu' || form.width !== 64) return undefined
  if (form.operation === 'mov') return form.source === 'register' && src === FRAME_POINTER ? 0 : undefined
  return form.operation === 'add' && form.source === 'immediate' && before !== undefined ? before + imm : undefined
}

/** bpf_map_lookup_elem on an array, in place: r0 = index < entries ? address of the value : 0. */
export function emitArrayLookup(f: FunctionEmitter, shape: ArrayShape, key: number | undefined): void {
  const index = f.local('index', I32)
  if (key !== undefined && key >= -FRAME_BYTES && key + KEY_BYTES <= 0) {
    f.get(f.bottom).op(op.i32_load, 0)
    f.code.u32(FRAME_BYTES + key)
  } else {
    checkKey(f, KEY_BYTES)
    f.op(op.i32_load, 0)
    f.code.u32(f.context.guestBase)
  }
  f.tee(index).const32(shape.entries).op(op.i32_lt_u)
  f.op(op.if, I64)
  f.get(index).const32(shape.stride).op(op.i32_mul)
  f.const32(shape.elements).op(op.i32_add)
  if (shape.cpuStride > 0) f.get(f.cpuOffset(shape.cpuStride)).op(op.i32_add)
  f.op(op.i64_extend_i32_u, op.else).const64(0).op(op.end)
  f.setRegister(0)
}

/** Checks the `bytes` behind r2 as the helper does; pushes their address, less guestBase. */
export function checkKey(f: FunctionEmitter, bytes: number): void {
  const { guestBase, guestEnd } = f.context
  f.getRegister(2).const64(-guestBase).op(op.i64_add).tee(f.address)
  f.const64(guestEnd - guestBase - bytes).op(op.i64_gt_u)
  f.faultIf(() => f.fault(FAULT_BAD_ACCESS, () => f.getRegister(2)))
  f.get(f.address).op(op.i32_wrap_i64)
}
