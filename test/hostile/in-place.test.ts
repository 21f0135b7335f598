// Attacks on what the compiler writes in place of a call: lookups in arrays and hash maps, and tail calls. On both
// engines, which must contain them alike.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { boot, type LoadedObject, type ObjectSpec, type VirtualMachine } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Engine } from '../../src/machine/load/code.js'
import { coded } from '../machine/probes.js'
import { end, HELPER, keep, map, objectOf, start } from './assembly.js'
import { MAPS } from './attacker.js'
import { secretIn } from './secret.js'

/** Maps whose keys are of other sizes than 4: each has lookups of its own. */
const SIZES = [1, 2, 3, 8, 12, 16, 20, 64] as const
const KINDS = ['arr', 'percpu', 'hash', 'lru', 'percpuhash', 'lrupercpu', 'trie'] as const

for (const engine of ['jit', 'interp'] as const satisfies readonly Engine[])
  suite(`hostile code in place, ${engine}`, () => {
    const load = (machine: VirtualMachine, spec: ObjectSpec): LoadedObject =>
      machine.load(spec, { engine, checks: false })
    const booted = (): VirtualMachine => boot.virtual({ cpus: 2, memory: '6 MiB', loopBudget: 100_000, timers: 16 })
    const run = (object: LoadedObject, ...words: bigint[]): bigint => {
      const ctx = object.programs.main!.run({
        ctx: new Uint8Array(BigUint64Array.from([...words, 0n, 0n, 0n]).buffer),
      }).ctx as Uint8Array
      return new DataView(ctx.buffer, ctx.byteOffset).getBigInt64(0, true)
    }

    test('a key is read from the window only, all of it, whatever the map and the size of its keys', () => {
      const machine = booted()
      const { guestBase, guestEnd } = machine.kernel.memory
      const secret = secretIn(machine)
      const maps = new Map(objectOf({ main: end }).maps)
      for (const keySize of SIZES) maps.set(`hash ${keySize}`, { ...MAPS.hash, name: `hash ${keySize}`, keySize })
      for (const name of [...KINDS, ...SIZES.map((keySize) => `hash ${keySize}`)]) {
        const spec = {
          ...objectOf({
            main: [start, map('r1', name), asm.load(64, 'r2', 'r9', 0), asm.call(HELPER.lookup), keep(0), ...end],
          }),
          maps,
        }
        const object = load(machine, spec)
        const { keySize } = maps.get(name)!
        for (const address of [
          ...[0, 4, 1024, secret.address, guestBase - 1, guestBase - keySize, guestBase - keySize + 1],
          ...[guestEnd - keySize + 1, guestEnd - 1, guestEnd, guestEnd + 4, 2 ** 31, 2 ** 32 - 1, 2 ** 32],
          ...[2 ** 32 + guestBase, 2 ** 32 + guestEnd - keySize, 2 ** 47, 2 ** 63, 2 ** 64 - 2048],
        ]) {
          // Of one byte nothing hangs over an end of the window.
          if (address >= guestBase && address + keySize <= guestEnd) continue
          assert.throws(() => run(object, BigInt(address)), coded('FAULT_BAD_ACCESS'), `${name}, key at ${address}`)
        }
        for (const address of [guestBase, guestEnd - keySize])
          assert.doesNotThrow(() => run(object, BigInt(address)), `${name}, key at ${address}`)
        object.close()
      }
    })

    test('an index of a tail call is 32 bits, and only what stands at a place of the array is called', () => {
      const machine = booted()
      const jump = (map1: asm.Line, index: asm.Line[]): asm.Line[] => [
        start,
        asm.load(64, 'r0', 'r9', 0),
        asm.alu('add', 'r0', 1),
        keep(0),
        asm.mov('r1', 'r9'),
        map1,
        ...index,
        asm.call(HELPER.tailCall),
        ...end,
      ]
      const given = load(machine, objectOf({ main: jump(map('r2', 'programs'), [asm.load(64, 'r3', 'r9', 8)]) }))
      for (const index of [1n, 2n ** 32n + 1n, 2n ** 63n + 1n]) assert.equal(run(given, 0n, index), 34n, `${index}`)
      for (const index of [0n, 2n, 3n, 4n, 5n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n])
        assert.equal(run(given, 0n, index), 1n, `${index}`)
      const constant = load(machine, objectOf({ main: jump(map('r2', 'programs'), [asm.mov('r3', 1)]) }))
      assert.equal(run(constant, 0n), 34n)
      constant.maps.programs!.delete(1)
      assert.equal(run(constant, 0n), 1n)
      given.maps.programs!.set(2, constant.programs.main!)
      constant.close()
      assert.equal(run(given, 0n, 2n), 2n, 'into the program of an object that was closed, which jumps nowhere')
    })

    test('a tail call through something that is no program array is contained', () => {
      const machine = booted()
      const secret = secretIn(machine)
      const tail = (pointer: asm.Line[]): asm.Line[] => [
        start,
        asm.mov('r1', 'r9'),
        ...pointer,
        asm.mov('r3', 1),
        asm.call(HELPER.tailCall),
        ...end,
      ]
      for (const name of ['hash', 'arr', 'ring', 'outer'])
        assert.throws(
          () => run(load(machine, objectOf({ main: tail([map('r2', name)]) }))),
          coded('FAULT_BAD_ACCESS'),
          name,
        )
      const given = load(machine, objectOf({ main: tail([asm.load(64, 'r2', 'r9', 0)]) }))
      const near = load(
        machine,
        objectOf({ main: tail([map('r2', 'programs'), asm.load(64, 'r4', 'r9', 0), asm.alu('add', 'r2', 'r4')]) }),
      )
      for (const address of [0, 8, 1024, secret.address, machine.kernel.memory.guestBase, 2 ** 32, 2 ** 63])
        assert.throws(() => run(given, BigInt(address)), coded('FAULT_BAD_ACCESS'), `${address}`)
      for (const distance of [1n, 4n, 2n ** 32n, 2n ** 64n - 4n])
        assert.throws(() => run(near, distance), coded('FAULT_BAD_ACCESS'), `programs + ${distance}`)
      assert.ok(secret.untouched())
    })

    test('what a lookup gave leads nowhere else: not beyond the window by any distance, and not to a value that is gone', () => {
      const machine = booted()
      const secret = secretIn(machine)
      const { guestBase, guestEnd } = machine.kernel.memory
      for (const name of ['arr', 'hash'] as const) {
        const reach = load(
          machine,
          objectOf({
            main: [
              start,
              asm.store(32, 'r10', -4, 1),
              map('r1', name),
              asm.mov('r2', 'r10'),
              asm.alu('add', 'r2', -4),
              asm.call(HELPER.lookup),
              asm.load(64, 'r3', 'r9', 0),
              asm.alu('add', 'r0', 'r3'),
              asm.store(64, 'r0', 0, 7),
              keep(0),
              ...end,
            ],
          }),
        )
        reach.maps[name]!.set(1, new Uint8Array(64))
        const at = run(reach, 0n)
        for (const target of [secret.address, guestBase - 8, guestBase - 7, guestEnd - 7, guestEnd, 2 ** 32, 2 ** 40])
          assert.throws(
            () => run(reach, BigInt.asUintN(64, BigInt(target) - at)),
            coded('FAULT_BAD_ACCESS'),
            `${name}, ${target}`,
          )
        if (name === 'arr') continue
        reach.maps[name]!.delete(1)
        assert.throws(() => run(reach, 0n), coded('FAULT_BAD_ACCESS'), 'no element, so 0 + 0')
      }
      assert.ok(secret.untouched())
    })
  })
