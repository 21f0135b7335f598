// Tracing programs follow the pointers that they are given: what is not there reads as 0, as behind the kernel's
// BPF_PROBE_MEM, and nothing else does.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, type LoadedObject, type ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { objectOf } from '../hostile/assembly.js'
import { coded } from '../machine/probes.js'
import { FOLDER } from './families.js'

const bytes = readFileSync(new URL('kernel-pointers.bpf.o', FOLDER))
const outOf = (object: LoadedObject, count: number): bigint[] =>
  (object.variables['out']!.get() as bigint[]).slice(0, count)

for (const engine of ['jit', 'interp'] as const)
  describe(`pointers of the kernel, on ${engine}`, () => {
    const booted = () => boot.virtual({ memory: '8 MiB' })

    test('what is null or not mapped reads 0, wherever the pointer went meanwhile', () => {
      using machine = booted()
      const object = machine.load(bytes, { engine })
      for (const address of [0n, 1n, 8n, 0xffff888000001000n, 2n ** 64n - 1n, 2n ** 32n]) {
        object.variables['out']!.set(new Array(64).fill(7n))
        assert.equal(object.programs['chase']!.run({ ctx: [address] }).retval, 0)
        assert.deepEqual(outOf(object, 8), [0n, 0n, 0n, 0n, 7n, 3n, 0n, 0n], `${address}`)
      }
    })

    test('what is there is read, signs included', () => {
      using machine = booted()
      const object = machine.load(bytes, { engine })
      object.programs['build']!.run()
      const first = BigInt.asUintN(64, outOf(object, 11)[10]!)
      object.variables['out']!.set(new Array(64).fill(0n))
      object.programs['chase']!.run({ ctx: [first, first + 8n] })
      assert.deepEqual(outOf(object, 8), [-1n, -6n, -3n, 250n, -15n, 3n, -1n, 0xfafffeffffffffn])
    })

    test('the current task is an address of the host, behind which 0 is read', () => {
      using machine = booted()
      const object = machine.load(bytes, { engine, programs: ['task', 'build'] })
      for (const address of [0n, 0xffff888000001000n]) {
        object.variables['out']!.set(new Array(64).fill(7n))
        object.programs['task']!.run({ task: { address } })
        assert.deepEqual(outOf(object, 3), [address === 0n ? 0n : 1n, 0n, 0n])
      }
    })

    test('a kprobe that follows a number of its registers is a fault, as is a store through what reads 0', () => {
      using machine = booted()
      const object = machine.load(bytes, { engine })
      assert.throws(() => object.programs['probed']!.run(), coded('FAULT_BAD_ACCESS'))
      const store = machine.load(
        tracing(
          asm.load(64, 'r2', 'r1', 0),
          asm.load(64, 'r3', 'r2', 0),
          asm.load(8, 'r4', 'r2', 15),
          asm.store(64, 'r2', 0, 1),
          asm.mov('r0', 0),
          asm.exit(),
        ),
        { engine },
      )
      const { guestBase, guestEnd } = machine.kernel.memory
      for (const address of [0, guestBase - 8, guestBase - 1, guestEnd - 7, guestEnd])
        assert.throws(() => store.programs['main']!.run({ ctx: [address] }), coded('FAULT_BAD_ACCESS'), `${address}`)
      assert.equal(store.programs['main']!.run({ ctx: [guestBase] }).retval, 0)
    })

    test('the ends of guest memory are met exactly', () => {
      using machine = booted()
      const { guestBase, guestEnd } = machine.kernel.memory
      for (const [width, signed] of [
        [8, false],
        [16, true],
        [32, true],
        [64, false],
      ] as const) {
        const load = signed ? asm.loadSigned(width, 'r0', 'r2', 0) : asm.load(width, 'r0', 'r2', 0)
        const object = machine.load(tracing(asm.load(64, 'r2', 'r1', 0), load, asm.exit()), { engine })
        const { memory } = machine.kernel
        const at = (address: number): number => object.programs['main']!.run({ ctx: [address] }).retval
        const last = guestEnd - width / 8
        const before = memory.read(last, width / 8)
        memory.write(last, new Uint8Array(width / 8).fill(0x81))
        assert.equal(at(last), expected(width, signed))
        assert.equal(at(last + 1), 0)
        assert.equal(at(guestEnd), 0)
        assert.equal(at(guestBase - 1), 0)
        memory.write(last, before)
        object.close()
      }
    })
  })

/** A program of fentry. */
function tracing(...lines: readonly Line[]): ObjectSpec {
  const spec = objectOf({ main: lines })
  const fentry = { section: 'fentry/nothing', type: 'tracing', attachType: 'trace_fentry', sleepable: false } as const
  spec.programs.set('main', { name: 'main', entry: 'main', ...fentry })
  return spec
}

/** r0 as u32 of a load of bytes that are all 0x81. */
function expected(width: number, signed: boolean): number {
  const value = BigInt(`0x${'81'.repeat(width / 8)}`)
  return Number(BigInt.asUintN(32, signed ? BigInt.asIntN(width, value) : value))
}
