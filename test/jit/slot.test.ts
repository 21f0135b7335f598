// Timers whose place is proved: the call gets the slot that the core would have found, and what the helper mostly does
// stands in its place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOCK_MONOTONIC } from '../../core/abi.js'
import { CB_BINDING, CB_MAP, CB_QUEUED, CB_STATE, OWNER_CLOCK_SHIFT, PROGRAM_OPEN } from '../../core/layout.js'
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

const BLOCK = 0x25000
/**
 * Armed for 99 units, on any CPU. The rest of memory is zero: no events, `now` is 0, the program is the one in place 0.
 */
const STATE = (100n << 11n) | (62n << 5n)
const FUNCTION = 7n
const QUEUED = 1n | (50n << 8n)

/** A timer that is bound, armed and queued, what helpers are called for it, and its words. */
function known(lines: asm.Line[]) {
  const seen: [string, ...(bigint | number)[]][] = []
  const helper = (parameters: number, name: string) => ({
    parameters,
    inSlot: { field: 'timer' as const, name: `${name}_in`, atOnce: `${name}_at_once` },
    call: (...values: (bigint | number)[]) => {
      seen.push([name, ...values])
      return 99n
    },
  })
  const machine = machineOf(lines, {
    helpers: {
      169: { parameters: 3, call: () => 0n },
      170: helper(2, 'timer_set_callback'),
      171: helper(3, 'timer_start'),
      172: helper(1, 'timer_cancel'),
    },
    slots: { timers: { slots: SLOTS, first: DATA + 8, stride: 24, entries: 4 } },
    facts: {
      accesses: new Map(),
      guards: new Map(),
      places: new Map(lines.map((_, at) => [at, { map: 'timers', offset: 8 }])),
    },
  })
  const word = (at: number, value: bigint): void => machine.view.setBigUint64(BLOCK + at, value, true)
  machine.view.setUint32(SLOTS + 4, BLOCK, true)
  word(CB_STATE, STATE)
  word(CB_BINDING, (FUNCTION << 40n) | 8n)
  word(CB_QUEUED, QUEUED)
  machine.view.setUint32(BLOCK + CB_MAP, CLOCK_MONOTONIC << OWNER_CLOCK_SHIFT, true)
  const state = (): bigint => machine.view.getBigUint64(BLOCK + CB_STATE, true)
  return { run: (r2: bigint, r3 = 0n): bigint => machine.run('main', BigInt(DATA + 32), r2, r3), seen, state, machine }
}

test('an armed timer that is started for later is moved in place of the call', () => {
  const { run, seen, state } = known(lines)
  assert.equal(run(8000n), 0n)
  assert.equal(state(), (1001n << 11n) | (62n << 5n))
  assert.deepEqual(seen, [])
})

test('a start that is not so simple is left to the helper, with its slot', () => {
  const { run, seen, state, machine } = known(lines)
  assert.equal(run(8000n, 1n), 99n)
  machine.view.setUint32(SLOTS + 4, 0, true)
  assert.equal(run(5n), 99n)
  const timer = BigInt(DATA + 32)
  assert.deepEqual(seen, [
    ['timer_start', timer, 8000n, 1n, SLOTS + 4],
    ['timer_start', timer, 5n, 0n, SLOTS + 4],
  ])
  assert.equal(state(), STATE)
})

test('a callback that is bound already is answered in place of the call, another one is the helper’s', () => {
  const { run, seen } = known([asm.call(170), asm.exit()])
  assert.equal(run(FUNCTION), 0n)
  assert.equal(run(FUNCTION + 1n), 99n)
  assert.deepEqual(seen, [['timer_set_callback', BigInt(DATA + 32), FUNCTION + 1n, SLOTS + 4]])
})

test('an armed timer is cancelled in place of the call, an idle one by the helper', () => {
  const { run, seen, state, machine } = known([asm.call(172), asm.exit()])
  // The program that is bound is the one in place 0: it is open.
  machine.view.setUint32(PROGRAM_OPEN, 1, true)
  assert.equal(run(0n), 1n)
  assert.equal(state(), (62n << 5n) | 1n)
  assert.equal(machine.view.getBigUint64(BLOCK + CB_BINDING, true), (FUNCTION << 40n) | 8n, 'kept')
  assert.deepEqual(seen, [])
  assert.equal(run(0n), 99n)
  assert.deepEqual(seen, [['timer_cancel', BigInt(DATA + 32), SLOTS + 4]])
})

test('behind an initialisation set_callback is called: nothing is bound there, most likely', () => {
  const { run, seen } = known([asm.call(169), asm.call(170), asm.exit()])
  assert.equal(run(FUNCTION), 99n)
  assert.equal(seen.length, 1)
})
