// Timers whose place is proved: the call gets the slot that the core would have found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import { DATA, machineOf } from './harness.js'

const SLOTS = 0x24000
const lines = [asm.call(171), asm.exit()]

function slotsOf(stride: number, entries: number, pointers: readonly number[]): number[] {
  const seen: number[] = []
  const machine = machineOf(lines, {
    helpers: {
      171: {
        parameters: 3,
        inSlot: { field: 'timer', name: 'timer_start_in' },
        call: (timer: bigint, nanoseconds: bigint, flags: bigint, slot: number) => {
          assert.deepEqual([nanoseconds, flags], [5n, 0n])
          seen.push(slot)
          return timer
        },
      },
    },
    slots: { timers: { slots: SLOTS, first: DATA + 8, stride, entries } },
    facts: { accesses: new Map(), guards: new Map(), places: new Map([[0, { map: 'timers', offset: 8 }]]) },
  })
  for (const pointer of pointers) assert.equal(machine.run('main', BigInt(pointer), 5n, 0n), BigInt(pointer))
  return seen
}

for (const stride of [16, 24, 32, 40, 56, 64, 4096, 12_344])
  test(`every element's slot, with values of ${stride} bytes`, () => {
    const indices = Array.from({ length: 500 }, (_, index) => index)
    assert.deepEqual(
      slotsOf(
        stride,
        500,
        indices.map((index) => DATA + 8 + index * stride),
      ),
      indices.map((index) => SLOTS + 4 * index),
    )
  })

test('the only element has the first slot', () => {
  assert.deepEqual(slotsOf(24, 1, [DATA + 8]), [SLOTS])
})
