// What reaches an element's bytes, and what a guest that writes where it should not can do to a map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_NOEXIST,
  EAGAIN,
  EDEADLK,
  EEXIST,
  ENOENT,
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
} from '../../core/abi.js'
import { MAP_ELEMENTS, MAP_ELEMENT_COUNT, MAP_STRIDE } from '../../core/layout.js'
import { freeElements, Machine, roomsTaken, u64 } from './harness.js'

const KINDS = { array: MAP_TYPE_ARRAY, hash: MAP_TYPE_HASH, 'LRU hash': MAP_TYPE_LRU_HASH }

for (const [name, type] of Object.entries(KINDS))
  test(`[H19] ${name}: whatever is written, timers and work read as zeros and a spin lock stays as it is`, () => {
    const field = fc.integer({ min: 0, max: 6 })
    const shape = fc.record({
      order: fc.shuffledSubarray(['timer', 'work', 'lock'] as const),
      gaps: fc.tuple(field, field, field, field),
    })
    fc.assert(
      fc.property(shape, ({ order, gaps }) => {
        const offsets: { timer?: number; work?: number; lock?: number } = {}
        let at = 0
        order.forEach((one, position) => {
          const align = one === 'lock' ? 4 : 8
          at = Math.ceil((at + gaps[position]!) / align) * align
          offsets[one] = at
          at += one === 'lock' ? 4 : 16
        })
        const valueSize = at + gaps[3] + 1
        const machine = new Machine({ megabytes: 2, coreBytes: 1 << 14 })
        const map = machine.create({ type, keySize: 4, valueSize, maxEntries: 2, ...offsets })
        const image = (byte: number, lock: number): Uint8Array => {
          const bytes = new Uint8Array(valueSize).fill(byte)
          if (offsets.timer !== undefined) bytes.fill(0, offsets.timer, offsets.timer + 16)
          if (offsets.work !== undefined) bytes.fill(0, offsets.work, offsets.work + 16)
          if (offsets.lock !== undefined) bytes.fill(lock, offsets.lock, offsets.lock + 4)
          return bytes
        }
        assert.equal(machine.update(map, 1, new Uint8Array(valueSize).fill(0xff)), 0)
        assert.deepEqual(machine.lookup(map, 1, valueSize), image(0xff, 0))
        if (type === MAP_TYPE_ARRAY && offsets.lock !== undefined) {
          const value = machine.core.map_lookup(map, machine.stageKey(1)) >>> 0
          machine.bytes.fill(7, value + offsets.lock, value + offsets.lock + 4)
          machine.update(map, 1, new Uint8Array(valueSize).fill(0x11))
          assert.deepEqual(machine.lookup(map, 1, valueSize), image(0x11, 7))
        }
        assert.equal(machine.update(map, 1, new Uint8Array(valueSize).fill(0x22), BPF_NOEXIST), -EEXIST)
        assert.notDeepEqual(machine.lookup(map, 1, valueSize), image(0x22, 0))
      }),
      { numRuns: 60 },
    )
  })

for (const keySize of [4, 12])
  test(`a guest that scribbles over all elements changes no map's behaviour (keys of ${keySize} bytes)`, () => {
    for (const type of [MAP_TYPE_HASH, MAP_TYPE_LRU_HASH]) {
      const machine = new Machine({ megabytes: 2, coreBytes: 1 << 14 })
      const map = machine.create({ type, keySize, valueSize: 8, maxEntries: 6 })
      const first = machine.word(map + MAP_ELEMENTS)
      const bytes = machine.word(map + MAP_STRIDE) * machine.word(map + MAP_ELEMENT_COUNT)
      const key = (number: number): Uint8Array => new Uint8Array(keySize).fill(number)
      for (let turn = 0; turn < 300; turn++) {
        const number = turn % 11
        if (turn % 3 === 2) machine.delete(map, key(number))
        else if (machine.update(map, key(number), u64(number)) === 0)
          assert.deepEqual(machine.lookup(map, key(number), 8), u64(number))
        for (let at = 0; at < bytes; at++) machine.bytes[first + at] = (at * 31 + turn) & 0xff
      }
      let live = 0
      for (let index = machine.core.map_next(map, 0); index >= 0; index = machine.core.map_next(map, index + 1)) live++
      assert.equal(roomsTaken(machine, map), live)
      assert.equal(freeElements(machine, map) + live, machine.word(map + MAP_ELEMENT_COUNT))
      for (let number = 0; number < 11; number++) machine.delete(map, key(number))
      assert.equal(roomsTaken(machine, map), 0)
    }
  })

for (const [name, type] of Object.entries({ array: MAP_TYPE_ARRAY, hash: MAP_TYPE_HASH }))
  test(`${name}: BPF_F_LOCK writes in place under the element's lock, and leaves it unlocked`, () => {
    const machine = new Machine({ cpus: 2 })
    const map = machine.create({ type, keySize: 4, valueSize: 12, maxEntries: 3, lock: 4 })
    const key = 1
    if (type === MAP_TYPE_HASH) {
      assert.equal(machine.update(map, key, new Uint8Array(12).fill(1), BPF_F_LOCK | BPF_EXIST), -ENOENT)
      assert.equal(machine.update(map, key, new Uint8Array(12).fill(1), BPF_F_LOCK), 0)
      assert.equal(machine.update(map, key, new Uint8Array(12).fill(1), BPF_F_LOCK | BPF_NOEXIST), -EEXIST)
    }
    const value = machine.core.map_lookup(map, machine.stageKey(key)) >>> 0
    assert.equal(machine.update(map, key, new Uint8Array(12).fill(2), BPF_F_LOCK), 0)
    assert.equal(machine.core.map_lookup(map, machine.stageKey(key)) >>> 0, value)
    assert.deepEqual(machine.lookup(map, key, 12), Uint8Array.of(2, 2, 2, 2, 0, 0, 0, 0, 2, 2, 2, 2))
    // A word that no CPU can have written, or a lock that this very CPU holds: a fault of a program, an errno of the
    // host.
    const program = (): bigint =>
      machine.core.bpf_map_update_elem(
        BigInt(map),
        BigInt(machine.stageKey(key)),
        BigInt(machine.stageValue(new Uint8Array(12).fill(3))),
        BigInt(BPF_F_LOCK),
      )
    for (const word of [99, 1]) {
      machine.view.setUint32(value + 4, word, true)
      assert.throws(program, /fault 6/)
      assert.equal(machine.update(map, key, new Uint8Array(12).fill(3), BPF_F_LOCK), -EDEADLK)
    }
    // The other CPU has it: a program would wait, the host is told to come again.
    machine.view.setUint32(value + 4, 2, true)
    assert.equal(machine.update(map, key, new Uint8Array(12).fill(3), BPF_F_LOCK), -EAGAIN)
    assert.equal(machine.word(value), 0x02020202)
    machine.view.setUint32(value + 4, 0, true)
    assert.equal(machine.update(map, key, new Uint8Array(12).fill(3), BPF_F_LOCK), 0)
  })
