// Records of ring and perf buffers, decoded: by the struct that the map's definition names, by `as`, as bytes; their
// types are those that `skep types` writes (the build of this file tests these).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot, type MapHandle, type PerfBuffer } from '../../src/index.js'
import { coded } from '../machine/probes.js'
import type { Records } from './records.types.js'

const OBJECT = fileURLToPath(new URL('../../../test/map/records.bpf.o', import.meta.url))
const NAME = [...Buffer.from('resolver\0')]
const OPENED = { time: 1n << 40n, address: 0x0100000a, port: 443, first: true, name: NAME }
/** A record of so many bytes is put into both rings. */
const bytes = (count: number): { ctx: Uint8Array } => ({
  ctx: new Uint8Array(new BigUint64Array([BigInt(count)]).buffer),
})

test('records are what the map names, what `as` names, or bytes, in every way to take them', async () => {
  using machine = boot.virtual()
  const { programs, maps } = machine.load<Records>(OBJECT)
  const put = (): number => programs.put.run(bytes(24)).retval
  assert.equal(maps.events.valueSize, 0)

  put()
  const [opened] = maps.events.drain()
  const time: bigint = opened!.time
  assert.deepEqual([opened, time], [OPENED, 1n << 40n])
  const [raw] = maps.mixed.drain()
  assert.equal(raw!.byteLength, 24)

  put()
  const [closed] = maps.events.drain({ as: 'closed' })
  assert.deepEqual(closed satisfies { time: bigint } | undefined, { time: 1n << 40n })
  const [found] = maps.mixed.drain({ as: 'opened' })
  assert.equal(found!.port satisfies number, 443)

  put()
  const [plain] = maps.events.drain({ bytes: true })
  assert.equal(plain!.byteLength, 24)

  for await (const event of maps.mixed.records({ as: 'opened' })) {
    assert.equal(event.first satisfies boolean, true)
    break
  }
  put()
  for await (const { name } of maps.events) {
    assert.deepEqual(name satisfies number[], NAME)
    break
  }
  await new Promise<void>((resolve) => {
    const consumer = maps.events.consume(({ address }) => {
      assert.equal(address satisfies number, OPENED.address)
      consumer.close()
      resolve()
    })
    put()
  })
})

test('samples of a perf buffer are what the map names, what `as` names, or bytes', () => {
  using machine = boot.virtual()
  const { programs, maps } = machine.load<Records>(OBJECT)
  assert.equal(maps.samples.valueSize, 4)
  const samples: PerfBuffer<Records['maps']['samples']['record']> = maps.samples.perfBuffer()
  assert.equal(programs.sample.run({ ctx: [0n] }).retval, 0)
  const [sample] = samples.drain()
  assert.deepEqual([sample!.cpu, sample!.data.time satisfies bigint, sample!.data.first], [0, 2n, false])

  programs.sample.run({ ctx: [1n] })
  assert.throws(() => samples.drain(), coded('BAD_VALUE'))
  samples.close()
  const raw = maps.samples.perfBuffer({ bytes: true, lost: (cpu, count) => void (cpu + count) })
  programs.sample.run({ ctx: [1n] })
  assert.equal(raw.drain()[0]!.data.byteLength, 8)
})

test('a record that is shorter than its struct is refused and stays; what came before it is given first', async () => {
  using machine = boot.virtual()
  const { programs, maps } = machine.load<Records>(OBJECT)
  for (const count of [24, 24, 16, 24]) programs.put.run(bytes(count))
  const { events } = maps
  assert.deepEqual(events.drain(), [OPENED, OPENED])
  const refused = { code: 'BAD_VALUE', message: /^map 'events': .* 24 bytes, a 'struct opened' each, found one of 16/ }
  assert.throws(() => events.drain(), refused)
  const records = events.records()
  await assert.rejects(records.next(), refused)
  assert.deepEqual(
    events.drain({ bytes: true }).map(({ length }) => length),
    [16, 24],
  )
  programs.put.run(bytes(24))
  assert.deepEqual((await records.next()).value, OPENED)
  events.close()
  assert.equal((await records.next()).done, true)
})

test('a struct that is not in BTF and contradicting options are refused, and other names stay unknown', () => {
  using machine = boot.virtual()
  const { maps } = machine.load<Records>(OBJECT)
  assert.throws(() => maps.events.drain({ as: 'event' }), {
    code: 'BAD_VALUE',
    message: /no struct 'event'.* `struct event \*unused/,
  })
  // The compiler's own structs have no names: a map's definition is one.
  assert.throws(() => maps.events.drain({ as: '' }), coded('BAD_VALUE'))
  assert.throws(() => maps.events.drain({ as: 'opened', bytes: true }), coded('BAD_VALUE'))
  // TypeScript lets more pass: the options' type is taken from what is given.
  assert.throws(() => maps.mixed.drain({ as: 'closed', byte: true }), {
    code: 'BAD_VALUE',
    message: "map 'mixed': there is no option 'byte'; did you mean 'bytes'?",
  })
  assert.throws(() => maps.mixed.drain('closed' as unknown as object), coded('BAD_VALUE'))
  assert.throws(
    () => maps.samples.perfBuffer({ pages: 4, lots: () => {} }),
    /no option 'lots'; there are as, bytes, pages, lost$/,
  )
  maps.samples.perfBuffer({ pages: 4, lost: () => {} }).close()
  const unknown: unknown[] = maps.mixed.drain({ as: 'closed' as string, bytes: false }) satisfies unknown[]
  assert.deepEqual(unknown, [])
  const loose: MapHandle = maps.events
  // @ts-expect-error nothing is known of its records
  const [{ time }] = [...loose.drain(), { time: 1n }]
  assert.equal(time, 1n)
})
