// The order in which timers fire, against the plainest model there is: a sorted list.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as layout from '../../core/layout.js'
import { CoreMachine } from './harness.js'

const TIMERS = 12

interface Armed {
  expiry: number
  order: number
}

type Step = { kind: 'start' | 'cancel' | 'cancel_async' | 'advance'; timer: number; nanoseconds: number }

// Distances of every size: within one slot of the wheel, over several of its levels, and equal ones.
const distance = fc.oneof(
  fc.integer({ min: 0, max: 50 }).map((units) => units * 8),
  fc.integer({ min: 0, max: 100_000 }).map((units) => units * 8),
  fc.integer({ min: 0, max: 1_000_000_000 }).map((units) => units * 8),
  fc.constantFrom(0, 8, 32_768, 32_776, 8_388_608, 2_147_483_648, 1_000_000_000_000),
)

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    'start' as const,
    'start' as const,
    'start' as const,
    'cancel' as const,
    'cancel_async' as const,
    'advance' as const,
  ),
  timer: fc.integer({ min: 0, max: TIMERS - 1 }),
  nanoseconds: distance,
})

describe('the timer queue of one CPU', () => {
  test('fires exactly what is due, in the order of expiry and then of arming, whatever was armed, moved and cancelled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const machine = new CoreMachine({ megabytes: 4, cpus: 1 })
        machine.now = 8_000_000
        const cpu = machine.cpu(0)
        const map = machine.arrayMap({ entries: TIMERS })
        const fired: number[] = []
        const callback = machine.addFunction((_cpu, _map, key) => void fired.push(machine.u32(Number(key))))
        const program = machine.program(callback, callback + 1)
        const armed = new Map<number, Armed>()
        let order = 0
        const become = () => machine.setU32(cpu.area + layout.CPU_PROGRAM, program)
        become()
        for (let index = 0; index < TIMERS; index++) {
          assert.equal(cpu.helper('bpf_timer_init', map.timer(index), map.address, 1), 0)
          assert.equal(cpu.helper('bpf_timer_set_callback', map.timer(index), callback), 0)
        }
        for (const { kind, timer, nanoseconds } of steps) {
          if (kind === 'start') {
            assert.equal(cpu.helper('bpf_timer_start', map.timer(timer), nanoseconds, 0), 0)
            armed.set(timer, { expiry: machine.now + nanoseconds, order: order++ })
          } else if (kind === 'advance') {
            machine.now += nanoseconds
            const due = [...armed].filter(([, { expiry }]) => expiry <= machine.now)
            due.sort(([, a], [, b]) => a.expiry - b.expiry || a.order - b.order)
            machine.settle()
            become()
            assert.deepEqual(
              fired.splice(0),
              due.map(([index]) => index),
            )
            for (const [index] of due) armed.delete(index)
          } else {
            const result = cpu.helper(`bpf_timer_${kind}`, map.timer(timer))
            assert.equal(result, armed.delete(timer) ? 1 : 0)
            if (kind === 'cancel') cpu.helper('bpf_timer_set_callback', map.timer(timer), callback)
          }
          const next = cpu.call('cpu_next_expiry')
          const least = Math.min(...[...armed.values()].map(({ expiry }) => expiry))
          assert.ok(next <= least, `next expiry ${next} is after ${least}`)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('10,000 timers of one instant fire in the order of arming', () => {
    const count = 10_000
    const machine = new CoreMachine({ megabytes: 16, cpus: 1, controlBlocks: count })
    const cpu = machine.cpu(0)
    const map = machine.arrayMap({ entries: count })
    const fired: number[] = []
    const callback = machine.addFunction((_cpu, _map, key) => void fired.push(machine.u32(Number(key))))
    machine.setU32(cpu.area + layout.CPU_PROGRAM, machine.program(callback, callback + 1))
    const order = Array.from({ length: count }, (_, index) => (index * 7919) % count)
    for (const index of order) {
      cpu.helper('bpf_timer_init', map.timer(index), map.address, 1)
      cpu.helper('bpf_timer_set_callback', map.timer(index), callback)
      assert.equal(cpu.helper('bpf_timer_start', map.timer(index), 1_000_000, 0), 0)
    }
    machine.now += 1_000_000
    for (let turn = 0; turn < count && fired.length < count; turn++) cpu.call('cpu_poll')
    assert.deepEqual(fired, order)
  })

  test('hundreds of timers of a few slots, armed in no order and moved, fire in theirs; the next expiry is exact for a few', () => {
    const count = 700
    const machine = new CoreMachine({ megabytes: 8, cpus: 1, controlBlocks: count })
    machine.now = 8_000_000
    const cpu = machine.cpu(0)
    const map = machine.arrayMap({ entries: count })
    const fired: number[] = []
    const callback = machine.addFunction((_cpu, _map, key) => void fired.push(machine.u32(Number(key))))
    machine.setU32(cpu.area + layout.CPU_PROGRAM, machine.program(callback, callback + 1))
    const armed = new Map<number, Armed>()
    let random = 1
    const start = (index: number, nanoseconds: number): void => {
      assert.equal(cpu.helper('bpf_timer_start', map.timer(index), nanoseconds, 0), 0)
      armed.delete(index)
      armed.set(index, { expiry: machine.now + nanoseconds, order: armed.size })
    }
    const least = (): number => Math.min(...[...armed.values()].map(({ expiry }) => expiry))
    for (let turn = 0; turn < 1000; turn++) {
      random = (random * 48271) % 0x7fffffff
      const index = turn < count ? turn : random % count
      if (turn < count) {
        cpu.helper('bpf_timer_init', map.timer(index), map.address, 1)
        cpu.helper('bpf_timer_set_callback', map.timer(index), callback)
      }
      // Half of them far enough to come through a wider slot; later ones move to earlier, out of the middle of their
      // lists.
      start(index, (turn < count ? 20_000_000 : 10_000_000) + (random % 2) * 10_000_000 + ((random >> 4) % 400) * 64)
      const next = cpu.call('cpu_next_expiry')
      assert.ok(next <= least())
      if (armed.size <= 8) assert.equal(next, least())
    }
    const order = [...armed].map(([index, { expiry }], at) => ({ index, expiry, at }))
    order.sort((a, b) => a.expiry - b.expiry || a.at - b.at)
    for (const part of [15_000_000, 10_000_000, 40_000_000]) {
      machine.now += part
      while (cpu.call('cpu_poll') !== 0);
    }
    assert.deepEqual(
      fired,
      order.map(({ index }) => index),
    )
  })
})
