// A CPU that dies at any step of an operation on a hash map, and the repair that another CPU makes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import {
  HEADER,
  HEADER_UNFINISHED_CHANGES,
  MAP_BUCKET_MASK,
  MAP_ELEMENT_COUNT,
  MAP_PATIENCE,
  MAP_SLOW_LOOKUPS,
} from '../../core/layout.js'
import { freeElements, hasSpare, Machine, u32, u64 } from './harness.js'
import { Died, mortalCpu } from './mortal.js'

const ENTRIES = 4
const DYING = 1

type Act = (machine: Machine, map: number, cpu: number) => number

const OPERATIONS: Record<string, Act> = {
  'an insertion': (machine, map, cpu) => machine.update(map, key(7), u64(7), 0, cpu),
  'a replacement': (machine, map, cpu) => machine.update(map, key(1), u64(100), 0, cpu),
  'a deletion': (machine, map, cpu) => machine.delete(map, key(1), cpu),
  'a lookup': (machine, map, cpu) => (machine.lookup(map, key(1), 8, cpu) === undefined ? 1 : 0),
}

let keySize = 4
const key = (number: number): Uint8Array => new Uint8Array(keySize).fill(number)

/** A machine whose CPU 1 has died after `steps` accesses of `act`; false if it got to the end. */
function died(act: Act, type: number, steps: number): { machine: Machine; map: number; alive: boolean } {
  const machine = new Machine({ cpus: 2, megabytes: 2, coreBytes: 1 << 13 })
  const map = machine.create({ type, keySize, valueSize: 24, maxEntries: ENTRIES, timer: 8 })
  machine.view.setUint32(map + MAP_BUCKET_MASK, 0, true)
  machine.view.setUint32(map + MAP_PATIENCE, 0, true)
  const filled = type === MAP_TYPE_LRU_HASH ? ENTRIES : ENTRIES - 1
  for (let number = 1; number <= filled; number++) assert.equal(machine.update(map, key(number), u64(number)), 0)
  // The dying CPU has a spare element and, in a map with room, the room of one.
  assert.equal(machine.update(map, key(1), u64(1), 0, DYING), 0)
  if (filled < ENTRIES)
    assert.equal(machine.update(map, key(7), u64(7), 0, DYING) || machine.delete(map, key(7), DYING), 0)
  assert.ok(hasSpare(machine, map, DYING))
  let left = steps
  machine.cpus[DYING] = mortalCpu(machine.memory, () => left--)
  left = Infinity
  machine.cpus[DYING].cpu_attach(DYING)
  left = steps
  try {
    act(machine, map, DYING)
    return { machine, map, alive: true }
  } catch (error) {
    if (!(error instanceof Died)) throw error
    return { machine, map, alive: false }
  }
}

function liveKeys(machine: Machine, map: number): number[] {
  const keys: number[] = []
  const at = machine.keyAt()
  for (let result = machine.core.map_next_key(map, 0, at); result === 0;) {
    keys.push(machine.bytes[at]!)
    result = machine.core.map_next_key(map, at, at)
  }
  return keys
}

for (keySize of [4, 12])
  for (const [kind, type] of Object.entries({ hash: MAP_TYPE_HASH, 'LRU hash': MAP_TYPE_LRU_HASH }))
    for (const [name, act] of Object.entries(OPERATIONS)) {
      const size = keySize
      test(`[G9] ${kind} with keys of ${size} bytes: a CPU dies at any step of ${name}`, () => {
        keySize = size
        let alive = false
        for (let steps = 0; !alive; steps++) {
          const made = died(act, type, steps)
          const { machine, map } = made
          alive = made.alive
          if (alive) break
          const say = `died after ${steps} steps`
          // The others go on, before the repair and after it.
          for (const repaired of [false, true]) {
            if (repaired) assert.equal(machine.core.cpu_offline(DYING), 0, say)
            if (repaired) assert.equal(hasSpare(machine, map, DYING), false, say)
            const keys = liveKeys(machine, map)
            assert.ok(keys.length <= ENTRIES, say)
            for (let turn = 0; turn < 3; turn++)
              for (const number of [2, 1, 3]) {
                assert.equal(machine.update(map, key(number), u64(number)), 0, say)
                assert.deepEqual(machine.lookup(map, key(number), 8), u64(number), say)
                if (turn < 2) assert.equal(machine.delete(map, key(number)), 0, say)
              }
          }
          const lost =
            machine.word(map + MAP_ELEMENT_COUNT) - freeElements(machine, map) - liveKeys(machine, map).length
          assert.ok(lost <= machine.word(HEADER + HEADER_UNFINISHED_CHANGES), `${say}: ${lost} elements lost`)
          assert.ok(lost <= 1, `${say}: ${lost} elements lost`)
          assert.equal(machine.view.getBigUint64(map + MAP_SLOW_LOOKUPS, true), 0n, say)
        }
      })
    }

test('what a CPU that dies between operations leaves is nothing', () => {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create({ type: MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: ENTRIES })
  assert.equal(machine.update(map, u32(1), u64(1), 0, DYING), 0)
  assert.equal(machine.core.cpu_offline(DYING), 0)
  assert.equal(machine.word(HEADER + HEADER_UNFINISHED_CHANGES), 0)
})
