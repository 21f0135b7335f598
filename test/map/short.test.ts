// The short way of updates and deletes by programs (core/map/short.ts): what the long way does beside the change
// itself. That both leave the same map is in model.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import { CPU_LOOKUPS, LOOKUP_ANSWER, LOOKUP_KEY, LOOKUP_MAP, MAP_SHORT, MAP_SLOW_LOOKUPS } from '../../core/layout.js'
import { Machine, hasSpare, u32 } from './harness.js'

const PENDING = 0x80000000

/** A map of keys 1 and 2 whose CPU 0 has a spare element and a room: all that the short way needs. */
function ready(type: number, maxEntries: number): { machine: Machine; map: number } {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create({ type, keySize: 4, valueSize: 4, maxEntries })
  assert.equal(machine.word(map + MAP_SHORT), 1)
  for (const key of [1, 2, 3]) machine.update(map, key, u32(100 + key))
  machine.delete(map, 3)
  assert.ok(hasSpare(machine, map, 0))
  return { machine, map }
}

const change = (machine: Machine, map: number, how: 'update' | 'delete', key: number): number =>
  Number(
    how === 'update'
      ? machine.core.bpf_map_update_elem(
          BigInt(map),
          BigInt(machine.stageKey(key)),
          BigInt(machine.stageValue(u32(7))),
          0n,
        )
      : machine.core.bpf_map_delete_elem(BigInt(map), BigInt(machine.stageKey(key))),
  )

for (const [what, how, key, type, maxEntries] of [
  ['replaces an element', 'update', 1, MAP_TYPE_HASH, 1024],
  ['inserts one', 'update', 4, MAP_TYPE_HASH, 1024],
  ['evicts one', 'update', 4, MAP_TYPE_LRU_HASH, 3],
  ['deletes one', 'delete', 1, MAP_TYPE_HASH, 1024],
] as const)
  test(`a change that ${what} answers a lookup that asks for help [G7]`, () => {
    const { machine, map } = ready(type, maxEntries)
    machine.update(map, 3, u32(103))
    const request = machine.area(1) + CPU_LOOKUPS
    machine.view.setUint32(request + LOOKUP_MAP, map, true)
    machine.view.setUint32(request + LOOKUP_KEY, machine.stageKey(2, 1), true)
    machine.view.setUint32(request + LOOKUP_ANSWER, PENDING, true)
    machine.view.setUint32(map + MAP_SLOW_LOOKUPS, 1 << 1, true)
    assert.equal(change(machine, map, how, key), 0)
    const answer = machine.word(request + LOOKUP_ANSWER)
    assert.notEqual(answer, PENDING)
    assert.equal(machine.word(machine.core.map_element_value(map, answer - 1)), 102)
  })

test('an LRU map spares an element that a program has replaced since the last eviction, not one that it has inserted', () => {
  const { machine, map } = ready(MAP_TYPE_LRU_HASH, 3)
  machine.update(map, 3, u32(103))
  const left = (): number[] => [1, 2, 3, 4, 5].filter((key) => machine.lookup(map, key, 4) !== undefined)
  for (const key of [1, 2]) assert.equal(change(machine, map, 'update', key), 0)
  assert.equal(change(machine, map, 'update', 4), 0)
  assert.deepEqual(left(), [1, 2, 4])
  for (const key of [1, 2]) assert.equal(change(machine, map, 'update', key), 0)
  assert.equal(change(machine, map, 'update', 5), 0)
  assert.deepEqual(left(), [1, 2, 5])
})
