// Maps and global variables from the host: values by BTF, errors by the kernel's names, references and pins.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { coded, probes, request, unchecked, type Slot } from './probes.js'

test('a hash map takes and gives plain objects, bigint for 64-bit members only', () => {
  const { points } = boot.virtual().load(probes, unchecked).maps
  assert.equal(points!.get(1), undefined)
  points!.set(1, { x: -5, y: -6n })
  assert.deepEqual(points!.get(1), { x: -5, y: -6n })
  assert.equal(points!.has(1), true)
  assert.deepEqual(points!.entries(), [[1, { x: -5, y: -6n }]])
  assert.deepEqual(points!.keys(), [1])
  assert.equal(points!.getBytes(1)?.length, 16)
  assert.equal(points!.delete(1), true)
  assert.equal(points!.delete(1), false)
  assert.deepEqual(points!.entries(), [])
})

test('updates fail with the errors of the kernel and change nothing', () => {
  const { points, slots } = boot.virtual().load(probes, unchecked).maps
  assert.throws(() => points!.set(1, { x: 1, y: 1n }, 'exist'), coded('ENOENT'))
  points!.set(1, { x: 1, y: 1n }, 'noexist')
  assert.throws(() => points!.set(1, { x: 2, y: 2n }, 'noexist'), coded('EEXIST'))
  assert.deepEqual(points!.get(1), { x: 1, y: 1n })
  for (const key of [2, 3, 4]) points!.set(key, { x: key, y: 0n })
  assert.throws(() => points!.set(5, { x: 5, y: 0n }), coded('E2BIG'))
  assert.deepEqual(
    (points!.keys() as number[]).sort((a, b) => a - b),
    [1, 2, 3, 4],
  )
  assert.throws(() => slots!.delete(0), coded('EINVAL'))
  assert.equal(slots!.get(8), undefined)
  assert.throws(() => points!.set(1, { x: 1, z: 1 }), coded('BAD_VALUE', /value of map 'points'/))
  assert.throws(() => points!.get('one'), coded('BAD_VALUE', /key of map 'points'/))
  assert.throws(() => points!.get(new Uint8Array(3)), coded('BAD_VALUE', /4 bytes, got 3/))
})

test('an array has every index as a key', () => {
  const { slots } = boot.virtual().load(probes, unchecked).maps
  assert.deepEqual(slots!.keys(), [0, 1, 2, 3, 4, 5, 6, 7])
})

test('a per-CPU array has one value for each CPU', () => {
  const object = boot.virtual({ cpus: 3 }).load(probes, unchecked)
  object.programs.count!.run({ cpu: 1, repeat: 4 })
  object.programs.count!.run({ cpu: 2 })
  assert.deepEqual(object.maps.hits!.get(1), [0, 4, 1])
  object.maps.hits!.set(1, [7, 8, 9])
  object.programs.count!.run({ cpu: 0 })
  assert.deepEqual(object.maps.hits!.get(1), [8, 8, 9])
  assert.deepEqual(object.maps.hits!.entries(), [
    [0, [0, 0, 0]],
    [1, [8, 8, 9]],
  ])
  assert.throws(() => object.maps.hits!.set(1, [7, 8]), coded('BAD_VALUE', /array of 3/))
})

test('a per-CPU array on one CPU still has an array of values', () => {
  const { hits } = boot.virtual().load(probes, unchecked).maps
  assert.deepEqual(hits!.get(0), [0])
})

test('global variables are read and written by name; .rodata only before load', () => {
  const machine = boot.virtual()
  const object = machine.load(probes, { ...unchecked, variables: { limit: 3, table: [4, 5, 6] } })
  const { counter, zeroed, limit, table } = object.variables
  assert.equal(counter!.get(), 5n)
  object.programs.count!.run({ repeat: 2 })
  assert.equal(counter!.get(), 7n)
  assert.equal(zeroed!.get(), 6n)
  counter!.set(100n)
  object.programs.count!.run()
  assert.equal(counter!.get(), 101n)
  assert.deepEqual(table!.get(), [4, 5, 6])
  assert.equal(limit!.get(), 3)
  assert.throws(() => limit!.set(4), coded('FROZEN'))
  assert.throws(() => object.maps['.rodata']!.set(0, new Uint8Array(4)), coded('EPERM', /frozen/))
  const other = machine.load(probes, unchecked)
  assert.equal(other.variables.counter!.get(), 5n, 'another load has its own variables')
})

test('a timer stops with the last user reference of its map, and a pin is one', () => {
  const machine = boot.virtual()
  const object = machine.load(probes, unchecked)
  object.programs.start_timer!.run({ ctx: request(0, 1000) })
  object.maps.slots!.pin('kept')
  assert.throws(() => object.maps.slots!.pin('kept'), coded('EEXIST'))
  assert.deepEqual(machine.pins, ['kept'])
  object.close()
  assert.equal(machine.timers().length, 1)
  machine.clock.advance('1 ms')
  const again = machine.map('kept')
  assert.equal((again.get(0) as Slot).fired, 1n, 'the armed timer kept its program')
  machine.unpin('kept')
  assert.deepEqual(machine.pins, [])
  assert.equal((again.get(0) as Slot).fired, 1n, 'the handle is a reference too')
  again.close()
  assert.equal(machine.timers().length, 0)
  assert.throws(() => machine.map(again.id), coded('ENOENT'))
  assert.throws(() => machine.map('kept'), coded('ENOENT'))
  assert.throws(() => again.get(0), coded('CLOSED'))
})

test('memory of closed objects is used again', () => {
  const machine = boot.virtual({ memory: '16 MiB' })
  const before = machine.stats()
  for (let turn = 0; turn < 40; turn++) {
    const object = machine.load(probes, { ...unchecked, maxEntries: { points: 20_000 } })
    object.programs.start_timer!.run({ ctx: request(0, 1000) })
    object.close()
  }
  for (let turn = 0; turn < 4; turn++) machine.poll()
  machine.load(probes, unchecked).close()
  for (let turn = 0; turn < 4; turn++) machine.poll()
  assert.deepEqual(machine.stats().timers, before.timers)
  assert.deepEqual(machine.timers(), [])
})
