// Kinds of map as programs and users meet them: loaded objects, handles, both engines.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot, type SkepError } from '../../src/index.js'

/** dist/test/map → test/map. */
const kinds = readFileSync(new URL('../../../test/map/kinds.bpf.o', import.meta.url))
const request = (number: number, discard = 0): Uint8Array =>
  new Uint8Array(Uint32Array.of(number, discard, 0, 0).buffer)
const coded = (code: string) => (error: unknown) => (error as SkepError).code === code
const numberOf = (record: unknown): number => (record as { number: number }).number

for (const engine of ['jit', 'interp'] as const) {
  test(`a per-CPU hash counts on each CPU, and the host sets and sees all values (${engine})`, () => {
    const object = boot.virtual({ cpus: 3 }).load(kinds, { engine, checks: false })
    const { counts, recent } = object.maps
    for (const cpu of [0, 1, 1, 2, 1]) object.programs.count!.run({ ctx: request(7), cpu })
    assert.deepEqual(counts!.get(7), [1n, 3n, 1n])
    assert.equal(counts!.get(8), undefined)
    counts!.set(7, [10n, 20n, 30n])
    object.programs.count!.run({ ctx: request(7), cpu: 2 })
    assert.deepEqual(counts!.entries(), [[7, [10n, 20n, 31n]]])
    assert.equal(counts!.delete(7), true)
    assert.throws(() => counts!.set(7, [1n, 2n, 3n], 'exist'), coded('ENOENT'))
    for (let key = 0; key < 9; key++) object.programs.count!.run({ ctx: request(key), cpu: key % 3 })
    assert.equal((recent!.keys() as number[]).length, 4)
    assert.ok((recent!.keys() as number[]).includes(8))
  })

  test(`a ring buffer is drained in order, decoded by name (${engine})`, () => {
    const object = boot.virtual({ cpus: 2 }).load(kinds, { engine, checks: false })
    const { events, counts } = object.maps
    assert.equal(events!.maxEntries, 8192, 'rounded up as libbpf does')
    for (let number = 0; number < 6; number++)
      object.programs.reserve!.run({ ctx: request(number, number === 3 ? 1 : 0), cpu: number & 1 })
    assert.equal(object.programs.output!.run({ ctx: request(6) }).retval, 8192)
    const records = events!.drain({ as: 'event' })
    assert.deepEqual(records[1], { cpu: 1, number: 1, text: 0x6465746e756f63n })
    assert.deepEqual(records.map(numberOf), [0, 1, 2, 4, 5, 6])
    assert.deepEqual(events!.drain(), [])
    object.programs.reserve!.run({ ctx: request(9) })
    assert.equal((events!.drain() as Uint8Array[])[0]!.length, 16)
    assert.throws(() => counts!.drain(), coded('BAD_MAP'))
    assert.throws(() => events!.drain({ as: 'no_such' }), coded('BAD_VALUE'))
    assert.throws(() => events!.set(0, 0), coded('BAD_MAP'))
  })

  test(`what a program leaves reserved is discarded when it ends, by return or by fault (${engine})`, () => {
    const object = boot.virtual().load(kinds, { engine, checks: false })
    object.programs.leak!.run({ ctx: request(1) })
    assert.throws(() => object.programs.leak_and_fault!.run({ ctx: request(2) }), coded('FAULT_BAD_ACCESS'))
    object.programs.reserve!.run({ ctx: request(3) })
    assert.deepEqual(object.maps.events!.drain({ as: 'event' }).map(numberOf), [3])
  })
}

test('an array may have more elements than a hash map', () => {
  const entries = (1 << 24) + 3
  for (const engine of ['jit', 'interp'] as const) {
    using machine = boot.virtual({ memory: '192 MiB' })
    const { programs, maps } = machine.load(kinds, { checks: false, engine, maxEntries: { places: entries } })
    const place = (number: number): number =>
      new Int32Array((programs['place']!.run({ ctx: request(number) }).ctx as Uint8Array).buffer)[2]!
    maps['places']!.set(entries - 1, 41)
    assert.deepEqual([place(entries - 1), place(1 << 24), place(0), place(entries)], [42, 1, 1, -2])
    assert.deepEqual([maps['places']!.get(entries - 1), maps['places']!.get(entries)], [42, undefined])
  }
})

test('a consumer hears of records by itself, a burst at once, until it is closed', async () => {
  const object = boot.virtual().load(kinds, { checks: false })
  const { events } = object.maps
  const heard: number[] = []
  const consumer = events!.consume((record) => heard.push(numberOf(record)), { as: 'event' })
  for (let number = 0; number < 5; number++) object.programs.reserve!.run({ ctx: request(number) })
  while (heard.length < 5) await new Promise((resolve) => setTimeout(resolve, 1))
  object.programs.reserve!.run({ ctx: request(5) })
  while (heard.length < 6) await new Promise((resolve) => setTimeout(resolve, 1))
  consumer.close()
  object.programs.reserve!.run({ ctx: request(6) })
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(heard, [0, 1, 2, 3, 4, 5])
  assert.deepEqual(events!.drain({ as: 'event' }).map(numberOf), [6])
})

test('records of worker threads come through an async iterator, which ends with the handle', async () => {
  const machine = await boot({ cpus: 2 })
  try {
    const object = await machine.load(kinds, { checks: false })
    const seen: number[] = []
    const reading = (async () => {
      for await (const record of object.maps.events!.records({ as: 'event' })) {
        seen.push(numberOf(record))
        if (seen.length === 40) break
      }
    })()
    const runs = Array.from({ length: 40 }, (_, number) =>
      object.programs.reserve!.run({ ctx: request(number), cpu: number & 1 }),
    )
    await Promise.all(runs)
    await reading
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, number) => number),
    )
    const ended = (async () => {
      const rest: unknown[] = []
      for await (const record of object.maps.events!) rest.push(record)
      return rest
    })()
    await object.close()
    assert.deepEqual(await ended, [])
  } finally {
    await machine.close()
  }
})
