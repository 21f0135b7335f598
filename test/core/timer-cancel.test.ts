// Results of bpf_timer_cancel and cancel_async, the order of expiry, and the clocks (contract §2).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  CLOCK_END,
  CONTEXT_NMI,
  CONTEXT_TASK,
  EDEADLK,
  EINVAL,
  ENOENT,
  EOPNOTSUPP,
  FAULT_CLOCK_RANGE,
} from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { Fault } from './harness.js'
import { bound, MILLISECOND, setup } from './timer-setup.js'

describe('bpf_timer_cancel', () => {
  test('-EINVAL on a slot that was never initialised', () => assert.equal(setup().cancel(), -EINVAL))

  test('1 when armed, 0 when not; the binding goes either way, start is -EINVAL until set_callback', () => {
    const { machine, cancel, start, bind, run, fired, program } = bound()
    start(MILLISECOND)
    assert.deepEqual([cancel(), cancel(), start(MILLISECOND)], [1, 0, -EINVAL])
    assert.equal(machine.programReferences(program), 1)
    assert.deepEqual([bind(), cancel(), start(MILLISECOND)], [0, 0, -EINVAL])
    run(10 * MILLISECOND)
    assert.equal(fired.length, 0)
    assert.deepEqual([bind(), start(MILLISECOND)], [0, 0])
    run(MILLISECOND)
    assert.equal(fired.length, 1)
  })

  test('keeps no program loaded that is closed, before it or after', () => {
    const { machine, cpu, cancel, start, bind, program } = bound()
    const state = (): number => machine.u32(program + layout.PROGRAM_STATE)
    const word = (): number => machine.u32(program + layout.PROGRAM_REFERENCES)
    start(MILLISECOND)
    assert.equal(cancel(), 1)
    assert.deepEqual([word(), machine.programReferences(program)], [2, 1], 'the next set_callback takes over one')
    assert.deepEqual([bind(), start(MILLISECOND), word()], [0, 0, 2])
    cpu.call('program_close', program)
    machine.settle()
    assert.deepEqual([state(), word()], [1, 1], 'what is armed is bound')
    assert.equal(cancel(), 1)
    machine.settle()
    assert.equal(state(), 3, 'unloaded')
  })

  test('leaves its program to whoever closes it', () => {
    const { machine, cpu, cancel, program, bind } = bound()
    assert.equal(cancel(), 0)
    cpu.call('program_close', program)
    assert.equal(bind(), -ENOENT)
    machine.settle()
    assert.equal(machine.u32(program + layout.PROGRAM_STATE), 3, 'unloaded')
  })

  test('-EDEADLK from its own callback, which keeps its callback', () => {
    const results: number[] = []
    const { start, run, fired } = bound({ onFire: (s) => results.push(s.cancel()) })
    start(MILLISECOND)
    run(MILLISECOND)
    assert.equal(start(MILLISECOND), 0)
    run(MILLISECOND)
    assert.deepEqual(results, [-EDEADLK, -EDEADLK])
    assert.equal(fired.length, 2)
  })

  test('1, then 0, for another armed timer, from a callback', () => {
    const results: number[] = []
    const { init, bind, start, run } = bound({ onFire: (s) => results.push(s.cancel(1), s.cancel(1)) })
    init(1)
    bind(1)
    start(9000 * MILLISECOND, 0, 1)
    start(MILLISECOND)
    run(MILLISECOND)
    assert.deepEqual(results, [1, 0])
  })

  test('-EOPNOTSUPP in NMI; init, set_callback, start, cancel_async work there, and it fires', () => {
    const { machine, cpu, init, bind, start, cancel, cancelAsync, run, fired } = setup()
    machine.setU32(cpu.area + layout.CPU_CONTEXT, CONTEXT_NMI)
    assert.deepEqual([init(), bind(), start(0), cancelAsync(), start(0)], [0, 0, 0, 1, 0])
    assert.equal(cancel(), -EOPNOTSUPP)
    machine.setU32(cpu.area + layout.CPU_CONTEXT, CONTEXT_TASK)
    run(0)
    assert.equal(fired.length, 1)
  })
})

describe('bpf_timer_cancel_async', () => {
  test('-EINVAL not initialised; 1 armed; 0 idle; keeps the binding', () => {
    const { init, bind, start, cancelAsync, run, fired } = setup()
    assert.equal(cancelAsync(), -EINVAL)
    init()
    assert.equal(cancelAsync(), 0)
    bind()
    start(MILLISECOND)
    assert.deepEqual([cancelAsync(), cancelAsync()], [1, 0])
    run(MILLISECOND)
    assert.equal(fired.length, 0)
    assert.equal(start(MILLISECOND), 0)
    run(MILLISECOND)
    assert.equal(fired.length, 1)
  })

  test('-1 while its callback runs; 1 if the callback re-armed it: the arming is taken back', () => {
    const results: number[] = []
    const { start, run, fired } = bound({
      onFire: (s) => results.push(s.cancelAsync(), s.start(0), s.cancelAsync()),
    })
    start(0)
    run(0)
    assert.deepEqual(results, [-1, 0, 1])
    assert.equal(fired.length, 1)
  })
})

describe('order of expiry on one CPU', () => {
  test('earlier fires first, equal expiries in the order of arming', () => {
    const { machine, cpu, program, callback, fired, run } = setup()
    const map = machine.arrayMap({ entries: 50 })
    machine.setU32(cpu.area + layout.CPU_PROGRAM, program)
    const at = [7000, 5000, 9000, 5000, 7000, 1000]
    at.forEach((nanoseconds, index) => {
      cpu.helper('bpf_timer_init', map.timer(index), map.address, 1)
      cpu.helper('bpf_timer_set_callback', map.timer(index), callback)
      cpu.helper('bpf_timer_start', map.timer(index), nanoseconds, 0)
    })
    run(10_000)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [5, 1, 3, 0, 4, 2],
    )
  })

  test('[H36] a timer that was re-armed to later takes its turn by its new expiry; so do ties', () => {
    const { init, bind, start, run, fired } = bound()
    for (const index of [1, 2]) {
      init(index)
      bind(index)
    }
    start(5000, 0, 0)
    start(7000, 0, 1)
    start(10_000, 0, 2)
    start(10_000, 0, 0)
    run(12_000)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [1, 2, 0],
    )
  })

  test('a pinned timer fires on the CPU that called start [H26]', () => {
    const { machine, map, start, fired, run } = bound()
    start(MILLISECOND)
    assert.equal(machine.cpu(1).helper('bpf_timer_start', map.timer(0), MILLISECOND, BPF_F_TIMER_CPU_PIN), 0)
    run(MILLISECOND)
    assert.deepEqual(
      fired.map(({ cpu }) => cpu),
      [1],
    )
  })
})

describe('the REALTIME clock', () => {
  test('moves its absolute timers when it is set, and no relative ones', () => {
    const { machine, cpu, init, bind, start, run, fired } = setup()
    init(0, 0)
    init(1, 0)
    bind(0)
    bind(1)
    start(10 * MILLISECOND, BPF_F_TIMER_ABS, 0)
    start(9 * MILLISECOND, 0, 1)
    cpu.call('realtime_set', 8 * MILLISECOND, 0)
    run(MILLISECOND - 8)
    assert.deepEqual(fired, [])
    run(8)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [0],
    )
    cpu.call('realtime_set', 0, 0)
    run(8 * MILLISECOND)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [0, 1],
    )
    assert.equal(machine.cpu(0).call('control_blocks_lost'), 0)
  })
})

test('the end of the clock, after more than two years, is loud: nothing runs any more without a fault', () => {
  const { machine, cpu } = setup()
  machine.now = 2 * 365 * 24 * 3600 * 1e9
  cpu.call('cpu_poll')
  machine.now = CLOCK_END + 1000
  assert.throws(
    () => cpu.call('cpu_poll'),
    (error) => error instanceof Fault && error.kind === FAULT_CLOCK_RANGE,
  )
})
