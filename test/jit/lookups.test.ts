// Lookups in arrays that the compiler knows: done in place, with the helper's results and faults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_BAD_ACCESS } from '../../core/abi.js'
import { CPU_INDEX } from '../../core/layout.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { AREA, DATA, GUEST_BASE, GUEST_END, machineOf, type TestMachine } from './harness.js'

const VALUES = DATA + 0x800
const HELPER = 77n
const lookup: readonly Line[] = [asm.loadReference('r1', { kind: 'map', map: 'counts' }), asm.call(1)]
/** The key, in r6, is put into the frame. */
const keyInFrame: readonly Line[] = [
  asm.mov('r6', 'r1'),
  asm.store(32, 'r10', -4, 'r6'),
  asm.mov('r2', 'r10'),
  asm.alu('add', 'r2', -4),
  ...lookup,
  asm.exit(),
]

function machine(lines: readonly Line[], cpuStride = 0): TestMachine {
  return machineOf(lines, {
    maps: { counts: 0x40400, table: 0x40500 },
    arrays: { counts: { elements: VALUES, stride: 24, cpuStride, entries: 5 } },
    helpers: { 1: { parameters: 2, call: () => HELPER }, 2: { parameters: 0, call: () => 0n } },
  })
}

test('the value of an index in range, 0 beyond; no helper is called', () => {
  const array = machine(keyInFrame)
  for (let index = 0n; index < 5n; index += 1n)
    assert.equal(array.run('main', index), BigInt(VALUES) + 24n * index, `index ${index}`)
  for (const index of [5n, 6n, 0x7fffffffn, 0x80000000n, 0xffffffffn]) assert.equal(array.run('main', index), 0n)
})

test('a key elsewhere is checked against the window like any access', () => {
  const array = machine([asm.mov('r2', 'r1'), ...lookup, asm.exit()])
  array.view.setUint32(DATA, 3, true)
  array.view.setUint32(GUEST_END - 4, 9, true)
  assert.equal(array.run('main', BigInt(DATA)), BigInt(VALUES) + 72n)
  assert.equal(array.run('main', BigInt(GUEST_END - 4)), 0n)
  for (const address of [GUEST_BASE - 1, GUEST_END - 3, GUEST_END, 0].map(BigInt).concat((1n << 32n) + BigInt(DATA)))
    assert.deepEqual(array.faultOf('main', address), {
      kind: FAULT_BAD_ACCESS,
      address,
      function: 'main',
      instruction: 3,
    })
})

test('a key that lies partly above the frame is not taken for one of the frame', () => {
  const array = machine([asm.mov('r2', 'r10'), asm.alu('add', 'r2', -2), ...lookup, asm.exit()])
  assert.equal(array.run('main'), BigInt(VALUES))
})

test('a per-CPU array answers with the value of the own CPU', () => {
  const array = machine(keyInFrame, 128)
  array.view.setUint32(AREA + CPU_INDEX, 3, true)
  assert.equal(array.run('main', 2n), BigInt(VALUES) + 3n * 128n + 48n)
  assert.equal(array.run('main', 5n), 0n)
})

test('the helper is called where the map is another kind or not known on every path', () => {
  const key = [asm.mov('r2', 'r10'), asm.alu('add', 'r2', -4)]
  const other = [...key, asm.loadReference('r1', { kind: 'map', map: 'table' }), asm.call(1), asm.exit()]
  assert.equal(machine(other).run('main'), HELPER)
  const joined = [
    ...key,
    asm.loadReference('r3', { kind: 'map', map: 'table' }),
    asm.jump('eq', 'r1', 0, 'else'),
    asm.loadReference('r1', { kind: 'map', map: 'counts' }),
    asm.goto('call'),
    asm.label('else'),
    asm.mov('r1', 'r3'),
    asm.label('call'),
    asm.call(1),
    asm.exit(),
  ]
  assert.equal(machine(joined).run('main', 0n), HELPER)
  assert.equal(machine(joined).run('main', 1n), HELPER)
  const overwritten = [...key, ...lookup.slice(0, 1), asm.alu('add', 'r1', 0), asm.call(1), asm.exit()]
  assert.equal(machine(overwritten).run('main'), HELPER)
})

test('the map and the place of the key are known behind another call of the same block', () => {
  const array = machine([
    asm.store(32, 'r10', -4, 4),
    asm.mov('r2', 'r10'),
    asm.alu('add', 'r2', -4),
    ...lookup.slice(0, 1),
    asm.call(2),
    asm.call(1),
    asm.exit(),
  ])
  assert.equal(array.run('main'), BigInt(VALUES) + 96n)
})

test('the question whether there is a value has the answer of the index, however its ways lie', () => {
  const asked = [...keyInFrame.slice(0, -1)]
  const missing = [asm.alu('add', 'r0', 7), asm.exit()]
  const found = [asm.alu('add', 'r0', 1), asm.exit()]
  const shapes: readonly (readonly Line[])[] = [
    [...asked, asm.jump('eq', 'r0', 0, 'out'), ...found, asm.label('out'), ...missing],
    [...asked, asm.jump('ne', 'r0', 0, 'out'), ...missing, asm.label('out'), ...found],
    // Both ways are entered from elsewhere, too.
    [
      asm.mov('r6', 'r1'),
      asm.jump('eq', 'r1', 100, 'out'),
      asm.jump('eq', 'r1', 101, 'found'),
      ...asked.slice(1),
      asm.jump('eq', 'r0', 0, 'out'),
      asm.label('found'),
      ...found,
      asm.label('out'),
      ...missing,
    ],
    // The loop goes on as long as there is a value.
    [
      asm.mov('r7', 0),
      asm.label('again'),
      ...asked.slice(1),
      asm.alu('add', 'r6', 1),
      asm.mov('r8', 'r0'),
      asm.store(32, 'r10', -4, 'r6'),
      asm.mov('r2', 'r10'),
      asm.alu('add', 'r2', -4),
      ...lookup,
      asm.jump('ne', 'r0', 0, 'again'),
      asm.mov('r0', 'r8'),
      asm.jump('eq', 'r8', 0, 'out'),
      ...found,
      asm.label('out'),
      ...missing,
    ],
  ]
  shapes.forEach((lines, at) => {
    const array = machine(at === 3 ? [asm.mov('r6', 'r1'), ...lines] : lines)
    for (let index = 0n; index < 8n; index += 1n) {
      const last = at === 3 && index < 5n ? 4n : index
      const expected = last < 5n ? BigInt(VALUES) + 24n * last + 1n : 7n
      assert.equal(array.run('main', index), expected, `shape ${at}, index ${index}`)
    }
  })
  const elsewhere = machine([
    asm.mov('r2', 'r1'),
    ...lookup,
    asm.jump('eq', 'r0', 0, 'out'),
    asm.label('out'),
    asm.exit(),
  ])
  assert.equal(elsewhere.faultOf('main', BigInt(GUEST_END - 3)).instruction, 3, 'a key is checked where it is read')
})

test('a constant key is known unless something else may have been written over it', () => {
  const put = asm.store(32, 'r10', -4, 2)
  const address = [asm.mov('r2', 'r10'), asm.alu('add', 'r2', -4)]
  const after = (...lines: readonly Line[]): bigint => {
    const array = machine([...lines, ...address, ...lookup, asm.exit()], 128)
    array.view.setUint32(AREA + CPU_INDEX, 1, true)
    return array.run('main', 4n)
  }
  const value = (index: bigint): bigint => BigInt(VALUES) + 128n + 24n * index
  assert.equal(after(put), value(2n))
  assert.equal(after(asm.mov('r3', 3), asm.store(32, 'r10', -4, 'r3'), asm.mov('r3', 1)), value(3n))
  assert.equal(after(asm.store(32, 'r10', -4, 5)), 0n)
  assert.equal(after(asm.store(32, 'r10', -4, -1)), 0n)
  assert.equal(after(put, asm.store(32, 'r10', -4, 'r1')), value(4n))
  assert.equal(after(put, asm.store(8, 'r10', -4, 1)), value(1n), 'a part of it')
  assert.equal(after(put, asm.store(64, 'r10', -8, 'r1')), value(0n), 'and more')
  assert.equal(after(put, asm.mov('r3', 'r10'), asm.store(32, 'r3', -4, 1)), value(1n), 'through another register')
  assert.equal(after(put, asm.mov('r3', 1), asm.atomic('add', 32, 'r10', -4, 'r3')), value(3n))
  assert.equal(after(put, asm.mov('r3', 1), asm.mov('r3', 'r1'), asm.store(32, 'r10', -4, 'r3')), value(4n))
  assert.equal(after(put, asm.jump('eq', 'r1', 4, 'on'), put, asm.label('on')), value(2n), 'in another block')
})
