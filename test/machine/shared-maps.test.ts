// Maps that outlive one object or belong to several: given to load(), pinned by name, opened again by id, inner maps.
// User references decide when timers stop; handles, pins and views are such references.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CPU_PROGRAM } from '../../core/layout.js'
import { boot, type LoadedObject, type LoadOptions, type VirtualMachine } from '../../src/index.js'
import { coded, eventually, probes, unchecked } from './probes.js'

/** dist/test/machine → test/machine. */
const object = readFileSync(new URL('../../../test/machine/shared-maps.bpf.o', import.meta.url))
const EPERM = -1
const EBUSY = -16
/** The largest loop budget. */
const ENDLESS = 2 ** 32 - 1

interface Flow {
  seen: bigint
  fired: bigint
}

/** Runs a program for a key. */
function see(loaded: LoadedObject, program: 'see_flow' | 'see_kept' | 'see_inner', key: number, index = 0): number {
  return loaded.programs[program]!.run({ ctx: new Uint8Array(Uint32Array.of(key, index).buffer) }).retval | 0
}

const flowOf = (value: unknown): Flow => value as Flow

function loadTwo(machine: VirtualMachine, options: LoadOptions = {}): [LoadedObject, LoadedObject] {
  const first = machine.load(object)
  return [first, machine.load(object, { maps: { flows: first.maps.flows! }, ...options })]
}

test('two objects use one map: elements, and timers that either of them arms', () => {
  const machine = boot.virtual()
  const [first, second] = loadTwo(machine)
  assert.equal(second.maps.flows!.id, first.maps.flows!.id)
  assert.equal(see(first, 'see_flow', 1), 1)
  assert.equal(see(second, 'see_flow', 1), EBUSY, 'the timer of the element is initialised')
  assert.equal(see(second, 'see_flow', 2), 1)
  machine.clock.advance('1 ms')
  assert.deepEqual(
    [1, 2].map((key) => flowOf(first.maps.flows!.get(key)).fired),
    [1n, 1n],
  )
  assert.equal(flowOf(second.maps.flows!.get(1)).seen, 2n)
})

test('each object is a user reference of its own', () => {
  const machine = boot.virtual()
  const [first, second] = loadTwo(machine)
  see(first, 'see_flow', 1)
  first.close()
  assert.equal(machine.timers().length, 1, 'the second object holds the map')
  assert.equal(see(second, 'see_flow', 2), 1)
  second.close()
  assert.deepEqual(machine.timers(), [])
})

test('a handle on a map of an object that is closed goes on working, and can be given', () => {
  const machine = boot.virtual()
  const first = machine.load(object)
  const handle = machine.map(first.maps.flows!.id)
  first.close()
  const second = machine.load(object, { maps: { flows: handle } })
  handle.close()
  assert.equal(see(second, 'see_flow', 1), 1)
  assert.equal(flowOf(second.maps.flows!.get(1)).seen, 1n)
})

test('what cannot be given is refused by name, and nothing is left of the load', () => {
  const machine = boot.virtual()
  const { maps } = machine.load(object, { maxEntries: { flows: 8 } })
  const before = machine.stats()
  const load = (given: Record<string, unknown>) => () => machine.load(object, { maps: given } as LoadOptions)
  assert.throws(
    load({ flows: maps.flows }),
    coded(
      'BAD_MAP',
      /map 'flows': couldn't reuse map 'flows': parameter mismatch: max_entries is 8, the object says 4/,
    ),
  )
  assert.throws(load({ flows: maps.by_index }), coded('BAD_MAP', /parameter mismatch: type is 12, the object says 1/))
  assert.throws(load({ flow: maps.flows }), coded('NO_SUCH_NAME', /no map 'flow'; it has flows, by_index, kept/))
  assert.throws(load({ flows: 7 }), coded('BAD_MAP', /expected the handle of a map, got 7/))
  const other = boot.virtual().load(object).maps.flows
  assert.throws(load({ flows: other }), coded('BAD_MAP', /not of this machine/))
  const closed = machine.map(maps.flows!.id)
  closed.close()
  assert.throws(load({ flows: closed }), coded('CLOSED'))
  assert.throws(
    load({ flows: maps.kept, by_index: maps.kept }),
    coded('BAD_MAP', /'by_index': couldn't reuse map 'kept'/),
  )
  assert.deepEqual(machine.stats(), before)
  assert.deepEqual(machine.pins, ['kept'])
})

test('a read-only handle that is given stays read-only', () => {
  const machine = boot.virtual()
  const { id } = machine.load(object).maps.flows!
  assert.throws(() => machine.map(id, { readOnly: true, writeOnly: true }), coded('EINVAL'))
  const second = machine.load(object, { maps: { flows: machine.map(id, { readOnly: true }) } })
  assert.equal(see(second, 'see_flow', 1), 1, 'programs are not concerned')
  assert.equal(flowOf(second.maps.flows!.get(1)).seen, 1n)
  assert.throws(() => second.maps.flows!.delete(1), coded('EPERM'))
  const writer = machine.map(id, { writeOnly: true })
  assert.throws(() => writer.get(1), coded('EPERM'))
  assert.equal(writer.delete(1), true)
})

test('a map with LIBBPF_PIN_BY_NAME is created and pinned once, then reused', () => {
  const machine = boot.virtual()
  const first = machine.load(object)
  assert.deepEqual(machine.pins, ['kept'])
  assert.deepEqual(first.maps.kept!.pins, ['kept'])
  see(first, 'see_kept', 1)
  first.close()
  assert.equal(machine.timers().length, 1, 'the pin is a user reference')
  const second = machine.load(object)
  assert.equal(flowOf(second.maps.kept!.get(1)).seen, 1n)
  assert.throws(
    () => machine.load(object, { maxEntries: { kept: 9 } }),
    coded('BAD_MAP', /map 'kept': couldn't reuse pinned map at 'kept': parameter mismatch: max_entries is 4/),
  )
  second.maps.kept!.unpin('kept')
  assert.deepEqual(machine.pins, [])
  assert.equal(machine.timers().length, 1, 'the second object holds it')
  second.close()
  assert.deepEqual(machine.timers(), [])
})

test('pins lie below the pin root of the load; others there do not matter', () => {
  const machine = boot.virtual()
  const [one, two] = ['a', 'a', 'b/c'].map((pinRoot) => machine.load(object, { pinRoot })).slice(1)
  assert.deepEqual(machine.pins, ['a/kept', 'b/c/kept'])
  assert.notEqual(one!.maps.kept!.id, two!.maps.kept!.id)
  assert.equal(machine.map('a/kept').id, one!.maps.kept!.id)
})

test('a load that fails takes the pins that it made with it', () => {
  const machine = boot.virtual()
  const { flows } = machine.load(object, { pinRoot: 'other', maxEntries: { flows: 8 } }).maps
  assert.throws(() => machine.load(object, { maps: { by_index: flows! } }), coded('BAD_MAP'))
  assert.deepEqual(machine.pins, ['other/kept'])
})

test('a map has as many pins as one likes; the last one of an unheld map stops its timers', () => {
  const machine = boot.virtual()
  const loaded = machine.load(object)
  const { flows, kept } = loaded.maps
  flows!.pin('x')
  flows!.pin('y')
  assert.throws(() => kept!.pin('x'), coded('EEXIST'))
  assert.throws(() => kept!.pin(''), coded('BAD_VALUE'))
  assert.throws(() => kept!.unpin('x'), coded('ENOENT', /map 'kept' is not pinned as 'x'/))
  assert.throws(() => kept!.unpin('z'), coded('ENOENT'))
  assert.deepEqual(flows!.pins, ['x', 'y'])
  see(loaded, 'see_flow', 1)
  loaded.close()
  machine.unpin('kept')
  machine.unpin('x')
  assert.equal(machine.timers().length, 1)
  const handle = machine.map('y')
  handle.unpin()
  assert.deepEqual(machine.pins, [])
  assert.equal(machine.timers().length, 1)
  handle.close()
  assert.deepEqual(machine.timers(), [])
})

test('after the last user reference init is EPERM; a handle from the id makes it work again', () => {
  const machine = boot.virtual()
  const loaded = machine.load(object)
  const { id } = loaded.maps.flows!
  see(loaded, 'see_flow', 1)
  loaded.maps.flows!.close()
  assert.deepEqual(machine.timers(), [])
  assert.equal(see(loaded, 'see_flow', 1), EPERM)
  const again = machine.map(id)
  assert.equal(see(loaded, 'see_flow', 1), 1)
  machine.clock.advance('1 ms')
  assert.equal(flowOf(again.get(1)).fired, 1n)
})

test('a map of maps gives ids, which lead to handles; what is replaced or deleted keeps no timers of its own', () => {
  const machine = boot.virtual()
  const loaded = machine.load(object)
  const { by_index, flows } = loaded.maps
  const second = machine.load(object, { pinRoot: 'second' })
  assert.equal(see(loaded, 'see_inner', 1), 1)
  by_index!.set(1, second.maps.flows!)
  assert.equal(see(loaded, 'see_inner', 1, 1), 1)
  assert.equal(machine.timers().length, 2)
  const inner = machine.map(by_index!.get(1) as number)
  assert.equal(flowOf(inner.get(1)).seen, 1n)
  second.close()
  assert.equal(machine.timers().length, 2, 'the handle from the id holds it')
  inner.close()
  assert.equal(machine.timers().length, 1, 'the outer map is no user reference')
  assert.equal(see(loaded, 'see_inner', 2, 1), EPERM)
  const again = machine.map(by_index!.get(1) as number)
  assert.equal(see(loaded, 'see_inner', 3, 1), 1)
  assert.deepEqual(by_index!.lookupBatch(2).entries, [
    [0, flows!.id],
    [1, again.id],
  ])
  by_index!.updateBatch([[1, flows!]])
  assert.equal(machine.timers().length, 2, 'its handle is there still')
  again.close()
  assert.equal(machine.timers().length, 1)
  for (let turn = 0; turn < 4; turn++) machine.poll()
  assert.throws(() => machine.map(again.id), coded('ENOENT'), 'nothing holds it any more')
  assert.equal(by_index!.delete(0), true)
  assert.equal(by_index!.get(0), undefined)
  assert.equal(by_index!.has(0), false)
  assert.equal(see(loaded, 'see_inner', 1, 0), -2000)
  assert.equal(see(loaded, 'see_inner', 1, 1), EBUSY)
})

test('worker threads: loads at once share a pinned map, and a given one that is closed meanwhile is held', async () => {
  const machine = await boot({ cpus: 2 })
  try {
    const first = await machine.load(object)
    const handle = await machine.map(first.maps.flows!.id)
    const loads = [1, 2, 3].map(() => machine.load(object, { maps: { flows: handle }, pinRoot: 'together' }))
    await Promise.all([handle.close(), first.close()])
    const loaded = await Promise.all(loads)
    assert.equal(new Set(loaded.map(({ maps }) => maps.kept!.id)).size, 1)
    assert.deepEqual(machine.pins, ['kept', 'together/kept'])
    await Promise.all(
      loaded.map(({ programs }, key) =>
        programs.see_flow!.run({ ctx: new Uint8Array(Uint32Array.of(key, 0).buffer), cpu: key % 2 }),
      ),
    )
    assert.equal((await loaded[0]!.maps.flows!.keys()).length, 3)
  } finally {
    await machine.close()
  }
})

test('a load that fails leaves the pins of others alone, also under a name that it had given', async (t) => {
  const machine = await boot({ cpus: 1, loopBudget: ENDLESS })
  t.after(() => machine.close())
  const { maps } = await machine.load(object, { pinRoot: 'other' })
  const { programs } = await machine.load(probes, unchecked)
  const endless = assert.rejects(programs['endless']!.run())
  const { memory } = machine.kernel
  await eventually(() => memory.word(memory.cpuArea(0) + CPU_PROGRAM) !== 0, 'the run has begun')
  // The CPU is busy: it never answers that it has the code.
  const failing = assert.rejects(machine.load(object, { pinRoot: 'root' }), coded('CPU_DEAD'))
  await machine.unpin('root/kept')
  await maps.kept!.pin('root/kept')
  await machine.offline(0)
  await Promise.all([failing, endless])
  assert.deepEqual(machine.pins, ['other/kept', 'root/kept'])
})
