// What a thread that joined holds of an object when the machine's thread closes it. Both are this thread here, so that
// the close can come at a given place of the joined thread's operation.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { MAP_STATE } from '../../core/layout.js'
import { boot, join, type JoinedCpu, type JoinedObject, type LoadedObject, type Machine } from '../../src/index.js'
import { asked, userRingObject } from '../map/user-ring-cases.js'
import { coded, eventually, probes, unchecked } from './probes.js'

const FREE = 0

/** dist/test/machine → test/machine. */
const hostMaps = readFileSync(new URL('../../../test/machine/host-maps.bpf.o', import.meta.url))

interface Setting {
  machine: Machine
  object: LoadedObject<'promised'>
  cpu: JoinedCpu
  joined: JoinedObject
}

async function shared(t: TestContext, bytes: Uint8Array): Promise<Setting> {
  const machine = await boot({ cpus: 1, joins: 2 })
  t.after(() => machine.close())
  const object = await machine.load(bytes, unchecked)
  const cpu = join(machine.share())
  return { machine, object, cpu, joined: cpu.objects['object']! }
}

const waiting = async (machine: Machine): Promise<number> => (await machine.stats()).mapsWaiting
/** So many are held by the joined thread; the others are taken back. */
async function waitingStays(machine: Machine, count: number): Promise<void> {
  await eventually(async () => (await waiting(machine)) === count, `${count} maps wait`)
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(await waiting(machine), count)
}

/** `cpu`: it has given references back, and polls as joined threads do. */
const allTakenBack = (machine: Machine, cpu?: JoinedCpu): Promise<void> =>
  eventually(async () => {
    cpu?.poll()
    return (await waiting(machine)) === 0
  }, 'the memory of the maps is taken back')

test('everything of an object that its owner has closed answers CLOSED in a joined thread', async (t) => {
  const { object, joined, machine } = await shared(t, probes)
  const { points } = joined.maps
  points!.set(1, { x: 1, y: 1n })
  await object.maps.points!.pin('kept')
  await object.close()
  const closed = coded('CLOSED', /object 'object' is closed/)
  for (const use of [
    () => points!.get(1),
    () => points!.set(1, { x: 2, y: 2n }),
    () => points!.delete(1),
    () => points!.nextKey(),
    () => points!.entries(),
    () => points!.frozen,
    () => points!.updateBatch([[1, { x: 2, y: 2n }]]),
    () => joined.variables['counter']!.get(),
    () => joined.variables['counter']!.memory(),
    () => joined.programs['count']!.run(),
  ])
    assert.throws(use, closed)
  const pinned = await machine.map('kept')
  assert.deepEqual(await pinned.get(1), { x: 1, y: 1n }, 'the map itself lives on')
  await machine.unpin('kept')
  await pinned.close()
  await allTakenBack(machine)
})

test('a thread that joins after the close does not find the object, nor touch what was its memory', async (t) => {
  const { object, machine } = await shared(t, probes)
  const share = machine.share()
  await object.close()
  assert.throws(() => join(share).objects['object'], coded('NO_SUCH_NAME'))
})

test("close() of the machine ends a joined thread's maps", async (t) => {
  const { machine, joined } = await shared(t, probes)
  await machine.close()
  assert.throws(() => joined.maps['points']!.get(1), coded('CLOSED', /the machine is closed/))
})

test('the memory of a map is not taken back under an operation of a joined thread', async (t) => {
  const { object, machine, joined } = await shared(t, probes)
  const other = await machine.map(object.maps.hits!.id)
  const { points } = joined.maps
  const words = new Uint32Array(machine.share().memory.buffer)
  const state = (): number => words[(points!.access.address + MAP_STATE) / 4]!
  const closing = {
    *[Symbol.iterator](): Generator<[number, unknown]> {
      yield [1, { x: 1, y: 1n }]
      void object.close()
      // Each lets the machine's thread take back what it may.
      for (let turn = 0; turn < 8; turn++) void other.keys()
      assert.notEqual(state(), FREE)
      yield [2, { x: 2, y: 2n }]
    },
  }
  assert.equal(points!.updateBatch(closing), 2, 'it ends as if the object were open')
  assert.throws(() => points!.get(1), coded('CLOSED'))
  await eventually(() => state() === FREE, 'the memory of the map is taken back')
})

test('a view keeps its map until it is unmapped, or its thread leaves', async (t) => {
  const { object, machine, cpu, joined } = await shared(t, hostMaps)
  const view = joined.maps['mapped']!.memory()
  const other = joined.variables['totals']!.memory()
  await object.close()
  view.as(BigUint64Array)[3] = 7n
  await waitingStays(machine, 2)
  assert.equal(view.read(24, 1)[0], 7)
  view.unmap()
  await eventually(async () => {
    cpu.poll()
    return (await waiting(machine)) === 1
  }, 'the map of the unmapped view is taken back')
  cpu.leave()
  assert.throws(() => other.read(), coded('CLOSED'))
  await allTakenBack(machine)
})

test('consumers that wait in a joined thread end with the object', async (t) => {
  const { object, machine, joined } = await shared(t, hostMaps)
  const { ring } = joined.maps
  const record = ring!.records().next()
  await object.close()
  assert.deepEqual(await record, { done: true, value: undefined })
  assert.throws(() => ring!.records(), coded('CLOSED'))
  assert.throws(() => ring!.drain(), coded('CLOSED'))
  await allTakenBack(machine)
})

test('samples that a joined thread has reserved keep the ring, and are discarded', async (t) => {
  const { object, machine, cpu, joined } = await shared(t, userRingObject)
  await object.maps['requests']!.pin('kept')
  const ring = joined.maps['requests']!.userRing()
  const sample = ring.reserve(8)!
  const waits = joined.maps['requests']!.userRing().reserveBlocking(4080)
  await object.close()
  assert.equal(await waits, undefined)
  await machine.unpin('kept')
  await waitingStays(machine, 1)
  sample.bytes.fill(1)
  assert.throws(() => sample.submit(), coded('CLOSED'))
  assert.throws(() => ring.reserve(8), coded('CLOSED'))
  await allTakenBack(machine, cpu)
})

test('a run in a joined thread keeps its program and the memory of its maps', async (t) => {
  const { object, machine, joined } = await shared(t, userRingObject)
  const given = asked({ do: 'drain', flags: 0, last: 0, nested: 0 })
  assert.equal(joined.programs['drain']!.run({ ctx: given }).retval, 0)
  await object.close()
  assert.throws(() => joined.programs['drain']!.run({ ctx: given }), coded('CLOSED'))
  await allTakenBack(machine)
})
