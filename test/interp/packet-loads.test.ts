// Legacy packet loads in what no compiler writes, on both engines: an immediate beside a register, registers that they
// take and leave, functions that they end, and contexts that are none. What they load: test/helpers/packet-loads.bpf.c.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boot, SkepError, type ObjectSpec, type ProgramType } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { functionSpec } from '../jit/harness.js'
import { coded } from '../machine/probes.js'

const PACKET = Uint8Array.from({ length: 64 }, (_, at) => 0x81 + at)

/** An object of one program, with functions that it calls. */
function objectOf(
  lines: readonly Line[],
  others: Record<string, readonly Line[]> = {},
  type: ProgramType = 'sched_cls',
): ObjectSpec {
  const functions = [functionSpec('main', lines), ...Object.entries(others).map((one) => functionSpec(...one))]
  return {
    name: 'loads',
    license: 'GPL',
    maps: new Map(),
    programs: new Map([['main', { name: 'main', section: 'tc', type, sleepable: false, entry: 'main' }]]),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

const context = asm.mov('r6', 'r1')
const absolute = (size: 'b' | 'h' | 'w', imm: number): Line => asm.instruction(`ldabs${size}`, { imm })
const indirect = (size: 'b' | 'h' | 'w', src: number, imm: number): Line =>
  asm.instruction(`ldind${size}`, { src, imm })

for (const engine of ['jit', 'interp'] as const)
  describe(`legacy packet loads on ${engine}`, () => {
    const answer = (lines: readonly Line[], others: Record<string, readonly Line[]> = {}): number => {
      using machine = boot.virtual({ memory: '4 MiB', loopBudget: 1000 })
      const object = machine.load(objectOf(lines, others), { engine, checks: false })
      return object.programs['main']!.run({ data: PACKET }).retval
    }

    test('the upper byte comes first, and the sum of register and immediate says where', () => {
      assert.equal(answer([context, absolute('b', 3), asm.exit()]), 0x84)
      assert.equal(answer([context, absolute('h', 3), asm.exit()]), 0x8485)
      assert.equal(answer([context, absolute('w', 3), asm.exit()]), 0x84858687)
      const by = (register: bigint, imm: number): number =>
        answer([context, asm.loadImmediate('r3', BigInt.asUintN(64, register)), indirect('h', 3, imm), asm.exit()])
      assert.equal(by(2n, 1), 0x8485)
      assert.equal(by(7n, -4), 0x8485)
      assert.equal(by(-1n, 4), 0x8485)
      // The lower half of the sum, with its sign.
      assert.equal(by(0xffffffffn, 4), 0x8485)
      assert.equal(by(0x7_0000_0003n, 0), 0x8485)
      assert.equal(by(0x80000000n, -0x80000000), 0x8182)
      assert.equal(by(-0x100000n, 2), 0x9192)
      assert.equal(by(3n, -0x200000), 0x8485)
      for (const [register, imm] of [
        [63n, 0],
        [-1n, 0],
        [0x80000000n, 0],
        [-0x200000n, -1],
        [-0x1000n, 0],
        [0x7fffffffn, 1],
      ] as const)
        assert.equal(by(register, imm), 0)
    })

    test('the upper half of r0 is 0, and every register but r0 stays', () => {
      const set = ([2, 3, 4, 5, 7, 8, 9] as const).map((at) => asm.mov(`r${at}`, at))
      const sum = ([2, 3, 4, 5, 7, 8, 9] as const).flatMap((at): Line[] => [
        asm.alu('mul', 'r0', 10),
        asm.alu('add', 'r0', `r${at}` as Register),
      ])
      const lines = [context, asm.mov('r0', -1), ...set, absolute('w', 0), asm.alu('rsh', 'r0', 32), ...sum, asm.exit()]
      assert.equal(answer(lines), 2345789)
    })

    test('out of the packet a function ends with 0, wherever its code stands', () => {
      const load = [context, asm.mov('r0', 5), absolute('w', 61), asm.mov('r0', 6), asm.exit()]
      assert.equal(answer(load), 0)
      const called = [asm.callFunction('load'), asm.alu('add', 'r0', 40), asm.exit()]
      assert.equal(answer(called, { load }), 40)
      // In a loop of the caller, and behind one of its own, which is never written in place.
      const turns = [
        ...[asm.mov('r9', 'r1'), asm.mov('r7', 0), asm.mov('r8', 0), asm.label('turn'), asm.mov('r1', 'r9')],
        ...[asm.callFunction('load'), asm.alu('add', 'r7', 'r0'), asm.alu('add', 'r8', 1)],
        ...[asm.jump('lt', 'r8', 5, 'turn'), asm.mov('r0', 'r7'), asm.exit()],
      ]
      const own = [
        ...[context, asm.mov('r2', 0), asm.label('turn'), asm.alu('add', 'r2', 30), indirect('b', 2, 0)],
        ...[asm.jump('lt', 'r2', 60, 'turn'), asm.mov('r0', 'r2'), asm.exit()],
      ]
      assert.equal(answer(turns, { load: own }), 300)
      const behind = [...own.slice(0, -3), asm.jump('lt', 'r2', 90, 'turn'), ...own.slice(-2)]
      assert.equal(answer(turns, { load: behind }), 0)
    })

    test('a callback that a load ends answers 0, so that its helper goes on', () => {
      const frame = [asm.store(64, 'r10', -8, 'r1'), asm.mov('r3', 'r10'), asm.alu('add', 'r3', -8)]
      const each = [
        ...[asm.load(64, 'r6', 'r2', 0), asm.mov('r0', 1), asm.alu('mul', 'r1', 16), indirect('b', 1, 0)],
        ...[asm.mov('r0', 0), asm.exit()],
      ]
      const loop = [
        asm.loadReference('r2', { kind: 'function-pointer', function: 'each' }),
        asm.mov('r4', 0),
        asm.call(181),
      ]
      assert.equal(answer([...frame, asm.mov('r1', 9), ...loop, asm.exit()], { each }), 9)
    })

    test('a function that nobody knows the type of may have none', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const load = [context, absolute('b', 0), asm.exit()]
      assert.throws(
        () => machine.load(objectOf([asm.callFunction('load'), asm.exit()], { load }), { engine }),
        (error) =>
          error instanceof SkepError && error.message.includes('LD_ABS is not allowed in subprogs without BTF'),
      )
      machine.load(objectOf(load), { engine }).close()
    })

    test('one that nothing put a context into r6 for is a fault, as is one of a forged context', () => {
      assert.throws(() => answer([absolute('b', 0), asm.exit()]), coded('FAULT_BAD_ACCESS'))
      for (const address of [1n, 1024n, 2n ** 32n, 2n ** 64n - 1n])
        assert.throws(
          () => answer([asm.loadImmediate('r6', address), absolute('b', 0), asm.exit()]),
          coded('FAULT_BAD_ACCESS'),
        )
      // __sk_buff.data and data_end.
      const forged = (data: number, end: number, load: Line): Line[] => [
        ...[context, asm.store(32, 'r6', 76, data), asm.store(32, 'r6', 80, end), load, asm.exit()],
      ]
      for (const data of [1, 1024, 0x7ffffff0])
        assert.throws(() => answer(forged(data, -1, absolute('w', 8))), coded('FAULT_BAD_ACCESS'))
      assert.equal(answer(forged(1024, 1024, absolute('b', 0))), 0)
      assert.equal(answer(forged(1024, 0, absolute('b', 0x7fffffff))), 0)
    })

    test('a fault names the load', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const object = machine.load(objectOf([asm.mov('r6', 16), absolute('b', 0), asm.exit()]), {
        engine,
        checks: false,
      })
      assert.throws(
        () => object.programs['main']!.run({ data: PACKET }),
        (error) => error instanceof SkepError && error.details['instruction'] === 1,
      )
    })

    test('programs that have no socket buffer have none of them, whether checked or not', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      for (const type of ['xdp', 'cgroup_skb', 'syscall', 'kprobe', 'tracing'] as const)
        for (const checks of [true, false])
          assert.throws(
            () => machine.load(objectOf([context, absolute('b', 0), asm.exit()], {}, type), { engine, checks }),
            (error) =>
              error instanceof SkepError &&
              error.code === 'REFUSED' &&
              error.message.includes(`legacy packet loads cannot be used in ${type} programs (function 'main')`),
          )
    })
  })
