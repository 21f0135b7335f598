// A CPU ends its sleep before a deadline, by as much as its sleeps have ended late. Here the test says how late they
// end.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as layout from '../../core/layout.js'
import { MILLISECOND, setup, type Setup } from './timer-setup.js'

const checkBuild = new WebAssembly.Module(readFileSync(new URL('../../core/core.check.wasm', import.meta.url)))
const MICROSECOND = 1000
const HYBRID = 50 * MICROSECOND
const TIMED_OUT = 2

/**
 * How late (ns) each of `count` firings of a timer came that is armed every `period`, and the margins that the CPU has
 * learned. `late`: how late the sleep of that number and length ends.
 */
function periods(period: number, count: number, late: (sleep: number, length: number) => number, spin = HYBRID) {
  const lateness: number[] = []
  let sleeps = 0
  let due = 0
  // Booting passes the door, too.
  let time = (_nanoseconds: number): void => undefined
  const next = (on: Setup): void => {
    due = on.machine.now + period
    assert.equal(on.start(period), 0)
  }
  const timers = setup({
    build: {
      module: checkBuild,
      // Time passes with every access, so that a CPU that looks at the clock sees it move.
      before: () => time(20),
      sleep(nanoseconds) {
        time(nanoseconds + late(++sleeps, nanoseconds))
        return TIMED_OUT
      },
    },
    onFire(on) {
      lateness.push(on.machine.now - due)
      if (lateness.length < count) next(on)
      else on.machine.setU32(on.cpu.area + layout.CPU_CONTROL, 1)
    },
  })
  time = (nanoseconds) => void (timers.machine.now += nanoseconds)
  timers.machine.setU32(timers.cpu.area + layout.CPU_SPIN, spin)
  timers.init()
  timers.bind()
  next(timers)
  timers.cpu.call('cpu_loop')
  const word = (index: number): number => timers.machine.u32(timers.cpu.area + layout.CPU_MARGINS + 4 * index)
  return { lateness, margins: Array.from({ length: layout.MARGIN_CLASSES }, (_, index) => word(index)) }
}

test('sleeps that end late make the next ones end earlier: timers come in time from then on', () => {
  const { lateness, margins } = periods(
    10 * MILLISECOND,
    100,
    (_, length) => 50 * MICROSECOND + Math.floor(length / 12),
  )
  assert.ok(margins.some((margin) => margin > 400 * MICROSECOND))
  assert.ok(Math.max(...lateness.slice(30)) < 100 * MICROSECOND, String(lateness))
})

test('one late sleep among many costs time awake only for a while', () => {
  const once = (sleep: number): number => (sleep === 5 ? 900 : 40) * MICROSECOND
  assert.ok(periods(10 * MILLISECOND, 5, once).margins.some((margin) => margin > 800 * MICROSECOND))
  assert.ok(periods(10 * MILLISECOND, 800, once).margins.every((margin) => margin < 100 * MICROSECOND))
})

test('a sleep that ends later than any margin teaches nothing, nor does a CPU learn that never spins', () => {
  const { margins } = periods(20 * MILLISECOND, 20, () => 3 * MILLISECOND)
  assert.ok(margins.every((margin) => margin === 0))
  assert.ok(periods(10 * MILLISECOND, 20, () => 700 * MICROSECOND, 0).margins.every((margin) => margin === 0))
})
