// Per-CPU hash maps: each CPU has its own value, updates in place keep the other CPUs' values, elements under a write
// are not handed out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_NOEXIST,
  E2BIG,
  EBUSY,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_HASH,
} from '../../core/abi.js'
import { CPU_ELEMENT_WRITES } from '../../core/layout.js'
import { Machine, freeElements, u64, type MapAttributes } from './harness.js'

const KINDS: Record<string, MapAttributes> = {
  'percpu hash': { type: MAP_TYPE_PERCPU_HASH, keySize: 4, valueSize: 8, maxEntries: 4 },
  'percpu hash with long keys': { type: MAP_TYPE_PERCPU_HASH, keySize: 12, valueSize: 8, maxEntries: 4 },
  'percpu hash without preallocation': {
    type: MAP_TYPE_PERCPU_HASH,
    keySize: 4,
    valueSize: 8,
    maxEntries: 4,
    flags: BPF_F_NO_PREALLOC,
  },
  'lru percpu hash': { type: MAP_TYPE_LRU_PERCPU_HASH, keySize: 4, valueSize: 8, maxEntries: 4 },
}

/** An update by a program on `cpu`. */
function set(machine: Machine, map: number, key: number, value: number | bigint, flags = 0, cpu = 0): number {
  const at = BigInt(machine.stageKey(key, cpu))
  return Number(
    machine.cpus[cpu]!.bpf_map_update_elem(BigInt(map), at, BigInt(machine.stageValue(u64(value), cpu)), BigInt(flags)),
  )
}

/** The values of all CPUs as a program on CPU 0 sees them. */
function values(machine: Machine, map: number, key: number): number[] | undefined {
  const all = machine.cpus.map((_, cpu) => {
    const at = machine.core.bpf_map_lookup_percpu_elem(BigInt(map), BigInt(machine.stageKey(key)), BigInt(cpu))
    return at === 0n ? undefined : Number(machine.view.getBigUint64(Number(at), true))
  })
  return all.includes(undefined) ? undefined : (all as number[])
}

test('creation refuses what the kernel refuses', () => {
  const machine = new Machine()
  const hash = KINDS['percpu hash']!
  const lru = KINDS['lru percpu hash']!
  const cases: [MapAttributes, number][] = [
    [{ ...hash, keySize: 0 }, -EINVAL],
    [{ ...hash, valueSize: 0 }, -EINVAL],
    [{ ...hash, maxEntries: 0 }, -EINVAL],
    [{ ...hash, flags: BPF_F_NO_COMMON_LRU }, -EINVAL],
    [{ ...hash, flags: BPF_F_NUMA_NODE }, -EINVAL],
    [{ ...lru, flags: BPF_F_NUMA_NODE }, -EINVAL],
    [{ ...lru, flags: BPF_F_NO_PREALLOC }, -ENOTSUPP],
    [{ ...hash, valueSize: (32 << 10) + 1 }, -E2BIG],
    [{ ...hash, valueSize: 16, timer: 0 }, -EOPNOTSUPP],
  ]
  for (const [attributes, errno] of cases)
    assert.equal(machine.create(attributes), errno, JSON.stringify({ attributes, errno }))
  assert.ok(machine.create({ ...lru, flags: BPF_F_NO_COMMON_LRU }) > 0)
})

for (const [name, attributes] of Object.entries(KINDS)) {
  test(`${name}: flags and presence decide, and unknown flags are -EINVAL`, () => {
    const machine = new Machine({ cpus: 2 })
    const map = machine.create(attributes)
    for (const flags of [3, 4, BPF_F_LOCK | BPF_EXIST, 8]) assert.equal(set(machine, map, 1, 1, flags), -EINVAL)
    assert.equal(set(machine, map, 1, 1, BPF_EXIST), -ENOENT)
    assert.equal(set(machine, map, 1, 1, BPF_NOEXIST), 0)
    assert.equal(set(machine, map, 1, 2, BPF_NOEXIST, 1), -EEXIST)
    assert.deepEqual(values(machine, map, 1), [1, 0])
    assert.equal(set(machine, map, 1, 3, BPF_EXIST, 1), 0)
    assert.deepEqual(values(machine, map, 1), [1, 3])
    assert.equal(machine.delete(map, 1), 0)
    assert.equal(machine.delete(map, 1), -ENOENT)
    assert.equal(values(machine, map, 1), undefined)
  })

  test(`${name}: an update in place keeps the element and the other CPUs' values; a new element starts with zeros`, () => {
    const machine = new Machine({ cpus: 3 })
    const map = machine.create(attributes)
    const lookup = (cpu: number) =>
      machine.cpus[cpu]!.bpf_map_lookup_elem(BigInt(map), BigInt(machine.stageKey(7, cpu)))
    assert.equal(set(machine, map, 7, 10, 0, 1), 0)
    const pointers = [0, 1, 2].map(lookup)
    assert.equal(new Set(pointers).size, 3)
    assert.equal(set(machine, map, 7, 20, 0, 2), 0)
    assert.deepEqual([0, 1, 2].map(lookup), pointers)
    assert.deepEqual(values(machine, map, 7), [0, 10, 20])
    for (let turn = 0; turn < 100; turn++) {
      assert.equal(machine.delete(map, 7), 0)
      assert.equal(set(machine, map, 7, turn, 0, turn % 3), 0)
      assert.deepEqual(
        values(machine, map, 7),
        [0, 1, 2].map((cpu) => (cpu === turn % 3 ? turn : 0)),
      )
    }
  })

  test(`${name}: the host writes the values of all CPUs and reads each`, () => {
    const machine = new Machine({ cpus: 3 })
    const map = machine.create(attributes)
    const image = new Uint8Array(24)
    for (let cpu = 0; cpu < 3; cpu++) image.set(u64(100 + cpu), cpu * 8)
    assert.equal(machine.update(map, 9, image, BPF_EXIST), -ENOENT)
    for (let turn = 0; turn < 2; turn++) assert.equal(machine.update(map, 9, image), 0)
    assert.deepEqual(values(machine, map, 9), [100, 101, 102])
    const key = machine.stageKey(9)
    for (let cpu = 0; cpu < 3; cpu++)
      assert.equal(machine.view.getBigUint64(machine.core.map_lookup_cpu(map, key, cpu), true), BigInt(100 + cpu))
  })

  test(`${name}: an element that a CPU is writing into is not handed out`, () => {
    const machine = new Machine({ cpus: 2 })
    const map = machine.create({ ...attributes, maxEntries: 1 })
    const spare = freeElements(machine, map)
    assert.equal(set(machine, map, 1, 1), 0)
    const element = (Number(machine.core.map_lookup(map, machine.stageKey(1))) -
      machine.core.map_element_value(map, 0)) as number
    const index = element / (machine.core.map_element_value(map, 1) - machine.core.map_element_value(map, 0))
    const word = machine.area(1) + CPU_ELEMENT_WRITES
    machine.view.setBigUint64(word, (BigInt(map) << 32n) | BigInt(index + 1), true)
    assert.equal(machine.delete(map, 1), 0)
    for (let key = 2; key < 40; key++) {
      assert.equal(set(machine, map, key, key), 0)
      const at = machine.core.map_lookup(map, machine.stageKey(key)) - machine.core.map_element_value(map, 0)
      assert.notEqual(at, element, `key ${key}`)
      assert.equal(machine.delete(map, key), 0)
    }
    assert.equal(freeElements(machine, map), spare)
    machine.core.cpu_offline(1)
    assert.equal(machine.view.getBigUint64(word, true), 0n, 'a dead CPU writes into nothing')
  })
}

test('percpu hash: full is -E2BIG, an update of a present key is not', () => {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create(KINDS['percpu hash']!)
  for (let key = 1; key <= 4; key++) assert.equal(set(machine, map, key, key), 0)
  assert.equal(set(machine, map, 5, 5), -E2BIG)
  assert.equal(set(machine, map, 4, 44, 0, 1), 0)
  assert.deepEqual(values(machine, map, 4), [4, 44])
})

test('lru percpu hash: an insertion into a full map evicts', () => {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create(KINDS['lru percpu hash']!)
  for (let key = 0; key < 30; key++) assert.equal(set(machine, map, key, key, BPF_NOEXIST, key & 1), 0)
  const left = Array.from({ length: 30 }, (_, key) => key).filter((key) => values(machine, map, key))
  assert.equal(left.length, 4)
})

test('an update that is nested too deeply is -EBUSY', () => {
  const machine = new Machine()
  const map = machine.create(KINDS['percpu hash']!)
  assert.equal(set(machine, map, 1, 1), 0)
  for (let level = 0; level < 4; level++)
    machine.view.setBigUint64(machine.area(0) + CPU_ELEMENT_WRITES + 8 * level, 1n, true)
  assert.equal(set(machine, map, 1, 2), -EBUSY)
})

test('values of another CPU are asked for per-CPU maps only', () => {
  const machine = new Machine({ cpus: 2 })
  const plain = machine.create({ type: MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 4 })
  assert.equal(machine.update(plain, 1, u64(1)), 0)
  assert.equal(machine.core.bpf_map_lookup_percpu_elem(BigInt(plain), BigInt(machine.stageKey(1)), 0n), 0n)
  const map = machine.create(KINDS['percpu hash']!)
  assert.equal(set(machine, map, 1, 1), 0)
  assert.equal(machine.core.bpf_map_lookup_percpu_elem(BigInt(map), BigInt(machine.stageKey(1)), 2n), 0n)
})

test('random steps of three CPUs agree with a model', () => {
  const step = fc.record({
    name: fc.constantFrom('update', 'update', 'delete'),
    key: fc.integer({ min: 0, max: 6 }),
    value: fc.integer({ min: 0, max: 1000 }),
    flags: fc.constantFrom(0, BPF_NOEXIST, BPF_EXIST),
    cpu: fc.integer({ min: 0, max: 2 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const machine = new Machine({ cpus: 3, megabytes: 2, coreBytes: 1 << 14 })
      const map = machine.create(KINDS['percpu hash']!)
      const model = new Map<number, number[]>()
      for (const { name, key, value, flags, cpu } of steps) {
        const known = model.get(key)
        if (name === 'delete') {
          assert.equal(machine.delete(map, key, cpu), known ? 0 : -ENOENT)
          model.delete(key)
        } else {
          let expected = 0
          if (known) expected = flags === BPF_NOEXIST ? -EEXIST : 0
          else if (flags === BPF_EXIST) expected = -ENOENT
          else if (model.size === 4) expected = -E2BIG
          assert.equal(set(machine, map, key, value, flags, cpu), expected)
          if (expected === 0) {
            const next = known ?? [0, 0, 0]
            next[cpu] = value
            model.set(key, next)
          }
        }
        for (let each = 0; each <= 6; each++) assert.deepEqual(values(machine, map, each), model.get(each))
      }
    }),
    { numRuns: 100 },
  )
})
