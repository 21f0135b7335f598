// The two engines agree: compiled code and the stepping interpreter give the same results, memory, and faults in the
// same place, on random programs, on every example, and in callbacks.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { boot, SkepError } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import { enginesAgree, objectOf } from '../fuzz/engines.js'

const ENGINES = ['jit', 'interp'] as const
const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url))

describe('the interpreter', () => {
  test('agrees with the compiler on random programs', () => {
    fc.assert(enginesAgree, { numRuns: 400 })
  })

  test('runs flow-timeout like compiled code: same answers, same flows, same timers, same lines printed', () => {
    const capture = file('examples/flow-timeout/capture.pcap')
    const packets: Uint8Array[] = []
    for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8))
      packets.push(new Uint8Array(capture.subarray(at + 16, at + 16 + capture.readUInt32LE(at + 8))))
    const [compiled, interpreted] = ENGINES.map((engine) => {
      using machine = boot.virtual({ cpus: 2 })
      const lines: string[] = []
      machine.on('trace', ({ text }) => void lines.push(text))
      const { programs, maps } = machine.load(file('examples/flow-timeout/flow-timeout.bpf.o'), { engine })
      const answers = packets.slice(0, 120).map((data, index) => {
        machine.clock.advance('100 ms')
        return programs['on_packet']!.run({ data, cpu: index % 2 }).retval
      })
      const flows = maps['flows']!.entries()
      const timers = machine.timers()
      machine.clock.advance('5 min')
      return { answers, flows, timers, lines, left: machine.timers() }
    })
    assert.deepEqual(interpreted, compiled)
  })

  test('names the instruction of a fault and what lies at the address', () => {
    using machine = boot.virtual({ memory: '4 MiB' })
    const lines = [asm.mov('r1', 16), asm.mov('r0', 0), asm.load(64, 'r0', 'r1', 8), asm.exit()]
    const { programs } = machine.load(objectOf(lines), { engine: 'interp' })
    assert.throws(
      () => programs['main']!.run(),
      (error) => {
        assert.ok(error instanceof SkepError)
        const { address, at, function: name, instruction } = error.details
        assert.deepEqual(
          [error.code, name, instruction, address, at],
          ['FAULT_BAD_ACCESS', 'main', 2, 24n, 'the null page'],
        )
        return true
      },
    )
  })

  test('gives its memory and table slots back when the object is closed', () => {
    using machine = boot.virtual({ memory: '4 MiB' })
    for (let round = 0; round < 300; round++) {
      const object = machine.load(file('examples/deferred-work/deferred-work.bpf.o'), { engine: 'interp' })
      object.close()
      machine.poll()
    }
  })
})

test('an unknown engine is refused by name', () => {
  using machine = boot.virtual()
  const load = () => machine.load(file('examples/deferred-work/deferred-work.bpf.o'), { engine: 'qemu' as 'jit' })
  assert.throws(
    load,
    (error) => error instanceof SkepError && error.code === 'BAD_OPTION' && /qemu/.test(error.message),
  )
})
