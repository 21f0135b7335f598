// Small loops of one block pay for several turns of the budget at once: what they do, what they spend and where they
// end is as if they paid for each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_BAD_ACCESS, FAULT_LOOP_BUDGET } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { boot, SkepError, type ObjectSpec } from '../../src/index.js'
import { DATA, functionSpec, GUEST_END, machineOf } from './harness.js'

const END = BigInt(GUEST_END)
/**
 * Loops that count their turns, r1 of them, at r2; the same with a branch in it, which makes it more than one block.
 */
const turn: readonly Line[] = [
  asm.load(64, 'r0', 'r2', 0),
  asm.alu('add', 'r0', 1),
  asm.store(64, 'r2', 0, 'r0'),
  asm.alu('sub', 'r1', 1),
]
const oneBlock: readonly Line[] = [asm.label('again'), ...turn, asm.jump('ne', 'r1', 0, 'again'), asm.exit()]
const twoBlocks: readonly Line[] = [
  asm.label('again'),
  asm.jump('eq', 'r2', 0, 'out'),
  ...turn,
  asm.jump('ne', 'r1', 0, 'again'),
  asm.label('out'),
  asm.exit(),
]

/** Turns done, budget left, and how it ended. */
function outcome(lines: readonly Line[], turns: number, budget: number): unknown {
  const machine = machineOf(lines)
  machine.budget = budget
  const seen = (): unknown[] => [machine.view.getUint32(DATA, true), machine.budget]
  if (turns < budget) return [machine.run('main', BigInt(turns), BigInt(DATA)), ...seen()]
  const { kind, instruction } = machine.faultOf('main', BigInt(turns), BigInt(DATA))
  return [kind, instruction, ...seen()]
}

test('any number of turns from any budget: done, paid and refused one by one', () => {
  for (let budget = 0; budget <= 14; budget += 1)
    for (let turns = 1; turns <= 14; turns += 1) {
      const expected =
        turns < budget
          ? [BigInt(turns), turns, budget - 1 - turns]
          : [FAULT_LOOP_BUDGET, 0, Math.max(budget - 1, 0), budget]
      for (const lines of [oneBlock, twoBlocks])
        assert.deepEqual(outcome(lines, turns, budget), expected, `${turns} turns, budget ${budget}`)
    }
})

test('a fault in any turn has its place and address', () => {
  const lines = [
    asm.label('again'),
    asm.load(64, 'r0', 'r1', 0),
    asm.store(64, 'r2', 0, 'r1'),
    asm.alu('add', 'r1', 8),
    asm.jump('ne', 'r1', 'r3', 'again'),
    asm.exit(),
  ]
  for (let turns = 1; turns <= 11; turns += 1) {
    const machine = machineOf(lines)
    const start = END - BigInt(8 * turns)
    assert.equal(machine.run('main', start, BigInt(DATA), END), 0n)
    assert.deepEqual(machine.faultOf('main', start, BigInt(DATA), END + 64n), {
      kind: FAULT_BAD_ACCESS,
      address: END,
      function: 'main',
      instruction: 0,
    })
    assert.equal(machine.view.getBigUint64(DATA, true), END - 8n)
    assert.equal(machine.faultOf('main', start, END, END).instruction, 1)
  }
})

test('what a loop checked is checked again behind it; loops in loops, and two with one head', () => {
  const lines = [
    asm.mov('r5', 0),
    asm.label('outer'),
    asm.mov('r4', 'r1'),
    asm.label('inner'),
    asm.alu('add', 'r5', 1),
    asm.load(8, 'r0', 'r2', 0),
    asm.alu('add', 'r2', 1),
    asm.alu('sub', 'r4', 1),
    asm.jump('ne', 'r4', 0, 'inner'),
    asm.load(8, 'r0', 'r2', 0),
    asm.jump('lt', 'r5', 50, 'outer'),
    asm.mov('r0', 'r5'),
    asm.exit(),
  ]
  for (let turns = 1n; turns <= 9n; turns += 1n)
    assert.equal(machineOf(lines).run('main', turns, BigInt(DATA)), ((49n + turns) / turns) * turns)
  const { address, instruction } = machineOf(lines).faultOf('main', 6n, END - 6n)
  assert.deepEqual([address, instruction], [END, 7])
  const shared = [
    asm.mov('r0', 0),
    asm.label('head'),
    asm.alu('add', 'r0', 1),
    asm.alu('sub', 'r1', 1),
    asm.jump('sgt', 'r1', 0, 'head'),
    asm.alu('add', 'r0', 100),
    asm.alu('sub', 'r2', 1),
    asm.jump('ne', 'r2', 0, 'head'),
    asm.exit(),
  ]
  const machine = machineOf(shared)
  assert.equal(machine.run('main', 5n, 3n), 5n + 2n + 300n)
  assert.equal(machine.budget, 1_000_000 - 1 - 7)
})

test('a function full of loops does not grow without bound', () => {
  const loops = (count: number): number => {
    const lines = Array.from({ length: count }, (_, at): Line[] => [
      asm.label(`loop${at}`),
      ...Array.from({ length: 20 }, () => asm.alu('add', 'r0', 'r1')),
      asm.alu('sub', 'r1', 1),
      asm.jump('sgt', 'r1', 0, `loop${at}`),
    ])
    return machineOf([...lines.flat(), asm.exit()]).object.bytes.length
  }
  const [none, some, many] = [loops(1), loops(19), loops(37)]
  assert.ok(many - some < (some - none) / 2, `${none}, ${some}, ${many} bytes`)
})

test('a load out of the packet that ends a function in the middle of a loop takes no turns with it', () => {
  const turns = 20
  const packet = new Uint8Array(60)
  /** The function leaves by its load, then so many turns; the least budget that is enough. */
  const least = (inner: readonly Line[]): number => {
    const main = [
      asm.mov('r6', 'r1'),
      asm.callFunction('reader'),
      asm.mov('r7', 0),
      asm.label('turn'),
      asm.alu('add', 'r7', 1),
      asm.jump('lt', 'r7', turns, 'turn'),
      asm.mov('r0', 1),
      asm.exit(),
    ]
    const reader = [
      asm.mov('r6', 'r1'),
      asm.mov('r7', 0),
      asm.label('next'),
      ...inner,
      asm.alu('add', 'r7', 1),
      asm.instruction('ldindb', { src: 7 }),
      asm.jump('lt', 'r7', 1000, 'next'),
      asm.exit(),
    ]
    const functions = [functionSpec('main', main), { ...functionSpec('reader', reader), isStatic: true }]
    const spec: ObjectSpec = {
      name: 'reader',
      license: 'GPL',
      maps: new Map(),
      programs: new Map([
        ['main', { name: 'main', section: 'socket', type: 'socket_filter', sleepable: false, entry: 'main' }],
      ]),
      functions: new Map(functions.map((fn) => [fn.name, fn])),
      variables: new Map(),
      btf: undefined,
      unsupported: [],
    }
    for (let loopBudget = packet.length; ; loopBudget += 1) {
      using machine = boot.virtual({ memory: '4 MiB', loopBudget })
      try {
        machine.load(spec, { checks: false }).programs.main!.run({ data: packet })
        return loopBudget
      } catch (error) {
        if (!(error instanceof SkepError) || error.code !== 'FAULT_LOOP_BUDGET') throw error
      }
    }
  }
  assert.equal(least([]), least([asm.jump('eq', 'r6', 0, 'other'), asm.label('other')]))
})
