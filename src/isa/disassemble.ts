// Instructions as text, in the notation that clang, llvm-objdump and the kernel's verifier print. Reads, never checks.
import type { Instruction } from './decode.js'

/** What the printer may know beyond the bytes; each answer replaces a number. */
export interface Symbols {
  /** Name of a helper by number: 'bpf_map_lookup_elem'. */
  helper?(id: number): string | undefined
  /** Name of what the instruction refers to by relocation: a function, a kfunc, 'map flows', 'flows.data + 8'. */
  reference?(instruction: Instruction): string | undefined
}

/** One instruction, without position and bytes: `r1 = *(u64 *)(r10 - 8)`. */
export function disassemble(instruction: Instruction, symbols: Symbols = {}): string {
  const { form, dst, src, offset, imm, high } = instruction
  const narrowRegisters = (form.kind === 'alu' || form.kind === 'jump') && form.width === 32
  const register = (number: number, narrow: boolean): string => `${narrow ? 'w' : 'r'}${number}`
  return form.syntax.replace(/\{(\w+)\}/g, (_, placeholder: string) => {
    switch (placeholder) {
      case 'dst':
        return register(dst, narrowRegisters)
      case 'src':
        return register(src, narrowRegisters)
      case 'src32':
        return register(src, true)
      case 'imm':
        return form.kind === 'store' || form.kind === 'legacy' ? String(imm) : number(imm)
      case 'spaces':
        return `${imm >>> 16}, ${imm & 0xffff}`
      case 'off':
        return offset < 0 ? ` - ${-offset}` : ` + ${offset}`
      case 'to':
        return signed(offset)
      case 'far':
        return signed(imm)
      case 'callee':
        return callee(instruction, symbols)
      case 'wide':
        return symbols.reference?.(instruction) ?? wide(form.operation, imm, high)
      default:
        throw new RangeError(`placeholder '${placeholder}' in the syntax of ${form.name}`)
    }
  })
}

function callee(instruction: Instruction, symbols: Symbols): string {
  const { form, imm } = instruction
  if (form.operation === 'helper') {
    const name = symbols.helper?.(imm)
    return name === undefined ? String(imm) : `${name}#${imm}`
  }
  return symbols.reference?.(instruction) ?? (form.operation === 'function' ? `pc${signed(imm)}` : `kfunc#${imm}`)
}

function wide(operation: string, imm: number, high: number): string {
  const value = BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt(imm >>> 0))
  return operation === 'immediate' ? `0x${value.toString(16)} ll` : `${operation}[0x${value.toString(16)}] ll`
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}

/** Small numbers in decimal, others in hexadecimal, as the verifier's log does. */
function number(value: number): string {
  return Math.abs(value) < 1 << 16 ? String(value) : `0x${(value >>> 0).toString(16)}`
}
