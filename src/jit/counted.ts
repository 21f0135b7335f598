// Small loops that count: one register moves by a constant in each turn, and a comparison of it with a constant decides
// whether the loop goes on. From where the register stands at the head of the loop follows what some turns will do:
// that they are not the last ones, that addresses made of the register and a constant lie in the guest window, that
// divisors are not zero. All of it is one range for the register, known when the code is made; rows.ts has it compared
// before the turns and takes turns one by one, with all checks, where it does not hold. Rests on constants of the code
// alone.
import { FRAME_BYTES } from '../../core/abi.js'
import { written, type Instruction } from '../isa/decode.js'
import { FRAME_POINTER } from '../isa/opcodes.js'
import { accessOf } from './access.js'
import type { FunctionContext } from './context.js'

/** What the compiler knows of a loop that counts. */
export interface CountedLoop {
  /** It counts; what follows holds if it is in [low, high] at the head, as a 64-bit number. Both are in [0, 2^31). */
  readonly register: number
  readonly step: number
  readonly low: number
  readonly high: number
  /** Accesses in guest memory, by instruction: in the first turn at the register's value at the head + `offset`. */
  readonly places: ReadonlyMap<number, CountedPlace>
  /** Divisions whose divisor is not zero, nor negative. */
  readonly divisions: ReadonlySet<number>
}

export interface CountedPlace {
  /** Counted from the frame's lower end. */
  readonly inFrame: boolean
  /** Not negative in any of the turns; `step` more in each. */
  readonly offset: number
}

/** A register as a sum: of the frame's upper end or not, of the counting register at the head or not, and a number. */
interface Sum {
  readonly frame: boolean
  readonly counts: boolean
  readonly plus: number
}

const MOST = 2 ** 31 - 1

/** The loop of the instructions of one block that `jump` repeats, for that many turns at once. */
export function countedLoop(
  context: FunctionContext,
  body: readonly Instruction[],
  jump: Instruction,
  turns: number,
): CountedLoop | undefined {
  const { form, imm } = jump
  if (form.kind !== 'jump' || form.source !== 'immediate') return undefined
  for (let register = 0; register < FRAME_POINTER; register += 1) {
    const step = stepOf(body, register)
    if (step === 0) continue
    const loop = new Counting(context, body, register, step, turns)
    if (loop.goesOn(jump.dst, form.operation, imm)) return loop.result()
  }
  return undefined
}

/** By how much the body moves the register, which nothing else changes; 0 if that is not so. */
function stepOf(body: readonly Instruction[], register: number): number {
  const changes = body.filter((instruction) => written(instruction) === register)
  if (changes.length !== 1) return 0
  const { form, imm } = changes[0]!
  if (form.kind !== 'alu' || form.source !== 'immediate') return 0
  return form.operation === 'add' ? imm : form.operation === 'sub' ? -imm : 0
}

class Counting {
  readonly #sums: (Sum | undefined)[] = new Array<Sum | undefined>(FRAME_POINTER + 1).fill(undefined)
  readonly #places = new Map<number, CountedPlace>()
  readonly #divisions = new Set<number>()
  /** What is looked at once it is known where the loop goes on. */
  readonly #wanted: (() => void)[] = []
  #low = 0
  #high = MOST

  constructor(
    private readonly context: FunctionContext,
    body: readonly Instruction[],
    private readonly register: number,
    private readonly step: number,
    private readonly turns: number,
  ) {
    this.#sums[register] = { frame: false, counts: true, plus: 0 }
    this.#sums[FRAME_POINTER] = { frame: true, counts: false, plus: 0 }
    for (const instruction of body) {
      this.#access(instruction)
      this.#division(instruction)
      const target = written(instruction)
      if (target >= 0) this.#sums[target] = this.#written(instruction)
    }
  }

  /** Does the comparison keep the loop going in all turns but the last one? Narrows the range to where it does. */
  goesOn(dst: number, operation: string, limit: number): boolean {
    const value = this.#sums[dst]
    const end = this.#sums[this.register]
    if (!value?.counts || value.frame || end?.plus !== this.step || limit < 0) return false
    const within = this.step > 0 ? BELOW[operation] : ABOVE[operation]
    if (within === undefined) return false
    // As 32 bits or as 64, signed or not: the same numbers.
    if (!this.#narrow(value, 0, MOST, this.turns)) return false
    const [least, most] = this.step > 0 ? [0, limit - within] : [limit + within, MOST]
    return this.#narrow(value, least, most, this.turns - 1)
  }

  /** With the range narrowed further to where checks can be spared. */
  result(): CountedLoop {
    for (const look of this.#wanted) look()
    return {
      register: this.register,
      step: this.step,
      low: this.#low,
      high: this.#high,
      places: this.#places,
      divisions: this.#divisions,
    }
  }

  /** Narrows the range to where the sum lies in [least, most] in each of some turns; false if there is none such. */
  #narrow({ plus }: Sum, least: number, most: number, turns: number): boolean {
    if (turns === 0) return true
    const farthest = this.step * (turns - 1)
    const low = Math.max(this.#low, least - plus - Math.min(0, farthest))
    const high = Math.min(this.#high, most - plus - Math.max(0, farthest))
    if (low > high) return false
    this.#low = low
    this.#high = high
    return true
  }

  #access(instruction: Instruction): void {
    const access = accessOf(instruction)
    const base = access && this.#sums[access.base]
    if (!access || !base?.counts) return
    const { guestBase, guestEnd } = this.context
    const at = { ...base, plus: base.plus + access.offset }
    const offset = base.frame ? at.plus + FRAME_BYTES : at.plus
    if (offset + Math.min(0, this.step * (this.turns - 1)) < 0 || offset > guestEnd) return
    const [least, most] = base.frame ? [-FRAME_BYTES, 0] : [guestBase, guestEnd]
    this.#wanted.push(() => {
      if (this.#narrow(at, least, most - access.bytes, this.turns))
        this.#places.set(instruction.index, { inFrame: base.frame, offset })
    })
  }

  #division({ form, src, index }: Instruction): void {
    if (form.kind !== 'alu' || form.source !== 'register' || !/^s?(div|mod)$/.test(form.operation)) return
    const divisor = this.#sums[src]
    if (!divisor?.counts || divisor.frame) return
    this.#wanted.push(() => {
      if (this.#narrow(divisor, 1, MOST, this.turns)) this.#divisions.add(index)
    })
  }

  /** What the register holds that the instruction writes. */
  #written(instruction: Instruction): Sum | undefined {
    const { form, dst, src, imm } = instruction
    if (form.kind === 'wide') {
      const value = Number(this.context.wideValue(instruction))
      return value >= 0 && value <= 0xffffffff ? { frame: false, counts: false, plus: value } : undefined
    }
    if (form.kind !== 'alu') return undefined
    const operand = form.source === 'register' ? this.#sums[src] : { frame: false, counts: false, plus: imm }
    const before = this.#sums[dst]
    let sum: Sum | undefined
    if (form.operation === 'mov') sum = operand
    else if (form.operation === 'add') sum = before && operand && added(before, operand)
    else if (form.operation === 'sub' && operand && !operand.counts && !operand.frame)
      sum = before && { ...before, plus: before.plus - operand.plus }
    if (!sum || Math.abs(sum.plus) > 2 ** 32) return undefined
    if (form.width === 64) return sum
    // The lower half is all of it where the sum is small.
    if (sum.frame) return undefined
    if (!sum.counts) return sum.plus >= 0 && sum.plus <= MOST ? sum : undefined
    return this.#narrow(sum, 0, MOST, this.turns) ? sum : undefined
  }
}

function added(one: Sum, other: Sum): Sum | undefined {
  if ((one.frame && other.frame) || (one.counts && other.counts)) return undefined
  return { frame: one.frame || other.frame, counts: one.counts || other.counts, plus: one.plus + other.plus }
}

/** By how much a number is at least below the limit as long as a loop that counts up goes on. */
const BELOW: Readonly<Record<string, number | undefined>> = { lt: 1, slt: 1, ne: 1, le: 0, sle: 0 }
/** The same, above, of one that counts down. */
const ABOVE: Readonly<Record<string, number | undefined>> = { gt: 1, sgt: 1, ne: 1, ge: 0, sge: 0 }
