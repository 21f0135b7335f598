// Every instruction on its own. Expected results are written out from RFC 9669, by hand where there is something to get
// wrong; a sweep over every form with interesting operands against the reference evaluator comes after them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Operand } from '../../src/isa/assemble.js'
import type { Form } from '../../src/isa/form.js'
import { FORMS } from '../../src/isa/table.js'
import { decode } from '../../src/isa/decode.js'
import { Evaluator } from './reference.js'
import { DATA, TestMachine, functionSpec, machineOf } from './harness.js'

const MAX = 0xffffffffffffffffn
const MIN_S64 = 0x8000000000000000n
const MIN_S32 = 0x80000000n

/** [what, instruction on r1 (and r2), r1 before, r2 before, r1 after] */
type Vector = readonly [line: Line, r1: bigint, r2: bigint, expected: bigint]

const both = (operation: asm.Arithmetic, operand: Operand, width: 32 | 64 = 64): Line =>
  asm.alu(operation, 'r1', operand, width)

const VECTORS: readonly Vector[] = [
  // Addition wraps; the 32-bit form clears the upper half; immediates are sign-extended.
  [both('add', 'r2'), MAX, 1n, 0n],
  [both('add', 'r2', 32), 0xffffffff_ffffffffn, 1n, 0n],
  [both('add', 'r2', 32), 0xaaaaaaaa_00000001n, 0xbbbbbbbb_00000002n, 3n],
  [both('add', -1), 0n, 0n, MAX],
  [both('add', -1, 32), 0n, 0n, 0xffffffffn],
  [both('add', -1, 32), 0x1_00000005n, 0n, 4n],
  [both('sub', 'r2'), 0n, 1n, MAX],
  [both('sub', 'r2', 32), 0n, 1n, 0xffffffffn],
  [both('sub', -1), 0n, 0n, 1n],
  [both('mul', 'r2'), 0x1_00000001n, 0x1_00000001n, 0x2_00000001n],
  [both('mul', 'r2', 32), 0x12345678n, 0x9abcdef0n, 0x242d2080n],
  [both('mul', -2), 3n, 0n, MAX - 5n],
  // Unsigned division; by zero 0; a negative immediate is a huge divisor.
  [both('div', 'r2'), MAX, 2n, 0x7fffffff_ffffffffn],
  [both('div', 'r2'), 5n, 0n, 0n],
  [both('div', 'r2', 32), 0xffffffff_0000000an, 0xffffffff_00000003n, 3n],
  [both('div', 'r2', 32), 0xffffffff_0000000an, 0xffffffff_00000000n, 0n],
  [both('div', -1), MAX, 0n, 1n],
  [both('div', -2), MAX - 2n, 0n, 0n],
  [both('div', 0), 5n, 0n, 0n],
  [both('div', 0, 32), 0x5_00000005n, 0n, 0n],
  // Modulo by zero leaves the dividend; in 32 bits its upper half is cleared all the same.
  [both('mod', 'r2'), 0x1_00000007n, 0n, 0x1_00000007n],
  [both('mod', 'r2', 32), 0x1_00000007n, 0n, 7n],
  [both('mod', 'r2', 32), 0x1_00000007n, 0x1_00000000n, 7n],
  [both('mod', 'r2'), MAX, 10n, 5n],
  [both('mod', 0), 0x1_00000007n, 0n, 0x1_00000007n],
  [both('mod', 0, 32), 0x1_00000007n, 0n, 7n],
  [both('mod', -1), MAX, 0n, 0n],
  // Signed division truncates towards zero; the one overflow wraps.
  [both('sdiv', 'r2'), MAX - 6n, 2n, MAX - 2n],
  [both('sdiv', 'r2'), 7n, MAX - 1n, MAX - 2n],
  [both('sdiv', 'r2'), MIN_S64, MAX, MIN_S64],
  [both('sdiv', 'r2'), 7n, 0n, 0n],
  [both('sdiv', 'r2', 32), 0xfffffff9n, 2n, 0xfffffffdn],
  [both('sdiv', 'r2', 32), MIN_S32, 0xffffffffn, MIN_S32],
  [both('sdiv', 'r2', 32), MIN_S32, 0x1_ffffffffn, MIN_S32],
  [both('sdiv', -1), MIN_S64, 0n, MIN_S64],
  [both('sdiv', -1, 32), MIN_S32, 0n, MIN_S32],
  [both('sdiv', -1, 32), 0xffffffff_00000005n, 0n, 0xfffffffbn],
  [both('sdiv', 0), 7n, 0n, 0n],
  // The remainder has the dividend's sign.
  [both('smod', 'r2'), MAX - 6n, 3n, MAX],
  [both('smod', 'r2'), 7n, MAX - 2n, 1n],
  [both('smod', 'r2'), MIN_S64, MAX, 0n],
  [both('smod', 'r2'), MAX - 6n, 0n, MAX - 6n],
  [both('smod', 'r2', 32), 0xfffffff9n, 3n, 0xffffffffn],
  [both('smod', 'r2', 32), MIN_S32, 0xffffffffn, 0n],
  [both('smod', 'r2', 32), 0x5_fffffff9n, 0n, 0xfffffff9n],
  [both('smod', -1), MIN_S64, 0n, 0n],
  [both('smod', 0, 32), 0x5_fffffff9n, 0n, 0xfffffff9n],
  // Logic; immediates are sign-extended to 64 bits.
  [both('or', -0x80000000), 1n, 0n, 0xffffffff_80000001n],
  [both('or', -0x80000000, 32), 1n, 0n, 0x80000001n],
  [both('and', -16), MAX, 0n, MAX - 15n],
  [both('and', 'r2', 32), MAX, 0xf0f0_0ff00ff0n, 0x0ff00ff0n],
  [both('xor', -1), 0x0f0fn, 0n, MAX - 0x0f0fn],
  [both('xor', 'r1'), MAX, 0n, 0n],
  // Shifts take their count modulo the width.
  [both('lsh', 'r2'), 1n, 63n, MIN_S64],
  [both('lsh', 'r2'), 1n, 64n, 1n],
  [both('lsh', 'r2'), 1n, 65n, 2n],
  [both('lsh', 'r2'), 1n, 0x1_00000001n, 2n],
  [both('lsh', 'r2', 32), 1n, 32n, 1n],
  [both('lsh', 'r2', 32), 3n, 31n, 0x80000000n],
  [both('lsh', 'r2', 32), 1n, 0xffffffffn, 0x80000000n],
  [both('lsh', 63), 3n, 0n, MIN_S64],
  [both('rsh', 'r2'), MAX, 63n, 1n],
  [both('rsh', 'r2'), MAX, 64n, MAX],
  [both('rsh', 'r2', 32), MAX, 4n, 0x0fffffffn],
  [both('rsh', 'r2', 32), MAX, 33n, 0x7fffffffn],
  [both('arsh', 'r2'), MIN_S64, 63n, MAX],
  [both('arsh', 'r2'), MIN_S64, 64n, MIN_S64],
  [both('arsh', 'r2', 32), MIN_S32, 31n, 0xffffffffn],
  [both('arsh', 'r2', 32), 0xffffffff_70000000n, 4n, 0x07000000n],
  [both('arsh', 1, 32), 0xffffffff_80000000n, 0n, 0xc0000000n],
  // Moves.
  [both('mov', 'r2'), 0n, MAX, MAX],
  [both('mov', 'r2', 32), MAX, 0x12345678_9abcdef0n, 0x9abcdef0n],
  [both('mov', -1), 0n, 0n, MAX],
  [both('mov', -1, 32), 0n, 0n, 0xffffffffn],
  [both('mov', 'r1', 32), MAX, 0n, 0xffffffffn],
  [asm.movsx(8, 'r1', 'r2'), 0n, 0x1280n, MAX - 0x7fn],
  [asm.movsx(8, 'r1', 'r2', 32), 0n, 0x1280n, 0xffffff80n],
  [asm.movsx(16, 'r1', 'r2'), 0n, 0x18000n, MAX - 0x7fffn],
  [asm.movsx(16, 'r1', 'r2', 32), 0n, 0x18000n, 0xffff8000n],
  [asm.movsx(32, 'r1', 'r2'), 0n, 0x1_80000000n, 0xffffffff_80000000n],
  [asm.movsx(32, 'r1', 'r2'), 0n, 0x1_7fffffffn, 0x7fffffffn],
  [asm.neg('r1'), 1n, 0n, MAX],
  [asm.neg('r1'), MIN_S64, 0n, MIN_S64],
  [asm.neg('r1', 32), 0xffffffff_00000001n, 0n, 0xffffffffn],
  [asm.neg('r1', 32), 0xffffffff_00000000n, 0n, 0n],
  // The machine is little-endian: le truncates, be swaps and truncates, bswap always swaps.
  [asm.endian('le', 16, 'r1'), 0x01020304_05060708n, 0n, 0x0708n],
  [asm.endian('le', 32, 'r1'), 0x01020304_05060708n, 0n, 0x05060708n],
  [asm.endian('le', 64, 'r1'), 0x01020304_05060708n, 0n, 0x01020304_05060708n],
  [asm.endian('be', 16, 'r1'), 0x01020304_05060788n, 0n, 0x8807n],
  [asm.endian('be', 32, 'r1'), 0x01020304_85060788n, 0n, 0x88070685n],
  [asm.endian('be', 64, 'r1'), 0x01020304_05060788n, 0n, 0x88070605_04030201n],
  [asm.endian('bswap', 16, 'r1'), 0x01020304_05068788n, 0n, 0x8887n],
  [asm.endian('bswap', 32, 'r1'), 0x01020304_85060708n, 0n, 0x08070685n],
  [asm.endian('bswap', 64, 'r1'), 0x81020304_05060708n, 0n, 0x08070605_04030281n],
  [asm.loadImmediate('r1', 0xfedcba98_76543210n), 0n, 0n, 0xfedcba98_76543210n],
  [asm.loadImmediate('r1', 0xffffffffn), 0n, 0n, 0xffffffffn],
  [asm.loadImmediate('r1', 0x80000000n), 0n, 0n, 0x80000000n],
]

/** Many small functions in one module, so that a vector costs microseconds. */
function runAll(cases: readonly { lines: readonly Line[] }[]): TestMachine {
  const machine = new TestMachine(cases.map(({ lines }, at) => functionSpec(`v${at}`, lines)))
  machine.budget = 1_000_000
  return machine
}

test(`arithmetic has the results of RFC 9669 (${VECTORS.length} vectors)`, () => {
  const cases = VECTORS.map(([line]) => ({ lines: [line, asm.mov('r0', 'r1'), asm.exit()] }))
  const machine = runAll(cases)
  VECTORS.forEach(([line, r1, r2, expected], at) => {
    const got = machine.run(`v${at}`, r1, r2)
    assert.equal(got, expected, `${line.form!.name} (imm ${line.imm}): 0x${r1.toString(16)}, 0x${r2.toString(16)} `)
  })
})

const JUMPS: readonly (readonly [asm.Comparison, a: bigint, b: bigint, jumps64: boolean, jumps32: boolean])[] = [
  ['eq', 5n, 5n, true, true],
  ['eq', 0x1_00000005n, 5n, false, true],
  ['ne', 0x1_00000005n, 5n, true, false],
  ['gt', 0x1_00000000n, 1n, true, false],
  ['gt', MAX, 0n, true, true],
  ['gt', 5n, 5n, false, false],
  ['ge', 5n, 5n, true, true],
  ['ge', 0x1_00000000n, 1n, true, false],
  ['lt', 1n, 0x1_00000000n, true, false],
  ['lt', 1n, MAX, true, true],
  ['le', 5n, 5n, true, true],
  ['le', 6n, 0x1_00000005n, true, false],
  ['sgt', 0n, MAX, true, true],
  ['sgt', 0x80000000n, 0n, true, false],
  ['sgt', 1n, MIN_S64, true, true],
  ['sge', MIN_S64, MIN_S64, true, true],
  ['sge', 0x80000000n, 0n, true, false],
  ['slt', MAX, 0n, true, true],
  ['slt', 0x80000000n, 0n, false, true],
  ['sle', MIN_S64, 0n, true, true],
  ['sle', 1n, 0x80000000n, true, false],
  ['set', 0b1010n, 0b0010n, true, true],
  ['set', 0b1010n, 0b0101n, false, false],
  ['set', 0x1_00000000n, 0x3_00000000n, true, false],
]

test(`jumps compare 64 or 32 bits, signed or unsigned (${2 * JUMPS.length} vectors)`, () => {
  const jumpOf = (comparison: asm.Comparison, width: 32 | 64): Line[] => [
    asm.mov('r0', 1),
    asm.jump(comparison, 'r1', 'r2', 'out', width),
    asm.mov('r0', 0),
    asm.label('out'),
    asm.exit(),
  ]
  const cases = JUMPS.flatMap(([comparison]) => [{ lines: jumpOf(comparison, 64) }, { lines: jumpOf(comparison, 32) }])
  const machine = runAll(cases)
  JUMPS.forEach(([comparison, a, b, jumps64, jumps32], at) => {
    assert.equal(machine.run(`v${2 * at}`, a, b), jumps64 ? 1n : 0n, `j${comparison}64 ${a} ${b}`)
    assert.equal(machine.run(`v${2 * at + 1}`, a, b), jumps32 ? 1n : 0n, `j${comparison}32 ${a} ${b}`)
  })
})

test('a comparison with an immediate sign-extends it; JMP32 compares the lower halves', () => {
  const jumps = (comparison: asm.Comparison, imm: number, r1: bigint, width: 32 | 64): bigint =>
    machineOf([
      asm.mov('r0', 1),
      asm.jump(comparison, 'r1', imm, 'out', width),
      asm.mov('r0', 0),
      asm.label('out'),
      asm.exit(),
    ]).run('main', r1)
  assert.equal(jumps('eq', -1, MAX, 64), 1n)
  assert.equal(jumps('eq', -1, 0xffffffffn, 64), 0n)
  assert.equal(jumps('eq', -1, 0xffffffffn, 32), 1n)
  assert.equal(jumps('eq', 0, 0x1_00000000n, 64), 0n)
  assert.equal(jumps('eq', 0, 0x1_00000000n, 32), 1n)
  assert.equal(jumps('ne', 0, 0x1_00000000n, 32), 0n)
  assert.equal(jumps('gt', -2, MAX, 64), 1n)
  assert.equal(jumps('sgt', -2, 0n, 64), 1n)
  assert.equal(jumps('set', -0x80000000, 0xf0000000_00000000n, 64), 1n)
  assert.equal(jumps('set', -0x80000000, 0xf0000000_00000000n, 32), 0n)
})

test('loads zero-extend or sign-extend; stores write their width only', () => {
  const cell = 0x88776655_f3f2f1f0n
  const loaded = (line: Line): bigint => {
    const machine = machineOf([line, asm.exit()])
    machine.view.setBigUint64(DATA + 16, cell, true)
    return machine.run('main', BigInt(DATA))
  }
  assert.equal(loaded(asm.load(8, 'r0', 'r1', 16)), 0xf0n)
  assert.equal(loaded(asm.load(16, 'r0', 'r1', 16)), 0xf1f0n)
  assert.equal(loaded(asm.load(16, 'r0', 'r1', 17)), 0xf2f1n)
  assert.equal(loaded(asm.load(32, 'r0', 'r1', 16)), 0xf3f2f1f0n)
  assert.equal(loaded(asm.load(64, 'r0', 'r1', 16)), cell)
  assert.equal(loaded(asm.loadSigned(8, 'r0', 'r1', 16)), MAX - 0x0fn)
  assert.equal(loaded(asm.loadSigned(16, 'r0', 'r1', 16)), 0xffffffff_fffff1f0n)
  assert.equal(loaded(asm.loadSigned(32, 'r0', 'r1', 16)), 0xffffffff_f3f2f1f0n)
  const stored = (line: Line): bigint => {
    const machine = machineOf([line, asm.exit()])
    machine.view.setBigUint64(DATA + 16, MAX, true)
    machine.run('main', BigInt(DATA), 0x01020304_05060708n)
    return machine.view.getBigUint64(DATA + 16, true)
  }
  assert.equal(stored(asm.store(8, 'r1', 16, 'r2')), 0xffffffff_ffffff08n)
  assert.equal(stored(asm.store(16, 'r1', 16, 'r2')), 0xffffffff_ffff0708n)
  assert.equal(stored(asm.store(32, 'r1', 16, 'r2')), 0xffffffff_05060708n)
  assert.equal(stored(asm.store(64, 'r1', 16, 'r2')), 0x01020304_05060708n)
  assert.equal(stored(asm.store(8, 'r1', 16, -256)), 0xffffffff_ffffff00n)
  assert.equal(stored(asm.store(32, 'r1', 16, 5)), 0xffffffff_00000005n)
  assert.equal(stored(asm.store(64, 'r1', 16, -2)), MAX - 1n)
})

test('atomics change the cell and fetch the old value, zero-extended in 32 bits', () => {
  const run = (
    operation: asm.AtomicOperation,
    width: asm.Width,
    cell: bigint,
    value: bigint,
    r0 = 0n,
  ): { cell: bigint; r2: bigint; r0: bigint } => {
    const lines = (result: asm.Register): Line[] => [
      asm.mov('r0', 'r3'),
      asm.atomic(operation, width, 'r1', 8, 'r2'),
      asm.mov('r0', result),
      asm.exit(),
    ]
    const results = (['r2', 'r0'] as const).map((result) => {
      const machine = machineOf(lines(result))
      machine.view.setBigUint64(DATA + 8, cell, true)
      const got = machine.run('main', BigInt(DATA), value, r0)
      return { got, cell: machine.view.getBigUint64(DATA + 8, true) }
    })
    return { cell: results[0]!.cell, r2: results[0]!.got, r0: results[1]!.got }
  }
  const old = 0xaaaaaaaa_fffffff0n
  const value = 0xbbbbbbbb_00000011n
  assert.deepEqual(run('add', 64, old, 0x11n), { cell: 0xaaaaaaab_00000001n, r2: 0x11n, r0: 0n })
  assert.deepEqual(run('add', 32, old, value), { cell: 0xaaaaaaaa_00000001n, r2: value, r0: 0n })
  assert.deepEqual(run('fetch_add', 64, old, 0x11n), { cell: 0xaaaaaaab_00000001n, r2: old, r0: 0n })
  assert.deepEqual(run('fetch_add', 32, old, value), { cell: 0xaaaaaaaa_00000001n, r2: 0xfffffff0n, r0: 0n })
  assert.deepEqual(run('or', 64, 0x0fn, 0xf0n).cell, 0xffn)
  assert.deepEqual(run('fetch_or', 32, 0x1_0000000fn, 0x2_000000f0n), { cell: 0x1_000000ffn, r2: 0x0fn, r0: 0n })
  assert.deepEqual(run('and', 32, MAX, 0x0fn).cell, 0xffffffff_0000000fn)
  assert.deepEqual(run('fetch_and', 64, 0xffn, 0x0fn), { cell: 0x0fn, r2: 0xffn, r0: 0n })
  assert.deepEqual(run('xor', 64, 0xffn, 0x0fn).cell, 0xf0n)
  assert.deepEqual(run('fetch_xor', 32, 0x1_000000ffn, 0xfn), { cell: 0x1_000000f0n, r2: 0xffn, r0: 0n })
  assert.deepEqual(run('xchg', 64, old, value), { cell: value, r2: old, r0: 0n })
  assert.deepEqual(run('xchg', 32, old, value), { cell: 0xaaaaaaaa_00000011n, r2: 0xfffffff0n, r0: 0n })
  assert.deepEqual(run('cmpxchg', 64, old, value, old), { cell: value, r2: value, r0: old })
  assert.deepEqual(run('cmpxchg', 64, old, value, 1n), { cell: old, r2: value, r0: old })
  // 32 bits: only the lower halves are compared, and r0 is zero-extended either way.
  assert.deepEqual(run('cmpxchg', 32, old, value, 0x7_fffffff0n), {
    cell: 0xaaaaaaaa_00000011n,
    r2: value,
    r0: 0xfffffff0n,
  })
  assert.deepEqual(run('cmpxchg', 32, old, value, 0x7_fffffff1n), { cell: old, r2: value, r0: 0xfffffff0n })
  assert.equal(run('load_acquire', 16, old, 0n).cell, old)
  for (const width of [8, 16, 32, 64] as const) {
    assert.equal(run('store_release', width, 0n, MAX).cell, BigInt.asUintN(width, MAX))
    const machine = machineOf([asm.atomic('load_acquire', width, 'r1', 8, 'r0'), asm.exit()])
    machine.view.setBigUint64(DATA + 8, old, true)
    assert.equal(machine.run('main', BigInt(DATA)), BigInt.asUintN(width, old))
  }
})

const INTERESTING = [0n, 1n, 7n, 31n, 32n, 63n, 64n, 0x7fffffffn, MIN_S32, 0xffffffffn, 0x1_00000000n, MIN_S64, MAX]
const IMMEDIATES = [0, 1, 2, 31, 33, -1, -2, 0x7fffffff, -0x80000000]

/** The lines that exercise one form; r0 tells what it did. */
function sweep(form: Form): Line[][] {
  const immediates = form.source === 'immediate' ? IMMEDIATES : [form.fixed.imm ?? 0]
  return immediates.map((imm) => {
    const line: Line = { form, dst: 1, src: form.source === 'register' ? 2 : 0, offset: form.fixed.offset ?? 0, imm }
    return form.kind === 'jump'
      ? [asm.mov('r0', 1), { ...line, to: 'out' }, asm.mov('r0', 0), asm.label('out'), asm.exit()]
      : [line, asm.mov('r0', 'r1'), asm.exit()]
  })
}

test('every arithmetic, swap and jump form agrees with the reference on all interesting operands', () => {
  const cases = FORMS.filter(({ kind }) => kind === 'alu' || kind === 'endian' || kind === 'jump').flatMap((form) =>
    sweep(form).map((lines) => ({ form, lines })),
  )
  const machine = runAll(cases)
  let compared = 0
  cases.forEach(({ form, lines }, at) => {
    const instructions = decode(functionSpec('sweep', lines).code, 'sweep')
    for (const r1 of INTERESTING)
      for (const r2 of form.source === 'register' ? INTERESTING : [0n]) {
        const expected = new Evaluator(instructions, machine.view).run(10, r1, r2)
        assert.equal(expected.kind, 'exit')
        if (expected.kind === 'exit')
          assert.equal(machine.run(`v${at}`, r1, r2), expected.result, `${form.name} imm ${lines[0]!.imm} ${r1} ${r2}`)
        compared += 1
      }
  })
  assert.ok(compared > 10_000)
})
