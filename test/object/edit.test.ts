// Editing a spec before it is loaded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  getVariable,
  setKeySize,
  setMaxEntries,
  setValueSize,
  setVariable,
  setVariables,
  variableBytes,
} from '../../src/object/edit.js'
import { get, readFixture } from './fixture.js'

for (const object of ['types', 'types.c14'])
  test(`variables of every data section are known by name with their initial values (${object})`, () => {
    const spec = readFixture(object)
    const values = ['zero_counter', 'hidden_counter', 'counter', 'timeout_ns', 'chosen', 'at_start', 'second', 'table']
    assert.deepEqual(
      values.map((name) => getVariable(spec, name)),
      [0, 0n, 42, 5000000n, 2, { port: 443, address: 0x0100007f }, 0, [1, 2, 3, 5]],
    )
    assert.equal(getVariable(spec, 'greeting', { text: true }), 'hello')
    assert.equal(get(spec.variables, 'hidden_counter').isStatic, true)
    assert.equal(get(spec.variables, 'table').section, '.rodata.extra')
    const sections = [...spec.maps.values()].flatMap((map) => map.section ?? [])
    assert.deepEqual(sections.sort(), ['.bss', '.bss.extra', '.data', '.data.extra', '.rodata', '.rodata.extra'])
  })

test('initial values are set before load, in .bss too', () => {
  const spec = readFixture('types')
  setVariables(spec, { timeout_ns: 7n, counter: -1, zero_counter: 3, chosen: 'RED', greeting: 'bye' })
  assert.equal(getVariable(spec, 'timeout_ns'), 7n)
  assert.equal(getVariable(spec, 'counter'), -1)
  assert.equal(getVariable(spec, 'zero_counter'), 3)
  assert.equal(getVariable(spec, 'chosen'), 1)
  assert.equal(getVariable(spec, 'greeting', { text: true }), 'bye')
  assert.equal(getVariable(spec, 'hidden_counter'), 0n)
  assert.equal(get(spec.maps, '.bss').contents?.length, get(spec.maps, '.bss').valueSize)
  setVariable(spec, 'at_start', new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]))
  assert.deepEqual(getVariable(spec, 'at_start'), { port: 1, address: 2 })
  assert.throws(() => setVariable(spec, 'nothing', 1), { code: 'NO_VARIABLE', message: /it has .*counter/ })
  assert.throws(() => setVariable(spec, 'counter', 2 ** 31), {
    code: 'BAD_VALUE',
    message: /^variable 'counter': int: expected/,
  })
})

test('a variable without a type is set by bytes', () => {
  const spec = readFixture('calls.nobtf')
  setVariable(spec, 'sink', new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]))
  assert.deepEqual([...variableBytes(spec, 'sink')], [1, 2, 3, 4, 5, 6, 7, 8])
  assert.throws(() => setVariable(spec, 'sink', 1n), { code: 'BAD_VALUE', message: /has no type/ })
  assert.throws(() => setVariable(spec, 'sink', new Uint8Array(7)), { code: 'BAD_VALUE', message: /expected 8 bytes/ })
})

test('max_entries is changed within its range, and not for data sections', () => {
  const spec = readFixture('types')
  setMaxEntries(spec, 'values', 1000)
  assert.equal(get(spec.maps, 'values').maxEntries, 1000)
  for (const wrong of [0, -1, 1.5, 2 ** 32, NaN])
    assert.throws(() => setMaxEntries(spec, 'values', wrong), { code: 'BAD_VALUE' })
  assert.throws(() => setMaxEntries(spec, '.data', 2), { code: 'BAD_VALUE', message: /data section/ })
  assert.throws(() => setMaxEntries(spec, 'nothing', 2), { code: 'NO_MAP' })
})

test('the sizes of keys and values are changed within their range; a type that no longer fits is gone', () => {
  const spec = readFixture('special-fields')
  const map = get(spec.maps, 'm_hash')
  const { keySize, valueSize, value, timerOffset } = map
  assert.ok(timerOffset >= 0)
  setKeySize(spec, 'm_hash', keySize)
  setValueSize(spec, 'm_hash', valueSize)
  assert.deepEqual([map.value, map.timerOffset], [value, timerOffset])
  setValueSize(spec, 'm_hash', valueSize + 8)
  assert.deepEqual([map.valueSize, map.value, map.key, map.timerOffset], [valueSize + 8, 0, 0, -1])
  assert.ok(map.problems.includes("map 'm_hash' has to have BTF in order to use bpf_timer"))
  setKeySize(spec, 'm_hash', 12)
  assert.equal(map.keySize, 12)
  for (const wrong of [-1, 1.5, 2 ** 32, NaN]) {
    assert.throws(() => setKeySize(spec, 'm_hash', wrong), { code: 'BAD_VALUE', message: /key_size from 0/ })
    assert.throws(() => setValueSize(spec, 'm_hash', wrong), { code: 'BAD_VALUE', message: /value_size from 0/ })
  }
  assert.throws(() => setValueSize(readFixture('types'), '.data', 8), { code: 'BAD_VALUE', message: /data section/ })
  assert.throws(() => setKeySize(spec, 'nothing', 4), { code: 'NO_MAP' })
})
