// Maps and variables as memory: what programs write is there without a command, and how long.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { coded } from './probes.js'

/** dist/test/machine → test/machine. */
const object = readFileSync(new URL('../../../test/machine/host-maps.bpf.o', import.meta.url))
const frame = new Uint8Array(14)

test('a view of an array shows what programs write, and programs see what is written into it', () => {
  const { maps, programs } = boot.virtual().load(object)
  const memory = maps.mapped!.memory()
  const values = memory.as(BigUint64Array)
  assert.equal(memory.size, 600 * 8)
  assert.equal(values.length, 600)
  assert.equal(memory.bytes.byteOffset % 4096, 0, 'the start of a page')
  programs.count!.run({ data: frame, repeat: 3 })
  assert.equal(values[1], 3n)
  values[1] = 40n
  assert.equal(programs.count!.run({ data: frame }).retval, 41)
  assert.equal(maps.mapped!.get(1), 41n)
  maps.mapped!.set(2, 5n)
  assert.deepEqual([...memory.read(16, 8)], [5, 0, 0, 0, 0, 0, 0, 0])
  assert.throws(() => memory.read(4800, 1), coded('BAD_VALUE'))
})

test('worker threads write into a view', async () => {
  const machine = await boot({ cpus: 2 })
  try {
    const { maps, programs } = await machine.load(object)
    const values = (await maps.mapped!.memory()).as(BigUint64Array)
    await Promise.all([0, 1].map((cpu) => programs.count!.run({ data: frame, cpu, repeat: 100 })))
    assert.equal(values[1], (await maps.mapped!.get(1)) as bigint)
    assert.ok(values[1]! >= 100n)
  } finally {
    await machine.close()
  }
})

test('global variables are memory; read-only data for reading', () => {
  const { variables, programs, maps } = boot.virtual().load(object)
  const totals = variables.totals!.memory()
  const numbers = totals.as(Uint32Array)
  assert.deepEqual([...numbers], [1, 2, 3, 4])
  programs.count!.run({ data: frame })
  assert.equal(numbers[3], 11)
  numbers[0] = 9
  assert.deepEqual(variables.totals!.get(), [9, 2, 3, 11])
  const limits = variables.limits!.memory({ readOnly: true })
  assert.deepEqual([...new Uint32Array(limits.read().buffer)], [7, 8])
  assert.throws(() => limits.bytes, coded('EACCES', /variable 'limits'/))
  assert.throws(() => variables.limits!.memory(), coded('EPERM'))
  assert.throws(() => maps['.data']!.freeze(), coded('EBUSY'))
  totals.unmap()
  maps['.data']!.freeze()
  assert.throws(() => variables.totals!.set([1, 2, 3, 4]), coded('EPERM', /frozen/))
  assert.throws(() => variables.totals!.memory(), coded('EPERM'))
})

test('a view that can write keeps the map from being frozen, one for reading does not', () => {
  const { mapped } = boot.virtual().load(object).maps
  const [one, two, reader] = [mapped!.memory(), mapped!.memory(), mapped!.memory({ readOnly: true })]
  assert.throws(() => mapped!.freeze(), coded('EBUSY', /map 'mapped'/))
  one.unmap()
  one.unmap()
  assert.throws(() => mapped!.freeze(), coded('EBUSY'))
  two.unmap()
  mapped!.freeze()
  assert.equal(reader.read(0, 8).length, 8)
})

test('a view is a user reference on its map until it is unmapped', () => {
  const machine = boot.virtual()
  const loaded = machine.load(object)
  const { id } = loaded.maps.mapped!
  const memory = loaded.maps.mapped!.memory()
  loaded.close()
  memory.as(BigUint64Array)[5] = 6n
  const again = machine.map(id)
  assert.equal(again.get(5), 6n)
  again.close()
  memory.unmap()
  assert.throws(() => memory.bytes, coded('CLOSED'))
  assert.throws(() => memory.read(), coded('CLOSED'))
  assert.throws(() => machine.map(id), coded('ENOENT'))
})
