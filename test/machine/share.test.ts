// Threads of an embedder's own that join a machine as CPUs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CPU_LIFE } from '../../core/layout.js'
import {
  boot,
  join,
  readObject,
  setMaxEntries,
  type JoinedCpu,
  type LoadedObject,
  type Machine,
  type MapHandle,
} from '../../src/index.js'
import { coded, eventually, probes, request, u32, u64, unchecked, type Slot } from './probes.js'

const joiner = new URL('./joiner.js', import.meta.url)

interface Setting {
  machine: Machine
  object: LoadedObject<'promised'>
  worker: Worker
  index: number
  tell: (order: string) => Promise<unknown>
}

async function joined(t: TestContext): Promise<Setting> {
  const machine = await boot({ cpus: 1, joins: 2 })
  const object = await machine.load(probes, unchecked)
  const worker = new Worker(joiner, { workerData: machine.share() })
  t.after(async () => {
    await worker.terminate()
    await machine.close()
  })
  const [index] = (await once(worker, 'message')) as [number]
  const tell = async (order: string): Promise<unknown> => {
    worker.postMessage(order)
    return ((await once(worker, 'message')) as unknown[])[0]
  }
  return { machine, object, worker, index, tell }
}

test('a thread that joins runs programs on a CPU of its own and shares maps and variables', async (t) => {
  const { object, index, tell } = await joined(t)
  assert.equal(index, 1)
  assert.equal(await tell('count'), 1)
  await object.maps.points!.set(1, { x: 9, y: 8n })
  assert.deepEqual(await tell('look'), [{ x: 9, y: 8n }, 15n])
  await tell('set')
  assert.deepEqual(await object.maps.points!.get(2), { x: 2, y: 3n })
  assert.deepEqual(await object.maps.hits!.get(1), [0, 10, 0])
})

test('a thread that joins uses all maps of an object whose largest values do not fit its run buffer', async (t) => {
  const machine = await boot({ cpus: 1, joins: 1, memory: '16 MiB' })
  t.after(() => machine.close())
  const object = await machine.load(new URL('../../../test/machine/large-values.bpf.o', import.meta.url))
  const cpu = join(machine.share())
  const { maps, programs } = Object.values(cpu.objects)[0]!
  programs['fill']!.run()
  maps['small']!.set(0, u64(5n))
  assert.deepEqual(await object.maps.small!.getBytes(0), u64(5n))
  assert.deepEqual(maps['large']!.nextKey(), await object.maps.large!.nextKey())
  const value = new Uint8Array(300_000).fill(7)
  maps['large']!.set(0, value)
  assert.deepEqual(await object.maps.large!.getBytes(0), value)
  assert.deepEqual(maps['large']!.getBytes(0), value)
  cpu.leave()
})

test('what an object may do with a map that it was given, a joined thread may', async (t) => {
  const machine = await boot({ cpus: 1, joins: 1 })
  t.after(() => machine.close())
  const bytes = await readFile(new URL('../../../test/machine/host-maps.bpf.o', import.meta.url))
  const first = await machine.load(bytes)
  const second = await machine.load(bytes, { maps: { hash: first.maps.readable! } })
  await first.close()
  await assert.rejects(async () => second.maps.hash!.set(1, 1n), coded('EPERM'))
  const cpu = join(machine.share())
  const { hash } = Object.values(cpu.objects)[0]!.maps
  assert.equal(hash!.get(1), undefined)
  assert.throws(() => hash!.set(1, 1n), coded('EPERM'))
  cpu.leave()
})

test('spin locks exclude a joined thread and a worker from each other', async (t) => {
  const { object, tell } = await joined(t)
  await Promise.all([tell('lock'), object.programs.lock_value!.run({ ctx: u32(1), repeat: 20_000 })])
  assert.equal(((await object.maps.guarded!.get(0)) as { value: number }).value, 40_000)
})

test("a fault in a joined thread is that thread's", async (t) => {
  const { object, tell } = await joined(t)
  assert.equal(await tell('fault'), 'FAULT_BAD_ACCESS')
  assert.equal(await tell('count'), 1)
  assert.equal((await object.programs.count!.run()).retval, 0)
})

test('timers of a joined CPU fire when it polls, and move when it leaves', async (t) => {
  const { machine, object, index, tell } = await joined(t)
  const fired = async (): Promise<Slot> => (await object.maps.slots!.get(5)) as Slot
  await tell('arm')
  await tell('poll')
  assert.deepEqual([(await fired()).fired, (await fired()).fired_on], [1n, BigInt(index)])
  await tell('arm')
  const exits: number[] = []
  machine.on('cpu-exit', ({ cpu }) => exits.push(cpu))
  await tell('leave')
  await eventually(async () => (await fired()).fired === 2n, 'the timer fires elsewhere')
  assert.equal((await fired()).fired_on, 0n)
  assert.deepEqual(exits, [index])
})

test('[G5] when the last worker has died its timers fire, though a thread that has joined never polls', async (t) => {
  const { machine, object } = await joined(t)
  await object.programs.start_timer!.run({ ctx: request(5, 30e6) })
  await machine.offline(0)
  await eventually(async () => ((await object.maps.slots!.get(5)) as Slot).fired === 1n, 'the timer fires')
})

test('a joined thread that is terminated is taken offline by its owner', async (t) => {
  const { machine, object, worker, index, tell } = await joined(t)
  await tell('arm')
  await worker.terminate()
  await machine.offline(index)
  await eventually(async () => ((await object.maps.slots!.get(5)) as Slot).fired === 1n, 'the timer fires elsewhere')
  await assert.rejects(machine.offline(index), coded('BAD_CPU'))
})

test('a thread in the middle of it is told when the object is closed, and the memory is taken back', async (t) => {
  const { machine, object, tell } = await joined(t)
  const told = tell('churn')
  await eventually(async () => (await object.maps.points!.keys()).length === 4, 'the thread has set every key')
  await object.close()
  assert.equal(await told, 'CLOSED')
  await tell('poll')
  await eventually(async () => (await machine.stats()).mapsWaiting === 0, 'the memory of the maps is taken back')
})

test('CPUs for joining are counted, and a machine without them says so', async () => {
  const machine = await boot({ cpus: 1, joins: 1 })
  const plain = await boot({ cpus: 1 })
  try {
    await machine.load(probes, unchecked)
    const share = machine.share()
    const cpu = join(share)
    assert.throws(() => join(share), coded('NO_CPU', /all 1/))
    await assert.rejects(machine.load(probes, unchecked), coded('JOINED'))
    const { count } = cpu.objects['object']!.programs
    assert.throws(() => count!.run({ repeat: 0 }), coded('BAD_RUN', /repeat/))
    cpu.leave()
    assert.throws(() => cpu.poll(), coded('CLOSED'))
    assert.throws(() => plain.share(), coded('BAD_OPTION', /joins/))
  } finally {
    await Promise.all([machine.close(), plain.close()])
  }
})

async function shared(t: TestContext, joins = 1): Promise<{ machine: Machine; object: LoadedObject<'promised'> }> {
  const machine = await boot({ cpus: 1, joins })
  t.after(() => machine.close())
  return { machine, object: await machine.load(probes, unchecked) }
}

test('a share of before a load is refused: its thread would not have the code', async (t) => {
  const { machine } = await shared(t, 2)
  const first = machine.share()
  const other = await machine.load(probes, unchecked)
  assert.throws(() => join(first), coded('BAD_OPTION', /share again/))
  const second = machine.share()
  await other.close()
  assert.equal(join(second).index, 2)
})

test('a thread that joins while an object is loaded makes the load fail', async (t) => {
  const { machine } = await shared(t)
  const loading = machine.load(probes, unchecked)
  join(machine.share()).poll()
  await assert.rejects(loading, coded('JOINED'))
})

test('a join that fails leaves no CPU behind that nobody drives', async (t) => {
  const { machine } = await shared(t)
  const share = machine.share()
  const endless = { name: '', type: 1, bitOffset: 0, bits: 0 }
  const types = [
    { kind: 'void', name: '' },
    { kind: 'struct', name: 'endless', size: 8, members: [endless] },
  ] as const
  const objects = share.objects.map((object) => ({ ...object, types }))
  assert.throws(() => join({ ...share, objects }), coded('BAD_BTF', /endless/))
  assert.equal(machine.kernel.alive(1), false)
  await machine.load(probes, unchecked)
})

test('a CPU that was taken offline stays so, whatever its thread does', async (t) => {
  const { machine } = await shared(t)
  const cpu = join(machine.share())
  await machine.offline(1)
  assert.throws(() => cpu.poll(), coded('CLOSED', /offline/))
  const life = (): number => machine.kernel.memory.word(machine.kernel.memory.cpuArea(1) + CPU_LIFE)
  const dead = life()
  cpu.leave()
  assert.equal(life(), dead)
})

test('objects that were loaded from a spec are shared as those from a file, with what was edited', async (t) => {
  const machine = await boot({ cpus: 1, joins: 1 })
  t.after(() => machine.close())
  const spec = await readObject(probes)
  spec.name = 'edited'
  setMaxEntries(spec, 'points', 3)
  const object = await machine.load(spec, { ...unchecked, programs: ['count', 'lock_value'] })
  const worker = new Worker(joiner, { workerData: machine.share(), argv: ['edited'] })
  t.after(() => worker.terminate())
  await once(worker, 'message')
  worker.postMessage('count')
  assert.deepEqual(await once(worker, 'message'), [1])
  worker.postMessage('set')
  await once(worker, 'message')
  assert.deepEqual(await object.maps.points!.get(2), { x: 2, y: 3n })
  assert.deepEqual(await object.maps.hits!.get(1), [0, 10])
})

test('a thread joins, and reads and sets values that are larger than its run buffer', async (t) => {
  const machine = await boot({ cpus: 1, joins: 2 })
  t.after(() => machine.close())
  const spec = await readObject(probes)
  const { points, ...others } = Object.fromEntries(spec.maps)
  const large = { ...points!, valueSize: 200_000, value: 0, key: 0, maxEntries: 2 }
  spec.maps = new Map([['points', large], ...Object.entries(others)])
  const { maps } = await machine.load(spec, unchecked)
  const [first, second] = [join(machine.share()), join(machine.share())]
  const mapOf = (cpu: JoinedCpu): MapHandle => cpu.objects['object']!.maps['points']!
  const values = [1, 2].map((byte) => new Uint8Array(200_000).fill(byte))
  mapOf(first).set(u32(0), values[0])
  mapOf(second).set(u32(1), values[1])
  assert.deepEqual(await maps.points!.get(u32(0)), values[0])
  assert.deepEqual(mapOf(first).get(u32(1)), values[1])
})

test('a thread that only polls is told when its machine is closed, and none joins it any more', async () => {
  const machine = await boot({ cpus: 1, joins: 2 })
  await machine.load(probes, unchecked)
  const share = machine.share()
  const cpu = join(share)
  cpu.poll()
  await machine.close()
  assert.throws(() => cpu.poll(), coded('CLOSED', /^the machine is closed$/))
  assert.throws(() => join(share), coded('CLOSED', /^the machine is closed$/))
  cpu.leave()
})
