// Every result of the timer operations (contract §2), by the exported helpers on one thread.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  CLOCK_END,
  CONTEXT_NMI,
  CONTEXT_TASK,
  EBUSY,
  EDEADLK,
  EINVAL,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  EPERM,
  FAULT_CLOCK_RANGE,
} from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { type ArrayMap, CoreMachine, type Cpu, Fault } from './harness.js'

const MILLISECOND = 1_000_000

interface Setup {
  machine: CoreMachine
  cpu: Cpu
  map: ArrayMap
  fired: { cpu: number; key: number; now: number; callback: string }[]
  program: number
  other: number
  callback: number
  second: number
  init(index?: number, clock?: number | bigint): number
  bind(index?: number, callback?: number): number
  start(nanoseconds: number | bigint, flags?: number | bigint, index?: number): number
  cancel(index?: number): number
  cancelAsync(index?: number): number
  run(nanoseconds: number): void
}

/** A map of four timers, a program with two callbacks (and another with one), CPU 0 calling as the first program. */
function setup(options: { controlBlocks?: number; onFire?: (setup: Setup, key: number) => void } = {}): Setup {
  const machine = new CoreMachine({ controlBlocks: options.controlBlocks ?? 64 })
  const cpu = machine.cpu(0)
  const map = machine.arrayMap()
  const fired: Setup['fired'] = []
  const record = (name: string) => (on: Cpu, _map: bigint, key: bigint) => {
    fired.push({ cpu: on.index, key: machine.u32(Number(key)), now: machine.now, callback: name })
    options.onFire?.(result, machine.u32(Number(key)))
  }
  const callback = machine.addFunction(record('first'))
  const second = machine.addFunction(record('second'))
  const third = machine.addFunction(record('other'))
  const program = machine.program(callback, third)
  const other = machine.program(third, third + 1)
  for (const each of machine.cpus) machine.setU32(each.area + layout.CPU_PROGRAM, program)
  const result: Setup = {
    machine,
    cpu,
    map,
    fired,
    program,
    other,
    callback,
    second,
    init: (index = 0, clock = 1) => cpu.helper('bpf_timer_init', map.timer(index), map.address, clock),
    bind: (index = 0, fn = callback) => cpu.helper('bpf_timer_set_callback', map.timer(index), fn),
    start: (nanoseconds, flags = 0, index = 0) => cpu.helper('bpf_timer_start', map.timer(index), nanoseconds, flags),
    cancel: (index = 0) => cpu.helper('bpf_timer_cancel', map.timer(index)),
    cancelAsync: (index = 0) => cpu.helper('bpf_timer_cancel_async', map.timer(index)),
    run(nanoseconds) {
      machine.now += nanoseconds
      machine.settle()
      for (const each of machine.cpus) machine.setU32(each.area + layout.CPU_PROGRAM, program)
    },
  }
  return result
}

/** The same with slot 0 initialised and bound. */
function bound(options: Parameters<typeof setup>[0] = {}): Setup {
  const made = setup(options)
  assert.equal(made.init(), 0)
  assert.equal(made.bind(), 0)
  return made
}

describe('bpf_timer_init', () => {
  test('0, then -EBUSY while the slot is initialised', () => {
    const { init } = setup()
    assert.deepEqual([init(), init(), init(0, 7)], [0, -EBUSY, -EBUSY])
  })

  test('takes the clocks MONOTONIC, REALTIME and BOOTTIME; any other clock or flag bit is -EINVAL', () => {
    const { init } = setup()
    for (const clock of [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 15, 16, 17, 0x100000001n, 1n << 63n])
      assert.equal(init(0, clock), -EINVAL, `clock ${clock}`)
    assert.deepEqual([init(0, 0), init(1, 1), init(2, 7)], [0, 0, 0])
  })

  test('checks the clock before -EBUSY and before -EPERM', () => {
    const { init, machine, map } = setup()
    init()
    assert.equal(init(0, 16), -EINVAL)
    machine.cpu(0).call('map_user_put', map.address)
    assert.deepEqual([init(0, 16), init()], [-EINVAL, -EPERM])
  })

  test('-ENOMEM when no control block is left, and the slot stays untouched', () => {
    const { init, machine, cpu, map } = setup({ controlBlocks: 2 })
    assert.deepEqual([init(0), init(1), init(2)], [0, 0, -ENOMEM])
    cpu.call('map_user_put', map.address)
    cpu.call('map_user_get', map.address)
    machine.settle()
    assert.equal(init(2), 0)
  })

  test('-EPERM without a user reference: what was published is torn down; a new handle makes it work again', () => {
    const { init, machine, cpu, map, start } = bound()
    const free = machine.freeBlocks() + 1
    cpu.call('map_user_put', map.address)
    assert.deepEqual([init(), start(0)], [-EPERM, -EINVAL])
    machine.settle()
    assert.equal(machine.freeBlocks(), free)
    cpu.call('map_user_get', map.address)
    assert.equal(init(), 0)
  })

  test('-EINVAL for a pointer that is no timer of the map', () => {
    const { cpu, map, machine } = setup()
    const other = machine.arrayMap()
    const init = (timer: number | bigint, owner = map.address) => cpu.helper('bpf_timer_init', timer, owner, 1)
    for (const timer of [0, 8, map.timer(0) + 1, map.timer(0) + 8, map.value(0), map.timer(4), map.timer(1000)])
      assert.equal(init(timer), -EINVAL)
    assert.equal(init(BigInt(map.timer(0)) | (1n << 32n)), -EINVAL, 'upper pointer bits count')
    assert.equal(init(map.timer(0), other.address), -EINVAL, "another map's timer")
    assert.equal(init(other.timer(0), other.address), 0)
  })

  test('[H23] -EINVAL from every operation on a slot that a program wrote over, and nothing else is touched', () => {
    const { machine, map, init, bind, start, cancel, cancelAsync, run, fired } = bound()
    assert.equal(start(MILLISECOND), 0)
    machine.setU32(map.timer(0) + 12, 1)
    assert.deepEqual([init(), bind(), start(0), cancel(), cancelAsync()], [-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL])
    assert.deepEqual([init(1), bind(1), start(MILLISECOND, 0, 1)], [0, 0, 0])
    machine.setU32(map.timer(0) + 12, 0)
    run(MILLISECOND)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [0, 1],
    )
  })
})

describe('bpf_timer_set_callback', () => {
  test('-EINVAL on a slot that was never initialised', () => assert.equal(setup().bind(), -EINVAL))

  test('-EINVAL for a function that is not a callback of the calling program', () => {
    const { bind, init, callback } = setup()
    init()
    assert.deepEqual([bind(0, 0), bind(0, callback + 2), bind(0, 10_000)], [-EINVAL, -EINVAL, -EINVAL])
  })

  test('takes effect for the pending firing, and holds exactly one program reference', () => {
    const { machine, bind, start, run, fired, program, second } = bound()
    assert.equal(machine.programReferences(program), 2)
    start(MILLISECOND)
    assert.equal(bind(0, second), 0)
    assert.equal(machine.programReferences(program), 2)
    run(MILLISECOND)
    assert.deepEqual(
      fired.map(({ callback }) => callback),
      ['second'],
    )
  })

  test('drops the reference of the program that was bound before', () => {
    const { machine, cpu, bind, program, other } = bound()
    machine.setU32(cpu.area + layout.CPU_PROGRAM, other)
    assert.equal(bind(0, machine.u32(other + layout.PROGRAM_TABLE_FIRST)), 0)
    assert.deepEqual([machine.programReferences(program), machine.programReferences(other)], [1, 2])
  })

  test('[H35] -ENOENT when the calling program is being unloaded', () => {
    const { cpu, init, bind, program } = setup()
    init()
    cpu.call('program_put', program)
    assert.equal(bind(), -ENOENT)
  })
})

describe('bpf_timer_start', () => {
  test('-EINVAL: not initialised, no callback, unknown flags', () => {
    const { start, init, bind } = setup()
    assert.equal(start(0), -EINVAL)
    init()
    assert.equal(start(0), -EINVAL)
    bind()
    for (const flags of [4, 8, 0x80000000, 1n << 32n]) assert.equal(start(0, flags), -EINVAL, `flags ${flags}`)
    for (const flags of [0, BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, 3]) assert.equal(start(9000 * MILLISECOND, flags), 0)
  })

  test('fires once, when the time has come and not before; the callback stays for the next start', () => {
    const { start, run, fired, machine } = bound()
    start(MILLISECOND)
    const expiry = machine.now + MILLISECOND
    run(MILLISECOND - 8)
    assert.deepEqual(fired, [])
    run(8)
    assert.deepEqual(fired, [{ cpu: 0, key: 0, now: expiry, callback: 'first' }])
    run(9000 * MILLISECOND)
    assert.equal(fired.length, 1)
    assert.equal(start(MILLISECOND), 0)
    run(MILLISECOND)
    assert.equal(fired.length, 2)
  })

  test('never early: a deadline between two units of the clock is rounded up', () => {
    const { start, run, fired, machine } = bound()
    machine.now += 3
    machine.settle()
    start(1001)
    run(1000)
    assert.equal(fired.length, 0)
    run(8)
    assert.equal(fired.length, 1)
  })

  test('0 ns, and absolute expiries of 0, 1 and any past time, fire at once', () => {
    const { start, run, fired } = bound()
    for (const [nanoseconds, flags] of [
      [0, 0],
      [0, 1],
      [1, 1],
      [500, 1],
    ] as const) {
      assert.equal(start(nanoseconds, flags), 0)
      run(0)
    }
    assert.equal(fired.length, 4)
  })

  test('absolute expiry on each clock', () => {
    for (const clock of [0, 1, 7]) {
      const { machine, cpu, map, bind, start, run, fired } = setup()
      assert.equal(cpu.helper('bpf_timer_init', map.timer(0), map.address, clock), 0)
      const offset = 1_700_000_000_000_000_000n
      new DataView(machine.memory.buffer).setBigUint64(layout.HEADER + layout.HEADER_REALTIME_OFFSET, offset, true)
      bind()
      const at = BigInt(machine.now + MILLISECOND) + (clock === 0 ? offset : 0n)
      assert.equal(start(at, BPF_F_TIMER_ABS), 0)
      run(MILLISECOND - 8)
      assert.equal(fired.length, 0, `clock ${clock}`)
      run(8)
      assert.equal(fired.length, 1, `clock ${clock}`)
    }
  })

  test('S64_MAX, bit 63, U64_MAX and anything beyond the arm word: accepted, never fires, cancel gives 1', () => {
    const { start, run, fired, cancel, bind } = bound()
    for (const [nanoseconds, flags] of [
      [(1n << 63n) - 1n, 0],
      [1n << 63n, 0],
      [(1n << 64n) - 1n, 0],
      [(1n << 64n) - 1n, BPF_F_TIMER_ABS],
      [1n << 57n, 0],
    ] as const) {
      assert.equal(start(nanoseconds, flags), 0)
      run(150 * 24 * 3600 * 1000 * MILLISECOND)
      assert.equal(cancel(), 1)
      bind()
    }
    assert.equal(fired.length, 0)
  })

  test('re-arming moves the expiry, earlier and later', () => {
    const { start, run, fired, cancel } = bound()
    start(9000 * MILLISECOND)
    start(MILLISECOND)
    run(MILLISECOND)
    assert.equal(fired.length, 1)
    assert.equal(cancel(), 0)
    const again = bound()
    again.start(5 * MILLISECOND)
    again.start(9000 * MILLISECOND)
    again.run(100 * MILLISECOND)
    assert.equal(again.fired.length, 0)
    assert.equal(again.cancel(), 1)
  })

  test('re-arms itself from its callback', () => {
    let left = 5
    const { start, run, fired, cancel } = bound({ onFire: (s) => void (left-- > 0 && s.start(MILLISECOND)) })
    start(MILLISECOND)
    for (let turn = 0; turn < 10; turn++) run(MILLISECOND)
    assert.equal(fired.length, 6)
    assert.equal(cancel(), 0)
  })

  test('[H24] a timer that re-arms itself at 0 ns leaves the CPU after at most 64 callbacks', () => {
    const { start, cpu, fired } = bound({ onFire: (s) => void s.start(0) })
    start(0)
    cpu.call('cpu_poll')
    assert.equal(fired.length, 64)
  })
})

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
