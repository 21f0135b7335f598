// LPM tries as programs and users meet them: against a list of prefixes, on both engines; values that stay where a
// program has their address; iteration while the trie changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_EXIST,
  BPF_F_NO_PREALLOC,
  BPF_NOEXIST,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EOPNOTSUPP,
  MAP_TYPE_LPM_TRIE,
} from '../../core/abi.js'
import { boot, type SkepError } from '../../src/index.js'
import { Machine } from './harness.js'
import { answered, DATA_BYTES, request, steps, trieObject, type Step } from './trie-cases.js'

const MOST = 6
const coded = (code: string) => (error: unknown) => (error as SkepError).code === code
const bitsOf = ({ length, data, map }: Step): string =>
  data
    .slice(0, DATA_BYTES[map])
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, length)

/** Prefixes as strings of bits, with values. */
class Model {
  readonly held = { routes: new Map<string, number>(), odds: new Map<string, number>() }

  answer(step: Step): [result: number, value: number] {
    const held = this.held[step.map]
    const { operation, length, value, flags } = step
    const bits = bitsOf(step)
    if (operation === 'lookup') {
      if (length > DATA_BYTES[step.map] * 8) return [-ENOENT, value]
      const found = [...held].filter(([prefix]) => bits.startsWith(prefix)).sort(([a], [b]) => b.length - a.length)[0]
      return found ? [0, found[1]] : [-ENOENT, value]
    }
    if (length > DATA_BYTES[step.map] * 8) return [-EINVAL, value]
    if (operation === 'delete') return [held.delete(bits) ? 0 : -ENOENT, value]
    if (flags > BPF_EXIST) return [-EINVAL, value]
    if (held.has(bits) && flags === BPF_NOEXIST) return [-EEXIST, value]
    if (!held.has(bits) && flags === BPF_EXIST) return [-ENOENT, value]
    if (!held.has(bits) && held.size === MOST) return [-ENOSPC, value]
    held.set(bits, value)
    return [0, value]
  }
}

/** The kernel's order of prefixes: what begins with one before it, 0 before 1. */
function inOrder(prefixes: Iterable<string>): string[] {
  const rank = (bits: string): string => `${bits}~`
  return [...prefixes].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

for (const engine of ['jit', 'interp'] as const)
  test(`any sequence of operations finds the longest prefixes (${engine})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const machine = boot.virtual({ cpus: 2 })
        const object = machine.load(trieObject, { engine })
        const model = new Model()
        sequence.forEach((step, at) => {
          if (step.operation === 'next') return
          const { data } = object.programs.trie!.run({ data: request(step), cpu: at & 1 })
          assert.deepEqual(answered(data!), model.answer(step), JSON.stringify(step))
        })
        for (const map of ['routes', 'odds'] as const) {
          const keys = object.maps[map]!.entriesBytes().map(([key]) =>
            bitsOf({ map, length: key[0]!, data: [...key.slice(4)] } as Step),
          )
          assert.deepEqual(keys, inOrder(model.held[map].keys()))
        }
        machine.close()
      }),
      { numRuns: engine === 'jit' ? 60 : 15 },
    )
  })

test('the host sets, finds, deletes and goes through prefixes', () => {
  const { routes } = boot.virtual().load(trieObject).maps
  const net = (prefixlen: number, ...data: number[]) => ({ prefixlen, data })
  routes!.set(net(0, 0, 0, 0, 0), 1)
  routes!.set(net(8, 10, 0, 0, 0), 2)
  routes!.set(net(24, 10, 1, 2, 0), 3)
  assert.equal(routes!.get(net(32, 10, 1, 2, 3)), 3)
  assert.equal(routes!.get(net(32, 10, 9, 9, 9)), 2)
  assert.equal(routes!.get(net(32, 11, 0, 0, 0)), 1)
  assert.throws(() => routes!.set(net(8, 10, 0, 0, 0), 4, 'noexist'), coded('EEXIST'))
  assert.throws(() => routes!.set(net(9, 10, 0, 0, 0), 4, 'exist'), coded('ENOENT'))
  assert.throws(() => routes!.set(net(33, 10, 0, 0, 0), 4), coded('EINVAL'))
  assert.deepEqual(
    routes!.keys().map((key) => (key as { prefixlen: number }).prefixlen),
    [24, 8, 0],
  )
  assert.equal(routes!.delete(net(8, 10, 0, 0, 0)), true)
  assert.equal(routes!.delete(net(8, 10, 0, 0, 0)), false)
  assert.equal(routes!.get(net(32, 10, 9, 9, 9)), 1)
})

const SHAPE = { type: MAP_TYPE_LPM_TRIE, keySize: 5, valueSize: 8, flags: BPF_F_NO_PREALLOC }
const key = (length: number, data: number): Uint8Array => Uint8Array.of(length, 0, 0, 0, data)
const eight = (value: number): Uint8Array => new Uint8Array(8).fill(value)

test('a value stays where a program has its address, until the program has ended', () => {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create({ ...SHAPE, maxEntries: 2 })
  const reader = machine.cpus[1]!
  assert.equal(machine.update(map, key(4, 0xf0), eight(7)), 0)
  const outermost = reader.section_enter()
  const at = Number(reader.bpf_map_lookup_elem(BigInt(map), BigInt(machine.stageKey(key(8, 0xff), 1))))
  assert.equal(machine.delete(map, key(4, 0xf0)), 0)
  let made = 0
  while (machine.update(map, key(4, 0xf0), eight(1 + (made & 3))) === 0) made++
  assert.ok(made > 64, `${made} updates`)
  assert.equal(machine.update(map, key(4, 0xf0), eight(1)), -ENOMEM)
  assert.deepEqual(machine.bytes.slice(at, at + 8), eight(7))
  reader.section_exit(outermost)
  assert.equal(machine.update(map, key(4, 0xf0), eight(1)), 0)
})

test('an element is found beside many that left together while a CPU stood still', () => {
  const machine = new Machine({ cpus: 2 })
  const map = machine.create({ ...SHAPE, maxEntries: 200 })
  for (let data = 0; data < 100; data++) assert.equal(machine.update(map, key(8, data), eight(1)), 0)
  // Once around: of 472 elements the next to be looked at are those of the keys.
  for (let turn = 100; turn < 472; turn++) assert.equal(machine.update(map, key(8, 255), eight(1)), 0)
  machine.cpus[1]!.section_enter()
  for (let data = 0; data < 100; data++) assert.equal(machine.delete(map, key(8, data)), 0)
  for (let data = 0; data < 199; data++) assert.equal(machine.update(map, key(8, data), eight(1)), 0, `key ${data}`)
})

test('a hundred thousand updates and deletes leave nothing behind', () => {
  const machine = new Machine({ cpus: 1 })
  const map = machine.create({ ...SHAPE, maxEntries: 20 })
  let seed = 1
  for (let turn = 0; turn < 100_000; turn++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    const where = key((seed >>> 8) % 9, seed >>> 24)
    const result = seed & 64 ? machine.update(map, where, eight(1)) : machine.delete(map, where)
    assert.ok([0, -ENOENT, -ENOSPC].includes(result), `${result}`)
  }
  const at = machine.keyAt()
  while (machine.core.map_next_key(map, 0, at) === 0) assert.equal(machine.core.map_delete(map, at), 0)
  for (let data = 0; data < 20; data++) assert.equal(machine.update(map, key(8, data), eight(data)), 0)
  assert.equal(machine.update(map, key(8, 20), eight(1)), -ENOSPC)
})

test('a trie has no timers', () => {
  const machine = new Machine({ cpus: 1 })
  assert.equal(machine.create({ ...SHAPE, valueSize: 16, maxEntries: 2, timer: 0 }), -EOPNOTSUPP)
})

test('a walk that deletes what it meets, and neighbours that come, meets each key that stays', () => {
  const machine = new Machine({ cpus: 1 })
  const map = machine.create({ ...SHAPE, maxEntries: 40 })
  for (let data = 0; data < 16; data++) machine.update(map, key(4, data << 4), eight(data))
  const at = machine.keyAt()
  const met: number[] = []
  for (let result = machine.core.map_next_key(map, 0, at); result === 0;) {
    const here = machine.bytes.slice(at, at + 5)
    if (here[0] === 4) met.push(here[4]! >> 4)
    machine.core.map_delete(map, at)
    machine.update(map, key(2, here[4]!), eight(1))
    machine.bytes.set(here, at)
    result = machine.core.map_next_key(map, at, at)
  }
  assert.deepEqual(
    met,
    Array.from({ length: 16 }, (_, data) => data),
  )
})
