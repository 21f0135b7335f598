// Program arrays with tail calls, and maps of maps: initialisers, what the host sets, references, both engines.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot, join, type SkepError } from '../../src/index.js'

/** dist/test/map → test/map. */
const object = readFileSync(new URL('../../../test/map/references.bpf.o', import.meta.url))
const request = (index: number): Uint8Array => new Uint8Array(Uint32Array.of(index, 0, 0, 0).buffer)
const coded = (code: string) => (error: unknown) => (error as SkepError).code === code
const hops = (ctx: unknown): number =>
  new DataView((ctx as Uint8Array).buffer, (ctx as Uint8Array).byteOffset).getUint32(4, true)
const result = (ctx: unknown): bigint =>
  new DataView((ctx as Uint8Array).buffer, (ctx as Uint8Array).byteOffset).getBigInt64(8, true)

for (const engine of ['jit', 'interp'] as const) {
  const options = { engine, checks: false } as const

  test(`a tail call goes on in the program at the index, or falls through (${engine})`, () => {
    const { programs, maps } = boot.virtual().load(object, options)
    assert.equal(programs.jump!.run({ ctx: request(1) }).retval, 101)
    for (const index of [0, 3, 4, 0xffffffff]) {
      const run = programs.jump!.run({ ctx: request(index) })
      assert.equal(run.retval, 1, `index ${index}`)
      assert.equal(result(run.ctx), -1n)
    }
    maps.targets!.set(3, programs.target_one)
    assert.equal(programs.jump!.run({ ctx: request(3) }).retval, 103)
    assert.deepEqual(
      [1, 2, 3].map((index) => maps.targets!.get(index)),
      ['target_one', 'target_two', 'target_one'],
    )
    assert.equal(maps.targets!.delete(3), true)
    assert.equal(maps.targets!.delete(3), false)
    assert.equal(programs.jump!.run({ ctx: request(3) }).retval, 1)
  })

  test(`a run makes at most 33 tail calls, then goes on where it is (${engine})`, () => {
    const { programs } = boot.virtual().load(object, options)
    for (let turn = 0; turn < 3; turn++) {
      const run = programs.target_two!.run({ ctx: request(0) })
      assert.equal(run.retval, 7)
      assert.equal(hops(run.ctx), 34)
      assert.equal(hops(programs.jump!.run({ ctx: request(2) }).ctx), 33)
    }
  })

  test(`a tail call in a function returns to the function's caller (${engine})`, () => {
    const { programs } = boot.virtual().load(object, options)
    const run = programs.jump_in_function!.run({ ctx: request(1) })
    assert.equal(run.retval, 1101)
    assert.equal(result(run.ctx), 101n)
    assert.equal(programs.jump_in_function!.run({ ctx: request(0) }).retval, 1005)
  })

  test(`programs reach inner maps, whose timers fire and stop with the last handle (${engine})`, () => {
    const machine = boot.virtual()
    const { programs, maps } = machine.load(object, options)
    assert.equal(programs.arm_by_index!.run({ ctx: request(0) }).retval, 3)
    assert.equal(result(programs.arm_by_index!.run({ ctx: request(1) }).ctx), -2n, 'an empty place')
    assert.equal(result(programs.arm_by_index!.run({ ctx: request(9) }).ctx), -2n)
    machine.clock.advance('1 ms')
    assert.equal((maps.first!.get(1) as { fired: bigint }).fired, 1n)
    assert.equal(result(programs.arm_by_key!.run({ ctx: request(5) }).ctx), -2n)
    maps.by_key!.set(5n, maps.third)
    assert.equal(maps.by_key!.get(5n), maps.third!.id)
    assert.equal(programs.arm_by_key!.run({ ctx: request(5) }).retval, 3)
    assert.equal(machine.timers().length, 2)
    maps.third!.close()
    assert.equal(machine.timers().length, 1, 'the outer map keeps the inner one, not its timers')
    assert.equal(result(programs.arm_by_key!.run({ ctx: request(5) }).ctx), -1n, 'EPERM: no user reference')
    assert.equal(maps.by_key!.delete(5n), true)
    assert.equal(result(programs.arm_by_key!.run({ ctx: request(5) }).ctx), -2n)
  })
}

test('an inner map that does not fit, and a value that is none, are refused by name', () => {
  const { maps, programs } = boot.virtual().load(object, { checks: false })
  assert.throws(() => maps.by_index!.set(0, maps.targets), coded('EINVAL'))
  assert.throws(() => maps.by_index!.set(0, 'first'), coded('BAD_VALUE'))
  assert.throws(() => maps.by_index!.set(0, 12345), coded('ENOENT'))
  assert.throws(() => maps.by_index!.set(3, maps.first), coded('E2BIG'))
  assert.throws(() => maps.by_index!.set(0, maps.first, 'exist'), coded('EINVAL'))
  assert.throws(() => maps.by_key!.set(0n, maps.first, 'exist'), coded('ENOENT'))
  assert.throws(() => maps.targets!.set(0, maps.first), coded('BAD_VALUE'))
  assert.throws(() => maps.targets!.set(4, programs.jump), coded('E2BIG'))
})

test('references keep programs and inner maps, and go with the places that held them', () => {
  const machine = boot.virtual()
  for (let turn = 0; turn < 30; turn++) {
    const loaded = machine.load(object, { checks: false })
    loaded.maps.by_key!.set(BigInt(turn), loaded.maps.first)
    loaded.maps.by_index!.set(0, loaded.maps.third)
    loaded.programs.arm_by_index!.run({ ctx: request(0) })
    assert.equal(machine.timers().length, 1)
    loaded.close()
    assert.equal(machine.timers().length, 0)
    for (let poll = 0; poll < 6; poll++) machine.poll()
  }
  const { kernel } = machine as unknown as {
    kernel: { maps: { waiting: number; live: Iterable<unknown> }; objects: { loaded: unknown[] } }
  }
  machine.load(object, { checks: false }).close()
  for (let poll = 0; poll < 12; poll++) machine.poll()
  machine.load(object, { checks: false })
  assert.equal(kernel.objects.loaded.length, 1)
  assert.equal(kernel.maps.waiting, 0)
})

test('a program that stands in an array has its name there when its object has been closed', () => {
  using machine = boot.virtual()
  const [{ maps, programs }, other] = [machine.load(object, { checks: false }), machine.load(object, { checks: false })]
  maps.targets!.set(3, other.programs.target_one)
  other.close()
  assert.equal(maps.targets!.get(3), 'target_one')
  assert.equal(programs.jump!.run({ ctx: request(3) }).retval, 103)
})

test('a thread that joined is told what stands there as the others are: names and ids, in bytes ids too', async () => {
  const machine = await boot({ cpus: 1, joins: 1 })
  try {
    const { maps, programs } = await machine.load(object, { checks: false })
    await maps.targets!.set(3, programs.target_one!)
    const cpu = join(machine.share())
    const joined = cpu.objects['object']!.maps
    for (const name of ['targets', 'by_index', 'by_key']) {
      const entries = await maps[name]!.entries()
      assert.ok(entries.length > 0 || name === 'by_key', name)
      assert.deepEqual(joined[name]!.entries(), entries)
    }
    assert.equal(joined['targets']!.get(3), 'target_one')
    const [[at, id]] = (await maps.by_index!.entries()) as [[number, number]]
    const bytes = new Uint8Array(Uint32Array.of(id).buffer)
    assert.deepEqual([await maps.by_index!.getBytes(at), joined['by_index']!.getBytes(at)], [bytes, bytes])
    cpu.leave()
  } finally {
    await machine.close()
  }
})

test('a thread that joined jumps through a program array, and cannot write it', async () => {
  const machine = await boot({ cpus: 1, joins: 1 })
  try {
    await machine.load(object, { checks: false })
    const cpu = join(machine.share())
    const { programs, maps } = cpu.objects['object']!
    assert.equal(programs['jump']!.run({ ctx: request(1) }).retval, 101)
    for (const name of ['targets', 'by_index', 'by_key'])
      for (const write of [
        () => maps[name]!.set(name === 'by_key' ? 1n : 1, 5),
        () => maps[name]!.delete(name === 'by_key' ? 1n : 1),
      ])
        assert.throws(write, coded('EPERM'), name)
    cpu.leave()
  } finally {
    await machine.close()
  }
})
