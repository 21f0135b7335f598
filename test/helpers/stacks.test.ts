// Stacks that the host sets for a run: what programs copy of them, and what they keep under ids.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, type Stacks } from '../../src/index.js'
import { coded } from '../machine/probes.js'
import { FOLDER } from './families.js'

const EINVAL = -22n
const EFAULT = -14n
const EEXIST = -17n
const USER = 1n << 8n
const REUSE = 1n << 10n

const words = (bytes: Uint8Array): bigint[] => [...new BigUint64Array(bytes.slice().buffer)]

for (const engine of ['jit', 'interp'] as const)
  describe(`stacks on ${engine}`, () => {
    const loaded = () => {
      const object = boot.virtual({ memory: '4 MiB' }).load(readFileSync(new URL('stacks.bpf.o', FOLDER)), { engine })
      const run = (program: string, flags: bigint, stack?: Stacks): bigint[] => {
        object.variables['out']!.set(new Array(64).fill(7n))
        object.variables['wanted']!.set(flags)
        object.programs[program]!.run(stack ? { stack } : {})
        return object.variables['out']!.get() as bigint[]
      }
      return { object, run, id: (flags: bigint, stack?: Stacks): bigint => run('stack_id', flags, stack)[0]! }
    }

    test('a stack is copied as far as it fits, zeros behind it, those left out in front', () => {
      const { run } = loaded()
      const kernel = [1, 2, 3, 4, 5, 6, 0xffffffff81000000n]
      assert.deepEqual(run('copy', 0n, { kernel }).slice(0, 7), [40n, 1n, 2n, 3n, 4n, 5n, 7n])
      assert.deepEqual(run('copy', 5n, { kernel }).slice(0, 6), [
        16n,
        6n,
        BigInt.asIntN(64, 0xffffffff81000000n),
        0n,
        0n,
        0n,
      ])
      assert.deepEqual(run('copy', USER, { kernel, user: [9] }).slice(0, 4), [8n, 9n, 0n, 0n])
      assert.deepEqual(run('copy', USER, { kernel }).slice(0, 3), [EFAULT, 0n, 0n])
      assert.deepEqual(run('copy', 8n, { kernel }).slice(0, 3), [EFAULT, 0n, 0n])
      assert.deepEqual(run('copy', 1n << 9n, { kernel }).slice(0, 3), [EINVAL, 0n, 0n])
      assert.equal(run('copy', 0n, { kernel })[10], EINVAL)
      assert.equal(run('copy', 0n)[0], EFAULT)
    })

    test('a prepared run has its stack whatever ran in between, and no other one has it', () => {
      const { object, run } = loaded()
      const prepared = object.programs['copy']!.prepare({ stack: { kernel: [1, 2, 3] } })
      const without = object.programs['copy']!.prepare()
      const copied = (one: typeof prepared): bigint => {
        one.run()
        return (object.variables['out']!.get() as bigint[])[0]!
      }
      assert.equal(run('copy', 0n)[0], EFAULT)
      for (let turn = 0; turn < 2; turn++) {
        assert.equal(copied(prepared), 24n)
        assert.equal(copied(prepared), 24n)
        assert.equal(copied(without), EFAULT)
        run('copy', 0n, { kernel: [7, 8] })
      }
    })

    test('a stack has one id, under which the host finds it', () => {
      const { object, id } = loaded()
      const stacks = object.maps['stacks']!
      const kernel = [1, 2, 3, 4, 5]
      const first = id(0n, { kernel })
      assert.ok(first >= 0n && first < 4n)
      assert.equal(id(0n, { kernel }), first)
      assert.equal(id(USER, { user: kernel }), first)
      assert.equal(id(1n, { kernel: [9, ...kernel] }), first)
      const key = new Uint8Array(Uint32Array.of(Number(first)).buffer)
      assert.deepEqual(words(stacks.getBytes(key)!), [1n, 2n, 3n, 4n])
      assert.throws(() => stacks.set(key, new Uint8Array(32)), coded('EINVAL'))
      assert.equal(stacks.delete(key), true)
      assert.equal(stacks.delete(key), false)
      assert.throws(() => stacks.delete(new Uint8Array(Uint32Array.of(4).buffer)), coded('E2BIG'))
      assert.equal(stacks.getBytes(key), undefined)
    })

    test('the loader says how many addresses an id keeps, and a size that is no stack is refused', () => {
      const bytes = readFileSync(new URL('stacks.bpf.o', FOLDER))
      const machine = boot.virtual({ memory: '4 MiB' })
      const { maps, programs } = machine.load(bytes, { engine, valueSize: { stacks: 16 } })
      programs['stack_id']!.run({ stack: { kernel: [1, 2, 3] } })
      const stacks = maps['stacks']!
      assert.equal(stacks.valueSize, 16)
      assert.deepEqual(
        stacks.entries().map(([, value]) => words(value as Uint8Array)),
        [[1n, 2n]],
      )
      for (const wrong of [0, 12, 8 * 128])
        assert.throws(
          () => machine.load(bytes, { valueSize: { stacks: wrong } }),
          coded('EINVAL', wrong === 0 ? /to set: valueSize/ : /value_size/),
        )
    })

    test('an id that is taken is EEXIST for another stack, or becomes that one’s', () => {
      const { object, id } = loaded()
      const seen = new Map<bigint, bigint>()
      let taken = 0
      for (let n = 1; n <= 20; n++) {
        const got = id(0n, { kernel: [n] })
        if (got === EEXIST) taken++
        else seen.set(got, BigInt(n))
      }
      assert.ok(taken >= 16)
      for (const [key, value] of seen)
        assert.equal(
          words(object.maps['stacks']!.getBytes(new Uint8Array(Uint32Array.of(Number(key)).buffer))!)[0],
          value,
        )
      const again = id(REUSE, { kernel: [77] })
      assert.deepEqual(words(object.maps['stacks']!.getBytes(new Uint8Array(Uint32Array.of(Number(again)).buffer))!), [
        77n,
        0n,
        0n,
        0n,
      ])
    })

    test('no stack, all of it left out, and unknown flags are refused', () => {
      const { object, id } = loaded()
      assert.equal(id(0n), EFAULT)
      assert.equal(id(2n, { kernel: [1, 2] }), EFAULT)
      assert.equal(id(1n << 11n, { kernel: [1] }), EINVAL)
      const run = (stack: Stacks): unknown => object.programs['stack_id']!.run({ stack })
      assert.throws(() => run({ kernel: new Array<number>(128).fill(1) }), coded('BAD_RUN'))
      assert.throws(() => run({ user: [0.5] }), coded('BAD_RUN'))
    })
  })
