// Instructions from typed calls, for tests, for the conformance command and for programs that generate code. Driven by
// the table: what is not in it cannot be written. Labels instead of counted offsets; references make relocations.
import { INSTRUCTION_BYTES } from './opcodes.js'
import type { Form } from './form.js'
import type { Relocation } from './relocation.js'
import { formNamed } from './table.js'

export type Register = 'r0' | 'r1' | 'r2' | 'r3' | 'r4' | 'r5' | 'r6' | 'r7' | 'r8' | 'r9' | 'r10'
/** A register by name or an immediate. */
export type Operand = Register | number
export type Width = 8 | 16 | 32 | 64
export type Arithmetic =
  'add' | 'sub' | 'mul' | 'div' | 'sdiv' | 'or' | 'and' | 'lsh' | 'rsh' | 'mod' | 'smod' | 'xor' | 'mov' | 'arsh'
export type Comparison = 'eq' | 'gt' | 'ge' | 'set' | 'ne' | 'sgt' | 'sge' | 'lt' | 'le' | 'slt' | 'sle'
export type AtomicOperation =
  | 'add'
  | 'or'
  | 'and'
  | 'xor'
  | 'fetch_add'
  | 'fetch_or'
  | 'fetch_and'
  | 'fetch_xor'
  | 'xchg'
  | 'cmpxchg'
  | 'load_acquire'
  | 'store_release'

/** What a reference stands for: a relocation without its position. */
export type Reference = Relocation extends infer R ? (R extends unknown ? Omit<R, 'instruction'> : never) : never

/** One line of an assembled function. */
export interface Line {
  readonly form?: Form
  readonly dst?: number
  readonly src?: number
  readonly offset?: number
  readonly imm?: number
  readonly high?: number
  /** The label that the jump goes to. */
  readonly to?: string
  /** This line defines a label and is no instruction. */
  readonly label?: string
  readonly reference?: Reference
}

export interface Assembled {
  code: Uint8Array
  relocations: Relocation[]
  /** Index of the instruction after each label. */
  labels: Map<string, number>
}

const number = (register: Register): number => Number(register.slice(1))
const MEMORY_LETTER = { 8: 'b', 16: 'h', 32: 'w', 64: 'dw' } as const

/** An instruction of the table by its name, fields as given. The other makers are shorthands for it. */
export function instruction(name: string, fields: Omit<Line, 'form' | 'label'> = {}): Line {
  return { form: formNamed(name), ...fields }
}

export function label(name: string): Line {
  return { label: name }
}

/** `dst operation= operand` on 64 bits. */
export function alu(operation: Arithmetic, dst: Register, operand: Operand, width: 32 | 64 = 64): Line {
  return typeof operand === 'number'
    ? instruction(`${operation}${width} imm`, { dst: number(dst), imm: operand, offset: signedOffset(operation) })
    : instruction(`${operation}${width} reg`, {
        dst: number(dst),
        src: number(operand),
        offset: signedOffset(operation),
      })
}

function signedOffset(operation: Arithmetic): number {
  return operation === 'sdiv' || operation === 'smod' ? 1 : 0
}

/** The same on the lower 32 bits, upper half zeroed. */
export function alu32(operation: Arithmetic, dst: Register, operand: Operand): Line {
  return alu(operation, dst, operand, 32)
}

export function mov(dst: Register, operand: Operand): Line {
  return alu('mov', dst, operand)
}

/** Sign-extending move from the lower `bits` bits. */
export function movsx(bits: 8 | 16 | 32, dst: Register, src: Register, width: 32 | 64 = 64): Line {
  return instruction(`movsx${bits}to${width} reg`, { dst: number(dst), src: number(src), offset: bits })
}

export function neg(dst: Register, width: 32 | 64 = 64): Line {
  return instruction(`neg${width}`, { dst: number(dst) })
}

export function endian(operation: 'le' | 'be' | 'bswap', bits: 16 | 32 | 64, dst: Register): Line {
  return instruction(`${operation}${bits}`, { dst: number(dst), imm: bits })
}

export function load(width: Width, dst: Register, base: Register, offset: number): Line {
  return instruction(`ldx${MEMORY_LETTER[width]}`, { dst: number(dst), src: number(base), offset })
}

/** Sign-extending load. */
export function loadSigned(width: 8 | 16 | 32, dst: Register, base: Register, offset: number): Line {
  return instruction(`ldxs${MEMORY_LETTER[width]}`, { dst: number(dst), src: number(base), offset })
}

export function store(width: Width, base: Register, offset: number, value: Operand): Line {
  return typeof value === 'number'
    ? instruction(`st${MEMORY_LETTER[width]}`, { dst: number(base), offset, imm: value })
    : instruction(`stx${MEMORY_LETTER[width]}`, { dst: number(base), offset, src: number(value) })
}

/** Atomic operation at `base + offset`; `value` is the source register (for load_acquire: the destination). */
export function atomic(
  operation: AtomicOperation,
  width: Width,
  base: Register,
  offset: number,
  value: Register,
): Line {
  const plain = operation === 'add' || operation === 'or' || operation === 'and' || operation === 'xor'
  const form = formNamed(`${plain || operation.startsWith('fetch_') ? 'atomic_' : ''}${operation}${width}`)
  const loads = operation === 'load_acquire'
  return {
    form,
    dst: number(loads ? value : base),
    src: number(loads ? base : value),
    offset,
    imm: form.fixed.imm ?? 0,
  }
}

/** `if dst comparison operand goto label`. */
export function jump(comparison: Comparison, dst: Register, operand: Operand, to: string, width: 32 | 64 = 64): Line {
  const name = `j${comparison}${width}`
  return typeof operand === 'number'
    ? instruction(`${name} imm`, { dst: number(dst), imm: operand, to })
    : instruction(`${name} reg`, { dst: number(dst), src: number(operand), to })
}

export function goto(to: string): Line {
  return instruction('ja', { to })
}

export function gotol(to: string): Line {
  return instruction('gotol', { to })
}

export function mayGoto(to: string): Line {
  return instruction('may_goto', { to })
}

/** Call of a helper by its number. */
export function call(id: number): Line {
  return instruction('call helper', { imm: id })
}

/** Call of a function of the same object by name. */
export function callFunction(name: string): Line {
  return instruction('call function', { src: 1, imm: -1, reference: { kind: 'call', function: name } })
}

export function callKfunc(name: string, weak = false): Line {
  return instruction('call kfunc', { src: 2, imm: -1, reference: { kind: 'kfunc', name, weak } })
}

/** `dst = value ll`. */
export function loadImmediate(dst: Register, value: bigint): Line {
  return instruction('lddw immediate', {
    dst: number(dst),
    imm: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
  })
}

/** `dst =` address of what the reference names. */
export function loadReference(dst: Register, reference: Reference): Line {
  return instruction('lddw immediate', { dst: number(dst), reference })
}

export function exit(): Line {
  return instruction('exit')
}

/** Bytes of one 8-byte unit. */
function writeUnit(view: DataView, index: number, opcode: number, line: Line): void {
  const at = index * INSTRUCTION_BYTES
  view.setUint8(at, opcode)
  view.setUint8(at + 1, (line.dst ?? 0) | ((line.src ?? 0) << 4))
  view.setInt16(at + 2, line.offset ?? 0, true)
  view.setInt32(at + 4, line.imm ?? 0, true)
}

/** One function's bytes and relocations. Throws a RangeError for a label that is missing or too far away. */
export function assemble(lines: readonly Line[]): Assembled {
  const labels = new Map<string, number>()
  let units = 0
  for (const line of lines)
    if (line.label !== undefined) {
      if (labels.has(line.label)) throw new RangeError(`label '${line.label}' is defined twice`)
      labels.set(line.label, units)
    } else units += line.form!.kind === 'wide' ? 2 : 1

  const code = new Uint8Array(units * INSTRUCTION_BYTES)
  const view = new DataView(code.buffer)
  const relocations: Relocation[] = []
  let index = 0
  for (const line of lines) {
    if (!line.form) continue
    let fields = line
    if (line.to !== undefined) {
      const target = labels.get(line.to)
      if (target === undefined) throw new RangeError(`label '${line.to}' is not defined`)
      const distance = target - index - 1
      if (line.form.operation === 'gotol') fields = { ...line, imm: distance }
      else if (distance < -0x8000 || distance > 0x7fff) throw new RangeError(`label '${line.to}' is out of range`)
      else fields = { ...line, offset: distance }
    }
    if (line.reference) relocations.push({ instruction: index, ...line.reference } as Relocation)
    writeUnit(view, index, line.form.opcode, fields)
    index += 1
    if (line.form.kind === 'wide') {
      writeUnit(view, index, 0, { imm: line.high ?? 0 })
      index += 1
    }
  }
  return { code, relocations, labels }
}
