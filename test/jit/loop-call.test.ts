// bpf_loop in place: the helper's results and faults, and what it spends, without the helper.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { E2BIG, EINVAL, FAULT_CALLBACK_RESULT, FAULT_LOOP_BUDGET } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { DATA, functionSpec, TestMachine } from './harness.js'

/** main(turns, flags) loops over `body`, which gets the turn in r1 and DATA in r2. */
function machine(body: readonly Line[]): TestMachine {
  const main = [
    asm.mov('r4', 'r2'),
    asm.mov('r3', DATA),
    asm.loadReference('r2', { kind: 'function-pointer', function: 'body' }),
    asm.call(181),
    asm.exit(),
  ]
  const made = new TestMachine([functionSpec('main', main), functionSpec('body', body)], {
    roots: ['main'],
    helpers: { 181: { parameters: 4, frame: true, call: () => assert.fail('the helper was called') } },
  })
  made.budget = 1000
  return made
}

/** Counts its calls at DATA, sums up the turns behind it; answers 1 in turn `last`, `answer` in turn 3. */
function counting(last: number, answer = 0): Line[] {
  return [
    asm.load(64, 'r0', 'r2', 0),
    asm.alu('add', 'r0', 1),
    asm.store(64, 'r2', 0, 'r0'),
    asm.load(64, 'r0', 'r2', 8),
    asm.alu('add', 'r0', 'r1'),
    asm.store(64, 'r2', 8, 'r0'),
    asm.mov('r0', 0),
    asm.jump('ne', 'r1', 3, 'go'),
    asm.mov('r0', answer),
    asm.label('go'),
    asm.jump('ne', 'r1', last, 'on'),
    asm.mov('r0', 1),
    asm.label('on'),
    asm.exit(),
  ]
}

const seen = ({ view }: TestMachine): bigint[] => [view.getBigUint64(DATA, true), view.getBigUint64(DATA + 8, true)]

test('every turn with its number, then the number of turns', () => {
  for (const turns of [0n, 1n, 10n]) {
    const loop = machine(counting(-1))
    assert.equal(loop.run('main', turns), turns)
    assert.deepEqual(seen(loop), [turns, turns === 0n ? 0n : (turns * (turns - 1n)) / 2n])
  }
  assert.equal(machine(counting(-1)).run('main', (1n << 32n) + 2n), 2n, 'the lower half of r1 counts')
})

test('a callback that answers 1 ends it', () => {
  const loop = machine(counting(4))
  assert.equal(loop.run('main', 10n), 5n)
  assert.deepEqual(seen(loop), [5n, 10n])
})

test('flags and too many turns are refused before the first', () => {
  const loop = machine(counting(-1))
  assert.equal(BigInt.asIntN(64, loop.run('main', 3n, 1n)), BigInt(-EINVAL))
  assert.equal(BigInt.asIntN(64, loop.run('main', 3n, 1n << 40n)), BigInt(-EINVAL))
  assert.equal(BigInt.asIntN(64, loop.run('main', (1n << 23n) + 1n)), BigInt(-E2BIG))
  assert.deepEqual(seen(loop), [0n, 0n])
})

test('any other answer is a fault of the call', () => {
  const loop = machine(counting(-1, 7))
  assert.deepEqual(loop.faultOf('main', 10n), {
    kind: FAULT_CALLBACK_RESULT,
    address: 7n,
    function: 'main',
    instruction: 4,
  })
  assert.deepEqual(seen(loop), [4n, 6n])
})

test('each turn takes one from the budget; the turn that finds none is a fault', () => {
  const loop = machine(counting(-1))
  const before = loop.budget
  loop.run('main', 10n)
  const ten = before - loop.budget
  loop.budget = before
  loop.run('main', 30n)
  assert.equal(before - loop.budget - ten, 20)
  loop.budget = 15
  assert.equal(loop.faultOf('main', 100n).kind, FAULT_LOOP_BUDGET)
})
