// Program arrays and maps of maps on the core: what creation refuses, and that programs can only look up and jump.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BPF_F_MMAPABLE,
  BPF_F_RDONLY_PROG,
  E2BIG,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_PROG_ARRAY,
} from '../../core/abi.js'
import { Machine, u32, type Core, type MapAttributes } from './harness.js'

interface TailCore extends Core {
  bpf_tail_call(context: bigint, array: bigint, index: bigint): bigint
}

const KINDS: Record<string, MapAttributes> = {
  'prog array': { type: MAP_TYPE_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 4 },
  'array of maps': { type: MAP_TYPE_ARRAY_OF_MAPS, keySize: 4, valueSize: 4, maxEntries: 4 },
  'hash of maps': { type: MAP_TYPE_HASH_OF_MAPS, keySize: 4, valueSize: 4, maxEntries: 4 },
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`${name}: creation refuses what the kernel refuses`, () => {
    const machine = new Machine()
    const cases: [MapAttributes, number][] = [
      [{ ...kind, valueSize: 8 }, -EINVAL],
      [{ ...kind, valueSize: 0 }, -EINVAL],
      [{ ...kind, keySize: 0 }, -EINVAL],
      [{ ...kind, maxEntries: 0 }, -EINVAL],
      [{ ...kind, flags: BPF_F_MMAPABLE }, -EINVAL],
      [{ ...kind, flags: 1 << 30 }, -EINVAL],
      [{ ...kind, timer: 0 }, -EOPNOTSUPP],
    ]
    if (kind.type !== MAP_TYPE_HASH_OF_MAPS) {
      cases.push([{ ...kind, keySize: 8 }, -EINVAL])
      cases.push([{ ...kind, flags: BPF_F_RDONLY_PROG }, -EINVAL])
    }
    for (const [attributes, errno] of cases)
      assert.equal(machine.create(attributes), errno, JSON.stringify({ attributes, errno }))
  })

  test(`${name}: programs cannot write it, nor iterate over it`, () => {
    const machine = new Machine()
    const map = BigInt(machine.create(kind))
    const key = BigInt(machine.stageKey(1))
    const value = BigInt(machine.stageValue(u32(1)))
    const { core } = machine
    assert.equal(core.bpf_map_lookup_elem(map, key), 0n)
    assert.equal(core.bpf_map_update_elem(map, key, value, 0n), BigInt(-ENOTSUPP))
    assert.equal(core.bpf_map_delete_elem(map, key), BigInt(-ENOTSUPP))
    assert.equal(core.bpf_map_lookup_percpu_elem(map, key, 0n), 0n)
    assert.equal(core.bpf_for_each_map_elem(map, 0n, 0n, 0n, 0), BigInt(-ENOTSUPP))
  })
}

test('a lookup in a map of maps is the inner map’s pointer; a place of an array can be emptied once', () => {
  const machine = new Machine()
  const inner = machine.create({ type: MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 2 })
  for (const name of ['array of maps', 'hash of maps']) {
    const map = machine.create(KINDS[name]!)
    const lookup = (key: number) => Number(machine.core.bpf_map_lookup_elem(BigInt(map), BigInt(machine.stageKey(key))))
    assert.equal(machine.update(map, 2, u32(inner)), 0)
    assert.equal(lookup(2), inner)
    assert.equal(lookup(1), 0)
    assert.equal(lookup(7), 0)
    assert.equal(machine.delete(map, 2), 0)
    assert.equal(machine.delete(map, 2), -ENOENT)
    assert.equal(lookup(2), 0)
  }
  const array = machine.create(KINDS['array of maps']!)
  for (const flags of [1, 2, 4]) assert.equal(machine.update(array, 0, u32(inner), flags), -EINVAL)
  assert.equal(machine.update(array, 4, u32(inner)), -E2BIG)
  assert.equal(machine.delete(array, 4), -E2BIG)
})

test('a tail call through a map that is no program array is a fault', () => {
  const machine = new Machine()
  const core = machine.core as TailCore
  const programs = BigInt(machine.create(KINDS['prog array']!))
  assert.equal(core.bpf_tail_call(0n, programs, 0n), 0n)
  assert.equal(core.bpf_tail_call(0n, programs, 4n), 0n)
  assert.equal(core.bpf_tail_call(0n, programs, 1n << 31n), 0n)
  const other = BigInt(machine.create(KINDS['array of maps']!))
  for (const bad of [0n, other, programs + 1n, 1n << 63n])
    assert.throws(() => core.bpf_tail_call(0n, bad, 0n), /fault 1/)
})
