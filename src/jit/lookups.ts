// Map lookups whose map is known when the program is compiled: nearly all, for clang loads the map's address right
// before the call. An array's lookup then needs no call. Only what holds on every path counts, so the search does not
// leave the call's basic block. Called by compile.ts.
import { FAULT_BAD_ACCESS } from '../../core/abi.js'
import { storesMemory, written, type Instruction } from '../isa/decode.js'
import { FRAME_POINTER } from '../isa/opcodes.js'
import type { Relocation } from '../object/spec.js'
import { accessOf, inFrame } from './access.js'
import { op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { Graph } from './graph.js'
import type { Unit } from './resolve.js'

const LOOKUP_HELPER = 1
/** Of arrays. */
export const KEY_BYTES = 4

/** A call of bpf_map_lookup_elem on a map that is known. */
export interface LookupSite {
  readonly map: string
  /** Where the key begins, from the frame pointer (negative); undefined if it is not seen to lie in the frame. */
  readonly key: number | undefined
  /** Its first four bytes, if the block has put a constant there. */
  readonly number: number | undefined
}

/** By index of the call instruction. */
export function lookupSites(unit: Unit, graph: Graph): Map<number, LookupSite> {
  const sites = new Map<number, LookupSite>()
  for (const { first, end } of graph.blocks) {
    let map: string | undefined
    let key: number | undefined
    const numbers = new StoredNumbers()
    for (let at = first; at < end; at += 1) {
      const instruction = unit.instructions[at]!
      const relocation = unit.relocations.get(instruction.index)
      if (isLookup(instruction) && !relocation && map !== undefined)
        sites.set(instruction.index, { map, key, number: key === undefined ? undefined : numbers.at(key) })
      const target = written(instruction)
      if (target === 1) map = relocation?.kind === 'map' ? relocation.map : undefined
      if (target === 2) key = frameOffset(instruction, key)
      numbers.note(instruction)
    }
  }
  return sites
}

/**
 * Constants of 32 bits that a block has put into its frame. What anything else might have written there is forgotten;
 * what another CPU writes meanwhile might as well have been written a moment later.
 */
class StoredNumbers {
  readonly #registers = new Map<number, number>()
  readonly #slots = new Map<number, number>()

  at(offset: number): number | undefined {
    return this.#slots.get(offset)
  }

  note(instruction: Instruction): void {
    const { form, src, imm } = instruction
    const access = accessOf(instruction)
    if (form.kind === 'call' || form.kind === 'call-register') this.#slots.clear()
    else if (access && storesMemory(form)) {
      if (!inFrame(access)) this.#slots.clear()
      else {
        for (const at of this.#slots.keys())
          if (at < access.offset + access.bytes && access.offset < at + KEY_BYTES) this.#slots.delete(at)
        const number = form.source === 'immediate' ? imm >>> 0 : this.#registers.get(src)
        if (form.kind === 'store' && access.bytes === KEY_BYTES && number !== undefined)
          this.#slots.set(access.offset, number)
      }
    }
    const target = written(instruction)
    if (form.kind === 'alu' && form.operation === 'mov' && form.source === 'immediate')
      this.#registers.set(target, imm >>> 0)
    else this.#registers.delete(target)
  }
}

/** What r1 and r2 refer to at a call of a helper, and what number r3 is, if it is a constant. */
export interface KnownArguments {
  readonly first: Relocation | undefined
  readonly second: Relocation | undefined
  readonly third: number | undefined
}

/** The arguments of calls of helpers that the same basic block loads: by index of the call instruction. */
export function knownArguments(unit: Unit, graph: Graph): Map<number, KnownArguments> {
  const known = new Map<number, KnownArguments>()
  for (const { first: start, end } of graph.blocks) {
    let first: Relocation | undefined
    let second: Relocation | undefined
    let third: number | undefined
    for (let at = start; at < end; at += 1) {
      const instruction = unit.instructions[at]!
      const { form, index, imm } = instruction
      const relocation = unit.relocations.get(index)
      if (form.kind === 'call' && form.operation === 'helper' && !relocation && (first ?? second))
        known.set(index, { first, second, third })
      const target = written(instruction)
      if (target === 1) first = relocation
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

/** Checks the `bytes` behind r2 as the helper does; pushes their address, less guestBase. */
export function checkKey(f: FunctionEmitter, bytes: number): void {
  const { guestBase, guestEnd } = f.context
  f.getRegister(2).const64(-guestBase).op(op.i64_add).tee(f.address)
  f.const64(guestEnd - guestBase - bytes).op(op.i64_gt_u)
  f.faultIf(() => f.fault(FAULT_BAD_ACCESS, () => f.getRegister(2)))
  f.get(f.address).op(op.i32_wrap_i64)
}
