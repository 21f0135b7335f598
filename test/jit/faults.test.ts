// Everything that ends a run: where the window ends, how deep calls go, how long loops run, and that the place is
// exact.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FAULT_BAD_ACCESS,
  FAULT_LOOP_BUDGET,
  FAULT_MISALIGNED_ATOMIC,
  FAULT_STACK_OVERFLOW,
  FAULT_UNREACHABLE,
} from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Width } from '../../src/isa/assemble.js'
import { DATA, Fault, GUEST_BASE, GUEST_END, STACK_TOP, TestMachine, functionSpec, machineOf } from './harness.js'

const BASE = BigInt(GUEST_BASE)
const END = BigInt(GUEST_END)
const U64 = (value: bigint): bigint => BigInt.asUintN(64, value)

const ACCESSES: readonly (readonly [name: string, width: Width, line: (offset: number) => Line])[] = (
  [8, 16, 32, 64] as const
).flatMap((width): [string, Width, (offset: number) => Line][] => [
  [`load ${width}`, width, (offset) => asm.load(width, 'r0', 'r1', offset)],
  [`store ${width}`, width, (offset) => asm.store(width, 'r1', offset, 'r2')],
  [`store immediate ${width}`, width, (offset) => asm.store(width, 'r1', offset, 1)],
  [`load acquire ${width}`, width, (offset) => asm.atomic('load_acquire', width, 'r1', offset, 'r0')],
])

test('the window ends exactly: last byte inside works, first byte outside faults, upper halves count', () => {
  for (const [name, width, line] of ACCESSES) {
    const bytes = BigInt(width / 8)
    for (const offset of [0, 8, -8, 32760, -32768]) {
      const machine = machineOf([line(offset), asm.mov('r0', 1), asm.exit()])
      const at = (address: bigint): bigint => U64(address - BigInt(offset))
      for (const good of [BASE, END - bytes]) assert.equal(machine.run('main', at(good)), 1n, `${name} ${offset}`)
      const bad = [BASE - bytes, END, END + 8n, 0n, U64(-8n), (1n << 32n) + BASE, (1n << 63n) + BASE, 1n << 32n]
      if (bytes > 1n && !name.includes('acquire')) bad.push(BASE - 1n, END - bytes + 1n)
      for (const address of bad)
        assert.deepEqual(
          machine.faultOf('main', at(address)),
          { kind: FAULT_BAD_ACCESS, address, function: 'main', instruction: 0 },
          `${name} at offset ${offset}`,
        )
    }
  }
})

test('nothing outside of the window is changed by a refused store', () => {
  const machine = machineOf([asm.store(64, 'r1', 0, -1), asm.exit()])
  machine.budget = 0
  for (const address of [GUEST_BASE - 8, GUEST_BASE - 1, GUEST_END - 7, GUEST_END])
    machine.faultOf('main', BigInt(address))
  assert.ok(machine.bytes.subarray(0, GUEST_BASE).every((byte) => byte === 0))
  assert.ok(machine.bytes.subarray(GUEST_END).every((byte) => byte === 0))
})

test('one check for several accesses still reports the first that leaves the window', () => {
  const lines = [
    asm.load(64, 'r2', 'r1', 16),
    asm.alu('add', 'r3', 1),
    asm.load(32, 'r4', 'r1', 0),
    asm.store(64, 'r10', -8, 'r4'),
    asm.load(8, 'r5', 'r1', 40),
    asm.mov('r0', 'r2'),
    asm.exit(),
  ]
  const machine = machineOf(lines)
  const place = (address: bigint): { address: bigint; instruction: number } => {
    const { address: at, instruction } = machine.faultOf('main', address)
    return { address: at, instruction }
  }
  assert.equal(machine.run('main', BASE), 0n)
  assert.equal(machine.run('main', END - 41n), 0n)
  assert.deepEqual(place(END - 40n), { address: END, instruction: 4 })
  assert.deepEqual(place(END - 24n), { address: END + 16n, instruction: 4 })
  assert.deepEqual(place(END - 23n), { address: END - 7n, instruction: 0 })
  assert.deepEqual(place(BASE - 1n), { address: BASE - 1n, instruction: 2 })
  assert.deepEqual(place(BASE - 16n), { address: BASE - 16n, instruction: 2 })
  assert.deepEqual(place(BASE - 17n), { address: BASE - 1n, instruction: 0 })
})

test('a checked range follows its register through additions and into blocks that only it leads to', () => {
  const lines = [
    asm.mov('r6', 'r1'),
    asm.load(64, 'r0', 'r6', 8),
    asm.alu('add', 'r6', 8),
    asm.load(64, 'r2', 'r6', 0),
    asm.jump('eq', 'r2', 0, 'zero'),
    asm.load(64, 'r3', 'r6', 0),
    asm.alu('sub', 'r6', 4),
    asm.load(32, 'r3', 'r6', 4),
    asm.alu('add', 'r0', 'r3'),
    asm.exit(),
    asm.label('zero'),
    asm.alu32('add', 'r6', 0),
    asm.load(64, 'r0', 'r6', 8),
    asm.exit(),
  ]
  const machine = machineOf(lines)
  machine.view.setBigUint64(DATA + 8, 5n, true)
  assert.equal(machine.run('main', BigInt(DATA)), 10n)
  assert.equal(machine.faultOf('main', END - 8n).instruction, 1)
  assert.deepEqual(machine.faultOf('main', END - 16n), {
    kind: FAULT_BAD_ACCESS,
    address: END,
    function: 'main',
    instruction: 11,
  })
})

test('a range that was checked before is checked again once the register has another value', () => {
  const lines = [asm.load(64, 'r0', 'r1', 0), asm.load(64, 'r1', 'r1', 8), asm.load(64, 'r0', 'r1', 0), asm.exit()]
  const machine = machineOf(lines)
  machine.view.setBigUint64(DATA + 8, 0xffffn, true)
  assert.deepEqual(machine.faultOf('main', BigInt(DATA)), {
    kind: FAULT_BAD_ACCESS,
    address: 0xffffn,
    function: 'main',
    instruction: 2,
  })
})

test('a checked range does not survive a merge or a loop in which the register may have changed', () => {
  const merge = machineOf([
    asm.load(64, 'r0', 'r1', 0),
    asm.jump('eq', 'r2', 0, 'same'),
    asm.mov('r1', 'r2'),
    asm.label('same'),
    asm.load(64, 'r0', 'r1', 0),
    asm.exit(),
  ])
  assert.equal(merge.run('main', BigInt(DATA), 0n), 0n)
  assert.equal(merge.faultOf('main', BigInt(DATA), END).instruction, 3)
  const loop = machineOf([
    asm.load(64, 'r0', 'r1', 0),
    asm.label('again'),
    asm.load(64, 'r0', 'r1', 0),
    asm.alu('mul', 'r1', 2),
    asm.alu('sub', 'r2', 1),
    asm.jump('ne', 'r2', 0, 'again'),
    asm.exit(),
  ])
  assert.equal(loop.run('main', BigInt(DATA), 1n), 0n)
  assert.deepEqual(loop.faultOf('main', BigInt(DATA), 2n), {
    kind: FAULT_BAD_ACCESS,
    address: BigInt(2 * DATA),
    function: 'main',
    instruction: 1,
  })
})

test('what comes before the failing access has happened, whatever one check for several accesses covers', () => {
  // Through another register, and through the same one.
  for (const register of ['r2', 'r1'] as const) {
    const lines = [
      asm.load(64, 'r0', 'r1', 0),
      asm.store(64, register, 0, 9),
      asm.store(64, 'r10', -8, 'r3'),
      asm.load(64, 'r0', 'r1', 8),
      asm.exit(),
    ]
    const machine = machineOf(lines)
    const at = register === 'r1' ? GUEST_END - 8 : DATA
    assert.equal(machine.faultOf('main', END - 8n, BigInt(at), 5n).instruction, 3)
    assert.equal(machine.view.getBigUint64(at, true), 9n)
    assert.equal(machine.view.getBigUint64(STACK_TOP - 8, true), 5n)
  }
  // A bad access through another register comes first, with its own place.
  const machine = machineOf([
    asm.load(8, 'r0', 'r1', 0),
    asm.load(8, 'r0', 'r2', 0),
    asm.load(8, 'r0', 'r1', 1),
    asm.exit(),
  ])
  assert.equal(machine.faultOf('main', END - 1n, 0n).instruction, 1)
  assert.equal(machine.faultOf('main', END - 1n, BigInt(DATA)).instruction, 2)
})

test('the frame is 512 bytes; beyond it the window decides', () => {
  const machine = machineOf([
    asm.store(64, 'r10', -512, 7),
    asm.load(64, 'r0', 'r10', -512),
    asm.store(8, 'r10', -1, 1),
    asm.exit(),
  ])
  assert.equal(machine.run('main'), 7n)
  assert.equal(machine.view.getBigUint64(STACK_TOP - 512, true), 7n)
  const outside = machineOf([asm.load(64, 'r0', 'r10', 32000), asm.load(64, 'r0', 'r10', 32761), asm.exit()])
  assert.equal(outside.faultOf('main').instruction, 1)
  const below = machineOf([asm.store(64, 'r10', -516, 7), asm.load(64, 'r0', 'r10', -516), asm.exit()])
  assert.equal(below.run('main'), 7n)
  // With the stack at the very end of the window nothing above the frame pointer may be touched.
  const atEnd = (offset: number): (() => bigint) => {
    const top = machineOf([asm.load(64, 'r0', 'r10', offset), asm.exit()])
    return () => top.exports['main']!(0n, 0n, 0n, 0n, 0n, GUEST_END)
  }
  assert.equal(atEnd(-8)(), 0n)
  for (const offset of [-7, -1, 0]) assert.throws(atEnd(offset), Fault)
})

test('misaligned atomics fault with their address', () => {
  for (const width of [32, 64] as const)
    for (const operation of ['add', 'fetch_or', 'xchg', 'cmpxchg', 'load_acquire', 'store_release'] as const) {
      const machine = machineOf([asm.atomic(operation, width, 'r1', 4, 'r2'), asm.mov('r0', 0), asm.exit()])
      const aligned = BigInt(DATA) + (width === 64 ? 4n : 0n)
      assert.equal(machine.run('main', aligned), 0n)
      assert.deepEqual(machine.faultOf('main', aligned + 2n), {
        kind: FAULT_MISALIGNED_ATOMIC,
        address: aligned + 6n,
        function: 'main',
        instruction: 0,
      })
    }
  const frame = machineOf([asm.mov('r2', 5), asm.atomic('fetch_add', 64, 'r10', -12, 'r2'), asm.exit()])
  assert.equal(frame.faultOf('main').kind, FAULT_MISALIGNED_ATOMIC)
})

const endless = [asm.mov('r0', 0), asm.label('again'), asm.alu('add', 'r0', 1), asm.goto('again')]

test('a program that never ends runs out of its budget, at the loop', () => {
  const machine = machineOf(endless)
  machine.budget = 1000
  const { kind, instruction } = machine.faultOf('main')
  assert.deepEqual({ kind, instruction }, { kind: FAULT_LOOP_BUDGET, instruction: 1 })
})

test('the budget is what the run has left, shared by all its functions', () => {
  const loop = functionSpec('loop', [
    asm.label('again'),
    asm.alu('sub', 'r1', 1),
    asm.jump('ne', 'r1', 0, 'again'),
    asm.mov('r0', 0),
    asm.exit(),
  ])
  const main = functionSpec('main', [
    asm.mov('r6', 'r1'),
    asm.callFunction('loop'),
    asm.mov('r1', 'r6'),
    asm.callFunction('loop'),
    asm.exit(),
  ])
  const machine = new TestMachine([main, loop])
  machine.budget = 1000
  machine.run('main', 100n)
  // One per function that has loops or calls, one per turn.
  assert.equal(machine.budget, 1000 - 1 - 2 - 200)
  machine.budget = 150
  const fault = machine.faultOf('main', 100n)
  assert.deepEqual([fault.kind, fault.function], [FAULT_LOOP_BUDGET, 'loop'])
})

test('a helper that calls back sees the budget and may spend of it', () => {
  const seen: number[] = []
  const machine: TestMachine = machineOf(
    [
      asm.mov('r6', 10),
      asm.label('again'),
      asm.call(181),
      asm.alu('sub', 'r6', 1),
      asm.jump('ne', 'r6', 0, 'again'),
      asm.exit(),
    ],
    {
      helpers: {
        181: {
          parameters: 4,
          frame: true,
          call: () => {
            seen.push(machine.budget)
            machine.budget = Math.max(0, machine.budget - 100)
            return 0n
          },
        },
      },
    },
  )
  machine.budget = 10_000
  machine.run('main')
  assert.equal(machine.budget, 10_000 - 1 - 10 - 1000)
  assert.deepEqual(seen.slice(0, 3), [9998, 9897, 9796])
  machine.budget = 450
  assert.equal(machine.faultOf('main').kind, FAULT_LOOP_BUDGET)
})

test('eight frames are allowed, a ninth is a stack overflow', () => {
  const machine = new TestMachine([
    functionSpec('down', [
      asm.mov('r0', 1),
      asm.jump('eq', 'r1', 1, 'end'),
      asm.alu('sub', 'r1', 1),
      asm.callFunction('down'),
      asm.alu('add', 'r0', 1),
      asm.label('end'),
      asm.exit(),
    ]),
  ])
  machine.budget = 100
  assert.equal(machine.run('down', 8n), 8n)
  const { kind, instruction, address } = machine.faultOf('down', 9n)
  assert.deepEqual([kind, instruction, address], [FAULT_STACK_OVERFLOW, 3, BigInt(STACK_TOP - 8 * 512)])
})

test('recursion is charged: eight levels that call themselves for ever end by the budget', () => {
  const lines = [
    asm.mov('r6', 'r1'),
    asm.jump('eq', 'r6', 1, 'end'),
    ...Array.from({ length: 60 }, () => [
      asm.mov('r1', 'r6'),
      asm.alu('sub', 'r1', 1),
      asm.callFunction('main'),
    ]).flat(),
    asm.label('end'),
    asm.mov('r0', 0),
    asm.exit(),
  ]
  const machine = machineOf(lines)
  assert.equal(machine.faultOf('main', 8n).kind, FAULT_LOOP_BUDGET)
})

test('a fault inside a helper is placed at the call, in the innermost compiled function', () => {
  // The frames of another module, as those of the core, are not ours.
  const foreign = machineOf([asm.load(8, 'r0', 'r1', 0), asm.exit()]).exports['main']!
  const leaf = functionSpec('leaf', [asm.mov('r1', 0), asm.call(1), asm.exit()])
  const main = functionSpec('main', [
    asm.mov('r0', 0),
    asm.loadImmediate('r1', 5n),
    asm.callFunction('leaf'),
    asm.exit(),
  ])
  const machine: TestMachine = new TestMachine([main, leaf], {
    helpers: {
      1: {
        parameters: 2,
        call: (): bigint => {
          return foreign(0n, 0n, 0n, 0n, 0n, STACK_TOP)
        },
      },
    },
  })
  machine.budget = 10
  const { function: name, instruction } = machine.faultOf('main')
  assert.deepEqual([name, instruction], ['leaf', 1])
})

test('calling a weak kfunc that is not there is a fault, asking whether it is there is not', () => {
  const machine = machineOf(
    [
      asm.loadReference('r0', { kind: 'kfunc', name: 'absent', weak: true }),
      asm.jump('eq', 'r1', 0, 'end'),
      asm.callKfunc('absent', true),
      asm.label('end'),
      asm.exit(),
    ],
    {},
  )
  assert.equal(machine.run('main', 0n), 0n)
  const { kind, instruction } = machine.faultOf('main', 1n)
  assert.deepEqual([kind, instruction], [FAULT_UNREACHABLE, 3])
})
