// The instruction set once more, as plainly as RFC 9669 says it: BigInt arithmetic, one instruction at a time. Slow and
// obvious; the compiler is compared with it.
import type { Instruction } from '../../src/isa/decode.js'
import { GUEST_BASE, GUEST_END, STACK_TOP } from './harness.js'

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value)
const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value)

export type Outcome =
  | { kind: 'exit'; result: bigint }
  | { kind: 'fault'; what: 'access' | 'misaligned'; address: bigint; instruction: number }
  | { kind: 'endless' }

class AccessFault extends Error {
  readonly what: 'access' | 'misaligned'
  readonly address: bigint

  constructor(what: 'access' | 'misaligned', address: bigint) {
    super(what)
    this.what = what
    this.address = address
  }
}

/** Arithmetic on `bits`-wide operands, both given modulo 2^bits. */
export function arithmetic(operation: string, a: bigint, b: bigint, bits: 32 | 64): bigint {
  const wrap = (value: bigint): bigint => BigInt.asUintN(bits, value)
  const sa = signed(a, bits)
  const sb = signed(b, bits)
  const shift = b % BigInt(bits)
  switch (operation) {
    case 'add':
      return wrap(a + b)
    case 'sub':
      return wrap(a - b)
    case 'mul':
      return wrap(a * b)
    case 'div':
      return b === 0n ? 0n : a / b
    case 'mod':
      return b === 0n ? a : a % b
    case 'sdiv':
      return b === 0n ? 0n : wrap(sa / sb)
    case 'smod':
      return b === 0n ? a : wrap(sa % sb)
    case 'or':
      return a | b
    case 'and':
      return a & b
    case 'xor':
      return a ^ b
    case 'lsh':
      return wrap(a << shift)
    case 'rsh':
      return a >> shift
    case 'arsh':
      return wrap(sa >> shift)
    case 'mov':
      return b
    default:
      throw new Error(`no arithmetic '${operation}'`)
  }
}

/** Comparison of two operands, both given modulo 2^bits. */
export function compares(operation: string, a: bigint, b: bigint, bits: 32 | 64): boolean {
  const sa = signed(a, bits)
  const sb = signed(b, bits)
  const table: Record<string, boolean> = {
    eq: a === b,
    ne: a !== b,
    gt: a > b,
    ge: a >= b,
    lt: a < b,
    le: a <= b,
    sgt: sa > sb,
    sge: sa >= sb,
    slt: sa < sb,
    sle: sa <= sb,
    set: (a & b) !== 0n,
  }
  return table[operation]!
}

/** The lower `bits` bits with their bytes reversed. */
export function reversed(value: bigint, bits: number): bigint {
  let result = 0n
  for (let byte = 0; byte < bits / 8; byte += 1) result = (result << 8n) | ((value >> BigInt(8 * byte)) & 0xffn)
  return result
}

export class Evaluator {
  readonly registers: bigint[] = Array.from({ length: 11 }, () => 0n)
  /** Called before every instruction. */
  observe: ((instruction: Instruction) => void) | undefined
  readonly #instructions: readonly Instruction[]
  readonly #at: Map<number, Instruction>
  readonly #view: DataView

  constructor(instructions: readonly Instruction[], view: DataView) {
    this.#instructions = instructions
    this.#at = new Map(instructions.map((instruction) => [instruction.index, instruction]))
    this.#view = view
  }

  /** Runs from the first instruction for at most `limit` steps. */
  run(limit: number, ...values: bigint[]): Outcome {
    values.forEach((value, at) => (this.registers[at + 1] = u64(value)))
    this.registers[10] = BigInt(STACK_TOP)
    let counter = 8 * 1024 * 1024
    let next = this.#instructions[0]!.index
    for (let step = 0; step < limit; step += 1) {
      const instruction = this.#at.get(next)!
      const { form } = instruction
      this.observe?.(instruction)
      if (form.kind === 'exit') return { kind: 'exit', result: this.registers[0]! }
      if (form.kind === 'goto') next = instruction.target
      else if (form.kind === 'may-goto') {
        next = counter === 0 ? instruction.target : instruction.next
        if (counter > 0) counter -= 1
      } else if (form.kind === 'jump') next = this.#jumps(instruction) ? instruction.target : instruction.next
      else {
        try {
          this.#execute(instruction)
        } catch (error) {
          if (!(error instanceof AccessFault)) throw error
          return { kind: 'fault', what: error.what, address: error.address, instruction: instruction.index }
        }
        next = instruction.next
      }
    }
    return { kind: 'endless' }
  }

  #operand({ form, src, imm }: Instruction, bits: 32 | 64): bigint {
    return BigInt.asUintN(bits, form.source === 'register' ? this.registers[src]! : BigInt(imm))
  }

  #jumps(instruction: Instruction): boolean {
    const bits = instruction.form.width as 32 | 64
    const left = BigInt.asUintN(bits, this.registers[instruction.dst]!)
    return compares(instruction.form.operation, left, this.#operand(instruction, bits), bits)
  }

  #execute(instruction: Instruction): void {
    const { form, dst, src, offset, imm, high } = instruction
    const { registers } = this
    const bits = form.width as 32 | 64
    switch (form.kind) {
      case 'alu': {
        const left = BigInt.asUintN(bits, registers[dst]!)
        if (form.operation === 'neg') registers[dst] = BigInt.asUintN(bits, -left)
        else if (form.operation === 'movsx') registers[dst] = BigInt.asUintN(bits, signed(registers[src]!, form.narrow))
        else registers[dst] = arithmetic(form.operation, left, this.#operand(instruction, bits), bits)
        return
      }
      case 'endian': {
        const low = BigInt.asUintN(form.narrow, registers[dst]!)
        registers[dst] = form.operation === 'le' ? low : reversed(low, form.narrow)
        return
      }
      case 'wide':
        registers[dst] = (u32(BigInt(high)) << 32n) | u32(BigInt(imm))
        return
      case 'load': {
        const value = this.#read(u64(registers[src]! + BigInt(offset)), form.width)
        registers[dst] = form.narrow === 0 ? value : u64(signed(value, form.width))
        return
      }
      case 'store': {
        const value = form.source === 'register' ? registers[src]! : BigInt(imm)
        this.#write(u64(registers[dst]! + BigInt(offset)), form.width, value)
        return
      }
      case 'atomic':
        this.#atomic(instruction)
        return
      default:
        throw new Error(`the reference does not run ${form.name}`)
    }
  }

  #atomic({ form, dst, src, offset }: Instruction): void {
    const { registers } = this
    const acquire = form.operation === 'load_acquire'
    const address = u64(registers[acquire ? src : dst]! + BigInt(offset))
    const old = this.#read(address, form.width)
    if (address % BigInt(form.width / 8) !== 0n) throw new AccessFault('misaligned', address)
    const value = BigInt.asUintN(form.width, registers[src]!)
    if (acquire) registers[dst] = old
    else if (form.operation === 'store_release') this.#write(address, form.width, value)
    else if (form.operation === 'cmpxchg') {
      if (old === BigInt.asUintN(form.width, registers[0]!)) this.#write(address, form.width, value)
      registers[0] = old
    } else if (form.operation === 'xchg') {
      this.#write(address, form.width, value)
      registers[src] = old
    } else {
      const operation = form.operation.replace('fetch_', '')
      this.#write(address, form.width, arithmetic(operation, old, value, form.width as 32 | 64))
      if (form.operation.startsWith('fetch_')) registers[src] = old
    }
  }

  #check(address: bigint, width: number): number {
    if (address < BigInt(GUEST_BASE) || address + BigInt(width / 8) > BigInt(GUEST_END))
      throw new AccessFault('access', address)
    return Number(address)
  }

  #read(address: bigint, width: number): bigint {
    const at = this.#check(address, width)
    let value = 0n
    for (let byte = width / 8 - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(this.#view.getUint8(at + byte))
    return value
  }

  #write(address: bigint, width: number, value: bigint): void {
    const at = this.#check(address, width)
    for (let byte = 0; byte < width / 8; byte += 1)
      this.#view.setUint8(at + byte, Number((value >> BigInt(8 * byte)) & 0xffn))
  }
}
