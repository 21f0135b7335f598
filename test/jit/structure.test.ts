// Control flow: from a graph of jumps to structured code, whatever the graph looks like.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import { buildGraph } from '../../src/jit/graph.js'
import { placeBlocks } from '../../src/jit/loops.js'
import { Evaluator } from './reference.js'
import { STACK_TOP, TestMachine, functionSpec, machineOf, resultOf } from './harness.js'

/** Runs on both and compares. */
function agrees(lines: readonly Line[], ...values: bigint[]): bigint {
  const spec = functionSpec('main', lines)
  const machine = new TestMachine([spec])
  machine.budget = 1_000_000
  const memory = new DataView(new ArrayBuffer(machine.bytes.length))
  const expected = new Evaluator(decode(spec.code, 'main'), memory).run(1_000_000, ...values)
  const got = machine.run('main', ...values)
  assert.deepEqual({ kind: 'exit', result: got }, expected)
  return got
}

/** r0 = 31 * r0 + number: a trail of which blocks ran, in which order. */
const visit = (number: number): Line[] => [asm.alu('mul', 'r0', 31), asm.alu('add', 'r0', number)]

function dispatches(lines: readonly Line[]): number {
  return buildGraph(decode(functionSpec('main', lines).code, 'main')).dispatched
}

test('if, else and a merge', () => {
  const lines = [
    asm.mov('r0', 1),
    asm.jump('gt', 'r1', 10, 'big'),
    ...visit(2),
    asm.goto('end'),
    asm.label('big'),
    ...visit(3),
    asm.label('end'),
    ...visit(4),
    asm.exit(),
  ]
  assert.equal(agrees(lines, 5n), (31n + 2n) * 31n + 4n)
  assert.equal(agrees(lines, 11n), (31n + 3n) * 31n + 4n)
})

test('nested loops with break and continue', () => {
  const lines = [
    asm.mov('r0', 0),
    asm.mov('r6', 0),
    asm.label('outer'),
    asm.mov('r7', 0),
    asm.label('inner'),
    ...visit(5),
    asm.alu('add', 'r7', 1),
    asm.jump('eq', 'r7', 'r2', 'next'),
    asm.jump('set', 'r0', 4, 'inner'),
    asm.jump('lt', 'r7', 'r1', 'inner'),
    asm.label('next'),
    asm.alu('add', 'r6', 1),
    asm.jump('eq', 'r6', 7, 'out'),
    asm.jump('lt', 'r6', 'r1', 'outer'),
    asm.label('out'),
    asm.exit(),
  ]
  for (const r1 of [0n, 1n, 3n, 9n]) for (const r2 of [1n, 2n, 5n]) agrees(lines, r1, r2)
})

/** Two entries into one loop: a <-> b, entered at either. */
const twoEntries: Line[] = [
  asm.mov('r0', 0),
  asm.jump('eq', 'r1', 0, 'b'),
  asm.label('a'),
  ...visit(1),
  asm.alu('sub', 'r2', 1),
  asm.jump('eq', 'r2', 0, 'end'),
  asm.label('b'),
  ...visit(2),
  asm.jump('ne', 'r2', 1, 'a'),
  asm.label('end'),
  asm.exit(),
]

test('a loop with two entries gets one dispatch and runs as written', () => {
  assert.equal(dispatches(twoEntries), 1)
  for (const entry of [0n, 1n]) for (const count of [1n, 2n, 10n]) agrees(twoEntries, entry, count)
})

test('an irreducible loop inside a loop, entered by a jump table of comparisons', () => {
  const lines = [
    asm.mov('r0', 0),
    asm.label('outer'),
    asm.alu('add', 'r6', 1),
    asm.mov('r7', 'r1'),
    asm.alu('add', 'r7', 'r6'),
    asm.alu('mod', 'r7', 3),
    asm.jump('eq', 'r7', 0, 'x'),
    asm.jump('eq', 'r7', 1, 'y'),
    asm.label('z'),
    ...visit(1),
    asm.alu('add', 'r8', 1),
    asm.jump('set', 'r8', 3, 'y'),
    asm.goto('tail'),
    asm.label('x'),
    ...visit(2),
    asm.alu('add', 'r8', 1),
    asm.jump('set', 'r8', 1, 'z'),
    asm.label('y'),
    ...visit(3),
    asm.alu('add', 'r8', 1),
    asm.jump('set', 'r8', 4, 'x'),
    asm.jump('set', 'r8', 2, 'z'),
    asm.label('tail'),
    asm.jump('lt', 'r6', 'r2', 'outer'),
    asm.exit(),
  ]
  assert.ok(dispatches(lines) >= 1)
  for (let start = 0n; start < 6n; start += 1n) agrees(lines, start, 12n)
})

test('a jump to its own block, to the next instruction, and both arms to one place', () => {
  assert.equal(resultOf([asm.mov('r0', 3), asm.jump('eq', 'r0', 3, 'n'), asm.label('n'), asm.exit()]), 3n)
  assert.equal(resultOf([asm.mov('r0', 4), asm.goto('n'), asm.label('n'), asm.exit()]), 4n)
  const self = [
    asm.alu('add', 'r1', 0),
    asm.label('self'),
    asm.alu('add', 'r0', 1),
    asm.jump('lt', 'r0', 'r1', 'self'),
    asm.exit(),
  ]
  assert.equal(agrees(self, 9n), 9n)
})

test('code that nothing reaches is left out', () => {
  const lines = [asm.mov('r0', 1), asm.exit(), asm.label('dead'), asm.mov('r0', 2), asm.goto('dead')]
  assert.equal(resultOf(lines), 1n)
})

test('the entry may be a loop header', () => {
  const lines = [
    asm.label('again'),
    asm.alu('add', 'r0', 2),
    asm.alu('sub', 'r1', 1),
    asm.jump('ne', 'r1', 0, 'again'),
    asm.exit(),
  ]
  assert.equal(agrees(lines, 21n), 42n)
})

test('gotol reaches beyond 32,767 instructions; may_goto gives up after 8,388,608 turns', () => {
  const far = [
    asm.gotol('end'),
    ...Array.from({ length: 40_000 }, () => asm.mov('r0', 1)),
    asm.label('end'),
    asm.alu('add', 'r0', 5),
    asm.exit(),
  ]
  assert.equal(resultOf(far), 5n)
  const machine = machineOf([
    asm.label('again'),
    asm.alu('add', 'r0', 1),
    asm.mayGoto('out'),
    asm.goto('again'),
    asm.label('out'),
    // Once used up it jumps at once.
    asm.mayGoto('end'),
    asm.mov('r0', 0),
    asm.label('end'),
    asm.exit(),
  ])
  machine.budget = 20_000_000
  assert.equal(machine.run('main'), 8_388_609n)
})

test('53,000 instructions in one function: branches into both directions, loops, merges', () => {
  const lines: Line[] = [asm.mov('r0', 1)]
  for (let part = 0; part < 5300; part += 1) {
    lines.push(
      asm.label(`p${part}`),
      asm.alu('add', 'r0', part),
      asm.jump('set', 'r0', 1 << (part % 7), `odd${part}`),
      asm.alu('xor', 'r0', 0x55),
      asm.label(`odd${part}`),
      asm.store(64, 'r10', -8 - 8 * (part % 32), 'r0'),
      asm.load(64, 'r2', 'r10', -8 - 8 * ((part + 1) % 32)),
      asm.alu('add', 'r0', 'r2'),
      asm.alu('add', 'r6', 1),
      asm.jump('gt', 'r6', 8000, `end${part >> 9}`),
      asm.jump('eq', 'r0', -1, `p${Math.max(0, part - 3)}`),
      asm.alu('rsh', 'r0', 1),
    )
    if (part % 512 === 511 || part === 5299)
      lines.push(asm.goto(`over${part}`), asm.label(`end${part >> 9}`), asm.exit(), asm.label(`over${part}`))
  }
  lines.push(asm.exit())
  agrees(lines)
})

test('long chains need no recursion: 20,000 nested ifs, 20,000 exits, a switch of 5,000 cases', () => {
  const nested: Line[] = [asm.mov('r0', 0)]
  for (let depth = 0; depth < 20_000; depth += 1)
    nested.push(asm.jump('eq', 'r1', depth, `d${depth}`), asm.alu('add', 'r0', 1))
  nested.push(asm.exit())
  for (let depth = 0; depth < 20_000; depth += 1)
    nested.push(asm.label(`d${depth}`), asm.alu('add', 'r0', 7), asm.exit())
  // Offsets of jumps have 16 bits.
  const short = nested.filter(({ to, label }) => Number((to ?? label ?? '0').slice(1)) < 9000)
  agrees(short, 8999n)
  agrees(short, 3n)

  const taken: Line[] = []
  for (let depth = 0; depth < 20_000; depth += 1) {
    taken.push(asm.jump('ne', 'r1', depth, `t${depth}`), asm.mov('r0', depth), asm.exit(), asm.label(`t${depth}`))
  }
  taken.push(asm.mov('r0', -1), asm.exit())
  agrees(taken, 19_999n)

  // Cases that fall through, so every one is a merge below the same dominator.
  const cases: Line[] = [asm.mov('r0', 0)]
  for (let number = 0; number < 5000; number += 1) cases.push(asm.jump('eq', 'r1', number, `c${number}`))
  for (let number = 0; number < 5000; number += 1) cases.push(asm.label(`c${number}`), asm.alu('add', 'r0', number))
  cases.push(asm.exit())
  assert.equal(agrees(cases, 4990n), (4990n + 4999n) * 5n)
})

test('subprograms take five arguments, keep their own r6 to r9 and have a frame below the caller', () => {
  const main = functionSpec('main', [
    asm.mov('r6', 600),
    asm.store(64, 'r10', -8, 1234),
    asm.mov('r1', 1),
    asm.mov('r2', 2),
    asm.mov('r3', 3),
    asm.mov('r4', 4),
    asm.mov('r5', 5),
    asm.callFunction('callee'),
    asm.alu('add', 'r0', 'r6'),
    asm.load(64, 'r1', 'r10', -8),
    asm.alu('add', 'r0', 'r1'),
    asm.exit(),
  ])
  const callee = functionSpec('callee', [
    asm.mov('r0', 'r1'),
    asm.alu('mul', 'r0', 'r2'),
    asm.alu('mul', 'r0', 'r3'),
    asm.alu('mul', 'r0', 'r4'),
    asm.alu('mul', 'r0', 'r5'),
    asm.mov('r6', 9),
    asm.store(64, 'r10', -8, 77),
    asm.exit(),
  ])
  const machine = new TestMachine([main, callee], { roots: ['main'] })
  machine.budget = 10
  assert.equal(machine.run('main'), 120n + 600n + 1234n)
  assert.equal(machine.view.getBigUint64(STACK_TOP - 512 - 8, true), 77n)
})

test('what follows a loop is written after it, not inside: loops in a row do not nest', () => {
  const lines: Line[] = []
  for (let number = 0; number < 50; number += 1)
    lines.push(asm.label(`l${number}`), asm.alu('add', 'r0', 1), asm.jump('set', 'r0', 3, `l${number}`))
  lines.push(asm.exit())
  const graph = buildGraph(decode(functionSpec('main', lines).code, 'main'))
  const { parent, isExit } = placeBlocks(graph)
  for (let block = 1; block <= 50; block += 1) {
    assert.equal(isExit[block], 1)
    assert.equal(parent[block], block - 1)
  }
  assert.equal(agrees(lines), 4n + 49n * 4n)
})

test('leaving two loops at once goes behind the outer one', () => {
  const lines = [
    asm.label('outer'),
    asm.alu('add', 'r6', 1),
    asm.label('inner'),
    ...visit(1),
    asm.alu('add', 'r7', 1),
    asm.jump('gt', 'r7', 40, 'out'),
    asm.jump('set', 'r7', 3, 'inner'),
    ...visit(2),
    asm.jump('lt', 'r6', 'r1', 'outer'),
    ...visit(3),
    asm.exit(),
    asm.label('out'),
    ...visit(4),
    asm.exit(),
  ]
  agrees(lines, 3n)
  agrees(lines, 30n)
  const graph = buildGraph(decode(functionSpec('main', lines).code, 'main'))
  const { parent, isExit } = placeBlocks(graph)
  const exits = graph.order.filter((block) => graph.blocks[block]!.terminator.kind === 'exit')
  assert.deepEqual(
    exits.map((block) => [isExit[block], parent[block]]),
    [
      [1, 0],
      [1, 0],
    ],
  )
})
