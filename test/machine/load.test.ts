// Loading: everything wrong in one error, nothing half-loaded afterwards.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_ARRAY, MAX_MAPS, MAX_PROGRAMS } from '../../core/abi.js'
import { boot, readObject, type ObjectSpec, type VirtualMachine } from '../../src/index.js'
import { emptyMap } from '../../src/object/maps.js'
import { coded, probes, request, unchecked, type Slot } from './probes.js'

/** What load must not change when it fails. */
function books(machine: VirtualMachine): unknown {
  const { timers, programs, mapsWaiting } = machine.stats()
  const { maps, guest, heap, table } = machine.kernel
  const free = [guest, heap, table].map((ranges) => ranges.available())
  return { timers, programs, mapsWaiting, maps: [...maps.live].length, free, pins: machine.pins }
}

function failing(what: string, change: (spec: ObjectSpec) => void, code: string, message: RegExp): void {
  test(`nothing is left of a load that fails: ${what}`, async () => {
    const machine = boot.virtual()
    const spec = await readObject(probes)
    change(spec)
    const before = books(machine)
    assert.throws(() => machine.load(spec, code === 'REFUSED' ? {} : unchecked), coded(code, message))
    for (let turn = 0; turn < 3; turn++) machine.poll()
    assert.deepEqual(books(machine), before)
    const object = machine.load(probes, unchecked)
    object.programs.start_timer!.run({ ctx: request(0, 8) })
    machine.clock.advance(16)
    assert.equal((object.maps.slots!.get(0) as Slot).fired, 1n)
  })
}

failing('a map that does not fit', (spec) => (spec.maps.get('points')!.maxEntries = 2_000_000), 'NO_MEMORY', /points/)
failing(
  'a map of a type that does not exist here',
  (spec) => (spec.maps.get('points')!.type = 19),
  'UNSUPPORTED',
  /points/,
)
failing(
  'a map whose size the object leaves to its loader',
  (spec) => (spec.maps.get('points')!.maxEntries = 0),
  'EINVAL',
  /'points' \(hash; key_size \d+, value_size \d+, map_flags 0, max_entries 0, for the loader to set: maxEntries\)/,
)
failing('a key of no bytes', (spec) => (spec.maps.get('points')!.keySize = 0), 'EINVAL', /points/)
failing(
  'a jump out of the function',
  (spec) => {
    const { code } = spec.functions.get('count')!
    code.set([0x05, 0, 0xff, 0x7f, 0, 0, 0, 0], 0)
  },
  'BAD_INSTRUCTION',
  /count/,
)
failing(
  'an unknown helper and an unknown kfunc, both named',
  (spec) => {
    const { code } = spec.functions.get('random')!
    new DataView(code.buffer, code.byteOffset).setInt32(4, 9999, true)
    const kfunc = spec.functions.get('start_work')!.relocations.find(({ kind }) => kind === 'kfunc')
    if (kfunc?.kind === 'kfunc') kfunc.name = 'bpf_does_not_exist'
  },
  'UNSUPPORTED',
  /9999[^]*bpf_does_not_exist|bpf_does_not_exist[^]*9999/,
)
failing(
  'a timer in a map that holds none',
  (spec) => {
    const map = spec.maps.get('slots')!
    map.timerOffset = -1
    map.problems.push("map 'slots' has no valid bpf_timer")
  },
  'REFUSED',
  /map 'slots' has no valid bpf_timer/,
)
failing(
  'spin locks in a tracing program',
  (spec) => (spec.programs.get('lock_value')!.type = 'kprobe'),
  'REFUSED',
  /bpf_spin_lock cannot be used in kprobe/,
)

test('files that are missing, cut or no objects are refused', () => {
  const machine = boot.virtual()
  assert.throws(() => machine.load('/nowhere/at/all.bpf.o'), coded('FILE'))
  assert.throws(() => machine.load(new Uint8Array(0)), coded('BAD_ELF'))
  assert.throws(() => machine.load(probes.subarray(0, 900)))
  for (const nothing of [undefined, null, 5, {}])
    assert.throws(() => machine.load(nothing as never), coded('BAD_OBJECT', /expected a path/))
})

test('options choose programs, sizes and values, and name what does not exist', () => {
  const machine = boot.virtual()
  assert.throws(() => machine.load(probes, { ...unchecked, programs: ['nope'] }), coded('NO_PROGRAM', /nope/))
  assert.throws(() => machine.load(probes, { ...unchecked, variables: { nope: 1 } }), coded('NO_VARIABLE', /nope/))
  assert.throws(() => machine.load(probes, { ...unchecked, maxEntries: { nope: 1 } }), coded('NO_MAP', /nope/))
  const { programs, maps } = machine.load(probes, { ...unchecked, programs: ['count'], maxEntries: { points: 9 } })
  assert.deepEqual(Object.keys(programs), ['count'])
  assert.equal(maps.points!.maxEntries, 9)
  assert.equal(programs.count!.run().retval, 0)
  assert.throws(() => programs.random, coded('NO_SUCH_NAME', /no program 'random'; it has count/))
})

test('two objects share a map that is handed over', () => {
  const machine = boot.virtual()
  const first = machine.load(probes, unchecked)
  const second = machine.load(probes, { ...unchecked, maps: { slots: first.maps.slots! } })
  first.programs.start_timer!.run({ ctx: request(0, 8) })
  machine.clock.advance(16)
  assert.equal((second.maps.slots!.get(0) as Slot).fired, 1n)
  assert.equal(second.maps.slots!.id, first.maps.slots!.id)
  assert.throws(
    () => machine.load(probes, { ...unchecked, maps: { points: first.maps.slots! } }),
    coded('BAD_MAP', /points.*slots/),
  )
})

test('objects and handles are closed at the end of their block by using', () => {
  const machine = boot.virtual()
  let points
  {
    using object = machine.load(probes, unchecked)
    using handle = machine.map(object.maps.points!.id)
    points = [object.maps.points!, handle]
  }
  for (const map of points) assert.throws(() => map.keys(), coded('CLOSED'))
  machine.close()
})

test('everything of a closed machine or object says so', () => {
  const machine = boot.virtual()
  const object = machine.load(probes, unchecked)
  const other = machine.load(probes, unchecked)
  object.close()
  object.close()
  assert.throws(() => object.programs.count!.run(), coded('CLOSED', /object/))
  assert.throws(() => object.maps.points!.get(1), coded('CLOSED'))
  assert.throws(() => object.variables.counter!.get(), coded('CLOSED'))
  machine.close()
  machine.close()
  for (const use of [
    () => machine.load(probes, unchecked),
    () => other.programs.count!.run(),
    () => other.maps.points!.get(1),
    () => other.variables.counter!.get(),
    () => machine.poll(),
    () => machine.clock.advance(1),
    () => machine.timers(),
    () => machine.stats(),
    () => machine.map(1),
  ])
    assert.throws(use, coded('CLOSED', /machine is closed/))
  other.close()
})

test('a machine that has no place for another map says so, and has one again when others are closed', () => {
  const { maps } = boot.virtual().kernel
  const spec = { ...emptyMap('one', MAP_TYPE_ARRAY), keySize: 4, valueSize: 4, maxEntries: 1 }
  const live = Array.from({ length: MAX_MAPS }, () => maps.create(spec, undefined))
  assert.throws(
    () => maps.create(spec, undefined),
    coded('NO_MEMORY', /^map 'one': a machine has at most 1024 maps, .*close objects or handles$/),
  )
  for (const map of live.slice(0, 3)) maps.close(map)
  for (let again = 0; again < 3; again++) maps.create(spec, undefined)
  assert.throws(() => maps.create(spec, undefined), coded('NO_MEMORY'))
})

/** Maps that hold maps or programs from the start. */
const initial = new URL('../../../test/fixtures/initial-maps.bpf.o', import.meta.url)

test('nothing is left of a load that fails: a program that stands behind the end of its array', () => {
  const machine = boot.virtual()
  const before = books(machine)
  for (let turn = 0; turn < 2; turn++) {
    assert.throws(() => machine.load(initial, { maxEntries: { programs: 1 } }), coded('E2BIG', /'programs'.* at 1/))
    for (let poll = 0; poll < 10; poll++) machine.poll()
    assert.deepEqual(books(machine), before)
  }
})

test('nothing is left of a load that fails: the second of two programs finds no place', () => {
  const machine = boot.virtual()
  const { core } = machine.kernel.host
  for (let program = 1; program < MAX_PROGRAMS; program++) core.program_create(1, 1, 2)
  const before = books(machine)
  for (let turn = 0; turn < 2; turn++) {
    assert.throws(
      () => machine.load(initial),
      coded('NO_MEMORY', /^program 'caller': a machine has at most 4096 programs; close objects$/),
    )
    for (let poll = 0; poll < 10; poll++) machine.poll()
    assert.deepEqual(books(machine), before)
  }
  machine.load(initial, { programs: ['caller'] })
})

test('a full table of programs has the places of closed objects again', () => {
  const machine = boot.virtual()
  const { kernel } = machine
  const { live } = machine.load(probes, unchecked).programs.count!
  while (kernel.host.core.program_create(1, 1, 2) >= 0);
  // As at the end of the last run of an object that was closed meanwhile: a grace period is still to come.
  kernel.objects.close(live.object)
  machine.load(probes, unchecked)
  assert.throws(() => machine.load(probes, unchecked), coded('NO_MEMORY', /at most 4096 programs/))
})
