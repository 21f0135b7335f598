// A global array that the code reaches into: the index goes into the access as it is only where that gives the same
// address.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { prove } from '../../src/verify/prove.js'
import { map, specOf } from '../verify/programs.js'
import { DATA, functionSpec, machineOf, type TestMachine } from './harness.js'

const TABLE = map('.bss', { maxEntries: 1, valueSize: 64 })
const table = (offset: number): Line => asm.loadReference('r6', { kind: 'map-value', map: '.bss', offset })

/** Compiled with what is proved of it; the table is at DATA and holds 100, 101, … */
function machineWith(lines: readonly Line[], proved: number): TestMachine {
  const facts = prove(specOf([], [TABLE]), functionSpec('main', lines))
  const kinds = [...facts.accesses.values()].filter(({ kind }) => kind === 'value')
  assert.equal(kinds.length, proved)
  const machine = machineOf(lines, { maps: { '.bss': DATA }, facts })
  for (let at = 0; at < 64; at++) machine.bytes[DATA + at] = 100 + at
  return machine
}

test('the byte that is meant, wherever the address stands in the array and whatever the offset', () => {
  for (const [start, offset] of [
    [0, 0],
    [0, 9],
    [16, -3],
    [40, 7],
  ] as const) {
    // The index is in [-8, 7], or in [0, 15].
    for (const less of [8, 0]) {
      if (start - less + offset < 0) continue
      const lines = [
        asm.alu('and', 'r1', 15),
        asm.alu('sub', 'r1', less),
        table(start),
        asm.alu('add', 'r6', 'r1'),
        asm.store(8, 'r6', offset, 'r2'),
        asm.load(8, 'r0', 'r6', offset),
        asm.exit(),
      ]
      const machine = machineWith(lines, 2)
      for (let index = 0; index < 16; index++) {
        assert.equal(machine.run('main', 0xffffffff_fffffff0n + BigInt(index), BigInt(index)), BigInt(index))
        assert.equal(machine.bytes[DATA + start + offset + index - less], index)
      }
    }
  }
})

test('a register that was added and has changed since is not taken for the index', () => {
  const changes: Line[][] = [
    [asm.alu('add', 'r1', 1)],
    [asm.load(8, 'r1', 'r10', -8)],
    [asm.alu('add', 'r6', 'r3')],
    [asm.mov('r6', 'r6')],
    [asm.alu('add', 'r6', 2)],
    [asm.mov('r7', 'r6'), table(1), asm.mov('r6', 'r7')],
  ]
  const moved = [0, 0, 3, 0, 2, 0]
  changes.forEach((change, which) => {
    const lines = [
      asm.store(64, 'r10', -8, 'r1'),
      asm.alu('and', 'r1', 15),
      asm.mov('r3', 3),
      table(4),
      asm.alu('add', 'r6', 'r1'),
      ...change,
      asm.load(8, 'r0', 'r6', 1),
      asm.exit(),
    ]
    const machine = machineWith(lines, 1)
    for (let index = 0; index < 16; index++)
      assert.equal(machine.run('main', BigInt(index)), BigInt(105 + index + moved[which]!), `change ${which}`)
  })
})

test('an address doubled, and one behind a branch or a call', () => {
  const lines = [
    asm.alu('and', 'r1', 15),
    table(0),
    asm.alu('add', 'r6', 'r1'),
    asm.jump('eq', 'r1', 3, 'three'),
    asm.load(8, 'r0', 'r6', 0),
    asm.exit(),
    asm.label('three'),
    asm.alu('add', 'r1', 7),
    asm.load(8, 'r0', 'r6', 1),
    asm.exit(),
  ]
  const machine = machineWith(lines, 2)
  for (let index = 0; index < 16; index++)
    assert.equal(machine.run('main', BigInt(index)), BigInt(index === 3 ? 104 : 100 + index))
  const doubled = machineWith([table(0), asm.alu('add', 'r6', 'r6'), asm.load(8, 'r0', 'r6', 0), asm.exit()], 0)
  assert.equal(doubled.faultOf('main').address, BigInt(2 * DATA))
})

test('a number that an address was added to, and an access in front of it', () => {
  for (const number of [0, 4, 100]) {
    const lines = [
      asm.alu('and', 'r1', 15),
      asm.loadReference('r5', { kind: 'map-value', map: '.bss', offset: 20 }),
      asm.alu('add', 'r5', 'r1'),
      asm.loadImmediate('r6', BigInt(number)),
      asm.alu('add', 'r6', 'r5'),
      asm.load(8, 'r0', 'r6', -8 - (number === 100 ? 100 : 0)),
      asm.exit(),
    ]
    const machine = machineWith(lines, 1)
    for (let index = 0; index < 16; index++)
      assert.equal(machine.run('main', BigInt(index)), BigInt(112 + index + (number === 100 ? 0 : number)))
  }
})
