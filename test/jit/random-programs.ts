// Random valid programs for fast-check: arithmetic, comparisons, memory, atomics, and jumps from anywhere to anywhere,
// so that most graphs are neither trees nor reducible.
import fc from 'fast-check'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import type { Form } from '../../src/isa/form.js'
import { FORMS } from '../../src/isa/table.js'

/** One instruction before its jump has a label to go to. */
export interface Draft {
  form: Form
  dst: number
  src: number
  offset: number
  imm: number
  high: number
  /** Position among the drafts that a jump goes to, modulo their number. */
  to: number
}

const ARITHMETIC = FORMS.filter(({ kind }) => kind === 'alu' || kind === 'endian')
const MEMORY = FORMS.filter(({ kind }) => kind === 'load' || kind === 'store')
const ATOMIC = FORMS.filter(({ kind }) => kind === 'atomic')
const JUMPS = FORMS.filter(({ kind }) => kind === 'jump')
const OTHERS = FORMS.filter(({ name }) => ['ja', 'gotol', 'lddw immediate', 'exit', 'may_goto'].includes(name))

const immediate = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 8, 31, 32, 33, 63, 0x7fffffff, -0x80000000),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
)
const register = fc.integer({ min: 0, max: 9 })

/** Registers 6 and 7 hold pointers into guest memory when a program starts, and mostly still do later. */
const pointer = fc.constantFrom(6, 7, 6, 7, 10, 10, 8)

function draft(form: fc.Arbitrary<Form>): fc.Arbitrary<Draft> {
  return fc
    .record({
      form,
      one: register,
      other: register,
      base: pointer,
      near: fc.integer({ min: -64, max: 64 }),
      imm: immediate,
      high: immediate,
      to: fc.nat(1000),
      step: fc.integer({ min: -16, max: 16 }),
    })
    .map(({ form, one, other, base, near, imm, high, to, step }) => {
      const { kind, uses } = form
      const memory = kind === 'load' || kind === 'store' || kind === 'atomic'
      const loads = kind === 'load' || form.operation === 'load_acquire'
      const aligned = kind === 'atomic' ? near - (near % (form.width / 8)) : near
      // Stack slots lie below the frame pointer; some accesses stick out of the frame on purpose.
      const offset = base === 10 ? aligned - 56 : aligned
      const dst = memory && !loads ? base : one
      const pointerMoves = kind === 'alu' && (one === 6 || one === 7)
      const moves = { form: FORMS.find(({ name }) => name === 'add64 imm')!, dst: one, src: 0, imm: step }
      if (pointerMoves && to % 8 !== 0) return { ...moves, offset: 0, high: 0, to }
      return {
        form,
        dst: uses.has('dst') ? dst : 0,
        src: form.fixed.src ?? (uses.has('src') ? (loads ? base : other) : 0),
        offset: form.fixed.offset ?? (memory ? offset : 0),
        imm: form.fixed.imm ?? (uses.has('imm') ? imm : 0),
        high: kind === 'wide' ? high : 0,
        to,
      }
    })
}

const anyDraft = fc.oneof(
  { weight: 10, arbitrary: draft(fc.constantFrom(...ARITHMETIC)) },
  { weight: 6, arbitrary: draft(fc.constantFrom(...MEMORY)) },
  { weight: 2, arbitrary: draft(fc.constantFrom(...ATOMIC)) },
  { weight: 5, arbitrary: draft(fc.constantFrom(...JUMPS)) },
  { weight: 1, arbitrary: draft(fc.constantFrom(...OTHERS)) },
)

export const drafts = fc.array(anyDraft, { minLength: 1, maxLength: 60, size: 'max' })

/** A program from drafts: pointers set up, labels placed, all registers folded into r0 at the end. */
export function programOf(list: readonly Draft[]): Line[] {
  const lines: Line[] = [asm.mov('r6', 'r1'), asm.mov('r7', 'r2'), asm.mov('r8', 'r3')]
  list.forEach(({ to, ...fields }, at) => {
    lines.push(asm.label(`l${at}`))
    const jumps = fields.form.kind === 'jump' || fields.form.kind === 'goto' || fields.form.kind === 'may-goto'
    lines.push(jumps ? { ...fields, to: `l${to % (list.length + 1)}` } : fields)
  })
  lines.push(asm.label(`l${list.length}`))
  for (let number = 1; number <= 9; number += 1) {
    lines.push(asm.alu('mul', 'r0', 31))
    lines.push(asm.alu('xor', 'r0', `r${number}` as Register))
  }
  lines.push(asm.exit())
  return lines
}
