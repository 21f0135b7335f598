// The host as consumer of a ring buffer: nothing lost, woken when the kernel would wake it, ended while it waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot, join, type LoadedObject } from '../../src/index.js'
import { MAP_RING_BELL } from '../../core/layout.js'
import { coded, eventually } from './probes.js'

/** dist/test/machine → test/machine. */
const object = readFileSync(new URL('../../../test/machine/host-maps.bpf.o', import.meta.url))
const NO_WAKEUP = 1
const FORCE_WAKEUP = 2
const EAGAIN = -11

const request = (value: number, flags = 0): Uint8Array =>
  new Uint8Array(BigUint64Array.of(BigInt(value), BigInt(flags)).buffer)
const numberOf = (record: unknown): number => Number(new DataView((record as Uint8Array).buffer).getBigUint64(0, true))
const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number)
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

function emit(loaded: LoadedObject, value: number, flags?: number): number {
  return loaded.programs.emit!.run({ ctx: request(value, flags) }).retval | 0
}

/** How often the bell of the ring was rung. */
function bell(loaded: LoadedObject): number {
  const { access } = loaded.maps.ring!
  return new DataView(access.values.buffer).getUint32(access.address + MAP_RING_BELL, true)
}

test('a burst wakes a consumer once; BPF_RB_NO_WAKEUP does not, BPF_RB_FORCE_WAKEUP does', async () => {
  const loaded = boot.virtual().load(object)
  const heard: number[] = []
  loaded.maps.ring!.consume((record) => heard.push(numberOf(record)))
  await pause()
  for (const value of numbers(50)) emit(loaded, value)
  assert.equal(bell(loaded), 1)
  await eventually(() => heard.length === 50, 'all are heard')
  emit(loaded, 50, NO_WAKEUP)
  // As in the kernel: who is behind is not woken by the next record either.
  emit(loaded, 51)
  await pause()
  assert.equal(heard.length, 50)
  assert.equal(bell(loaded), 1)
  emit(loaded, 52, FORCE_WAKEUP)
  await eventually(() => heard.length === 53, 'the forced wake-up brings all of them')
  assert.deepEqual(heard, numbers(53))
})

test('whoever is slow makes programs see a full ring, and loses nothing that they wrote', async () => {
  const loaded = boot.virtual().load(object)
  const records = loaded.maps.ring!.records()
  let next = 0
  const fill = (): void => {
    while (emit(loaded, next) === 0) next++
  }
  fill()
  assert.equal(next, 255, '16 bytes each, and the last byte of the ring stays free')
  assert.equal(emit(loaded, next), EAGAIN)
  for (const expected of numbers(600)) {
    assert.equal(numberOf((await records.next()).value), expected)
    fill()
  }
})

test('a listener that gives a promise gets the next record after it', async () => {
  const loaded = boot.virtual().load(object)
  for (const value of numbers(3)) emit(loaded, value)
  const heard: string[] = []
  loaded.maps.ring!.consume(async (record) => {
    heard.push(`begin ${numberOf(record)}`)
    await pause()
    heard.push(`end ${numberOf(record)}`)
  })
  await eventually(() => heard.length === 6, 'all are heard')
  assert.deepEqual(
    heard,
    numbers(3).flatMap((number) => [`begin ${number}`, `end ${number}`]),
  )
})

for (const [how, end] of [
  ['its return()', (_: LoadedObject, records: AsyncIterableIterator<unknown>) => void records.return!()],
  ['the close() of the handle', (loaded: LoadedObject) => loaded.maps.ring!.close()],
  ['the close() of the object', (loaded: LoadedObject) => loaded.close()],
] as const)
  test(`an iterator that waits is ended by ${how}, with every call of next()`, async () => {
    const loaded = boot.virtual().load(object)
    const records = loaded.maps.ring!.records()
    const waiting = [records.next(), records.next()]
    await pause()
    end(loaded, records)
    assert.deepEqual(await Promise.all(waiting), [
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    assert.deepEqual(await records.next(), { done: true, value: undefined })
  })

test('the end of a machine ends who waits, on one thread and on several', async () => {
  const virtual = boot.virtual()
  const threads = await boot({ cpus: 1, joins: 1 })
  const records = [
    virtual.load(object).maps.ring!.records(),
    (await threads.load(object)).maps.ring!.records(),
    join(threads.share()).objects['object']!.maps['ring']!.records(),
  ]
  const waiting = records.map((each) => each.next())
  await pause()
  virtual.close()
  await threads.close()
  assert.deepEqual(
    (await Promise.all(waiting.slice(0, 2))).map(({ done }) => done),
    [true, true],
  )
})

test('a thread that leaves ends its own consumers', async () => {
  const machine = await boot({ cpus: 1, joins: 1 })
  try {
    await machine.load(object)
    const cpu = join(machine.share())
    const waiting = cpu.objects['object']!.maps['ring']!.records().next()
    await pause()
    cpu.leave()
    assert.equal((await waiting).done, true)
  } finally {
    await machine.close()
  }
})

test('two consumers share the records, each goes to one of them', async () => {
  const loaded = boot.virtual().load(object)
  const heard: number[][] = [[], []]
  const consumers = heard.map((list) => loaded.maps.ring!.consume((record) => list.push(numberOf(record))))
  for (const value of numbers(100)) emit(loaded, value)
  await eventually(() => heard[0]!.length + heard[1]!.length === 100, 'all are heard')
  assert.deepEqual(
    heard.flat().sort((a, b) => a - b),
    numbers(100),
  )
  consumers[0]!.close()
  emit(loaded, 100)
  await eventually(() => heard[1]!.includes(100), 'the other one hears it')
})

test('records of worker threads all arrive, in the order of each thread, without polling', async () => {
  const machine = await boot({ cpus: 2 })
  try {
    const { maps, programs } = await machine.load(object)
    const records = maps.ring!.records()
    const writers = [0, 1].map(async (cpu) => {
      for (const value of numbers(300))
        while (((await programs.emit!.run({ ctx: request(1000 * cpu + value), cpu })).retval | 0) === EAGAIN);
    })
    const heard: number[] = []
    while (heard.length < 600) heard.push(numberOf((await records.next()).value))
    await Promise.all(writers)
    for (const cpu of [0, 1])
      assert.deepEqual(
        heard.filter((value) => Math.floor(value / 1000) === cpu).map((value) => value % 1000),
        numbers(300),
      )
    assert.throws(() => maps.hash!.records(), coded('BAD_MAP'))
  } finally {
    await machine.close()
  }
})
