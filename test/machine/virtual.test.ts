// A virtual machine: time moves when told to, everything fires in order, and twice the same is twice the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { coded, probes, request, resultOf, unchecked, type Slot } from './probes.js'

test('no program sees a time of 0, which it would take for one that is not set: the clock begins at one hour', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  assert.deepEqual([machine.clock.start, machine.clock.now], [3600e9, 3600e9])
  programs.start_timer!.run({ ctx: request(0, 0) })
  machine.clock.advance(0)
  assert.equal((maps.slots!.get(0) as Slot).fired_at, 3_600_000_000_000n)
  assert.equal(machine.clock.realtime, 3_600_000_000_000n)
})

test('the clock begins where `start` says', () => {
  const { clock } = boot.virtual({ start: '5 s' })
  assert.deepEqual([clock.start, clock.now], [5e9, 5e9])
  clock.advance('1 s')
  assert.deepEqual([clock.start, clock.now], [5e9, 6e9])
  assert.throws(() => clock.advanceTo('4 s'), coded('BAD_CLOCK'))
  assert.throws(() => boot.virtual({ start: -1 }), coded('BAD_OPTION', /start/))
  assert.throws(() => boot.virtual({ start: '3000 d' }), coded('BAD_OPTION', /start.*end of the clock/))
})

test('a timer fires when the clock reaches it, at its time, on its CPU', () => {
  const machine = boot.virtual({ cpus: 2, start: 0 })
  const { programs, maps } = machine.load(probes, unchecked)
  assert.equal(resultOf(programs.start_timer!.run({ ctx: request(3, 300e9), cpu: 1 }).ctx), 0n)
  machine.clock.advance('299 s')
  assert.equal((maps.slots!.get(3) as Slot).fired, 0n)
  assert.equal(machine.clock.nextExpiry(), 300e9)
  machine.clock.advance('1 min')
  const slot = maps.slots!.get(3) as Slot
  assert.deepEqual([slot.fired, slot.fired_on, slot.fired_at], [1n, 1n, 300_000_000_000n])
  assert.equal(machine.clock.now, 359e9)
})

test('timers() shows map, key, state, expiry, callback, program and CPU', () => {
  const machine = boot.virtual({ cpus: 2, start: 0 })
  const { programs } = machine.load(probes, unchecked)
  programs.start_timer!.run({ ctx: request(2, 800), cpu: 1 })
  const [timer] = machine.timers()
  assert.equal(timer?.kind, 'timer')
  assert.equal(timer?.map, 'slots')
  assert.equal(timer?.key, 2)
  assert.equal(timer?.state, 'armed')
  assert.equal(timer?.expiry, 800)
  assert.equal(timer?.callback, 'on_timer')
  assert.equal(timer?.program, 'start_timer')
  assert.equal(timer?.cpu, 1)
  machine.clock.advance('1 us')
  assert.equal(machine.timers()[0]?.state, 'idle')
  assert.equal(machine.timers()[0]?.runs, 1)
})

test('work runs at the next poll, not inside the run that started it', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  programs.start_work!.run({ ctx: request(0, 0) })
  assert.equal((maps.slots!.get(0) as Slot).fired, 0n)
  assert.equal(machine.poll(), undefined)
  assert.equal((maps.slots!.get(0) as Slot).fired, 1n)
})

test('runUntilIdle ends when no timer is armed, or at its limit', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  programs.start_timer!.run({ ctx: request(0, 5e9) })
  programs.start_timer!.run({ ctx: request(1, 50e9) })
  assert.equal(machine.clock.runUntilIdle({ limit: '10 s' }), false)
  assert.equal((maps.slots!.get(0) as Slot).fired, 1n)
  assert.equal((maps.slots!.get(1) as Slot).fired, 0n)
  assert.equal(machine.clock.runUntilIdle(), true)
  assert.equal((maps.slots!.get(1) as Slot).fired, 1n)
})

test('absolute REALTIME timers move when REALTIME is set', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  const { realtime } = machine.clock
  const result = programs.start_realtime!.run({ ctx: request(0, realtime + 3600_000_000_000n) })
  assert.equal(resultOf(result.ctx), 0n)
  machine.clock.advance('1 min')
  assert.equal((maps.slots!.get(0) as Slot).fired, 0n)
  machine.clock.setRealtime(realtime + 3599_000_000_000n)
  machine.clock.advance('2 s')
  assert.equal((maps.slots!.get(0) as Slot).fired, 1n)
})

test('[H24] a storm of timers leaves room for runs, and an advance through one ends with an error', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  programs.start_storm!.run({ ctx: request(0, 0) })
  assert.throws(() => machine.clock.advance(8), coded('NOT_IDLE'))
  assert.ok((maps.slots!.get(0) as Slot).fired > 64n)
  assert.equal(programs.count!.run().retval, 0)
})

test('any number of work items that are due at once is not taken for work that starts itself for ever', () => {
  const machine = boot.virtual()
  const { programs } = machine.load(probes, { ...unchecked, maxEntries: { slots: 12_000 } })
  for (let slot = 0; slot < 12_000; slot++) programs.start_work!.run({ ctx: request(slot, 0) })
  machine.clock.advance(8)
  assert.equal(machine.stats().cpus[0]!.works, 12_000)
})

test('the same inputs give the same trace', () => {
  const trace = (): unknown[] => {
    const machine = boot.virtual({ cpus: 3, seed: 3 })
    const { programs, maps } = machine.load(probes, unchecked)
    const seen: unknown[] = []
    machine.on('trace', (line) => seen.push(line))
    for (let turn = 0; turn < 30; turn++) {
      const { retval } = programs.random!.run({ cpu: turn % 3 })
      programs.start_timer!.run({ ctx: request(turn % 8, retval % 5000), cpu: retval % 3 })
      programs.print!.run({ cpu: (retval >>> 8) % 3 })
      machine.clock.advance((retval >>> 16) % 3000)
      seen.push(maps.slots!.entries(), machine.timers())
    }
    return seen
  }
  assert.deepEqual(trace(), trace())
})

test('a listener for faults that moves the clock on is not followed by a clock that goes back', () => {
  const machine = boot.virtual()
  const { programs } = machine.load(probes, unchecked)
  const { clock } = machine
  const begin = clock.now
  let further = clock.now
  machine.on('fault', () => {
    clock.advance('2 h')
    further = clock.now
  })
  programs.start_faulting_timer!.run({ ctx: request(0, 10e6) })
  clock.advance('20 ms')
  assert.equal(further, begin + 10e6 + 7200e9)
  assert.equal(clock.now, further)
  programs.start_timer!.run({ ctx: request(1, 24 * 3600e9) })
  programs.start_faulting_timer!.run({ ctx: request(0, 10e6) })
  assert.equal(clock.runUntilIdle({ limit: '1 s' }), false)
  assert.equal(further, begin + 20e6 + 2 * 7200e9)
  assert.equal(clock.now, further)
})

test('durations and times that make no sense are refused', () => {
  const { clock } = boot.virtual({ start: 0 })
  clock.advance('10 ms')
  assert.throws(() => clock.advance('5 lightyears'), coded('BAD_OPTION', /lightyears/))
  assert.throws(() => clock.advance(-1), coded('BAD_OPTION'))
  assert.throws(() => clock.advanceTo('1 ms'))
  assert.equal(clock.now, 10e6)
})

test('boot options are checked', () => {
  assert.throws(() => boot.virtual({ cpus: 0 }), coded('BAD_OPTION', /cpus/))
  assert.throws(() => boot.virtual({ cpus: 63 }), coded('BAD_OPTION'))
  assert.throws(() => boot.virtual({ memory: 'lots' }), coded('BAD_OPTION', /memory/))
  assert.throws(() => boot.virtual({ memory: '256 KiB' }), coded('BAD_OPTION', /memory/))
  assert.throws(() => boot.virtual({ memory: 0 }), coded('BAD_OPTION', /memory/))
  assert.throws(() => boot({ cpus: 'inline', clock: 'virtual' } as never), coded('BAD_OPTION', /clock/))
  assert.throws(() => boot.virtual({ timers: 0.5 }), coded('BAD_OPTION', /timers/))
})

test('an inline machine fires on poll, and from the event loop after keepPolling', async () => {
  const machine = boot({ cpus: 'inline' })
  const { programs, maps } = machine.load(probes, unchecked)
  programs.start_timer!.run({ ctx: request(0, 0) })
  machine.poll()
  assert.equal((maps.slots!.get(0) as Slot).fired, 1n)
  machine.keepPolling().ref()
  programs.start_timer!.run({ ctx: request(0, 2e6) })
  programs.start_work!.run({ ctx: request(1, 0) })
  while ((maps.slots!.get(0) as Slot).fired < 2n || (maps.slots!.get(1) as Slot).fired < 1n)
    await new Promise((resolve) => setTimeout(resolve, 1))
  machine.close()
  assert.throws(() => machine.poll(), coded('CLOSED'))
})
