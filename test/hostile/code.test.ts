// Bytes that are no code are refused at load, with their place, on both engines; nothing is left of them.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { boot, type SkepError } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Engine } from '../../src/machine/load/code.js'
import { CONTEXT_BYTES, end, objectOf } from './assembly.js'

for (const engine of ['jit', 'interp'] as const satisfies readonly Engine[])
  suite(`hostile code, ${engine}`, () => {
    test('code that is no code is refused at load with its place', () => {
      const raw = (...words: bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(words).buffer)
      const refused = (code: Uint8Array, message: RegExp): void => {
        const machine = boot.virtual({ cpus: 2, memory: '6 MiB', loopBudget: 100_000, timers: 16 })
        const spec = objectOf({ main: end })
        spec.functions.set('main', { ...spec.functions.get('main')!, code })
        assert.throws(
          () => machine.load(spec, { engine, checks: false }),
          (error: { code: string; message: string }) => message.test(error.message) && /main/.test(error.message),
          `${message}`,
        )
        assert.deepEqual(machine.stats().programs, {})
      }
      const exit = 0x95n
      refused(raw(0x0000_0000_0001_0005n, 0x18n, 0n, exit), /instruction 0/) // into the second half of an lddw
      refused(raw(0x0000_0000_7fff_0005n, exit), /instruction 0/) // past the end
      refused(raw(0xb7n), /main/) // off the end
      refused(raw(0x18n), /instruction 0/) // half an lddw
      refused(raw(0x0000_0000_0000_0ab7n, exit), /instruction 0/) // r10 is not written
      refused(raw(0x0000_0000_0000_0bb7n, exit), /instruction 0/) // there is no r11
      refused(raw(0x1234_5678_0000_0085n, exit), /305419896|instruction 0/) // no such helper
      refused(raw(0xffn, exit), /instruction 0/)
    })

    test('a call that nothing satisfies is a fault in its place', () => {
      using machine = boot.virtual({ memory: '6 MiB' })
      const spec = objectOf({ main: [asm.callKfunc('bpf_absent', true), ...end] })
      const { main } = machine.load(spec, { engine, checks: false }).programs
      assert.throws(
        () => main!.run({ ctx: new Uint8Array(CONTEXT_BYTES) }),
        (error: SkepError) => error.code === 'FAULT_UNREACHABLE' && error.details['instruction'] === 0,
      )
    })
  })
