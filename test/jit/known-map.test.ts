// Maps that the code names: updates, deletions and the helpers of ring buffers are told where the map's structure lies,
// and of a sample which ring's it most likely is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import { machineOf } from './harness.js'

const MAPS = { one: 0x40400, other: 0x40500, hash: 0x40600 }
const of = (map: keyof typeof MAPS): asm.Line => asm.loadReference('r1', { kind: 'map', map })

/** What each helper is called with, in order: its number, then the map if it gets one. */
function calls(lines: asm.Line[], ...given: bigint[]): (readonly [number, number?])[] {
  const seen: (readonly [number, number?])[] = []
  const helper = (id: number, parameters: number, ofMap?: string) => ({
    parameters,
    ...(ofMap === undefined ? {} : { ofMap }),
    call: (...values: (bigint | number)[]) => {
      seen.push(values.length > parameters ? [id, values[parameters] as number] : [id])
      return 0n
    },
  })
  const machine = machineOf([...lines, asm.mov('r0', 0), asm.exit()], {
    helpers: {
      2: helper(2, 4, 'map_update_in'),
      3: helper(3, 2, 'map_delete_in'),
      130: helper(130, 4, 'ringbuf_output_in'),
      131: helper(131, 3, 'ringbuf_reserve_in'),
      132: helper(132, 2, 'ringbuf_submit_in'),
      133: helper(133, 2),
    },
    maps: MAPS,
    rings: { one: MAPS.one, other: MAPS.other },
  })
  machine.run('main', ...given)
  return seen
}

test('a reservation, an output and the submission behind them are told the ring', () => {
  assert.deepEqual(calls([of('one'), asm.call(131), asm.mov('r1', 'r0'), asm.call(132)]), [
    [131, MAPS.one],
    [132, MAPS.one],
  ])
  assert.deepEqual(calls([of('other'), asm.mov('r3', 8), asm.call(130)]), [[130, MAPS.other]])
})

test('the reservation that stands before a submission says which ring, whatever runs', () => {
  const lines = [
    asm.jump('eq', 'r1', 0, 'second'),
    of('one'),
    asm.call(131),
    asm.goto('end'),
    asm.label('second'),
    of('other'),
    asm.call(131),
    asm.label('end'),
    asm.mov('r1', 'r0'),
    asm.call(132),
  ]
  assert.deepEqual(calls(lines, 1n), [
    [131, MAPS.one],
    [132, MAPS.other],
  ])
})

test('a ring that is not known, another map, and helpers without such an export are called as ever', () => {
  assert.deepEqual(calls([asm.call(131), asm.call(132)], BigInt(MAPS.one)), [[131], [132]])
  assert.deepEqual(calls([of('hash'), asm.call(131), asm.call(132)]), [[131], [132]])
  assert.deepEqual(calls([of('one'), asm.call(131), asm.call(133)]), [[131, MAPS.one], [133]])
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
