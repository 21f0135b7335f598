// Maps that the code names: updates and deletions are told where the map's structure lies; what the helpers of ring
// buffers mostly do stands in place of the call, of a submission for the ring that its sample most likely is of; what
// updates and deletions mostly do is a function of the module.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  HEADER,
  HEADER_GUEST_BASE,
  HEADER_GUEST_END,
  MAP_RING_LAST,
  SHARE_ROOMS,
  SHARE_SPARE,
} from '../../core/layout.js'
import * as asm from '../../src/isa/assemble.js'
import { DATA, GUEST_BASE, GUEST_END, machineOf, type TestMachine } from './harness.js'

const MAPS = { one: 0x20400, other: 0x20500, hash: 0x20600, short: 0x20700 }
const HEADERS = 0x21000
const SAMPLES = 0x22000
/** A hash map of one bucket, keys and values of 8 bytes: map, buckets, mask, factor, shift, records, bytes of one. */
const BUCKET = 0x23000
const RECORDS = 0x23100
const SHARES = 0x23200
const VALUES = DATA + 0x800
const TABLE = [MAPS.short, BUCKET, 0, 1n, 0, RECORDS, 16]
/** Zeros are an empty ring, but for the header of position 0. */
const ring = (map: number, units: number) => ({ map, headers: HEADERS, samples: SAMPLES, mask: units - 1 })
const of = (map: keyof typeof MAPS): asm.Line => asm.loadReference('r1', { kind: 'map', map })

/** The helpers that are called, in order: number, then the map if they get one. */
type Calls = (readonly [number, number?])[]

/** A program that ends with the register as its result, and the helpers that it calls. Rings of `units` units. */
function machineWith(lines: asm.Line[], units: number, result: 0 | asm.Register = 0): [TestMachine, Calls] {
  const calls: Calls = []
  const helper = (id: number, parameters: number, more: { ofMap?: string; atOnce?: string } = {}) => ({
    parameters,
    ...more,
    call: (...values: (bigint | number)[]) => {
      calls.push(values.length > parameters ? [id, values[parameters] as number] : [id])
      return BigInt(id)
    },
  })
  const machine = machineOf([...lines, ...(result === 'r0' ? [] : [asm.mov('r0', result)]), asm.exit()], {
    helpers: {
      2: helper(2, 4, { ofMap: 'map_update_in', atOnce: 'map_update_at_once' }),
      3: helper(3, 2, { ofMap: 'map_delete_in', atOnce: 'map_delete_at_once' }),
      130: helper(130, 4, { atOnce: 'ringbuf_output_at_once' }),
      131: helper(131, 3, { atOnce: 'ringbuf_reserve_at_once' }),
      132: helper(132, 2, { atOnce: 'ringbuf_submit_at_once' }),
      133: helper(133, 2),
    },
    maps: MAPS,
    rings: { one: ring(MAPS.one, units), other: ring(MAPS.other, units) },
    shorts: { short: { update: [...TABLE, VALUES, 8, SHARES, 8, 8, 0], delete: [...TABLE, SHARES, 8] } },
  })
  machine.view.setUint32(HEADER + HEADER_GUEST_BASE, GUEST_BASE, true)
  machine.view.setUint32(HEADER + HEADER_GUEST_END, GUEST_END, true)
  machine.view.setBigUint64(HEADERS, 1n << 33n, true)
  return [machine, calls]
}

/** What is called where no ring has room. */
function calls(lines: asm.Line[], ...given: bigint[]): Calls {
  const [machine, seen] = machineWith(lines, 1)
  machine.run('main', ...given)
  return seen
}

const reserve = [asm.mov('r2', 8), asm.mov('r3', 0), asm.call(131)]
const submit = [asm.mov('r1', 'r0'), asm.mov('r2', 0), asm.call(132)]
const word = (machine: TestMachine, at: number): bigint => machine.view.getBigUint64(at, true)

test('a reservation and its submission are made in place, and the helper is not called', () => {
  const [machine, seen] = machineWith([of('one'), ...reserve, asm.mov('r6', 'r0'), ...submit], 512, 'r6')
  assert.equal(machine.run('main'), BigInt(SAMPLES + 8))
  assert.equal(machine.run('main'), BigInt(SAMPLES + 24))
  assert.deepEqual(seen, [])
  assert.equal(word(machine, MAPS.one + MAP_RING_LAST), (2n << 33n) | (2n << 9n))
  assert.equal(word(machine, HEADERS + 16), (2n << 33n) | (2n << 9n) | 62n, 'committed')
  assert.equal(word(machine, MAPS.other + MAP_RING_LAST), 0n)
})

test('what cannot be done at once is left to the helper, with all that it was given', () => {
  const [machine, seen] = machineWith([of('one'), ...reserve], 2, 'r0')
  assert.equal(machine.run('main'), 131n)
  assert.deepEqual(seen, [[131]])
  assert.equal(word(machine, MAPS.one + MAP_RING_LAST), 0n)
})

test('in a loop each turn begins as the first one did', () => {
  const turns = [asm.mov('r6', 3), asm.label('turn'), of('one'), ...reserve, ...submit]
  const [machine, seen] = machineWith([...turns, asm.alu('sub', 'r6', 1), asm.jump('ne', 'r6', 0, 'turn')], 512)
  machine.run('main')
  assert.deepEqual(seen, [])
  assert.equal(word(machine, MAPS.one + MAP_RING_LAST), (4n << 33n) | (2n << 9n))
})

test('the reservation that stands before a submission says which ring, whatever runs', () => {
  const lines = [
    asm.jump('eq', 'r1', 0, 'second'),
    of('one'),
    ...reserve,
    asm.goto('end'),
    asm.label('second'),
    of('other'),
    ...reserve,
    asm.label('end'),
    ...submit,
  ]
  const [machine, seen] = machineWith(lines, 512)
  machine.run('main', 0n)
  assert.deepEqual(seen, [])
  machine.run('main', 1n)
  assert.deepEqual(seen, [[132]], 'a sample of another ring is the helper’s')
})

test('a ring that is not known, another map, and helpers without such a function are called as ever', () => {
  assert.deepEqual(calls([asm.call(131), asm.call(132)], BigInt(MAPS.one)), [[131], [132]])
  assert.deepEqual(calls([of('hash'), asm.call(131), asm.call(132)]), [[131], [132]])
  assert.deepEqual(calls([of('one'), asm.call(131), asm.call(133)]), [[131], [133]])
  assert.deepEqual(calls([of('one'), asm.jump('eq', 'r2', 0, 'on'), asm.label('on'), asm.call(131)]), [[131]])
})

test('an update and a deletion are told the map that the code names, whatever its kind', () => {
  assert.deepEqual(calls([of('hash'), asm.call(2), of('one'), asm.call(3)]), [
    [2, MAPS.hash],
    [3, MAPS.one],
  ])
  assert.deepEqual(calls([asm.call(2), asm.call(3)], BigInt(MAPS.hash)), [[2], [3]])
  assert.deepEqual(calls([of('hash'), asm.mov('r1', 0), asm.call(2)]), [[2]])
})

const KEY = DATA
const change = (helper: 2 | 3): asm.Line[] => [
  of('short'),
  asm.mov('r2', KEY),
  asm.mov('r3', KEY + 8),
  asm.mov('r4', 0),
  asm.call(helper),
]

test('an update and a deletion of a map of short keys are done by functions of the module, one for each map', () => {
  const [machine, seen] = machineWith([...change(2), ...change(2), ...change(3)], 1, 'r0')
  for (const name of ['map_update_at_once', 'map_delete_at_once'])
    assert.equal(Buffer.from(machine.object.bytes).toString('latin1').split(name).length, 2, name)
  machine.view.setBigUint64(KEY, 77n, true)
  machine.view.setBigUint64(KEY + 8, 5n, true)
  machine.view.setUint32(SHARES + SHARE_SPARE, 2, true)
  machine.view.setBigUint64(SHARES + SHARE_ROOMS, 1n, true)
  // The first update inserts the spare element; the second has none, and the helper does it.
  assert.equal(machine.run('main'), 0n)
  assert.deepEqual(seen, [[2, MAPS.short]])
  assert.equal(word(machine, RECORDS + 16 + 8), 77n, 'the key')
  assert.equal(word(machine, VALUES + 8), 5n, 'the value')
  assert.equal(word(machine, BUCKET) & 0xffffffn, 0n, 'deleted again')
  assert.equal(machine.view.getUint32(SHARES + SHARE_SPARE, true), 2)
})

test('a key or a value that is not the guest’s is left to the helper, which knows what to say', () => {
  for (const at of [0, GUEST_END - 4]) {
    const [machine, seen] = machineWith([of('short'), asm.mov('r2', at), asm.mov('r3', KEY), asm.call(2)], 1, 'r0')
    assert.equal(machine.run('main'), 2n)
    assert.deepEqual(seen, [[2, MAPS.short]])
  }
})
