// What the compiler copies of the core's code in place of calls: shapes of code that it does not know are refused,
// never copied as if they were others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockType, passOperands } from '../../src/jit/core-code.js'
import { I64, op, VOID } from '../../src/jit/encoder.js'
import { Reader } from '../../src/jit/module-reader.js'

const reading = (...bytes: number[]): Reader => new Reader(Uint8Array.from(bytes), 0)

test('operands are passed over to the next instruction', () => {
  const load = reading(3, 0x80, 1, op.drop)
  passOperands(load, op.i64_load)
  assert.equal(load.byte(), op.drop)
  const atomic = reading(0x11, 3, 8, op.drop)
  passOperands(atomic, op.atomic)
  assert.equal(atomic.byte(), op.drop)
})

test('a fence has other operands than atomic accesses: it is refused', () => {
  assert.throws(() => passOperands(reading(3, 0, 0), op.atomic), /atomic\.fence/)
})

test('what small functions of the core do not have is refused: an indirect call, a table of branches', () => {
  for (const opcode of [0x11, 0x0e]) assert.throws(() => passOperands(reading(0, 0), opcode), /in place of a call/)
})

test('a block has no value or one, and no type that is a number of the core’s own types', () => {
  assert.equal(blockType(reading(VOID)), VOID)
  assert.equal(blockType(reading(I64)), I64)
  assert.throws(() => blockType(reading(5)), /a block of type 5/)
})
