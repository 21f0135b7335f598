// A small loop of one block, without calls: several turns stand in a row, and the loop budget is asked once for them. A
// loop that counts (counted.ts) is also asked once whether it goes on that long, and what is known of its register then
// spares checks. Whenever that does not hold, and for the last turns that the budget has, turns are taken and paid one
// by one with all checks, so that the loop ends, or faults, where it would. What a fault leaves of the budget nobody
// sees.
// Called by structure.ts.
import type { Instruction } from '../isa/decode.js'
import { emitCondition } from './alu.js'
import type { FunctionContext } from './context.js'
import { countedLoop, type CountedLoop } from './counted.js'
import { I32, VOID, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'

/** Turns of a row by the most instructions of the loop, for loops that count and for others. */
const COUNTED_TURNS = [
  [12, 8],
  [24, 4],
  [64, 2],
] as const
const OTHER_TURNS = [[24, 4]] as const

export interface Rows {
  readonly turns: number
  readonly counted: CountedLoop | undefined
  readonly head: number
  readonly jump: Instruction
}

/**
 * How a loop is written whose one block is `body`, and which `jump` repeats when it is taken; undefined: as any other.
 */
export function planRows(context: FunctionContext, body: readonly Instruction[], jump: Instruction): Rows | undefined {
  if (jump.form.kind !== 'jump') return undefined
  // A load out of the packet ends the function, and would take what is paid for the rest of the row with it.
  if (body.some(({ form: { kind } }) => kind === 'call' || kind === 'call-register' || kind === 'legacy'))
    return undefined
  const turnsOf = (table: readonly (readonly [number, number])[]): number =>
    table.find(([most]) => body.length <= most)?.[1] ?? 0
  const head = (body[0] ?? jump).index
  for (let turns = turnsOf(COUNTED_TURNS); turns > 1; turns >>= 1) {
    const counted = countedLoop(context, body, jump, turns)
    // Two rows at least may come.
    if (counted && counted.high - counted.low >= turns * Math.abs(counted.step)) return { turns, counted, head, jump }
  }
  const turns = turnsOf(OTHER_TURNS)
  return turns > 0 ? { turns, counted: undefined, head, jump } : undefined
}

/** Writes the loop; control goes on behind it when the loop has ended. */
export function emitRows(f: FunctionEmitter, { turns, counted, head, jump }: Rows, body: () => void): void {
  const open = (opcode: number): number => {
    f.op(opcode, VOID)
    f.depth += 1
    return f.depth
  }
  const close = (): void => {
    f.op(op.end)
    f.depth -= 1
  }
  const to = (opcode: number, label: number): void => {
    f.op(opcode)
    f.code.u32(f.depth - label)
  }
  const done = open(op.block)
  const single = open(op.loop)
  const few = open(op.block)
  const row = open(op.loop)
  f.position(head)
  f.lacksTurns(turns)
  to(op.br_if, few)
  if (counted) {
    f.getRegister(counted.register).const64(-counted.low).op(op.i64_add)
    f.const64(counted.high - counted.low).op(op.i64_gt_u)
    to(op.br_if, few)
  }
  f.payTurns(turns)
  if (counted) emitCountedRow(f, counted, turns, body)
  else
    for (let left = turns - 1; left > 0; left -= 1) {
      body()
      f.position(jump.index)
      emitCondition(f, jump, false)
      open(op.if)
      f.payTurns(-left)
      to(op.br, done)
      close()
    }
  if (!counted) body()
  f.position(jump.index)
  emitCondition(f, jump, true)
  to(op.br_if, row)
  to(op.br, done)
  close()
  close()
  f.windows = new Map()
  f.position(head)
  f.chargeLoop()
  body()
  f.position(jump.index)
  emitCondition(f, jump, true)
  to(op.br_if, single)
  close()
  close()
  // The ways out know different things.
  f.windows = new Map()
}

function emitCountedRow(f: FunctionEmitter, loop: CountedLoop, turns: number, body: () => void): void {
  const start = f.local('start', I32)
  if (loop.places.size > 0) f.getRegister32(loop.register).set(start)
  for (let turn = 0; turn < turns; turn += 1) {
    f.counted = { loop, turn, start }
    body()
  }
  f.counted = undefined
}
