// Writes the number that a CO-RE relocation came to into its instruction, or poisons the instruction: it becomes a call
// of a helper that does not exist, which is an error only where control comes to it. Used by core-relocations.ts.
import type { BtfType } from './btf-types.js'
import { CoreProblem, type CoreValue } from './core-value.js'

/** libbpf's number of the helper that a poisoned instruction calls. */
const POISON_HELPER = 195896080

const LDDW = 0x18
const CALL = 0x85
const CLASS_LDX = 1
const CLASS_STX = 3
const CLASS_ALU = 4
const CLASS_ALU64 = 7
/** Size bits of a load or store by bytes. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [8, 0x18],
  [4, 0x00],
  [2, 0x08],
  [1, 0x10],
])

/**
 * Patches the instruction at byte `at` of `code`; `before` is what the local types say. Answers 'poison' if the access
 * has another width in the target and is no pointer and no unsigned integer. Throws CoreProblem for what cannot be
 * done.
 */
export function patch(code: Uint8Array, at: number, before: CoreValue, after: CoreValue): 'poison' | undefined {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  if (at % 8 !== 0 || at + 8 > code.length) throw new CoreProblem('there is no instruction')
  const opcode = view.getUint8(at)
  const number = at / 8
  const expect = (found: bigint, bits: number, what: string): void => {
    if (before.certain && BigInt.asUintN(bits, found) !== BigInt.asUintN(bits, before.value))
      throw new CoreProblem(
        `unexpected insn #${number} (${what}) value: got ${found}, exp ${before.value} -> ${after.value}`,
      )
  }
  if (opcode === LDDW) {
    if (at + 16 > code.length || view.getUint8(at + 8) !== 0)
      throw new CoreProblem(`insn #${number} (LDIMM64) is not whole`)
    expect((BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 4, true)), 64, 'LDIMM64')
    view.setUint32(at + 4, Number(BigInt.asUintN(32, after.value)), true)
    view.setUint32(at + 12, Number(BigInt.asUintN(32, after.value >> 32n)), true)
    return undefined
  }
  const kind = opcode & 7
  if (kind === CLASS_ALU || kind === CLASS_ALU64) {
    if ((opcode & 8) !== 0) throw new CoreProblem(`insn #${number} (ALU/ALU64) has no immediate`)
    expect(BigInt(view.getUint32(at + 4, true)), 32, 'ALU/ALU64')
    view.setUint32(at + 4, Number(BigInt.asUintN(32, after.value)), true)
    return undefined
  }
  if (kind < CLASS_LDX || kind > CLASS_STX)
    throw new CoreProblem(`trying to relocate unrecognized insn #${number}, code:0x${opcode.toString(16)}`)
  expect(BigInt(view.getInt16(at + 2, true)), 64, 'LDX/ST/STX')
  if (after.value > 0x7fffn) throw new CoreProblem(`insn #${number} (LDX/ST/STX) value too big: ${after.value}`)
  if (!mayResize(before, after)) return 'poison'
  view.setInt16(at + 2, Number(after.value), true)
  resize(view, at, before.memory?.bytes, after.memory?.bytes)
  return undefined
}

function mayResize({ memory: before }: CoreValue, { memory: after }: CoreValue): boolean {
  if (before?.bytes === after?.bytes) return true
  if (!before || !after) return false
  const unsigned = (type: BtfType): boolean => type.kind === 'int' && !type.signed
  const bothPointers = before.type.kind === 'pointer' && after.type.kind === 'pointer'
  return bothPointers || (unsigned(before.type) && unsigned(after.type))
}

function resize(view: DataView, at: number, before: number | undefined, after: number | undefined): void {
  if (before === undefined || after === undefined || before === after) return
  const opcode = view.getUint8(at)
  const found = [...SIZES].find(([, bits]) => bits === (opcode & 0x18))![0]
  if (found !== before)
    throw new CoreProblem(`insn #${at / 8} (LDX/ST/STX) unexpected mem size: got ${found}, exp ${before}`)
  const size = SIZES.get(after)
  if (size === undefined) throw new CoreProblem(`insn #${at / 8} (LDX/ST/STX) invalid new mem size: ${after}`)
  view.setUint8(at, (opcode & ~0x18) | size)
}

/** Replaces the instruction, both halves of an lddw. Answers the indices that are poisoned now. */
export function poison(code: Uint8Array, at: number): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const places = view.getUint8(at) === LDDW ? [at, at + 8] : [at]
  for (const place of places) {
    view.setUint32(place, CALL, true)
    view.setUint32(place + 4, POISON_HELPER, true)
  }
  return places.map((place) => place / 8)
}
