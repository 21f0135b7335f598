// What a fault leaves behind where it comes at an odd moment: in an NMI inside a cancel that waits, beyond the end of
// the clock, in the middle of a change of a map. (Faults in callbacks: offline.test.ts.)
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOCK_END, CONTEXT_NMI, FAULT_UNREACHABLE, MAP_TYPE_HASH } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { moduleBytes } from '../../src/explore/builds.js'
import { CoreMachine, Fault } from './harness.js'
import { MILLISECOND, setup } from './timer-setup.js'

const checked = new WebAssembly.Module(moduleBytes('core') as Uint8Array<ArrayBuffer>)

test('[H9] after a fault of an NMI inside a cancel nobody takes its CPU for one that waits', () => {
  let interrupt = (): void => {}
  const made = setup({
    build: { module: checked, before: () => interrupt() },
    onFire({ machine, cpu, map }) {
      // As soon as the callback has announced that it is about to wait.
      interrupt = () => {
        if (machine.u32(cpu.area + layout.CPU_EDGE_TIMER) === 0) return
        interrupt = () => {}
        cpu.call('program_run', nmi, 0, CONTEXT_NMI)
      }
      cpu.exports['bpf_timer_cancel']!(BigInt(map.timer(1)))
    },
  })
  const { machine, cpu, map } = made
  const entry = machine.addFunction(() => {
    throw new Fault(FAULT_UNREACHABLE, 0n)
  })
  const nmi = cpu.call('program_create', entry, entry, entry + 1)
  for (const index of [0, 1]) assert.deepEqual([made.init(index), made.bind(index)], [0, 0])
  // Another CPU runs the timer that is cancelled: run 1.
  const block = machine.u32(machine.u32(map.address + layout.MAP_TIMER_SLOTS) + 4)
  machine.setU32(block + layout.CB_STATE, machine.u32(block + layout.CB_STATE) | (1 << 3))
  assert.equal(made.start(0), 0)
  assert.throws(() => cpu.call('cpu_poll'), Fault)
  cpu.call('cpu_unwind')
  assert.equal(machine.u32(cpu.area + layout.CPU_EDGE_TIMER), 0)
})

test('[G3] a timer that is freed beyond the end of the clock goes back, also while events are recorded', () => {
  const { machine, cpu, map, init, bind, start } = setup()
  const free = machine.freeBlocks()
  assert.deepEqual([init(), bind(), start(MILLISECOND)], [0, 0, 0])
  machine.setU32(layout.HEADER + layout.HEADER_EVENTS, 1)
  const { now } = machine
  machine.now = CLOCK_END + 1000
  cpu.call('map_user_put', map.address)
  machine.now = now
  machine.settle()
  assert.deepEqual([machine.freeBlocks(), cpu.call('control_blocks_lost')], [free, 0])
})

test('a fault in the middle of a change of a map is over when the CPU is between programs again', () => {
  let left = Infinity
  const build = {
    module: checked,
    before() {
      if (left-- === 0) throw new Fault(FAULT_UNREACHABLE, 0n)
    },
  }
  let unfinished = 0
  for (let step = 0, ended = false; !ended; step++) {
    const machine = new CoreMachine({ cpus: 1, build, megabytes: 4 })
    const cpu = machine.cpu(0)
    const map = machine.arrayMap({ type: MAP_TYPE_HASH, entries: 4, timer: -1 })
    const key = machine.u32(cpu.area + layout.CPU_SCRATCH)
    const update = (): number => cpu.call('map_update', map.address, key, key + 64, 0)
    left = step
    try {
      update()
      ended = true
    } catch (error) {
      assert.ok(error instanceof Fault)
    }
    left = Infinity
    const under = machine.u32(cpu.area + layout.CPU_MAP_OPERATIONS)
    unfinished += under
    cpu.call('cpu_unwind')
    assert.equal(machine.u32(cpu.area + layout.CPU_MAP_OPERATIONS), 0, `after step ${step}`)
    assert.equal(machine.u32(layout.HEADER + layout.HEADER_UNFINISHED_CHANGES), under)
    assert.equal(update(), 0)
  }
  assert.ok(unfinished > 0)
})
