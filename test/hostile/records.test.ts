// Attacks on rings, samples and dynptrs: by callbacks that drain what is being drained, end in a fault or answer what
// they must not, by forged dynptrs, by sizes and flags. On both engines.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EBUSY, EINVAL, ENOENT } from '../../core/abi.js'
import { boot, type LoadedObject, type ObjectSpec, type VirtualMachine } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Engine } from '../../src/machine/load/code.js'
import { coded } from '../machine/probes.js'
import { CONTEXT_BYTES, end, fn, HELPER, keep, map, objectOf, start, value } from './assembly.js'
import { secretIn } from './secret.js'

/** Of a dynptr's size word: over memory, a ring's sample, a socket buffer, an XDP buffer; and read-only. */
const KINDS_OF_DYNPTR = [0n, 1n, 2n, 3n, 4n, 5n, 7n, 8n]

for (const engine of ['jit', 'interp'] as const satisfies readonly Engine[])
  suite(`hostile records, ${engine}`, () => {
    const load = (machine: VirtualMachine, spec: ObjectSpec): LoadedObject =>
      machine.load(spec, { engine, checks: false })
    const booted = (): VirtualMachine => boot.virtual({ cpus: 2, memory: '6 MiB', loopBudget: 100_000, timers: 16 })
    const run = (object: LoadedObject, words: readonly bigint[] = [], name = 'main'): BigInt64Array => {
      const ctx = new BigUint64Array(CONTEXT_BYTES / 8)
      ctx.set(words)
      const after = object.programs[name]!.run({ ctx: new Uint8Array(ctx.buffer) }).ctx as Uint8Array
      return new BigInt64Array(after.slice().buffer)
    }
    const drain = (callback: string): asm.Line[] => [
      map('r1', 'userring'),
      fn('r2', callback),
      asm.mov('r3', 'r9'),
      asm.mov('r4', 0),
      asm.call(HELPER.userRingDrain),
    ]
    const program = (callback: string): asm.Line[] => [start, ...drain(callback), keep(0), ...end]

    test('a callback that drains again, answers what it must not or ends in a fault leaves the ring as a drain finds it', () => {
      const machine = booted()
      const object = load(
        machine,
        objectOf(
          {
            main: program('counts'),
            again: program('drains'),
            answers: program('two'),
            faults: program('wild'),
          },
          {
            counts: [asm.load(64, 'r3', 'r2', 8), asm.alu('add', 'r3', 1), asm.store(64, 'r2', 8, 'r3'), ...end],
            // r2 is the context of the program: its second word gets what the inner drain answers.
            drains: [asm.mov('r9', 'r2'), asm.mov('r6', 'r2'), ...drain('two'), asm.store(64, 'r6', 8, 'r0'), ...end],
            two: [asm.mov('r0', 2), asm.exit()],
            wild: [asm.mov('r1', 8), asm.store(64, 'r1', 0, 1), ...end],
          },
        ),
      )
      const ring = object.maps.userring!.userRing()
      const put = (): void => ring.reserve(16)!.submit()
      put()
      assert.deepEqual([...run(object, [], 'again').slice(0, 2)], [1n, BigInt(-EBUSY)])
      for (const [name, code] of [
        ['answers', 'FAULT_CALLBACK_RESULT'],
        ['faults', 'FAULT_BAD_ACCESS'],
      ] as const) {
        for (let sample = 0; sample < 3; sample += 1) put()
        assert.throws(() => run(object, [], name), coded(code))
        // The sample at which it ended may be there still; the ring is free, and the others are in order.
        const [drained, counted] = run(object)
        assert.ok(drained === 2n || drained === 3n, `${name}: ${drained}`)
        assert.equal(counted, drained)
        put()
        assert.equal(run(object)[0], 1n)
      }
      ring.close()
    })

    test('a forged dynptr, of whatever kind, reaches nothing outside the window', () => {
      const machine = booted()
      const secret = secretIn(machine)
      const { guestBase, guestEnd } = machine.kernel.memory
      // The dynptr's words, the place for what is read, offset and length come from the context.
      const forged: asm.Line[] = [
        start,
        asm.load(64, 'r2', 'r9', 0),
        asm.store(64, 'r10', -16, 'r2'),
        asm.load(64, 'r2', 'r9', 8),
        asm.store(64, 'r10', -8, 'r2'),
        asm.mov('r6', 'r10'),
        asm.alu('add', 'r6', -16),
      ]
      const object = load(
        machine,
        objectOf({
          main: [
            ...forged,
            value('r1', 'arr'),
            asm.load(64, 'r2', 'r9', 24),
            asm.mov('r3', 'r6'),
            asm.load(64, 'r4', 'r9', 16),
            asm.mov('r5', 0),
            asm.call(HELPER.dynptrRead),
            keep(32),
            ...end,
          ],
          write: [
            ...forged,
            asm.mov('r1', 'r6'),
            asm.load(64, 'r2', 'r9', 16),
            value('r3', 'arr'),
            asm.load(64, 'r4', 'r9', 24),
            asm.mov('r5', 0),
            asm.call(HELPER.dynptrWrite),
            keep(32),
            ...end,
          ],
          slice: [
            ...forged,
            asm.mov('r1', 'r6'),
            asm.load(64, 'r2', 'r9', 16),
            asm.mov('r3', 0),
            asm.load(64, 'r4', 'r9', 24),
            asm.callKfunc('bpf_dynptr_slice_rdwr'),
            keep(32),
            asm.jump('eq', 'r0', 0, 'none'),
            asm.store(64, 'r0', 0, 7),
            asm.label('none'),
            ...end,
          ],
          submit: [...forged, asm.mov('r1', 'r6'), asm.mov('r2', 0), asm.call(HELPER.ringSubmitDynptr), ...end],
        }),
      )
      for (const place of [secret.address, guestBase - 64, guestEnd - 4, guestEnd, 8, 2 ** 32, 2 ** 63])
        for (const kind of KINDS_OF_DYNPTR)
          for (const [offset, length] of [
            [0n, 16n],
            [8n, 8n],
            [0xfffff8n, 8n],
            [2n ** 32n - 8n, 16n],
          ] as const)
            for (const name of ['main', 'write', 'slice', 'submit']) {
              const size = (kind << 28n) | 0xffffffn
              const words = [BigInt(place), size | (offset << 32n), offset, length]
              try {
                const [, , , , answer] = run(object, words, name)
                if (name !== 'submit') assert.ok(answer! <= 0n, `${name} at ${place}: ${answer}`)
              } catch (error) {
                coded('FAULT_BAD_ACCESS')(error)
              }
            }
      assert.ok(secret.untouched())
      assert.ok(!secret.inWindow())
    })

    test('records that are longer than what they are put into, or come from where nothing may be read, are put nowhere', () => {
      const machine = booted()
      const secret = secretIn(machine)
      const { guestEnd } = machine.kernel.memory
      const put = (name: string, call: number, ...lines: asm.Line[]): asm.Line[] => [
        start,
        asm.load(64, 'r8', 'r9', 0),
        asm.load(64, 'r7', 'r9', 8),
        asm.load(64, 'r6', 'r9', 16),
        asm.mov('r1', 'r9'),
        map('r2', name),
        ...lines,
        asm.call(call),
        keep(0),
        ...end,
      ]
      const perf = [asm.mov('r3', 'r6'), asm.mov('r4', 'r8'), asm.mov('r5', 'r7')]
      const ring = [asm.mov('r1', 'r2'), asm.mov('r2', 'r8'), asm.mov('r3', 'r7'), asm.mov('r4', 'r6')]
      const object = load(
        machine,
        objectOf({
          main: put('perf', HELPER.perfOutput, ...perf),
          ring: put('ring', HELPER.ringOutput, ...ring),
          notPerf: put('hash', HELPER.perfOutput, ...perf),
        }),
      )
      const here = 0xffffffffn
      assert.equal(run(object, [BigInt(guestEnd - 8), 8n, here])[0], BigInt(-ENOENT), 'no buffer is open')
      const buffer = object.maps.perf!.perfBuffer({ pages: 1 })
      for (const from of [secret.address, 8, guestEnd - 4, guestEnd, 2 ** 32 + guestEnd - 8])
        for (const name of ['main', 'ring'])
          assert.throws(
            () => run(object, [BigInt(from), 8n, name === 'main' ? here : 0n], name),
            coded('FAULT_BAD_ACCESS'),
            `${name} from ${from}`,
          )
      for (const bytes of [4096n, 65536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 64n - 1n])
        for (const name of ['main', 'ring'])
          try {
            assert.ok(run(object, [BigInt(guestEnd - 65536), bytes, name === 'main' ? here : 0n], name)[0]! < 0n)
          } catch (error) {
            coded('FAULT_BAD_ACCESS')(error)
          }
      for (const flags of [4n, 100n, 2n ** 32n, 2n ** 52n, 2n ** 63n])
        assert.ok(run(object, [BigInt(guestEnd - 8), 8n, flags])[0]! < 0n, `${flags}`)
      assert.throws(() => run(object, [BigInt(guestEnd - 8), 8n, here], 'notPerf'), coded('FAULT_BAD_ACCESS'))
      assert.equal(run(object, [BigInt(guestEnd - 8), 8n, here])[0], 0n)
      assert.equal(run(object, [BigInt(guestEnd - 8), 8n, 2n ** 32n], 'ring')[0], BigInt(-EINVAL))
      assert.deepEqual(
        buffer.drain().map(({ data }) => (data as Uint8Array).length),
        [8],
      )
      assert.equal(object.maps.ring!.drain().length, 0)
    })
  })
