// bpf_for_each_map_elem: what it visits, what it answers, and callbacks that change the map under it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EINVAL, MAP_TYPE_ARRAY, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_PERCPU_ARRAY } from '../../core/abi.js'
import { CPU_BUDGET, CPU_PROGRAM, CPU_SCRATCH, CPU_STACKS } from '../../core/layout.js'
import { CoreMachine } from '../core/harness.js'

/** The last word of a key, where the value lies, where that word lies. */
type Visit = (key: number, value: number, at: number) => bigint | void

function setup(type: number, entries: number, keySize = 4) {
  const machine = new CoreMachine()
  const cpu = machine.cpu(0)
  const map = machine.arrayMap({ type, entries, keySize, valueSize: 8, timer: -1 }).address
  const key = machine.u32(cpu.area + CPU_SCRATCH) + 1024
  let visit: Visit = () => undefined
  const callback = machine.addFunction((_cpu, at, keyPointer, value) => {
    assert.equal(Number(at), map)
    const last = Number(keyPointer) + keySize - 4
    return visit(machine.u32(last), Number(value), last)
  })
  machine.setU32(cpu.area + CPU_PROGRAM, machine.program(callback, callback + 1))
  machine.setU32(cpu.area + CPU_BUDGET, 1_000_000)
  const top = machine.u32(cpu.area + CPU_STACKS) + 4096
  const staged = (number: number, value = 0): [number, number] => {
    machine.setU32(key + keySize - 4, number)
    machine.setU32(key + 1024, value)
    return [key, key + 1024]
  }
  const each = (frame: number, fn: number, flags: number): number =>
    Number(cpu.exports['bpf_for_each_map_elem']!(BigInt(map), BigInt(fn), 0n, BigInt(flags), frame))
  return {
    machine,
    area: cpu.area,
    update: (number: number, value = number) => cpu.call('map_update', map, ...staged(number, value), 0),
    remove: (number: number) => cpu.call('map_delete', map, staged(number)[0]),
    forEach: (fn: Visit, { flags = 0, frame = top, callbackAt = callback } = {}) => {
      visit = fn
      return each(frame, callbackAt, flags)
    },
    stackEnd: top - 4096,
  }
}

for (const [name, type] of [
  ['array', MAP_TYPE_ARRAY],
  ['per-CPU array', MAP_TYPE_PERCPU_ARRAY],
  ['hash', MAP_TYPE_HASH],
  ['LRU hash', MAP_TYPE_LRU_HASH],
] as const)
  describe(`for_each over a map of type ${name}`, () => {
    const filled = () => {
      const made = setup(type, 5)
      for (let key = 0; key < 5; key++) assert.equal(type === MAP_TYPE_PERCPU_ARRAY ? 0 : made.update(key, 10 * key), 0)
      return made
    }

    test('visits every element once, with its key and value, and counts them', () => {
      const made = filled()
      const met = new Map<number, number>()
      assert.equal(
        made.forEach((key, value) => void met.set(key, made.machine.u32(value))),
        5,
      )
      const values = type === MAP_TYPE_PERCPU_ARRAY ? [0, 0, 0, 0, 0] : [0, 10, 20, 30, 40]
      assert.deepEqual(
        [...met.entries()].sort(),
        values.map((value, key) => [key, value]),
      )
    })

    test('stops after the callback that returns 1, and counts that one too', () => {
      let calls = 0
      assert.equal(
        filled().forEach(() => (++calls === 3 ? 1n : 0n)),
        3,
      )
    })

    test('refuses flags, a callback of another program, the end of the stack, and a spent loop budget', () => {
      const made = filled()
      assert.equal(
        made.forEach(() => undefined, { flags: 1 }),
        -EINVAL,
      )
      assert.throws(() => made.forEach(() => undefined, { callbackAt: 99 }), /fault 5/)
      assert.throws(() => made.forEach(() => undefined, { frame: made.stackEnd + 512 }), /fault 2/)
      made.machine.setU32(made.area + CPU_BUDGET, 3)
      assert.throws(() => made.forEach(() => undefined), /fault 3/)
    })
  })

describe('for_each over a hash map that its callback changes', () => {
  test('replacing, deleting and inserting: keys that stay are met once', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const made = setup(MAP_TYPE_HASH, 64)
      for (let key = 0; key < 40; key++) made.update(key)
      const met: number[] = []
      made.forEach((key) => {
        met.push(key)
        made.update((key * seed) % 20)
        made.remove(20 + ((key * seed) % 20))
        made.update(100 + key)
      })
      const stayed = met.filter((key) => key < 20)
      assert.deepEqual(
        stayed.sort((x, y) => x - y),
        Array.from({ length: 20 }, (_, key) => key),
      )
      assert.equal(new Set(met).size, met.length)
    }
  })

  test('an empty map is 0 visits; one that empties itself ends', () => {
    const made = setup(MAP_TYPE_HASH, 8)
    assert.equal(
      made.forEach(() => undefined),
      0,
    )
    for (let key = 0; key < 8; key++) made.update(key)
    let calls = 0
    made.forEach(() => {
      calls++
      for (let key = 0; key < 8; key++) made.remove(key)
    })
    assert.equal(calls, 1)
  })
})

for (const [name, type, keySize] of [
  ['an array', MAP_TYPE_ARRAY, 4],
  ['a hash of short keys', MAP_TYPE_HASH, 4],
  ['a hash of keys as long as a frame', MAP_TYPE_HASH, 512],
  ['a hash of keys longer than a frame', MAP_TYPE_HASH, 520],
] as const)
  test(`a for_each in the callback of a for_each over ${name} has a key of its own`, () => {
    const made = setup(type, 3, keySize)
    for (let key = 0; key < 3; key++) assert.equal(made.update(key), 0)
    const top = made.stackEnd + 4096
    const inner: number[] = []
    const outer: number[] = []
    let depth = 0
    made.forEach(function visit(key, _value, at): void {
      if (depth === 1) return void inner.push(key)
      depth = 1
      made.forEach(visit, { frame: top - 512 })
      depth = 0
      outer.push(made.machine.u32(at))
    })
    assert.deepEqual(outer.sort(), [0, 1, 2])
    assert.deepEqual(
      [0, 3, 6].map((first) => inner.slice(first, first + 3).sort()),
      [0, 0, 0].map(() => [0, 1, 2]),
    )
  })

for (const keySize of [4, 40, 516])
  test(`what a callback writes to its key reaches no map (keys of ${keySize} bytes)`, () => {
    const made = setup(MAP_TYPE_HASH, 8, keySize)
    for (let key = 0; key < 8; key++) made.update(key)
    const met: number[] = []
    made.forEach((key, _value, at) => {
      met.push(key)
      for (let word = at + 4 - keySize; word <= at; word += 4) made.machine.setU32(word, 0xffff_ffff)
    })
    assert.deepEqual(
      met.sort(),
      Array.from({ length: 8 }, (_, key) => key),
    )
    for (let key = 0; key < 8; key++) assert.equal(made.remove(key), 0)
  })
