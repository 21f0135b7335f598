// What stands in compiled programs in place of the helpers of timers and work: beside the helpers' long way alone, the
// same answers, control blocks and firings; what it leaves to them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CONTEXT_NMI,
  CONTEXT_TASK,
  EINVAL,
} from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { setup } from './timer-setup.js'

type Kind = 'timer' | 'work'

/** A map of four timers and four works; two programs with a callback each, and a second one of the first program. */
class Scene {
  readonly base = setup()
  readonly machine = this.base.machine
  readonly map = this.machine.arrayMap({ timer: 8, work: 24 })
  readonly programs = [this.base.program, this.base.other]
  readonly functions = [this.base.callback, this.base.second, this.base.second + 1]
  /** Calls that were made at once. */
  done = 0

  constructor(readonly atOnce = true) {}

  field(kind: Kind, index: number): number {
    return kind === 'timer' ? this.map.timer(index) : this.map.work(index)
  }

  slot(kind: Kind, index: number): number {
    const slots = kind === 'timer' ? layout.MAP_TIMER_SLOTS : layout.MAP_WORK_SLOTS
    return this.machine.u32(this.map.address + slots) + 4 * index
  }

  /** The words of a slot's control block; nothing if it has none. */
  block(kind: Kind, index: number): bigint[] {
    const block = this.machine.u32(this.slot(kind, index))
    if (block < 2) return []
    return [layout.CB_STATE, layout.CB_BINDING, layout.CB_QUEUED].map((at) => this.machine.u64(block + at))
  }

  /** The function that stands in place of the helper. */
  asked(name: string, on: number, kind: Kind, index: number, values: bigint[]): bigint {
    const cpu = this.machine.cpu(on)
    const [field, slot] = [BigInt(this.field(kind, index)), this.slot(kind, index)]
    new DataView(this.machine.memory.buffer).setBigUint64(cpu.area + layout.CPU_NOW, BigInt(this.machine.now), true)
    return cpu.inSection(() => cpu.exports[name]!(field, ...values, slot)) as bigint
  }

  /** What a program's call answers. */
  call(name: string, on: number, kind: Kind, index: number, ...values: bigint[]): bigint {
    const atOnce = this.atOnce ? this.asked(`${name}_at_once`, on, kind, index, values) : 0n
    if (atOnce === 0n) return this.asked(`${name}_in`, on, kind, index, values)
    this.done++
    return atOnce - 1n
  }

  by(program: number): this {
    for (const cpu of this.machine.cpus) this.machine.setU32(cpu.area + layout.CPU_PROGRAM, this.programs[program]!)
    return this
  }

  bind(index = 0, fn = 0, on = 0): bigint {
    return this.call('timer_set_callback', on, 'timer', index, BigInt(this.functions[fn]!))
  }

  init(index: number, clock = CLOCK_MONOTONIC): number {
    return this.machine.cpu(0).helper('bpf_timer_init', this.map.timer(index), this.map.address, clock)
  }

  cancel(index: number, on = 0): bigint {
    return this.call('timer_cancel', on, 'timer', index)
  }

  work(name: string, index: number, ...values: number[]): number {
    return this.machine.cpu(0).helper(`bpf_wq_${name}`, this.map.work(index), ...values)
  }
}

const index = fc.nat(1)
const on = fc.nat(1)
const step = fc.oneof(
  fc.record({ kind: fc.constant('init' as const), index, clock: fc.constantFrom(CLOCK_MONOTONIC, CLOCK_REALTIME) }),
  fc.record({ kind: fc.constant('bind' as const), index, on, fn: fc.nat(2), program: fc.nat(1) }),
  fc.record({
    ...{ kind: fc.constant('start' as const), index, on },
    nanoseconds: fc.constantFrom(
      0n,
      1n,
      5000n,
      40_000n,
      1n << 55n,
      1n << 57n,
      (1n << 63n) - 1n,
      1n << 63n,
      (1n << 64n) - 1n,
    ),
    flags: fc.constantFrom(0, 0, 0, 0, BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, 4),
  }),
  fc.record({
    kind: fc.constant('start' as const),
    index,
    on,
    nanoseconds: fc.nat(50_000).map(BigInt),
    flags: fc.constant(0),
  }),
  fc.record({ kind: fc.constantFrom('cancel' as const, 'cancel_async' as const), index, on }),
  fc.record({ kind: fc.constant('advance' as const), by: fc.nat(30_000) }),
  fc.record({ kind: fc.constant('work' as const), index, on, flags: fc.constantFrom(0n, 0n, 1n, 1n << 32n) }),
  fc.record({
    ...{ kind: fc.constant('bindwork' as const), index, on, fn: fc.nat(2), program: fc.nat(1) },
    flags: fc.constantFrom(0n, 0n, 1n, 1n << 32n),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function taken(scene: Scene, one: Step): unknown {
  const { machine, base, map } = scene
  switch (one.kind) {
    case 'init':
      return scene.init(one.index, one.clock)
    case 'bind':
      return scene.by(one.program).bind(one.index, one.fn, one.on)
    case 'start':
      return scene.call('timer_start', one.on, 'timer', one.index, one.nanoseconds, BigInt(one.flags))
    case 'work':
      return scene.call('wq_start', one.on, 'work', one.index, one.flags)
    case 'bindwork': {
      const values = [BigInt(scene.functions[one.fn]!), one.flags]
      return scene.by(one.program).call('wq_set_callback', one.on, 'work', one.index, ...values)
    }
    case 'cancel':
      return scene.cancel(one.index, one.on)
    case 'advance':
      base.run(one.by)
      return base.fired.length
    default:
      return machine.cpu(one.on).helper(`bpf_timer_${one.kind}`, map.timer(one.index))
  }
}

test('with and without, all answers, control blocks and firings are the same', () => {
  let done = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const [one, other] = [new Scene(true), new Scene(false)]
      for (const scene of [one, other]) {
        for (const element of [0, 1]) scene.init(element)
        scene.bind()
        for (const element of [0, 1]) scene.work('init', element, scene.map.address, 0)
        scene.work('set_callback', 0, scene.functions[0]!, 0)
      }
      for (const each of steps) {
        assert.deepEqual(taken(one, each), taken(other, each), each.kind)
        for (const element of [0, 1])
          for (const kind of ['timer', 'work'] as const)
            assert.deepEqual(one.block(kind, element), other.block(kind, element), `${each.kind}: ${kind} ${element}`)
      }
      assert.deepEqual(one.base.fired, other.base.fired)
      done += one.done
    }),
    { numRuns: 60 },
  )
  assert.ok(done > 0, 'calls were made at once')
})

test('what is bound already, a re-arming and a first start are done at once', () => {
  const scene = new Scene()
  scene.init(0)
  assert.equal(scene.bind(), 0n)
  assert.equal(scene.done, 0)
  assert.equal(scene.bind(), 0n)
  for (const nanoseconds of [5000n, 9000n, 3000n])
    assert.equal(scene.call('timer_start', 0, 'timer', 0, nanoseconds, 0n), 0n)
  scene.work('init', 1, scene.map.address, 0)
  scene.work('set_callback', 1, scene.functions[1]!, 0)
  for (const _ of [1, 2]) assert.equal(scene.call('wq_start', 0, 'work', 1, 0n), 0n)
  assert.equal(scene.call('wq_set_callback', 0, 'work', 1, BigInt(scene.functions[1]!), 0n), 0n)
  assert.equal(scene.call('wq_set_callback_impl', 0, 'work', 1, BigInt(scene.functions[1]!), 0n, 7n), 0n)
  assert.equal(scene.done, 8)
  scene.base.run(2999)
  scene.base.run(1)
  assert.deepEqual(
    scene.base.fired.map(({ key, callback, now }) => [key, callback, now - scene.machine.now]),
    [
      [1, 'second', -1],
      [0, 'first', 0],
    ],
  )
})

/** The calls that `scene` leaves to the helpers, of those that are made at once otherwise. */
function left(scene: Scene): string[] {
  const before = scene.block('timer', 0)
  const calls: [string, bigint[]][] = [
    ['timer_set_callback', [BigInt(scene.functions[0]!)]],
    ['timer_start', [5000n, 0n]],
    ['timer_cancel', []],
  ]
  const names = calls.filter(([name, values]) => scene.asked(`${name}_at_once`, 0, 'timer', 0, values) === 0n)
  if (names.length === calls.length) assert.deepEqual(scene.block('timer', 0), before, 'nothing has changed')
  return names.map(([name]) => name)
}

test('an empty slot, a touched field, another clock, events and what is not bound are left to the helpers', () => {
  const ready = (clock = CLOCK_MONOTONIC): Scene => {
    const scene = new Scene()
    scene.init(0, clock)
    scene.bind()
    return scene
  }
  const all = ['timer_set_callback', 'timer_start', 'timer_cancel']
  assert.deepEqual(left(ready()), [])
  assert.deepEqual(left(new Scene()), all)
  for (const byte of [0, 15]) {
    const scene = ready()
    new DataView(scene.machine.memory.buffer).setUint8(scene.map.timer(0) + byte, 1)
    assert.deepEqual(left(scene), all, `byte ${byte}`)
  }
  assert.deepEqual(left(ready(CLOCK_REALTIME)), ['timer_start', 'timer_cancel'])
  const traced = ready()
  traced.machine.setU32(layout.HEADER + layout.HEADER_EVENTS, 1)
  assert.deepEqual(left(traced), all)
  const cancelled = ready()
  cancelled.machine.cpu(0).helper('bpf_timer_cancel', cancelled.map.timer(0))
  assert.deepEqual(left(cancelled), ['timer_set_callback', 'timer_cancel'])
  assert.equal(cancelled.asked('timer_start_at_once', 0, 'timer', 0, [5000n, 0n]), 1n - BigInt(EINVAL))
  assert.deepEqual(left(ready().by(1)), ['timer_set_callback'], 'bound by another program')
})

test('an armed timer is cancelled at once, but for its own callback, a running one, and an NMI', () => {
  const scene = new Scene()
  scene.init(0)
  scene.bind()
  const cancel = (): bigint => scene.asked('timer_cancel_at_once', 0, 'timer', 0, [])
  const start = (): bigint => scene.call('timer_start', 0, 'timer', 0, 5000n, 0n)
  assert.deepEqual([cancel(), start(), cancel(), cancel(), start()], [0n, 0n, 2n, 0n, -BigInt(EINVAL)])
  assert.deepEqual([scene.bind(), start()], [0n, 0n])
  const context = scene.machine.cpu(0).area + layout.CPU_CONTEXT
  scene.machine.setU32(context, CONTEXT_NMI)
  assert.equal(cancel(), 0n)
  scene.machine.setU32(context, CONTEXT_TASK)
  const state = scene.machine.u32(scene.slot('timer', 0)) + layout.CB_STATE
  scene.machine.setU32(state, scene.machine.u32(state) | 8)
  assert.equal(cancel(), 0n, 'run 1 goes on')
})

test('another function than the bound one is left to the helper, also one that differs in its upper bits', () => {
  const scene = new Scene()
  scene.init(0)
  scene.bind()
  const fn = BigInt(scene.functions[0]!)
  for (const other of [fn + 1n, fn + (1n << 24n), fn + (1n << 32n), 0n])
    assert.equal(scene.asked('timer_set_callback_at_once', 0, 'timer', 0, [other]), 0n, `function ${other}`)
  assert.equal(scene.asked('timer_set_callback_at_once', 0, 'timer', 0, [fn]), 1n)
})

test('flags, expiries that never come and a `now` that is too old are left to the helpers', () => {
  const scene = new Scene()
  scene.init(0)
  scene.bind()
  const start = (nanoseconds: bigint, flags = 0n): bigint =>
    scene.asked('timer_start_at_once', 0, 'timer', 0, [nanoseconds, flags])
  for (const flags of [1n, 2n, 4n, 1n << 32n]) assert.equal(start(5000n, flags), 0n, `flags ${flags}`)
  for (const never of [1n << 56n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n])
    assert.equal(start(never), 0n, `${never} ns`)
  assert.equal(scene.block('timer', 0)[0]! >> 11n, 0n, 'not armed')
  const uses = scene.machine.cpu(0).area + layout.CPU_NOW_USES
  scene.machine.setU32(uses, 63)
  assert.deepEqual([start(5000n), start(5000n)], [1n, 0n])
  assert.equal(scene.machine.u32(uses), 64)
  scene.work('init', 0, scene.map.address, 0)
  scene.work('set_callback', 0, scene.functions[0]!, 0)
  assert.equal(scene.asked('wq_start_at_once', 0, 'work', 0, [1n]), 0n)
  assert.equal(scene.asked('wq_start_at_once', 0, 'work', 0, [1n << 32n]), 1n, 'flags have 32 bits')
})
