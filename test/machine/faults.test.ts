// Faults of guest programs: typed, placed at their C line, and nothing else is harmed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_USER_RINGBUF,
} from '../../core/abi.js'
import { boot, type SkepError } from '../../src/index.js'
import { emptyMap } from '../../src/object/maps.js'
import { describeAddress } from '../../src/machine/observe/fault-report.js'
import { coded, probes, request, u32, u64, unchecked, type Slot } from './probes.js'

function faultOf(work: () => unknown): SkepError {
  try {
    work()
  } catch (error) {
    return error as SkepError
  }
  throw new Error('no fault')
}

test('a null pointer is a fault with program, C line, address and what lies there', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  const { code, message, details } = faultOf(() => programs.null_read!.run())
  assert.equal(code, 'FAULT_BAD_ACCESS')
  assert.match(message, /program 'null_read'.*bad access at 0x18: the null page/)
  assert.equal(details['program'], 'null_read')
  assert.equal(details['address'], 0x18n)
  assert.match(String(details['file']), /probes\.bpf\.c$/)
  assert.match(String(details['source']), /0x18/)
  assert.equal(typeof details['line'], 'number')
  assert.equal(details['cpu'], 0)
})

test('addresses outside the window and with upper bits set are faults; the machine goes on', () => {
  const machine = boot.virtual({ cpus: 2 })
  const { programs, maps } = machine.load(probes, unchecked)
  for (const [address, what] of [
    [8192n, /memory of the machine itself/],
    [0xffff_0000n, /beyond the end of guest memory/],
    [(1n << 40n) + 8192n, /outside the 32-bit space/],
    [0xffff_ffff_ffff_ffffn, /outside the 32-bit space/],
  ] as const)
    assert.match(faultOf(() => programs.wild_write!.run({ ctx: u64(address), cpu: 1 })).message, what)
  maps.points!.set(1, { x: 1, y: 1n })
  assert.equal(programs.count!.run({ cpu: 1 }).retval, 1)
  assert.deepEqual(maps.points!.entries(), [[1, { x: 1, y: 1n }]])
})

test('what lies at an address is named: in a map of elements, in one of a value for each CPU, in a ring', () => {
  const { kernel } = boot.virtual({ cpus: 2 })
  const map = (name: string, type: number, sizes: object) =>
    kernel.maps.create({ ...emptyMap(name, type), ...sizes }, undefined)
  const at = (address: number): string => describeAddress(kernel, BigInt(address))
  const array = map('array', MAP_TYPE_ARRAY, { keySize: 4, valueSize: 12, maxEntries: 5 })
  assert.equal(at(array.guest + 2 * 16 + 3), "map 'array', element 2, value byte 3")
  const counts = map('counts', MAP_TYPE_PERCPU_ARRAY, { keySize: 4, valueSize: 8, maxEntries: 8 })
  assert.equal(at(counts.guest + 5 * 8), "map 'counts', element 5, value byte 0 of CPU 0")
  assert.equal(at(counts.guest + 64 + 7 * 8 + 1), "map 'counts', element 7, value byte 1 of CPU 1")
  const keys = map('keys', MAP_TYPE_PERCPU_HASH, { keySize: 516, valueSize: 8, maxEntries: 3 })
  assert.equal(at(keys.guest), "map 'keys', element 0, key of CPU 0")
  assert.equal(at(keys.guest + 520 + 528), "map 'keys', element 1, value byte 0 of CPU 0")
  for (const type of [MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF]) {
    const ring = map('ring', type, { maxEntries: 4096 })
    assert.equal(at(ring.guest + 24), "map 'ring', byte 24")
  }
})

test('a program that never ends is stopped by its loop budget', () => {
  const { programs } = boot.virtual({ loopBudget: 10_000 }).load(probes, unchecked)
  const { code, message } = faultOf(() => programs.endless!.run())
  assert.equal(code, 'FAULT_LOOP_BUDGET')
  assert.match(message, /10000 loop iterations/)
  assert.equal(programs.count!.run().retval, 0)
})

test('eight frames are allowed, a ninth is a fault', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  programs.recursion!.run({ ctx: u32(6) })
  assert.throws(() => programs.recursion!.run({ ctx: u32(7) }), coded('FAULT_STACK_OVERFLOW', /8 frames/))
  programs.recursion!.run({ ctx: u32(6) })
})

test('an atomic operation on a misaligned address is a fault', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  assert.throws(
    () => programs.misaligned!.run({ ctx: new Uint8Array(32) }),
    coded('FAULT_MISALIGNED_ATOMIC', /misaligned/),
  )
})

test('a callback of bpf_loop that returns neither 0 nor 1 is a fault', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  assert.throws(() => programs.bad_loop_result!.run(), coded('FAULT_CALLBACK_RESULT', /returned 5/))
})

test('what was wrong when a callback or a program had ended has the same place on both engines', () => {
  const places = (['jit', 'interp'] as const).map((engine) => {
    const machine = boot.virtual()
    const { programs } = machine.load(probes, { ...unchecked, engine })
    const placeOf = (run: () => unknown): unknown => {
      try {
        return run()
      } catch (error) {
        const { code, details } = error as SkepError
        return [code, details['function'], details['source'], details['instruction']]
      }
    }
    programs.start_refusing_timer!.run({ ctx: request(0, 100) })
    return [
      placeOf(() => programs.bad_loop_result!.run()),
      placeOf(() => programs.keep_lock!.run()),
      placeOf(() => machine.clock.advance('1 us')),
    ]
  })
  assert.deepEqual(places[0], places[1])
  const [inLoop, ended, fired] = places[1] as [string, string | undefined, string | undefined][]
  assert.deepEqual(inLoop!.slice(0, 3), [
    'FAULT_CALLBACK_RESULT',
    'bad_loop_result',
    'return bpf_loop(10, refuses, NULL, 0);',
  ])
  assert.deepEqual(ended!.slice(0, 2), ['FAULT_SPIN_LOCK', undefined])
  assert.deepEqual(fired!.slice(0, 2), ['FAULT_CALLBACK_RESULT', undefined])
})

test('a lock taken twice or kept is a fault, and is free afterwards', () => {
  const { programs, maps } = boot.virtual().load(probes, unchecked)
  assert.throws(() => programs.lock_twice!.run(), coded('FAULT_SPIN_LOCK'))
  assert.equal(programs.lock_value!.run({ ctx: u32(5) }).retval, 5)
  assert.throws(() => programs.keep_lock!.run(), coded('FAULT_SPIN_LOCK'))
  assert.equal(programs.lock_value!.run({ ctx: u32(5) }).retval, 10)
  assert.throws(() => programs.lock_value!.run({ ctx: u32(5), context: 'nmi' }), coded('FAULT_SPIN_LOCK', /NMI/))
  assert.equal((maps.guarded!.get(0) as { value: number }).value, 10)
})

test('a fault in a callback is an event; the timer is idle and keeps its callback', () => {
  const machine = boot.virtual()
  const { programs, maps } = machine.load(probes, unchecked)
  const faults: SkepError[] = []
  machine.on('fault', (fault) => faults.push(fault))
  programs.start_faulting_timer!.run({ ctx: request(0, 100) })
  programs.start_timer!.run({ ctx: request(1, 100) })
  machine.clock.advance('1 us')
  assert.equal(faults.length, 1)
  assert.equal(faults[0]!.code, 'FAULT_BAD_ACCESS')
  assert.equal(faults[0]!.details['function'], 'on_timer_fault')
  assert.equal((maps.slots!.get(0) as Slot).fired, 1n)
  assert.equal((maps.slots!.get(1) as Slot).fired, 1n, 'the others fire')
  const timer = machine.timers().find(({ key }) => key === 0)
  assert.deepEqual([timer?.state, timer?.callback], ['idle', 'on_timer_fault'])
})

test('a fault in a callback that nobody listens for is thrown by what let time pass', () => {
  const machine = boot.virtual({ start: 0 })
  const { programs } = machine.load(probes, unchecked)
  programs.start_refusing_timer!.run({ ctx: request(0, 100) })
  assert.throws(() => machine.clock.advance('1 us'), coded('FAULT_CALLBACK_RESULT', /returned 7/))
  assert.equal(machine.clock.now, 1000)
  machine.clock.advance('1 us')
})

test('a fault leaves the books balanced', () => {
  const machine = boot.virtual({ loopBudget: 1000 })
  const object = machine.load(probes, unchecked)
  const before = machine.stats()
  machine.on('fault', () => {})
  for (let turn = 0; turn < 50; turn++) {
    object.programs.start_faulting_timer!.run({ ctx: request(turn % 8, 10) })
    for (const name of ['null_read', 'endless', 'keep_lock', 'bad_loop_result'])
      assert.throws(() => object.programs[name]!.run())
    machine.clock.advance(100)
  }
  object.close()
  for (let turn = 0; turn < 4; turn++) machine.poll()
  assert.deepEqual(machine.stats().timers, before.timers)
})

test('a fault is told by the name of its program, also if who hears of lines that it printed closes the object', () => {
  const machine = boot.virtual()
  const object = machine.load(probes, unchecked)
  object.programs.print!.run()
  machine.on('trace', () => object.close())
  assert.equal(faultOf(() => object.programs.null_read!.run()).details['program'], 'null_read')
})
