// Every result of the timer operations (contract §2), by the exported helpers on one thread.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, EBUSY, EINVAL, ENOENT, ENOMEM, EPERM } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { bound, MILLISECOND, setup } from './timer-setup.js'

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
    cpu.call('program_close', program)
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
