// Tail calls into an array of programs that the compiler knows: done in place, with the helper's effects.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_TAIL_CALLS } from '../../core/abi.js'
import { CPU_PROGRAM, CPU_TAIL_CALLS, PROGRAM_ENTRY } from '../../core/layout.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { AREA, DATA, functionSpec, STACK_TOP, TestMachine } from './harness.js'

const PROGRAM = DATA + 0x800
/** Of main, where the place has another's. */
const OTHER = PROGRAM + 64
const ENTRIES = 3
const STRIDE = 8
/** Table index of `target`. */
const ENTRY = 9
const HELPER = 77n

/** main(context, place) spends of the budget, then tail-calls; answers r0 + 5 if it comes back. */
const main: readonly Line[] = [
  asm.mov('r3', 'r2'),
  asm.mov('r4', 4),
  asm.label('again'),
  asm.alu('sub', 'r4', 1),
  asm.jump('ne', 'r4', 0, 'again'),
  asm.loadReference('r2', { kind: 'map', map: 'programs' }),
  asm.call(12),
  asm.alu('add', 'r0', 5),
  asm.exit(),
]
/** Its context, and nothing else; the address of its frame at DATA. */
const target: readonly Line[] = [
  asm.mov('r0', 'r1'),
  ...(['r2', 'r3', 'r4', 'r5'] as const).map((register) => asm.alu('add', 'r0', register)),
  asm.mov('r1', DATA),
  asm.store(64, 'r1', 0, 'r10'),
  asm.exit(),
]

function machine(known = true): TestMachine {
  const made = new TestMachine([functionSpec('main', main), functionSpec('target', target)], {
    maps: { programs: 0x40400 },
    ...(known && { programs: { programs: { elements: DATA + 64, stride: STRIDE, cpuStride: 0, entries: ENTRIES } } }),
    helpers: { 12: { parameters: 3, call: () => HELPER } },
  })
  made.functions.set(ENTRY, made.exports['target'])
  made.budget = 1000
  made.view.setUint32(DATA + 64 + STRIDE, PROGRAM, true)
  made.view.setUint32(PROGRAM + PROGRAM_ENTRY, ENTRY, true)
  return made
}

test('the program at the place goes on in the same frame, as the running one; no helper is called', () => {
  const made = machine()
  assert.equal(made.run('main', 1234n, 1n), 1234n)
  assert.equal(made.view.getBigUint64(DATA, true), BigInt(STACK_TOP))
  assert.equal(made.view.getUint32(AREA + CPU_PROGRAM, true), PROGRAM)
  assert.equal(made.view.getUint32(AREA + CPU_TAIL_CALLS, true), 1)
  assert.equal(made.budget, 1000 - 5, 'what is left of the budget is the next program’s')
  assert.equal(made.run('main', 1234n, (7n << 32n) + 1n), 1234n, 'an index has 32 bits')
})

test('an empty place, one out of range, and the limit of a run: the caller goes on, nothing has changed', () => {
  const made = machine()
  made.view.setUint32(AREA + CPU_PROGRAM, 4321, true)
  for (const index of [0n, 2n, 3n, 0x7fffffffn, 0xffffffffn]) assert.equal(made.run('main', 0n, index), 5n)
  assert.equal(made.view.getUint32(AREA + CPU_TAIL_CALLS, true), 0)
  made.view.setUint32(AREA + CPU_TAIL_CALLS, MAX_TAIL_CALLS, true)
  assert.equal(made.run('main', 8n, 1n), 5n)
  assert.equal(made.view.getUint32(AREA + CPU_TAIL_CALLS, true), MAX_TAIL_CALLS)
  assert.equal(made.view.getUint32(AREA + CPU_PROGRAM, true), 4321)
  made.view.setUint32(AREA + CPU_TAIL_CALLS, MAX_TAIL_CALLS - 1, true)
  assert.equal(made.run('main', 8n, 1n), 8n)
})

test('what stands at the place when it is read decides', () => {
  const made = machine()
  assert.equal(made.run('main', 8n, 2n), 5n)
  made.view.setUint32(DATA + 64 + 2 * STRIDE, PROGRAM, true)
  assert.equal(made.run('main', 8n, 2n), 8n)
  made.view.setUint32(DATA + 64 + 2 * STRIDE, 0, true)
  assert.equal(made.run('main', 8n, 2n), 5n)
})

test('a map that is no known array is left to the helper', () => {
  assert.equal(machine(false).run('main', 8n, 1n), HELPER + 5n)
})

/** chain(context): r1 counts down by itself; at 0 it answers what a first run would find in its registers. */
const chain: readonly Line[] = [
  asm.jump('ne', 'r1', 0, 'on'),
  ...(['r2', 'r3', 'r4', 'r5', 'r6', 'r7'] as const).map((register) => asm.alu('add', 'r0', register)),
  asm.alu('add', 'r0', 1000),
  asm.exit(),
  asm.label('on'),
  asm.alu('sub', 'r1', 1),
  asm.mov('r0', 3),
  asm.mov('r4', 5),
  asm.mov('r6', 7),
  asm.mov('r5', 2),
  asm.label('spend'),
  asm.alu('sub', 'r5', 1),
  asm.jump('ne', 'r5', 0, 'spend'),
  asm.loadReference('r2', { kind: 'map', map: 'programs' }),
  asm.mov('r3', 1),
  asm.call(12),
  asm.alu('add', 'r0', 5),
  asm.exit(),
]

/**
 * Two programs, of which the code says that `standing` is at place 1; what is there is at `PROGRAM`. `running`: the
 * program whose code main is, as a run notes it.
 */
function chained(standing: string | undefined, entry: number, running = PROGRAM): TestMachine {
  const made = new TestMachine([functionSpec('main', chain), functionSpec('target', target)], {
    maps: { programs: 0x40400 },
    programs: { programs: { elements: DATA + 64, stride: STRIDE, cpuStride: 0, entries: ENTRIES } },
    standing: { programs: [undefined, standing] },
    helpers: { 12: { parameters: 3, call: () => HELPER } },
  })
  const names = ['main', 'target']
  names.forEach((name, at) => made.functions.set(ENTRY + at, made.exports[name]))
  // Its own table index is the first one that the code asked for.
  if (standing !== undefined) made.functions.set(1, made.exports[standing])
  made.budget = 1000
  made.view.setUint32(AREA + CPU_PROGRAM, running, true)
  made.view.setUint32(DATA + 64 + STRIDE, PROGRAM, true)
  made.view.setUint32(PROGRAM + PROGRAM_ENTRY, entry, true)
  return made
}

/** What can be seen of a run. */
function seen(made: TestMachine, ...registers: bigint[]): unknown[] {
  const result = made.run('main', ...registers)
  const words = [CPU_PROGRAM, CPU_TAIL_CALLS].map((offset) => made.view.getUint32(AREA + offset, true))
  return [result, made.budget, ...words]
}

test('a program that goes on in itself begins as if it were called, by whatever way', () => {
  for (const turns of [0n, 1n, 2n, 20n, BigInt(MAX_TAIL_CALLS), BigInt(MAX_TAIL_CALLS) + 1n]) {
    const byTable = seen(chained(undefined, ENTRY), turns)
    assert.equal(byTable[0], turns > BigInt(MAX_TAIL_CALLS) ? 5n : 1000n)
    assert.deepEqual(seen(chained('main', 1), turns), byTable, `${turns} turns`)
  }
  for (let budget = 1; budget < 12; budget += 1) {
    const [one, other] = [chained(undefined, ENTRY), chained('main', 1)]
    one.budget = other.budget = budget
    assert.deepEqual(other.faultOf('main', 9n), one.faultOf('main', 9n), `budget ${budget}`)
  }
})

test('another program is called directly, with its context and nothing else', () => {
  const byTable = seen(chained(undefined, ENTRY + 1, OTHER), 7n)
  assert.equal(byTable[0], 6n)
  assert.deepEqual(seen(chained('target', 1, OTHER), 7n), byTable)
})

test('who stands at the place decides, whatever the definition says', () => {
  const byTable = seen(chained(undefined, ENTRY + 1, OTHER), 7n)
  assert.deepEqual(seen(chained('main', ENTRY + 1, OTHER), 7n), byTable)
  const made = chained('main', 1)
  made.view.setUint32(DATA + 64 + STRIDE, 0, true)
  assert.equal(made.run('main', 7n), 5n, 'nobody')
})
