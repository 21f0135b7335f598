import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_BAD_ACCESS } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import { DATA, GUEST_END, machineOf, resultOf } from './harness.js'

test('a function returns r0', () => {
  assert.equal(resultOf([asm.mov('r0', 7), asm.exit()]), 7n)
})

test('a loop sums its arguments', () => {
  const sum = [
    asm.mov('r0', 0),
    asm.label('again'),
    asm.alu('add', 'r0', 'r1'),
    asm.alu('sub', 'r1', 1),
    asm.jump('ne', 'r1', 0, 'again'),
    asm.exit(),
  ]
  assert.equal(resultOf(sum, 100n), 5050n)
})

test('memory and a fault with its position', () => {
  const machine = machineOf([
    asm.store(64, 'r10', -8, 'r1'),
    asm.load(64, 'r2', 'r10', -8),
    asm.load(32, 'r0', 'r2', 4),
    asm.exit(),
  ])
  machine.view.setUint32(DATA + 4, 0xdeadbeef, true)
  assert.equal(machine.run('main', BigInt(DATA)), 0xdeadbeefn)
  assert.deepEqual(machine.faultOf('main', BigInt(GUEST_END)), {
    kind: FAULT_BAD_ACCESS,
    address: BigInt(GUEST_END + 4),
    function: 'main',
    instruction: 2,
  })
})
