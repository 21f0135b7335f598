// Loops that count: what is spared in a row of turns changes nothing that can be seen. Random loops are compared with
// the reference evaluator, and the code is looked at for what should be gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FAULT_BAD_ACCESS, FAULT_LOOP_BUDGET } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Comparison, Line, Register, Width } from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import type { FunctionContext } from '../../src/jit/context.js'
import { countedLoop, type CountedLoop } from '../../src/jit/counted.js'
import { compare } from './comparison.js'
import { DATA, functionSpec, GUEST_BASE, GUEST_END, machineOf } from './harness.js'

/** The counter; what a turn computes with; where results go. */
const COUNTER = 'r3'
const wide = (value: number): Line => asm.instruction('lddw immediate', { dst: 6, imm: value | 0, high: 0 })

const width = fc.constantFrom<Width>(8, 16, 32, 64)
const small = fc.integer({ min: -20, max: 40 })
const base = fc.oneof(
  fc.constantFrom(DATA, GUEST_BASE, GUEST_END - 8, 0),
  fc.integer({ min: GUEST_END - 80, max: GUEST_END + 10 }),
  fc.integer({ min: GUEST_BASE - 80, max: GUEST_BASE + 10 }),
)

/** An access at a constant, or the frame, and the counter; or something else that rests on the counter. */
const piece: fc.Arbitrary<readonly Line[]> = fc.oneof(
  fc
    .tuple(base, width, small, fc.boolean(), fc.boolean())
    .map(([at, bits, offset, stores, first]): Line[] => [
      ...(first ? [wide(at), asm.alu('add', 'r6', COUNTER)] : [asm.mov('r6', COUNTER), asm.alu('add', 'r6', at)]),
      stores ? asm.store(bits, 'r6', offset, 'r5') : asm.load(bits, 'r4', 'r6', offset),
      asm.alu('xor', 'r5', 'r4'),
    ]),
  fc
    .tuple(fc.integer({ min: -530, max: 10 }), width, small, fc.boolean(), fc.constantFrom<32 | 64>(32, 64))
    .map(([at, bits, offset, stores, copy]): Line[] => [
      copy === 64 ? asm.mov('r7', COUNTER) : asm.alu('mov', 'r7', COUNTER, 32),
      asm.alu('add', 'r7', 'r10'),
      asm.alu('add', 'r7', at),
      stores ? asm.store(bits, 'r7', offset, 'r5') : asm.load(bits, 'r8', 'r7', offset),
      asm.alu('add', 'r5', 'r8'),
    ]),
  fc
    .tuple(
      fc.constantFrom('div' as const, 'mod' as const, 'sdiv' as const, 'smod' as const),
      fc.constantFrom<32 | 64>(32, 64),
      small,
    )
    .map(([operation, bits, more]): Line[] => [
      asm.mov('r9', COUNTER),
      asm.alu('add', 'r9', more, bits),
      asm.alu(operation, 'r5', 'r9', bits),
      asm.alu('add', 'r5', 77),
    ]),
  fc.constant([asm.alu('add', 'r5', COUNTER)]),
)

const step = fc.oneof({ arbitrary: fc.integer({ min: -9, max: 9 }), weight: 4 }, fc.constantFrom(1000, -1000, 1 << 30))
const limit = fc.oneof(
  { arbitrary: fc.integer({ min: -3, max: 90 }), weight: 4 },
  fc.constantFrom(0x7fffffff, 0x7ffffff0, -0x80000000),
)
/** How far before the limit the counter starts, in steps, or where. */
const start = fc.oneof(
  { arbitrary: fc.integer({ min: -2, max: 60 }), weight: 4 },
  fc.constantFrom(0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0xfffffffffffffffen, 1n << 63n),
)

const loops = fc.record({
  pieces: fc.array(piece, { maxLength: 3 }),
  at: fc.nat(3),
  step,
  bits: fc.constantFrom<32 | 64>(64, 64, 32),
  operation: fc.constantFrom<Comparison>(
    'lt',
    'lt',
    'ne',
    'ne',
    'le',
    'gt',
    'ge',
    'slt',
    'sle',
    'sgt',
    'sge',
    'eq',
    'set',
  ),
  copied: fc.constantFrom<Register>(COUNTER, COUNTER, 'r2'),
  jumpBits: fc.constantFrom<32 | 64>(64, 64, 32),
  limit,
  start,
})

test('random loops do, end and fault as in the reference', () => {
  const endings: Record<string, number> = {}
  let counted = 0
  fc.assert(
    fc.property(loops, (loop) => {
      const body = [...loop.pieces]
      const copy = loop.copied === COUNTER ? [] : [asm.mov(loop.copied, COUNTER)]
      body.splice(loop.at, 0, [...copy, asm.alu('add', COUNTER, loop.step, loop.bits)])
      const lines = [
        ...(['r4', 'r5', 'r6', 'r7', 'r8', 'r9'] as const).map((register, at) => asm.mov(register, at)),
        asm.label('again'),
        ...body.flat(),
        asm.jump(loop.operation, loop.copied, loop.limit, 'again', loop.jumpBits),
        asm.mov('r0', 'r5'),
        asm.alu('xor', 'r0', COUNTER),
        asm.exit(),
      ]
      counted += loopOf(body.flat(), lines.at(-4)!) ? 1 : 0
      const first = typeof loop.start === 'bigint' ? loop.start : BigInt(loop.limit - loop.start * loop.step)
      const ending = compare(lines, [0n, 0n, BigInt.asUintN(64, first)])
      endings[ending] = (endings[ending] ?? 0) + 1
    }),
    { numRuns: Number(process.env['SKEP_FUZZ_RUNS'] ?? 900) },
  )
  assert.ok(endings['exit']! > 100 && endings['fault']! > 100 && counted > 100, JSON.stringify({ ...endings, counted }))
})

const context = {
  guestBase: GUEST_BASE,
  guestEnd: GUEST_END,
  wideValue: ({ imm, high }) => (BigInt(high) << 32n) | BigInt(imm >>> 0),
} as Partial<FunctionContext> as FunctionContext

/** What is known of a loop of eight turns in a row. */
function loopOf(body: readonly Line[], jump: Line, turns = 8): CountedLoop | undefined {
  const code = decode(
    functionSpec('main', [asm.label('again'), ...body, { ...jump, to: 'again' }, asm.exit()]).code,
    'main',
  )
  return countedLoop(context, code.slice(0, -2), code.at(-2)!, turns)
}

const up = asm.alu('add', COUNTER, 1)

test('the range of the counter is where the loop goes on, addresses lie in the window, and divisors are not zero', () => {
  const rangeOf = (body: readonly Line[], operation: Comparison, limit: number): unknown => {
    const loop = loopOf(body, asm.jump(operation, COUNTER, limit, 'again'))
    return loop && [loop.low, loop.high]
  }
  assert.deepEqual(rangeOf([up], 'lt', 100), [0, 92], 'seven times it is compared as at most 99')
  assert.deepEqual(rangeOf([up], 'ne', 100), [0, 92])
  assert.deepEqual(rangeOf([up], 'le', 100), [0, 93])
  assert.deepEqual(rangeOf([asm.alu('sub', COUNTER, 2)], 'ne', 0), [16, 0x7fffffff])
  const access = [wide(GUEST_END - 50), asm.alu('add', 'r6', COUNTER), asm.load(32, 'r0', 'r6', 0), up]
  assert.deepEqual(rangeOf(access, 'lt', 100), [0, 50 - 4 - 7])
  assert.deepEqual(rangeOf([asm.alu('div', 'r0', COUNTER), up], 'lt', 100), [1, 92])
  for (const [operation, limit] of [
    ['lt', 7],
    ['lt', -1],
    ['gt', 10],
    ['eq', 10],
    ['set', 8],
  ] as const)
    assert.equal(rangeOf([up], operation, limit), undefined, `${operation} ${limit}`)
  for (const body of [
    [up, up],
    [asm.alu('add', COUNTER, 'r2')],
    [asm.mov(COUNTER, 1)],
    [asm.load(8, COUNTER, 'r2', 0)],
  ])
    assert.equal(rangeOf(body, 'lt', 100), undefined)
})

test('accesses out of the window in any turn are not spared their check', () => {
  const at = (address: number): number | undefined => {
    const body = [wide(address), asm.alu('add', 'r6', COUNTER), asm.load(8, 'r0', 'r6', 0), up]
    return loopOf(body, asm.jump('lt', COUNTER, 100, 'again'))?.places.size
  }
  assert.deepEqual([GUEST_BASE - 120, GUEST_BASE, GUEST_END - 8, GUEST_END - 7, GUEST_END].map(at), [0, 1, 1, 0, 0])
  for (const turns of [1, 7, 8, 9, 16, 40]) {
    const body = [wide(GUEST_END - 40), asm.alu('add', 'r6', COUNTER), asm.load(8, 'r0', 'r6', 0), up]
    const lines = [asm.label('again'), ...body, asm.jump('lt', COUNTER, 100, 'again'), asm.exit()]
    assert.deepEqual(machineOf(lines).faultOf('main', 0n, 0n, BigInt(40 - turns)), {
      kind: FAULT_BAD_ACCESS,
      address: BigInt(GUEST_END),
      function: 'main',
      instruction: 3,
    })
  }
})

test('turns are paid one by one, whatever is left of the budget', () => {
  const lines = [asm.label('again'), up, asm.jump('ne', COUNTER, 40, 'again'), asm.mov('r0', COUNTER), asm.exit()]
  for (let budget = 0; budget <= 60; budget += 1)
    for (const start of [39, 32, 31, 24, 8, 0]) {
      const machine = machineOf(lines)
      machine.budget = budget
      if (40 - start < budget) {
        assert.equal(machine.run('main', 0n, 0n, BigInt(start)), 40n)
        assert.equal(machine.budget, budget - 1 - (40 - start))
      } else assert.equal(machine.faultOf('main', 0n, 0n, BigInt(start)).kind, FAULT_LOOP_BUDGET)
    }
})
