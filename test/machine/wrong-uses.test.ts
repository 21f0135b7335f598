// Calls as JavaScript can make them and TypeScript would not: each is a typed error that names what was wrong, and
// changes nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  boot,
  getVariable,
  join,
  readObject,
  setMaxEntries,
  setVariable,
  setVariables,
  type MapHandle,
  type MapTypes,
  type ObjectSpec,
} from '../../src/index.js'
import { keylessObject } from '../map/keyless-cases.js'
import { coded, eventually, probes, unchecked } from './probes.js'

const records = new URL('../../../test/map/records.bpf.o', import.meta.url)

/** What no type would let pass. */
const untyped = (given: unknown): never => given as never

type Wrong = readonly [call: () => unknown, code: string, message: RegExp]

function refused(calls: readonly Wrong[]): void {
  for (const [call, code, message] of calls) assert.throws(call, coded(code, message), String(call))
}

test('options of map operations that do not exist are refused by name', () => {
  const { maps } = boot.virtual({ cpus: 2 }).load(probes, unchecked)
  const points = maps.points as MapHandle<'direct', MapTypes>
  const before = points.entriesBytes()
  const value = new Uint8Array(points.valueSize)
  refused([
    [() => points.set(1, value, untyped({ flags: 'noexist' })), 'BAD_VALUE', /^map 'points': .*did you mean 'flag'\?$/],
    [() => points.set(1, value, untyped(1)), 'BAD_VALUE', /^map 'points': flag 1 is none of any, noexist, exist$/],
    [() => points.set(1, value, untyped(null)), 'BAD_VALUE', /^map 'points': expected an object, got null$/],
    [() => points.set(1, value, untyped('toString')), 'BAD_VALUE', /flag 'toString' is none of/],
    [() => points.get(1, untyped({ locked: true })), 'BAD_VALUE', /did you mean 'lock'\?$/],
    [() => points.getBytes(1, untyped({ cpu: 0 })), 'BAD_VALUE', /there is no option 'cpu'/],
    [() => points.lookupBatch(1, untyped({ from: value })), 'BAD_VALUE', /there is no option 'from'/],
    [() => points.lookupAndDeleteBatch(1, untyped({ lock: true })), 'BAD_VALUE', /there is no option 'lock'/],
    [() => points.updateBatch([], untyped({ flag: 'any' })), 'BAD_VALUE', /there is no option 'flag'/],
    [() => maps['.bss']!.memory(untyped({ readonly: true })), 'BAD_VALUE', /did you mean 'readOnly'\?$/],
  ])
  assert.deepEqual(points.entriesBytes(), before)
})

test('a batch is a list, of pairs where it sets, and goes on where the one before it ended', () => {
  const { maps } = boot.virtual().load(probes, unchecked)
  const points = maps.points as MapHandle<'direct', MapTypes>
  refused([
    [
      () => points.updateBatch(untyped(undefined)),
      'BAD_VALUE',
      /^map 'points': entries: expected a list, got undefined/,
    ],
    [() => points.updateBatch(untyped({ a: 1 })), 'BAD_VALUE', /entries: expected a list/],
    [() => points.updateBatch(untyped([5])), 'BAD_VALUE', /entries\[0\]: expected \[key, value\], got 5$/],
    [() => points.deleteBatch(untyped(5)), 'BAD_VALUE', /keys: expected a list, got 5$/],
    [
      () => points.lookupBatch(1, untyped({ cursor: 'x' })),
      'BAD_VALUE',
      /cursor: expected the one of the batch before/,
    ],
    [() => points.lookupBatch(1, { cursor: new Uint8Array(1) }), 'BAD_VALUE', /cursor/],
  ])
})

test('what has no members is no value of a struct: none of its members would be read', () => {
  const { maps } = boot.virtual().load(probes, unchecked)
  const points = maps.points as MapHandle<'direct', MapTypes>
  const size = points.valueSize
  for (const [given, name] of [
    [new DataView(new ArrayBuffer(size)), 'a DataView'],
    [new ArrayBuffer(size), 'an ArrayBuffer'],
    [new Map([['x', 1]]), 'a Map'],
    [[1], 'an array'],
  ] as const)
    refused([[() => points.set(1, given), 'BAD_VALUE', new RegExp(`expected an object, found ${name}$`)]])
  assert.deepEqual(points.get(1), undefined)
})

test('maps that have no keys say what they have instead, and maps that take no values that they do not', () => {
  const machine = boot.virtual()
  const { queue, filter } = machine.load(keylessObject).maps
  const { events } = machine.load(records).maps
  const { points } = machine.load(probes, unchecked).maps
  refused([
    [() => events!.get(0), 'BAD_MAP', /^map 'events' has no keys: use drain\(\), consume\(\) or records\(\)$/],
    [() => queue!.set(0, 0), 'BAD_MAP', /has no keys: use push\(\), pop\(\) or peek\(\)$/],
    [() => filter!.has(5), 'BAD_MAP', /has no keys: use push\(\) or mayHold\(\)$/],
    [() => points!.push(1), 'ENOTSUPP', /^map 'points': push: ENOTSUPP: a map of type hash has no such operation$/],
    [() => queue!.push(1, untyped('exists')), 'BAD_VALUE', /flag 'exists' is none of/],
  ])
})

test('an errno of a map says what it means there', () => {
  const { maps } = boot.virtual({ cpus: 2 }).load(probes, { ...unchecked, maxEntries: { points: 1 } })
  const points = maps.points as MapHandle<'direct', MapTypes>
  const { hits } = maps
  const value = new Uint8Array(points.valueSize)
  points.set(1, value)
  refused([
    [() => points.set(1, value, 'noexist'), 'EEXIST', /^map 'points': update: EEXIST: the key is there already$/],
    [() => points.set(2, value, 'exist'), 'ENOENT', /update: ENOENT: the key is not there$/],
    [() => points.set(2, value), 'E2BIG', /update: E2BIG: it is full \(max_entries 1\)$/],
    [() => hits!.set(hits!.maxEntries, [0, 0]), 'E2BIG', /update: E2BIG: its last index is \d+$/],
    [() => hits!.delete(0), 'EINVAL', /delete: EINVAL: elements of an array cannot be deleted$/],
    [() => hits!.set(0, 5), 'BAD_VALUE', /must be an array of 2, one for each CPU; or say which: \{ cpu: 0 \}/],
    [() => hits!.get(0, { cpu: untyped('0') }), 'ERANGE', /got '0'$/],
  ])
})

test('a consumer without a function is refused where it is made', () => {
  const { events } = boot.virtual().load(records).maps
  refused([[() => events!.consume(untyped(undefined)), 'BAD_VALUE', /consume: expected a function, got undefined$/]])
})

test('events, maps, pins and times that are none are refused by every machine', () => {
  const machine = boot.virtual()
  const { points } = machine.load(probes, unchecked).maps
  refused([
    [
      () => machine.on(untyped('faults'), () => undefined),
      'BAD_OPTION',
      /there is no event 'faults'; did you mean 'fault'/,
    ],
    [() => machine.on('fault', untyped(undefined)), 'BAD_OPTION', /fault: expected a function, got undefined$/],
    [() => machine.off(untyped('toString'), () => undefined), 'BAD_OPTION', /no event 'toString'; there are fault/],
    [() => machine.map(points!.id, untyped({ readonly: true })), 'BAD_OPTION', /^map: .*did you mean 'readOnly'\?$/],
    [() => machine.map(points!.id, untyped(null)), 'BAD_OPTION', /^map: expected an object, got null$/],
    [
      () => machine.map(untyped(undefined)),
      'BAD_VALUE',
      /expected the id of a map or the name of a pin, got undefined$/,
    ],
    [() => machine.unpin(untyped({})), 'BAD_VALUE', /the name of a pin/],
    [() => machine.clock.runUntilIdle(untyped({ limits: 5 })), 'BAD_OPTION', /did you mean 'limit'\?$/],
    [() => machine.clock.runUntilIdle(untyped('1 s')), 'BAD_OPTION', /expected an object, got '1 s'$/],
    [() => machine.clock.setRealtime(NaN), 'BAD_CLOCK', /whole nanoseconds, got NaN$/],
    [() => machine.clock.setRealtime(untyped('5')), 'BAD_CLOCK', /got '5'$/],
    [() => boot.virtual({ memory: untyped(64n) }), 'BAD_OPTION', /^memory: expected a size .*got 64n$/],
  ])
  machine.close()
  refused([[() => machine.clock.setRealtime(1), 'CLOSED', /machine is closed/]])
})

test('fields of a context are whole numbers of their size; names that every object has are no fields', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  const run = (ctx: object) => programs.mark!.run({ data: new Uint8Array(64), ctx: untyped(ctx) })
  refused([
    [() => run({ mark: NaN }), 'BAD_RUN', /__sk_buff\.mark must be a whole number of 32 bits .*got NaN$/],
    [() => run({ mark: 2 ** 32 }), 'BAD_RUN', /got 4294967296$/],
    [() => run({ mark: '7' }), 'BAD_RUN', /got '7'$/],
    [() => run({ tstamp: 1.5 }), 'BAD_RUN', /__sk_buff\.tstamp must be a whole number of 64 bits/],
    [() => run({ cb: [1, 'x'] }), 'BAD_RUN', /__sk_buff\.cb\[1\] must be a whole number of 32 bits/],
    [() => run({ toString: 1 }), 'BAD_RUN', /__sk_buff\.toString cannot be set/],
  ])
  const { ctx } = run({ mark: -1, tstamp: 2n ** 64n - 1n })
  assert.equal((ctx as { tstamp?: bigint }).tstamp, 2n ** 64n - 1n)
})

test('a spec is what readObject gives a promise of', async () => {
  const promise = readObject(probes)
  refused([
    [() => getVariable(untyped(promise), 'counter'), 'BAD_OBJECT', /got a promise of one: await it$/],
    [() => setMaxEntries(untyped({}), 'points', 1), 'BAD_OBJECT', /expected a spec of readObject/],
    [() => boot.virtual().load(untyped(promise)), 'BAD_OBJECT', /got a promise: await it$/],
  ])
  const spec: ObjectSpec = await promise
  refused([
    [() => setVariables(spec, untyped(null)), 'BAD_VALUE', /expected an object with values by name, got null$/],
    [() => setMaxEntries(spec, 'points', untyped(5n)), 'BAD_VALUE', /found 5n$/],
  ])
  await assert.rejects(
    readObject(untyped(undefined)),
    coded('BAD_OBJECT', /a path, a file URL or bytes, got undefined/),
  )
  await assert.rejects(readObject(untyped(5)), coded('BAD_OBJECT', /got 5$/))
})

test('a CPU of threads is a number of theirs, and what joins has a share', async (t) => {
  const machine = await boot({ cpus: 1, joins: 1 })
  t.after(() => machine.close())
  const { programs } = await machine.load(probes, unchecked)
  for (const cpu of ['0', 'length', NaN, 0.5, -1])
    await assert.rejects(programs.count!.run({ cpu: untyped(cpu) }), coded('BAD_CPU', /there is no CPU/))
  for (const cpu of ['0', 'length', NaN])
    await assert.rejects(machine.offline(untyped(cpu)), coded('BAD_CPU', /there is no live CPU/))
  for (const share of [undefined, {}, { memory: 1, objects: [] }])
    refused([[() => join(untyped(share)), 'BAD_OPTION', /^join: expected what machine\.share\(\) gives, got /]])
  const cpu = join(machine.share())
  const { objects } = cpu
  refused([
    [() => objects['prob'], 'NO_SUCH_NAME', /^the machine has shared no object 'prob'; it has object$/],
    [() => objects['object']!.programs['cuont'], 'NO_SUCH_NAME', /^object 'object' has no program 'cuont'; it has /],
    [() => objects['object']!.programs['count']!.run(untyped(null)), 'BAD_RUN', /expected an object, got null$/],
  ])
  assert.equal(objects['object']!.programs['count']!.run().retval, 1)
  cpu.leave()
  await eventually(async () => (await machine.stats()).cpus[1]!.runs >= 1n, 'the run is counted')
})

/** Objects that have no text, symbols, and names that every object has. */
const NO_NAMES = [Object.create(null) as object, Symbol('name'), 'toString', null, 5]

test('what is no name where one is expected is refused as such, whether it has a text or not', async () => {
  const machine = boot.virtual()
  const { maps, programs } = machine.load(probes, unchecked)
  const spec = await readObject(probes)
  for (const given of NO_NAMES) {
    const dev = untyped(given)
    refused([
      [() => machine.on(untyped(given), () => undefined), 'BAD_OPTION', /^on: there is no event/],
      [() => maps.points!.set(1, {}, { flag: untyped(given) }), 'BAD_VALUE', /^map 'points': flag .* is none of any/],
      [() => programs.count!.run({ cpu: untyped(given ?? 5) }), 'BAD_CPU', /^there is no CPU/],
      [() => programs.count!.run({ context: untyped(given ?? 5) }), 'BAD_RUN', /context .* is none of task/],
      [() => machine.load(probes, { programs: [untyped(given)] }), 'NO_PROGRAM', /has no program/],
      [() => setMaxEntries(spec, untyped(given), 1), 'NO_MAP', /has no map/],
      [() => setVariable(spec, untyped(given), 1), 'NO_VARIABLE', /has no variable/],
      [() => boot.virtual({ routes: [{ to: untyped(given), dev: 1 }] }), 'BAD_OPTION', /^routes\[0\]\.to: expected/],
      [() => boot.virtual({ neighbors: [{ dev: 1, address: dev, mac: '' }] }), 'BAD_OPTION', /^neighbors\[0\]/],
    ])
    await assert.rejects(async () => boot({ wait: untyped(given ?? 5) }), coded('BAD_OPTION', /^wait: expected sleep/))
  }
  await assert.rejects(readObject(untyped(NO_NAMES[0])), coded('BAD_OBJECT', /expected a path/))
})

test('what is no program is no element of a program array', () => {
  const initial = new URL('../../../test/fixtures/initial-maps.bpf.o', import.meta.url)
  const { maps } = boot.virtual().load(initial)
  for (const given of [undefined, null, 5, {}])
    assert.throws(
      () => maps['programs']!.set(0, untyped(given)),
      coded('BAD_VALUE', /takes programs of the same machine/),
    )
})
