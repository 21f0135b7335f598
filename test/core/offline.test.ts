// A CPU that stopped and was declared dead [G9]: what it held moves to another CPU; what the interrupted operation had
// in its hands is given back or counted. (The explorer stops CPUs at every single step; here are the coarse cases.)
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BPF_F_TIMER_CPU_PIN, EAGAIN, EINVAL, FAULT_SPIN_LOCK } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { CoreMachine, Fault } from './harness.js'

function setup(onFire: (cpu: number) => void = () => undefined) {
  const machine = new CoreMachine({ cpus: 3 })
  const map = machine.arrayMap({ entries: 8 })
  const fired: { cpu: number; key: number }[] = []
  const callback = machine.addFunction((cpu, _map, key) => {
    fired.push({ cpu: cpu.index, key: machine.u32(Number(key)) })
    onFire(cpu.index)
  })
  const program = machine.program(callback, callback + 1)
  for (const cpu of machine.cpus) machine.setU32(cpu.area + layout.CPU_PROGRAM, program)
  const arm = (cpu: number, index: number, flags = 0) => {
    const on = machine.cpu(cpu)
    assert.equal(on.helper('bpf_timer_init', map.timer(index), map.address, 1), 0)
    assert.equal(on.helper('bpf_timer_set_callback', map.timer(index), callback), 0)
    assert.equal(on.helper('bpf_timer_start', map.timer(index), 1000, flags), 0)
  }
  const live = (dead: number) => machine.cpus.filter(({ index }) => index !== dead)
  const pollLive = (dead: number) => {
    for (let round = 0; round < 10; round++) for (const cpu of live(dead)) cpu.call('cpu_poll')
  }
  return { machine, map, fired, program, arm, pollLive }
}

describe('a dead CPU', () => {
  test('hands its timers, pinned ones too, to another CPU', () => {
    const { machine, arm, fired, pollLive } = setup()
    arm(0, 0)
    arm(0, 1, BPF_F_TIMER_CPU_PIN)
    arm(1, 2)
    assert.equal(machine.cpu(2).call('cpu_offline', 0), 0)
    machine.now += 1000
    pollLive(0)
    assert.deepEqual(fired.map(({ key }) => key).sort(), [0, 1, 2])
    assert.ok(fired.every(({ cpu }) => cpu === 1))
  })

  test('that was in a callback: the run mark goes, the timer can be cancelled without waiting and started again', () => {
    const { machine, map, arm, fired, pollLive, program } = setup((cpu) => {
      if (cpu === 0) throw new Fault(0, 0n)
    })
    arm(0, 0)
    machine.now += 1000
    // The thread ends in the middle of the callback: nothing of it is unwound.
    assert.throws(() => machine.cpu(0).call('cpu_poll'), Fault)
    assert.equal(machine.cpu(1).helper('bpf_timer_cancel_async', map.timer(0)), -1)
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    assert.equal(machine.cpu(1).helper('bpf_timer_cancel_async', map.timer(0)), 0)
    assert.equal(machine.cpu(1).helper('bpf_timer_start', map.timer(0), 0, 0), 0)
    pollLive(0)
    assert.deepEqual(
      fired.map(({ cpu }) => cpu),
      [0, 1],
    )
    machine.cpu(1).call('map_user_put', map.address)
    pollLive(0)
    assert.equal(machine.cpu(1).call('control_blocks_lost'), 0)
    assert.equal(machine.programReferences(program), 1)
  })

  test('does not hold up grace periods', () => {
    const { machine, map, arm, pollLive } = setup()
    const free = machine.freeBlocks()
    arm(1, 0)
    machine.cpu(0).call('section_enter')
    machine.cpu(1).call('map_user_put', map.address)
    pollLive(0)
    assert.equal(machine.freeBlocks(), free - 1)
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    pollLive(0)
    assert.equal(machine.freeBlocks(), free)
  })

  test('leaves what it had deferred to the others', () => {
    const { machine, map, arm, pollLive } = setup()
    const free = machine.freeBlocks()
    arm(0, 0)
    machine.cpu(0).call('map_user_put', map.address)
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    pollLive(0)
    assert.equal(machine.freeBlocks(), free)
  })

  test('gets what is posted to it afterwards forwarded', () => {
    const { machine, map, arm, fired, pollLive } = setup()
    arm(0, 0)
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    assert.equal(machine.cpu(2).helper('bpf_timer_start', map.timer(0), 800, 0), 0)
    machine.now += 800
    pollLive(0)
    assert.deepEqual(
      fired.map(({ key }) => key),
      [0],
    )
  })

  test('is repaired although another dead CPU had the same timer in hand', () => {
    const { machine, map, arm } = setup((cpu) => {
      if (cpu === 0) throw new Fault(0, 0n)
    })
    arm(0, 0)
    machine.now += 1000
    assert.throws(() => machine.cpu(0).call('cpu_poll'), Fault)
    // CPU 1 took a later entry of the timer, cleared its queued word (FIRING_CLEARED), and stopped before it saw the
    // run.
    const block = machine.u32(machine.cpu(0).area + layout.CPU_CURRENT)
    const { area } = machine.cpu(1)
    machine.setU32(area + layout.CPU_CURRENT, block)
    machine.setU32(area + layout.CPU_FIRING, 2)
    machine.setU32(block + layout.CB_REFERENCES, machine.u32(block + layout.CB_REFERENCES) + 1)
    const repair = () => [0, 1].map((dead) => machine.cpu(2).call('cpu_offline', dead))
    assert.deepEqual([...repair(), ...repair()], [-EAGAIN, 0, 0, 0])
    assert.equal(machine.u32(block + layout.CB_REFERENCES), 1)
    assert.equal(machine.cpu(2).helper('bpf_timer_cancel', map.timer(0)), 0)
  })

  test('what goes over all control blocks passes over those that were never used', () => {
    const { machine } = setup()
    const [cpu, blocks] = [machine.cpu(1), machine.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCKS)]
    const count = machine.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCK_COUNT)
    // Its state reads as idle. As if a CPU had died that has taken it from the pool and done no more: nobody else has
    // it.
    machine.setU32(machine.u32(machine.u32(layout.HEADER + layout.HEADER_CONTROL_BLOCK_POOL) + layout.BITMAP_LEVEL), ~1)
    cpu.call('realtime_set', 1000, 0)
    assert.equal(cpu.call('cpu_offline', 0), 0)
    cpu.call('cpu_poll')
    assert.equal(cpu.call('control_blocks_lost'), 1)
    for (let at = 0; at < count * layout.CONTROL_BLOCK_BYTES; at += 4) assert.equal(machine.u32(blocks + at), 0)
  })

  test('can be repaired twice; a CPU cannot repair itself or one that never was', () => {
    const { machine } = setup()
    const cpu = machine.cpu(1)
    assert.deepEqual([cpu.call('cpu_offline', 0), cpu.call('cpu_offline', 0)], [0, 0])
    assert.deepEqual([cpu.call('cpu_offline', 1), cpu.call('cpu_offline', 7)], [-EINVAL, -EINVAL])
  })

  test('counts nothing as queued or waiting any more, for it is elsewhere', () => {
    const { machine, map, arm, pollLive } = setup()
    arm(0, 0)
    machine.cpu(0).call('map_user_put', map.address)
    machine.cpu(0).call('map_user_get', map.address)
    arm(0, 1)
    const counts = (): number[] =>
      [layout.CPU_QUEUE_LENGTH, layout.CPU_DEFERRED_COUNT].map((field) => machine.u32(machine.cpu(0).area + field))
    assert.deepEqual(counts(), [1, 1])
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    assert.deepEqual(counts(), [0, 0])
    machine.now += 1000
    pollLive(0)
    assert.equal(machine.cpu(1).call('control_blocks_lost'), 0)
  })

  test('stays dead, though its thread attaches to it afterwards', () => {
    const { machine } = setup()
    const { area } = machine.cpu(0)
    assert.equal(machine.cpu(1).call('cpu_offline', 0), 0)
    machine.cpu(0).call('cpu_attach', 0)
    assert.equal(machine.u32(area + layout.CPU_LIFE), 2)
  })

  test('is not repaired while another CPU repairs, unless that one is dead too', () => {
    const { machine } = setup()
    const repairer = layout.HEADER + layout.HEADER_REPAIRER
    const life = (cpu: number): number => machine.u32(machine.cpu(cpu).area + layout.CPU_LIFE)
    const cpu = machine.cpu(2)
    machine.setU32(repairer, 2)
    assert.equal(cpu.call('cpu_offline', 0), -EAGAIN)
    assert.deepEqual([life(0), machine.u32(repairer)], [1, 2], 'nothing has changed')
    assert.equal(cpu.call('cpu_offline', 1), 0, 'the one that has died in a repair')
    machine.setU32(repairer, 2)
    assert.equal(cpu.call('cpu_offline', 0), 0)
    assert.deepEqual([life(0), life(1), machine.u32(repairer)], [2, 2, 0])
  })
})

describe('a fault in a callback', () => {
  test('ends that run: the timer is idle, keeps its callback, and nothing is lost', () => {
    let faulty = true
    const { machine, map, arm, fired, program } = setup(() => {
      if (faulty) throw new Fault(1, 0n)
    })
    arm(0, 0)
    machine.now += 1000
    assert.throws(() => machine.cpu(0).call('cpu_poll'), Fault)
    machine.cpu(0).call('cpu_unwind')
    machine.setU32(machine.cpu(0).area + layout.CPU_PROGRAM, program)
    assert.equal(machine.cpu(0).helper('bpf_timer_cancel_async', map.timer(0)), 0)
    faulty = false
    assert.equal(machine.cpu(0).helper('bpf_timer_start', map.timer(0), 0, 0), 0)
    machine.settle()
    assert.equal(fired.length, 2)
    assert.equal(machine.cpu(0).call('control_blocks_lost'), 0)
  })

  test('is what becomes of one that returns with a spin lock; the lock is given back', () => {
    const { machine, map, arm } = setup((cpu) => {
      machine.cpu(cpu).exports['bpf_spin_lock']!(BigInt(map.value(7)))
    })
    arm(0, 0)
    machine.now += 1000
    const held = (error: unknown) => error instanceof Fault && error.kind === FAULT_SPIN_LOCK
    assert.throws(() => machine.cpu(0).call('cpu_poll'), held)
    machine.cpu(0).call('cpu_unwind')
    assert.equal(machine.u32(map.value(7)), 0)
    assert.equal(machine.cpu(1).helper('bpf_spin_lock', map.value(7)), 0)
  })
})
