// Cancel-and-free: what happens to timers and work when their element is updated, deleted, evicted or reused, also from
// callbacks and through pointers that a program kept (contract §2, §5).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BPF_NOEXIST,
  EEXIST,
  EINVAL,
  ENOENT,
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
} from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { CoreMachine } from './harness.js'

const LATER = 1_000_000

/** A machine with a map of timers of `type`, and keys instead of indices. */
function setup(type: number, onFire: (made: ReturnType<typeof build>, key: number) => void = () => undefined) {
  const made = build(type, (key) => onFire(made, key))
  return made
}

function build(type: number, onFire: (key: number) => void) {
  const machine = new CoreMachine()
  const cpu = machine.cpu(0)
  const map = machine.arrayMap({ type, entries: 4 })
  const keyAt = machine.u32(cpu.area + layout.CPU_SCRATCH) + 64
  const valueAt = keyAt + 64
  const fired: number[] = []
  const callback = machine.addFunction((_cpu, _map, key) => {
    const number = machine.u32(Number(key))
    fired.push(number)
    onFire(number)
  })
  const program = machine.program(callback, callback + 1)
  const become = () => machine.setU32(cpu.area + layout.CPU_PROGRAM, program)
  become()
  const withKey = (key: number) => {
    machine.setU32(keyAt, key)
    return keyAt
  }
  const timer = (key: number) => cpu.call('map_lookup', map.address, withKey(key)) + 8
  return {
    machine,
    cpu,
    map,
    fired,
    program,
    timer,
    update: (key: number, flags = 0) => cpu.call('map_update', map.address, withKey(key), valueAt, flags),
    remove: (key: number) => cpu.call('map_delete', map.address, withKey(key)),
    init: (at: number) => cpu.helper('bpf_timer_init', at, map.address, 1),
    bind: (at: number) => cpu.helper('bpf_timer_set_callback', at, callback),
    start: (at: number, nanoseconds = LATER) => cpu.helper('bpf_timer_start', at, nanoseconds, 0),
    cancel: (at: number) => cpu.helper('bpf_timer_cancel', at),
    arm(key: number, nanoseconds = LATER) {
      if (type !== MAP_TYPE_ARRAY) this.update(key)
      const at = timer(key)
      assert.deepEqual([this.init(at), this.bind(at), this.start(at, nanoseconds)], [0, 0, 0])
      return at
    },
    run(nanoseconds: number) {
      machine.now += nanoseconds
      machine.settle()
      become()
    },
  }
}

const KINDS = [
  ['array', MAP_TYPE_ARRAY],
  ['hash', MAP_TYPE_HASH],
  ['LRU hash', MAP_TYPE_LRU_HASH],
] as const

for (const [name, type] of KINDS)
  describe(`an element of a map of type ${name}`, () => {
    test('[H19] a successful update frees its timer, a failed one leaves it armed', () => {
      const made = setup(type)
      const at = made.arm(1)
      assert.equal(made.update(1, BPF_NOEXIST), -EEXIST)
      made.run(LATER)
      assert.deepEqual(made.fired, [1])
      made.start(at)
      assert.equal(made.update(1), 0)
      made.run(10 * LATER)
      assert.deepEqual(made.fired, [1])
      const now = made.timer(1)
      assert.deepEqual(
        [made.start(now), made.cancel(now), made.bind(now), made.init(now)],
        [-EINVAL, -EINVAL, -EINVAL, 0],
      )
    })

    test('its callback may update the element that the timer lies in: start is -EINVAL, then init works again [H15]', () => {
      const results: number[] = []
      const made = setup(type, (inside, key) => {
        const at = inside.timer(key)
        results.push(
          inside.update(key),
          inside.start(type === MAP_TYPE_ARRAY ? at : inside.timer(key)),
          inside.init(inside.timer(key)),
        )
      })
      made.arm(1)
      made.run(LATER)
      assert.deepEqual(results, [0, -EINVAL, 0])
    })
  })

for (const [name, type] of KINDS.slice(1))
  describe(`an element that leaves a map of type ${name}`, () => {
    test('takes its timer with it: it does not fire, and everything goes back', () => {
      const made = setup(type)
      const free = made.machine.freeBlocks()
      made.arm(1)
      assert.equal(made.remove(1), 0)
      made.run(10 * LATER)
      assert.deepEqual(made.fired, [])
      assert.equal(made.machine.freeBlocks(), free)
      assert.equal(made.machine.programReferences(made.program), 1)
    })

    test('[H10] may be deleted by its own callback: delete 0, then start and cancel -EINVAL, the callback ends normally', () => {
      const results: number[] = []
      const made = setup(type, (inside, key) => {
        const at = inside.timer(key)
        results.push(inside.remove(key), inside.start(at), inside.cancel(at))
      })
      const free = made.machine.freeBlocks()
      made.arm(1)
      made.run(LATER)
      assert.deepEqual(results, [0, -EINVAL, -EINVAL])
      assert.deepEqual(made.fired, [1])
      assert.equal(made.machine.freeBlocks(), free)
    })

    test('[H33] answers init through a stale pointer with -ENOENT until it is handed out again', () => {
      const made = setup(type)
      const at = made.arm(1)
      made.remove(1)
      assert.deepEqual(
        [made.init(at), made.start(at), made.bind(at), made.cancel(at)],
        [-ENOENT, -EINVAL, -EINVAL, -EINVAL],
      )
    })

    test("[H17] reused for another key: a stale pointer acts on the new key's timer, whose callback gets the new key", () => {
      const made = setup(type)
      const at = made.arm(1)
      made.remove(1)
      let key = 100
      while (made.update(key) === 0 && made.timer(key) !== at) made.remove(key++)
      assert.equal(made.timer(key), at)
      assert.deepEqual([made.init(at), made.bind(at), made.start(at)], [0, 0, 0])
      made.run(LATER)
      assert.deepEqual(made.fired, [key])
    })

    test('[H14] a callback that restarts its own timer after the delete does not re-arm the dead one', () => {
      const made = setup(type, (inside, key) => {
        const at = inside.timer(key)
        inside.start(at, 0)
        inside.remove(key)
        inside.start(at, 0)
      })
      made.arm(1)
      made.run(LATER)
      made.run(LATER)
      assert.deepEqual(made.fired, [1])
      assert.equal(made.cpu.call('control_blocks_lost'), 0)
    })

    test('[H16] its slot can be initialised and armed again while the old callback still runs', () => {
      let first = true
      const made = setup(type, (inside, key) => {
        if (!first) return
        first = false
        inside.remove(key)
        inside.arm(key, 5)
      })
      made.arm(1)
      made.run(LATER)
      made.run(LATER)
      assert.deepEqual(made.fired, [1, 1])
    })

    test('[H10] may be freed by a callback while its own callback is the next to run', () => {
      const made = setup(type, (inside, key) => void inside.remove(key === 1 ? 2 : 1))
      made.arm(1)
      made.arm(2)
      made.run(LATER)
      assert.deepEqual(made.fired, [1])
    })
  })

test('evicted elements of an LRU map never fire: of 24 inserted into room for 4, 4 do', () => {
  const made = setup(MAP_TYPE_LRU_HASH)
  for (let key = 0; key < 24; key++) made.arm(key)
  made.run(LATER)
  assert.equal(made.fired.length, 4)
})

test('the last user reference frees every timer of a map and an unload waits for nothing else [H7]', () => {
  const made = setup(MAP_TYPE_HASH)
  const free = made.machine.freeBlocks()
  made.arm(1)
  made.arm(2)
  made.cpu.call('program_close', made.program)
  assert.equal(made.machine.u32(made.program + layout.PROGRAM_STATE), 1, 'bindings keep the program loaded')
  made.cpu.call('map_user_put', made.map.address)
  made.machine.settle()
  made.machine.settle()
  assert.equal(made.machine.freeBlocks(), free)
  assert.equal(made.machine.u32(made.program + layout.PROGRAM_STATE), 3, 'unloaded')
})
