// Legacy packet loads: a call of what the core does in their place (core/helper/packet-load.ts). Out of the packet they
// end the function with the result 0. Used by compile.ts, which makes the imports, and by structure.ts.
import type { Instruction } from '../isa/decode.js'
import type { Callee } from './context.js'
import { I64, VOID, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { HelperImport } from './link.js'

/** The register that has the context there, besides the operands that the instruction names. */
const CONTEXT = 6

/** What stands in place of each legacy packet load, by instruction. */
export function packetLoads(
  instructions: readonly Instruction[],
  indexOf: (helper: HelperImport) => number,
): [number, Callee][] {
  return instructions.flatMap(({ form, index }): [number, Callee][] => {
    if (form.kind !== 'legacy') return []
    const name = `bpf_skb_load_helper_${form.width}_no_cache`
    const helper: HelperImport = { name, parameters: 2, frame: false, returns: true }
    return [[index, { kind: 'import', index: indexOf(helper), helper }]]
  })
}

/** Registers from r6 up that the instruction reads without naming them. */
export function impliedBy({ form }: Instruction): number | undefined {
  return form.kind === 'legacy' ? CONTEXT : undefined
}

/** Kind 'legacy'. r1 to r5 keep their values, as over a call. */
export function emitPacketLoad(f: FunctionEmitter, { form, src, imm, index }: Instruction): void {
  const callee = f.context.callees.get(index) as Extract<Callee, { kind: 'import' }>
  const loaded = f.local('loaded', I64)
  f.getRegister(CONTEXT)
  if (form.operation === 'ldabs') f.const64(imm)
  else {
    f.getRegister(src)
    if (imm !== 0) f.const64(imm).op(op.i64_add)
  }
  f.op(op.call)
  f.code.u32(callee.index)
  f.tee(loaded).const64(0).op(op.i64_lt_s, op.if, VOID)
  f.depth += 1
  f.const64(0).setRegister(0).exit()
  f.op(op.end)
  f.depth -= 1
  f.get(loaded).setRegister(0)
}
