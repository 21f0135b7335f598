// Bytes -> instructions, and the checks that need no knowledge of what an instruction means for the machine: known
// opcodes, registers, reserved fields, jump targets, no way past the end. Everything above (compiler, interpreter,
// disassembler) relies on what is checked here and checks none of it again.
import { SkepError } from '../error.js'
import { CLASS_ST, CLASS_STX, FRAME_POINTER, INSTRUCTION_BYTES, REGISTERS } from './opcodes.js'
import type { Field, Form } from './form.js'
import { formsOf } from './table.js'

export interface Instruction {
  /** Position in 8-byte units from the function's start. */
  readonly index: number
  readonly form: Form
  readonly dst: number
  readonly src: number
  /** Signed 16 bits. */
  readonly offset: number
  /** Signed 32 bits. */
  readonly imm: number
  /** The upper half of an `lddw`, signed 32 bits; 0 elsewhere. */
  readonly high: number
  /** Index of the instruction after it: index + 1, for an `lddw` index + 2. */
  readonly next: number
  /** Index that it may jump to, -1 if it never jumps. */
  readonly target: number
}

/** Raw fields of one 8-byte unit. */
interface Unit {
  opcode: number
  dst: number
  src: number
  offset: number
  imm: number
}

function unitAt(view: DataView, index: number): Unit {
  const at = index * INSTRUCTION_BYTES
  const registers = view.getUint8(at + 1)
  return {
    opcode: view.getUint8(at),
    dst: registers & 15,
    src: registers >> 4,
    offset: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  }
}

/**
 * The instructions of one function, checked. `name` is the function's name for messages.
 * Throws SkepError BAD_INSTRUCTION that names function, instruction, its bytes and what was expected.
 */
export function decode(code: Uint8Array, name: string): Instruction[] {
  if (code.length === 0) throw new SkepError('BAD_INSTRUCTION', `function '${name}' has no instructions`)
  if (code.length % INSTRUCTION_BYTES !== 0)
    throw new SkepError(
      'BAD_INSTRUCTION',
      `function '${name}' is ${code.length} bytes long, expected a multiple of ${INSTRUCTION_BYTES}`,
    )
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const units = code.length / INSTRUCTION_BYTES
  const refuse = (index: number, problem: string): never => {
    const bytes = code.subarray(index * INSTRUCTION_BYTES, (index + 1) * INSTRUCTION_BYTES)
    throw new SkepError(
      'BAD_INSTRUCTION',
      `function '${name}', instruction ${index} (${Buffer.from(bytes).toString('hex')}): ${problem}`,
      { function: name, instruction: index },
    )
  }

  const instructions: Instruction[] = []
  /** 1 where an instruction starts; 0 in the second half of an lddw. */
  const starts = new Uint8Array(units)
  for (let index = 0; index < units;) {
    const unit = unitAt(view, index)
    const form = formFor(unit) ?? refuse(index, misfit(unit))
    let high = 0
    let next = index + 1
    if (form.kind === 'wide') {
      if (next === units) refuse(index, 'the second half of lddw is missing')
      const second = unitAt(view, next)
      if (second.opcode !== 0 || second.dst !== 0 || second.src !== 0 || second.offset !== 0)
        refuse(next, 'expected the second half of lddw: opcode, registers and offset 0')
      high = second.imm
      next += 1
    }
    if (form.uses.has('dst') && unit.dst >= REGISTERS) refuse(index, `no register r${unit.dst}, expected r0 to r10`)
    if (form.uses.has('src') && unit.src >= REGISTERS) refuse(index, `no register r${unit.src}, expected r0 to r10`)
    if (writes(form, unit) === FRAME_POINTER) refuse(index, 'frame pointer is read only: r10 cannot be written')
    let target = -1
    if (form.kind === 'goto' || form.kind === 'jump' || form.kind === 'may-goto')
      target = next + (form.operation === 'gotol' ? unit.imm : unit.offset)
    starts[index] = 1
    instructions.push({
      index,
      form,
      dst: unit.dst,
      src: unit.src,
      offset: unit.offset,
      imm: unit.imm,
      high,
      next,
      target,
    })
    index = next
  }

  for (const { index, form, target } of instructions) {
    if (form.kind !== 'goto' && form.kind !== 'jump' && form.kind !== 'may-goto') continue
    if (target < 0 || target >= units)
      refuse(index, `jump out of range: to instruction ${target}, expected 0 to ${units - 1}`)
    if (starts[target] === 0) refuse(index, `jump into the second half of the lddw at ${target - 1}`)
  }
  const last = instructions[instructions.length - 1]!
  if (last.form.kind !== 'exit' && last.form.kind !== 'goto')
    refuse(last.index, 'the last instruction falls off the end, expected exit or goto')
  return instructions
}

/** The register that an instruction changes besides r0 to r5 in calls, -1 for none. */
export function written({ form, dst, src }: Pick<Instruction, 'form' | 'dst' | 'src'>): number {
  return writes(form, { dst, src })
}

function writes(form: Form, { dst, src }: { dst: number; src: number }): number {
  switch (form.kind) {
    case 'alu':
    case 'endian':
    case 'cast':
    case 'load':
    case 'wide':
      return dst
    case 'atomic':
      if (form.operation === 'load_acquire') return dst
      if (form.operation === 'cmpxchg') return 0
      return form.operation === 'xchg' || form.operation.startsWith('fetch_') ? src : -1
    case 'call':
    case 'call-register':
    case 'legacy':
      return 0
    default:
      return -1
  }
}

const FIELDS: readonly Field[] = ['dst', 'src', 'offset', 'imm']

/** The row of the table that fits, reserved fields included. */
function formFor(unit: Unit): Form | undefined {
  for (const form of formsOf(unit.opcode)) {
    const { uses, fixed } = form
    if (
      (uses.has('dst') || unit.dst === (fixed.dst ?? 0)) &&
      (uses.has('src') || unit.src === (fixed.src ?? 0)) &&
      (uses.has('offset') || unit.offset === (fixed.offset ?? 0)) &&
      (uses.has('imm') || unit.imm === (fixed.imm ?? 0))
    )
      return form
  }
  return undefined
}

/** Why no row fits. */
function misfit(unit: Unit): string {
  const forms = formsOf(unit.opcode)
  if (forms.length === 0) return `unknown opcode 0x${unit.opcode.toString(16).padStart(2, '0')}`
  let nearest: { form: Form; wrong: Field } | undefined
  for (const form of forms) {
    const wrong = FIELDS.filter((field) => !form.uses.has(field) && unit[field] !== (form.fixed[field] ?? 0))
    // Of several rows the one that differs only in a reserved field explains best what was meant.
    if (!nearest || (wrong.every((field) => form.fixed[field] === undefined) && nearest.form.fixed[nearest.wrong]))
      nearest = { form, wrong: wrong[0]! }
  }
  const { form, wrong } = nearest!
  const allowed = [...new Set(forms.filter((other) => !other.uses.has(wrong)).map((other) => other.fixed[wrong] ?? 0))]
  const expected = allowed
    .sort((a, b) => a - b)
    .map(hexadecimal)
    .join(' or ')
  const what = forms.length === 1 ? form.name : `opcode 0x${unit.opcode.toString(16)}`
  return `${what}: ${wrong} is ${hexadecimal(unit[wrong])}, expected ${expected}`
}

function hexadecimal(value: number): string {
  return value > -10 && value < 10 ? String(value) : `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`
}

/** True for instructions that write guest memory, atomics included. */
export function storesMemory({ opcode, operation }: Form): boolean {
  const group = opcode & 7
  return (group === CLASS_ST || group === CLASS_STX) && operation !== 'load_acquire'
}
