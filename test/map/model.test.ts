// Sequences of operations against a JavaScript Map: hash maps exactly, LRU maps by what must hold of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_EXIST,
  BPF_F_NO_PREALLOC,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  ENOENT,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
} from '../../core/abi.js'
import { Machine } from './harness.js'

/** `helper`: by a program's helper, which has a short way of its own (core/map/short.ts), not by the host's call. */
interface Operation {
  name: 'update' | 'delete' | 'lookup'
  key: number
  value: number
  flags: number
  cpu: number
  helper: boolean
}

const operation: fc.Arbitrary<Operation> = fc.record({
  name: fc.constantFrom('update', 'update', 'delete', 'lookup'),
  key: fc.integer({ min: 0, max: 9 }),
  value: fc.integer({ min: 0, max: 255 }),
  flags: fc.constantFrom(0, 0, BPF_NOEXIST, BPF_EXIST),
  cpu: fc.integer({ min: 0, max: 1 }),
  helper: fc.boolean(),
})

const scenario = fc.record({
  keySize: fc.constantFrom(1, 2, 3, 4, 4, 7, 8, 8, 9, 12, 16, 40),
  valueSize: fc.constantFrom(1, 4, 8, 13, 60, 64, 100),
  maxEntries: fc.integer({ min: 1, max: 7 }),
  operations: fc.array(operation, { maxLength: 120, size: 'max' }),
})

/** Keys that differ in the last byte only, or in every byte, by size. */
function keyBytes(key: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x5a)
  bytes[size - 1] = key
  return bytes
}

function valueBytes(value: number, size: number): Uint8Array {
  return new Uint8Array(size).fill(value)
}

function update(machine: Machine, map: number, { helper, cpu, flags }: Operation, key: Uint8Array, value: Uint8Array) {
  if (!helper) return machine.update(map, key, value, flags, cpu)
  const [keyAt, valueAt] = [machine.stageKey(key, cpu), machine.stageValue(value, cpu)].map(BigInt)
  return Number(machine.cpus[cpu]!.bpf_map_update_elem(BigInt(map), keyAt!, valueAt!, BigInt(flags)))
}

function remove(machine: Machine, map: number, { helper, cpu }: Operation, key: Uint8Array): number {
  if (!helper) return machine.delete(map, key, cpu)
  return Number(machine.cpus[cpu]!.bpf_map_delete_elem(BigInt(map), BigInt(machine.stageKey(key, cpu))))
}

/** The keys of the map by both ways of iterating, each checked to name every key once. */
function keysOf(machine: Machine, map: number, keySize: number): number[] {
  const keyOf = (index: number): number => {
    const at = machine.core.map_element_key(map, index) >>> 0
    const bytes = machine.bytes.slice(at, at + keySize)
    assert.deepEqual(bytes, keyBytes(bytes[keySize - 1]!, keySize))
    return bytes[keySize - 1]!
  }
  const byElement: number[] = []
  for (let i = machine.core.map_next(map, 0); i >= 0; i = machine.core.map_next(map, i + 1)) byElement.push(keyOf(i))
  const byKey: number[] = []
  const at = machine.keyAt()
  for (let result = machine.core.map_next_key(map, 0, at); result === 0;) {
    byKey.push(machine.bytes[at + keySize - 1]!)
    assert.deepEqual(machine.bytes.slice(at, at + keySize), keyBytes(byKey.at(-1)!, keySize))
    result = machine.core.map_next_key(map, at, at)
  }
  assert.deepEqual(byKey.sort(), byElement.sort())
  assert.equal(new Set(byKey).size, byKey.length)
  return byKey
}

for (const flags of [0, BPF_F_NO_PREALLOC])
  test(`any sequence of operations leaves a hash map as it leaves a Map (creation flags ${flags})`, () => {
    fc.assert(
      fc.property(scenario, ({ keySize, valueSize, maxEntries, operations }) => {
        const machine = new Machine({ cpus: 2, megabytes: 2, coreBytes: 1 << 14 })
        const map = machine.create({ type: MAP_TYPE_HASH, keySize, valueSize, maxEntries, flags })
        const model = new Map<number, number>()
        for (const operation of operations) {
          const { name, key, value, flags, cpu } = operation
          const bytes = keyBytes(key, keySize)
          if (name === 'lookup') {
            const expected = model.has(key) ? valueBytes(model.get(key)!, valueSize) : undefined
            assert.deepEqual(machine.lookup(map, bytes, valueSize, cpu), expected)
          } else if (name === 'delete')
            assert.equal(remove(machine, map, operation, bytes), model.delete(key) ? 0 : -ENOENT)
          else {
            let expected = 0
            if (model.has(key)) expected = flags === BPF_NOEXIST ? -EEXIST : 0
            else if (flags === BPF_EXIST) expected = -ENOENT
            else if (model.size === maxEntries) expected = -E2BIG
            assert.equal(update(machine, map, operation, bytes, valueBytes(value, valueSize)), expected)
            if (expected === 0) model.set(key, value)
          }
        }
        assert.deepEqual(keysOf(machine, map, keySize), [...model.keys()].sort())
      }),
      { numRuns: 150 },
    )
  })

test('an LRU map holds what was written last, evicts only to insert into a full map, and then one element', () => {
  fc.assert(
    fc.property(scenario, ({ keySize, valueSize, maxEntries, operations }) => {
      const machine = new Machine({ cpus: 2, megabytes: 2, coreBytes: 1 << 14 })
      const map = machine.create({ type: MAP_TYPE_LRU_HASH, keySize, valueSize, maxEntries })
      const model = new Map<number, number>()
      for (const operation of operations) {
        const { name, key, value, flags, cpu } = operation
        const bytes = keyBytes(key, keySize)
        const present = model.has(key)
        if (name === 'lookup') {
          const expected = present ? valueBytes(model.get(key)!, valueSize) : undefined
          const at = machine.cpus[cpu]!.bpf_map_lookup_elem(BigInt(map), BigInt(machine.stageKey(bytes, cpu)))
          const found = at === 0n ? undefined : machine.bytes.slice(Number(at), Number(at) + valueSize)
          assert.deepEqual(found, expected)
        } else if (name === 'delete')
          assert.equal(remove(machine, map, operation, bytes), model.delete(key) ? 0 : -ENOENT)
        else {
          const expected = present ? (flags === BPF_NOEXIST ? -EEXIST : 0) : flags === BPF_EXIST ? -ENOENT : 0
          assert.equal(update(machine, map, operation, bytes, valueBytes(value, valueSize)), expected)
          if (expected !== 0) continue
          const full = !present && model.size === maxEntries
          model.set(key, value)
          const left = keysOf(machine, map, keySize)
          assert.ok(left.includes(key))
          assert.equal(left.length, full ? maxEntries : model.size)
          for (const known of [...model.keys()]) if (!left.includes(known)) model.delete(known)
          assert.equal(model.size, left.length)
        }
      }
      for (const [key, value] of model)
        assert.deepEqual(machine.lookup(map, keyBytes(key, keySize), valueSize), valueBytes(value, valueSize))
    }),
    { numRuns: 150 },
  )
})

test('an LRU map spares what was looked up since the last eviction', () => {
  const machine = new Machine()
  const map = machine.create({ type: MAP_TYPE_LRU_HASH, keySize: 4, valueSize: 4, maxEntries: 100 })
  for (let key = 0; key < 100; key++) machine.update(map, key, valueBytes(1, 4))
  for (let turn = 0; turn < 1000; turn++) {
    for (let hot = 0; hot < 10; hot++)
      assert.notEqual(machine.core.bpf_map_lookup_elem(BigInt(map), BigInt(machine.stageKey(hot))), 0n, `turn ${turn}`)
    machine.update(map, 1000 + turn, valueBytes(2, 4))
    if (turn >= 50)
      for (let recent = 0; recent < 50; recent++)
        assert.notEqual(machine.lookup(map, 1000 + turn - recent, 4), undefined, `turn ${turn}, ${recent} ago`)
  }
})

test('ten million insertions and deletions are never refused', () => {
  for (const maxEntries of [1, 1024]) {
    const machine = new Machine()
    const map = BigInt(machine.create({ type: MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries }))
    const at = machine.stageKey(0)
    const [key, value] = [BigInt(at), BigInt(machine.stageValue(valueBytes(3, 8)))]
    const { core, view } = machine
    for (let first = maxEntries - 1; first > 0; first--) {
      view.setUint32(at, first, true)
      assert.equal(core.bpf_map_update_elem(map, key, value, 1n), 0n)
    }
    let refused = 0
    for (let turn = 0; turn < 5_000_000; turn++) {
      view.setUint32(at, maxEntries + turn, true)
      if (core.bpf_map_update_elem(map, key, value, 1n) !== 0n) refused++
      if (core.bpf_map_delete_elem(map, key) !== 0n) refused++
    }
    assert.equal(refused, 0)
  }
})
