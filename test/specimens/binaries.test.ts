// The specimens' two binaries: the one for the explorer lets nothing past the door, the other works on real memory with
// the one interface that a benchmark needs, and the shipped core knows of neither.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import binaryen from 'binaryen'
import { EBUSY, EINVAL, EOPNOTSUPP } from '../../core/abi.js'
import * as layout from '../../core/specimens/layout.js'
import { standingClock } from '../../src/machine/cpu/clock.js'

const bytes = (name: string) => readFile(new URL(`../../core/${name}`, import.meta.url))

type Call = (...args: (number | bigint)[]) => number

test('the check build has no memory instruction: nothing gets past the door', async () => {
  const text = binaryen.readBinary(await bytes('specimens.check.wasm')).emitText()
  assert.doesNotMatch(text, /\b(?:i32|i64)\.(?:load|store|atomic)|\bmemory\.(?:fill|copy|atomic)|\(data/)
})

test('the shipped core has none of it, and the specimens ask for nothing but memory and clock', async () => {
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(await bytes('core.wasm')))
  assert.deepEqual(
    exported.filter(({ name }) => /^(locked|rfc_v1|merged|specimen)_/.test(name)),
    [],
  )
  const imported = WebAssembly.Module.imports(new WebAssembly.Module(await bytes('specimens.wasm')))
  assert.deepEqual(imported.map(({ module, name }) => `${module}.${name}`).sort(), ['env.memory', 'host.clock'])
})

/** The specimens on real memory, one CPU, with a clock that the test moves. */
async function machine() {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true })
  const clock = { time: 1000 }
  const module = new WebAssembly.Module(await bytes('specimens.wasm'))
  const host = { clock: standingClock(() => clock.time).onto(memory) }
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host })
  const call = (name: string, ...args: (number | bigint)[]): number => (exports[name] as Call)(...args)
  assert.ok(call('specimen_boot', 1, 4, 4, 2, 4) < memory.buffer.byteLength)
  call('cpu_attach', 0)
  const program = call('specimen_program_load', 0)
  return { memory, clock, call, program, text: program + layout.PROGRAM_TEXT }
}

for (const design of ['locked', 'rfc_v1', 'merged'])
  test(`${design} runs on real memory: init, set_callback, start, firing, cancel, free, reuse`, async () => {
    const { memory, clock, call, program, text } = await machine()
    const does = (name: string, ...args: (number | bigint)[]): number => call(`${design}_${name}`, ...args)
    const slot = call('specimen_slot', 1)
    for (let round = 0; round < 10; round++) {
      assert.equal(does('start', slot, 10n, 0n), -EINVAL)
      assert.equal(does('init', slot, 1, 1n), 0)
      assert.equal(does('init', slot, 1, 1n), -EBUSY)
      assert.equal(does('set_callback', slot, program, text), 0)
      assert.equal(does('start', slot, 10n, 0n), 0)
      assert.equal(call('specimen_timer'), 0, 'not before its time')
      clock.time += 10
      assert.equal(call('specimen_timer'), 1)
      assert.equal(does('cancel', slot), 0)
      assert.equal(does('set_callback', slot, program, text), 0)
      assert.equal(does('start', slot, 10n, 0n), 0)
      assert.equal(does('start', slot, 20n, 0n), 0)
      assert.equal(does('cancel', slot), 1)
      does('free', slot)
      while (call('specimen_poll'));
    }
    const work = call('specimen_slot', 2)
    assert.equal(does('init', work, 2, 0n), 0)
    assert.equal(does('set_callback', work, program, text), 0)
    assert.equal(does('wq_start', work, 0n), 0)
    assert.equal(call('specimen_work'), 1)
    assert.equal(call('specimen_work'), 0)
    does('user_put')
    while (call('specimen_poll'));
    assert.equal(new Int32Array(memory.buffer)[(program + layout.PROGRAM_REFERENCES) / 4], 1)
  })

test('[H21] merged defers start and cancel_async with interrupts off, and refuses cancel', async () => {
  const { call, program, text } = await machine()
  const slot = call('specimen_slot', 0)
  assert.equal(call('merged_init', slot, 1, 1n), 0)
  assert.equal(call('merged_set_callback', slot, program, text), 0)
  const interrupts = call('specimen_interrupts_disable')
  assert.equal(call('merged_start', slot, 0n, 0n), 0)
  assert.equal(call('merged_cancel', slot), -EOPNOTSUPP)
  call('specimen_interrupts_restore', interrupts)
  assert.equal(call('specimen_timer'), 0, 'not armed yet')
  call('merged_irq_work')
  assert.equal(call('specimen_timer'), 1)
  call('specimen_interrupts_disable')
  assert.equal(call('merged_start', slot, 0n, 0n), 0)
  assert.equal(call('merged_cancel_async', slot), -125, 'ECANCELED: later')
  call('specimen_interrupts_restore', interrupts)
  call('merged_irq_work')
  assert.equal(call('specimen_timer'), 0, 'started and cancelled, in order')
})
