// The answers of the map operations, for every kind of map, as the kernel gives them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_NO_PREALLOC,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY_PROG,
  BPF_NOEXIST,
  E2BIG,
  EACCES,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
} from '../../core/abi.js'
import { Machine, u32, u64, type MapAttributes } from './harness.js'

const KINDS: Record<string, MapAttributes> = {
  array: { type: MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 4 },
  'percpu array': { type: MAP_TYPE_PERCPU_ARRAY, keySize: 4, valueSize: 8, maxEntries: 4 },
  hash: { type: MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 4 },
  'hash without preallocation': {
    type: MAP_TYPE_HASH,
    keySize: 4,
    valueSize: 8,
    maxEntries: 4,
    flags: BPF_F_NO_PREALLOC,
  },
  'lru hash': { type: MAP_TYPE_LRU_HASH, keySize: 4, valueSize: 8, maxEntries: 4 },
}

test('creation refuses what the kernel refuses', () => {
  const machine = new Machine()
  const hash = KINDS['hash']!
  const array = KINDS['array']!
  const percpu = KINDS['percpu array']!
  const lru = KINDS['lru hash']!
  const cases: [MapAttributes, number][] = [
    [{ ...hash, type: 99 }, -EINVAL],
    [{ ...array, keySize: 8 }, -EINVAL],
    [{ ...percpu, keySize: 2 }, -EINVAL],
    ...Object.values(KINDS).flatMap((kind): [MapAttributes, number][] => [
      [{ ...kind, keySize: 0 }, -EINVAL],
      [{ ...kind, valueSize: 0 }, -EINVAL],
      [{ ...kind, maxEntries: 0 }, -EINVAL],
      [{ ...kind, flags: 1 << 30 }, -EINVAL],
      [{ ...kind, flags: (kind.flags ?? 0) | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG }, -EINVAL],
    ]),
    [{ ...array, flags: BPF_F_NO_PREALLOC }, -EINVAL],
    [{ ...hash, flags: 2 }, -EINVAL],
    [{ ...lru, flags: BPF_F_NO_PREALLOC }, -ENOTSUPP],
    [{ ...percpu, valueSize: 40_000 }, -E2BIG],
    [{ ...hash, valueSize: 5 << 20 }, -E2BIG],
    [{ ...hash, maxEntries: 1 << 25 }, -E2BIG],
    [{ ...array, valueSize: 16, maxEntries: 1 << 25, timer: 0 }, -E2BIG],
    [{ ...array, valueSize: 16, timer: 0, flags: BPF_F_RDONLY_PROG }, -EACCES],
    [{ ...percpu, valueSize: 16, timer: 0 }, -EOPNOTSUPP],
    [{ ...array, valueSize: 16, timer: 8 }, -EINVAL],
    [{ ...array, valueSize: 32, work: 4 }, -EINVAL],
  ]
  for (const [attributes, errno] of cases)
    assert.equal(machine.create(attributes), errno, JSON.stringify({ attributes, errno }))
})

for (const [name, attributes] of Object.entries(KINDS)) {
  test(`${name}: unknown flags and a lock that the value does not have are -EINVAL`, () => {
    const machine = new Machine()
    const map = machine.create(attributes)
    for (const flags of [3, BPF_F_LOCK, BPF_F_LOCK | BPF_EXIST, 8, 0x80000000])
      assert.equal(machine.update(map, 1, u64(1), flags), -EINVAL, `flags ${flags}`)
    const key = BigInt(machine.stageKey(1))
    const value = BigInt(machine.stageValue(u64(1)))
    for (const flags of [1n << 32n, 1n << 63n])
      assert.equal(machine.core.bpf_map_update_elem(BigInt(map), key, value, flags), BigInt(-EINVAL))
  })
}

for (const name of ['array', 'percpu array']) {
  test(`${name}: every index exists and none can go`, () => {
    const machine = new Machine()
    const map = machine.create(KINDS[name]!)
    assert.equal(machine.update(map, 0, u64(7), BPF_NOEXIST), -EEXIST)
    assert.equal(machine.update(map, 0, u64(7), BPF_NOEXIST | BPF_F_LOCK), -EINVAL)
    assert.equal(machine.update(map, 4, u64(7), BPF_F_LOCK), -EINVAL)
    assert.equal(machine.update(map, 4, u64(7), BPF_NOEXIST), -E2BIG)
    assert.equal(machine.update(map, 4, u64(7)), -E2BIG)
    assert.equal(machine.update(map, 3, u64(7), BPF_EXIST), 0)
    assert.equal(machine.update(map, 2, u64(9), BPF_ANY), 0)
    assert.equal(machine.delete(map, 3), -EINVAL)
    assert.deepEqual(machine.lookup(map, 0, 8), u64(0))
    assert.deepEqual(machine.lookup(map, 3, 8), u64(7))
    assert.deepEqual(machine.lookup(map, 2, 8), u64(9))
    assert.equal(machine.lookup(map, 4, 8), undefined)
    assert.equal(machine.core.bpf_map_delete_elem(BigInt(map), BigInt(machine.stageKey(9))), BigInt(-EINVAL))
  })
}

for (const name of ['hash', 'hash without preallocation']) {
  test(`${name}: flags, presence and capacity decide`, () => {
    const machine = new Machine()
    const map = machine.create(KINDS[name]!)
    assert.equal(machine.update(map, 1, u64(1), BPF_EXIST), -ENOENT)
    assert.equal(machine.delete(map, 1), -ENOENT)
    for (let key = 1; key <= 4; key++) assert.equal(machine.update(map, key, u64(key), BPF_NOEXIST), 0)
    assert.equal(machine.update(map, 5, u64(5)), -E2BIG)
    assert.equal(machine.update(map, 5, u64(5), BPF_NOEXIST), -E2BIG)
    assert.equal(machine.update(map, 5, u64(5), BPF_EXIST), -ENOENT)
    assert.equal(machine.update(map, 4, u64(44), BPF_NOEXIST), -EEXIST)
    assert.deepEqual(machine.lookup(map, 4, 8), u64(4))
    assert.equal(machine.update(map, 4, u64(44), BPF_EXIST), 0)
    assert.equal(machine.update(map, 3, u64(33)), 0)
    assert.deepEqual(machine.lookup(map, 4, 8), u64(44))
    assert.equal(machine.delete(map, 4), 0)
    assert.equal(machine.delete(map, 4), -ENOENT)
    assert.equal(machine.lookup(map, 4, 8), undefined)
    assert.equal(machine.update(map, 5, u64(5)), 0)
    assert.deepEqual(machine.lookup(map, 3, 8), u64(33))
  })
}

test('lru hash: an insertion into a full map evicts, and flags decide as in a hash', () => {
  const machine = new Machine()
  const map = machine.create(KINDS['lru hash']!)
  for (let key = 0; key < 24; key++) {
    assert.equal(machine.update(map, key, u64(key), BPF_NOEXIST), 0)
    assert.deepEqual(machine.lookup(map, key, 8), u64(key))
  }
  const left = Array.from({ length: 24 }, (_, key) => key).filter((key) => machine.lookup(map, key, 8) !== undefined)
  assert.equal(left.length, 4)
  assert.equal(machine.update(map, 100, u64(1), BPF_EXIST), -ENOENT)
  assert.equal(machine.update(map, left[0]!, u64(1), BPF_NOEXIST), -EEXIST)
  assert.equal(machine.update(map, left[0]!, u64(1), BPF_EXIST), 0)
  assert.equal(left.filter((key) => machine.lookup(map, key, 8) !== undefined).length, 4)
  assert.equal(machine.delete(map, left[1]!), 0)
  assert.equal(machine.delete(map, left[1]!), -ENOENT)
})

test('per-CPU array: each CPU has its own value, the host writes all of them', () => {
  const machine = new Machine({ cpus: 3 })
  const map = machine.create(KINDS['percpu array']!)
  const values = new Uint8Array(24)
  values.set(u64(10), 0)
  values.set(u64(11), 8)
  values.set(u64(12), 16)
  assert.equal(machine.update(map, 2, values), 0)
  for (let cpu = 0; cpu < 3; cpu++) {
    assert.deepEqual(machine.lookup(map, 2, 8, cpu), u64(10 + cpu))
    const at = machine.core.bpf_map_lookup_percpu_elem(BigInt(map), BigInt(machine.stageKey(2)), BigInt(cpu))
    assert.equal(machine.view.getBigUint64(Number(at), true), BigInt(10 + cpu))
  }
  assert.equal(machine.core.bpf_map_lookup_percpu_elem(BigInt(map), BigInt(machine.stageKey(2)), 3n), 0n)
  const own = BigInt(machine.stageValue(u64(77), 1))
  machine.cpus[1]!.bpf_map_update_elem(BigInt(map), BigInt(machine.stageKey(2, 1)), own, 0n)
  assert.deepEqual(machine.lookup(map, 2, 8, 0), u64(10))
  assert.deepEqual(machine.lookup(map, 2, 8, 1), u64(77))
})

test('a map pointer, key or value that is none is a fault', () => {
  const machine = new Machine()
  const map = BigInt(machine.create(KINDS['hash']!))
  const key = BigInt(machine.stageKey(1))
  const value = BigInt(machine.stageValue(u32(1)))
  const { core } = machine
  for (const bad of [0n, map + 1n, map + 256n, map | (1n << 32n), key, 1n << 63n])
    assert.throws(() => core.bpf_map_lookup_elem(bad, key), /fault 1/)
  for (const bad of [0n, 1024n, map, key | (1n << 32n), BigInt(machine.memory.buffer.byteLength) - 3n]) {
    assert.throws(() => core.bpf_map_lookup_elem(map, bad), /fault 1/)
    assert.throws(() => core.bpf_map_delete_elem(map, bad), /fault 1/)
    assert.throws(() => core.bpf_map_update_elem(map, bad, value, 0n), /fault 1/)
    assert.throws(() => core.bpf_map_update_elem(map, key, bad, 0n), /fault 1/)
  }
})
