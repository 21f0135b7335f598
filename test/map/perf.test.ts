// Perf event arrays: what programs put there, on both engines and on worker threads, and how the host takes it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boot, type LoadedObject, type PerfRecord } from '../../src/index.js'
import { errnoName } from '../../src/machine/errno.js'
import { coded } from '../machine/probes.js'
import { CURRENT_CPU, perfObject, perfRequest, refusals, withPacket } from './perf-cases.js'

const cpus = 2
const result = ({ variables }: LoadedObject): number => Number(variables['result']!.get())
const RECORD = Uint8Array.of(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11)

for (const engine of ['jit', 'interp'] as const)
  describe(`perf event arrays on ${engine}`, () => {
    const loaded = (): LoadedObject => boot.virtual({ cpus, memory: '8 MiB' }).load(perfObject, { engine })
    const put = (object: LoadedObject, flags: bigint, { program = 'put_xdp', cpu = 0, bytes = 8 } = {}): number => {
      object.programs[program]!.run({ data: perfRequest(flags, bytes), cpu })
      return result(object)
    }

    test('where no buffer is open, flags and indices are refused as by Linux', () => {
      const object = loaded()
      for (const program of ['put_xdp', 'put_tc'])
        for (const [flags, answer] of refusals) assert.equal(errnoName(put(object, flags, { program })), answer)
    })

    test('an array without a size has an entry for each CPU', () => {
      assert.equal(loaded().maps['events']!.maxEntries, cpus)
    })

    test('records come with the CPU that put them and the bytes of the packet behind them', () => {
      const object = loaded()
      const buffer = object.maps['events']!.perfBuffer()
      for (const program of ['put_xdp', 'put_tc']) {
        const flags = withPacket(CURRENT_CPU, 20)
        assert.equal(put(object, flags, { program }), 0)
        assert.equal(put(object, 1n, { program, cpu: 1, bytes: 0 }), 0)
        const packet = perfRequest(flags).subarray(0, 20)
        assert.deepEqual(buffer.drain(), [
          { cpu: 0, data: Uint8Array.of(...RECORD, ...packet) },
          { cpu: 1, data: new Uint8Array() },
        ])
      }
    })

    test("another CPU's buffer is EOPNOTSUPP, a closed one ENOENT", () => {
      const object = loaded()
      const buffer = object.maps['events']!.perfBuffer()
      assert.equal(errnoName(put(object, 1n)), 'EOPNOTSUPP')
      assert.throws(() => object.maps['events']!.perfBuffer(), coded('EBUSY'))
      buffer.close()
      assert.equal(errnoName(put(object, 0n)), 'ENOENT')
      assert.throws(() => buffer.drain(), coded('CLOSED'))
      object.maps['events']!.perfBuffer()
      assert.equal(put(object, 0n), 0)
    })

    test('a program without a packet has none of its bytes', () => {
      const object = loaded()
      const buffer = object.maps['events']!.perfBuffer({ as: 'record' })
      for (const [flags, answer] of [
        [CURRENT_CPU, 0],
        [withPacket(CURRENT_CPU, 4), -22],
      ] as const) {
        // prettier-ignore
        object.variables['flags']!.set(flags)
        object.programs['put_traced']!.run()
        assert.equal(result(object), answer)
      }
      assert.deepEqual(buffer.drain(), [{ cpu: 0, data: { first: 1n, second: 2, third: 3 } }])
    })

    test('a tracing program sends bytes of the packet that the host gives the run', () => {
      const object = loaded()
      const buffer = object.maps['events']!.perfBuffer()
      const records = (): Uint8Array[] => buffer.drain().map(({ data }) => data as Uint8Array)
      const packet = new Uint8Array(70).map((_, index) => 255 - index)
      const stack = { kernel: [1] }
      const put = (program: string, flags: bigint, data: Uint8Array | undefined, pointer = 1): number => {
        object.variables['flags']!.set(flags)
        object.programs[program]!.run({ ctx: [pointer], stack, ...(data ? { data } : {}) })
        return result(object)
      }
      for (const program of ['put_skb', 'put_xdp_buff']) {
        const taken = (): (number | undefined)[] => records().flatMap((data) => [data.length, data[16], data.at(-1)])
        assert.equal(put(program, withPacket(CURRENT_CPU, 70), packet), 0)
        assert.deepEqual(taken(), [86, 255, 186])
        assert.equal(put(program, withPacket(CURRENT_CPU, 1), packet), 0)
        assert.deepEqual(taken(), [17, 255, 255])
        assert.equal(errnoName(put(program, withPacket(CURRENT_CPU, 71), packet)), 'EFAULT')
        assert.equal(errnoName(put(program, withPacket(CURRENT_CPU, 70), packet, 0)), 'EFAULT')
        assert.equal(errnoName(put(program, withPacket(CURRENT_CPU, 1), undefined)), 'EFAULT')
        assert.equal(errnoName(put(program, 1n << 52n, packet)), 'EINVAL')
        assert.deepEqual(taken(), [])
        assert.equal(put(program, CURRENT_CPU, undefined), 0)
        assert.deepEqual(taken(), [16, undefined, 0])
      }
      const prepared = object.programs['put_skb']!.prepare({ ctx: [1], data: packet })
      for (let turn = 0; turn < 2; turn++) {
        object.variables['flags']!.set(withPacket(CURRENT_CPU, 70))
        prepared.run()
        assert.equal(result(object), 0)
        put('put_xdp_buff', CURRENT_CPU, undefined)
      }
      assert.deepEqual(
        records().map((data) => data.length),
        [86, 16, 86, 16],
      )
      assert.equal(put('measure_xdp_buff', 0n, packet), 70)
      assert.equal(put('measure_xdp_buff', 0n, undefined), 0)
      assert.throws(() => put('put_skb', 0n, new Uint8Array(2 ** 20)), coded('BAD_RUN', /run buffer/))
      assert.throws(() => put('put_traced', 0n, packet), coded('BAD_RUN', /no data/))
    })

    test('a callback has neither the packet nor the stack of a run that is over', () => {
      const machine = boot.virtual({ cpus, memory: '8 MiB' })
      const object = machine.load('test/map/perf-later.bpf.o', { engine })
      const buffer = object.maps['events']!.perfBuffer()
      const { flags, stack_bytes: stackBytes } = object.variables
      flags!.set(withPacket(CURRENT_CPU, 4))
      const data = new Uint8Array(70)
      object.programs['put_now_and_later']!.run({ ctx: [1], stack: { kernel: [1] }, data })
      assert.deepEqual([result(object), stackBytes!.get()], [0, 8n])
      machine.clock.advance('1 ms')
      assert.deepEqual([errnoName(result(object)), errnoName(Number(stackBytes!.get()))], ['EFAULT', 'EFAULT'])
      assert.equal(buffer.drain().length, 1)
    })

    test('a full buffer loses records, counts them and tells of them', () => {
      const object = loaded()
      const told: number[][] = []
      const lost = (cpu: number, count: number): void => void told.push([cpu, count])
      const buffer = object.maps['events']!.perfBuffer({ pages: 1, lost })
      let taken = 0
      while (put(object, CURRENT_CPU, { cpu: 1 }) === 0) taken++
      assert.equal(errnoName(result(object)), 'ENOSPC')
      put(object, CURRENT_CPU, { cpu: 1 })
      assert.deepEqual(buffer.lost, [0, 2])
      assert.equal(buffer.drain().length, taken)
      assert.deepEqual(told, [[1, 2]])
      assert.equal(put(object, CURRENT_CPU, { cpu: 1 }), 0)
    })
  })

test('a listener is called for records of every CPU until it is closed', async () => {
  const object = boot.virtual({ cpus, memory: '8 MiB' }).load(perfObject)
  const buffer = object.maps['events']!.perfBuffer()
  const records: PerfRecord[] = []
  let called = (): void => undefined
  const consumer = buffer.consume((record) => {
    records.push(record)
    if (records.length === 2) called()
  })
  const both = new Promise<void>((resolve) => (called = resolve))
  for (const cpu of [1, 0]) object.programs['put_xdp']!.run({ data: perfRequest(CURRENT_CPU), cpu })
  await both
  assert.deepEqual(records.map(({ cpu }) => cpu).sort(), [0, 1])
  consumer.close()
  object.programs['put_xdp']!.run({ data: perfRequest(CURRENT_CPU) })
  assert.equal(buffer.drain().length, 1)
})

for (const whole of [true, false])
  test(`who is told of lost records may close ${whole ? 'the buffer' : 'the consumer'}: no record is taken`, async () => {
    const object = boot.virtual({ cpus, memory: '8 MiB' }).load(perfObject)
    const put = (): number => {
      object.programs['put_xdp']!.run({ data: perfRequest(CURRENT_CPU) })
      return result(object)
    }
    const lost = (): void => {
      if (whole) buffer.close()
      else void records.return!()
    }
    const buffer = object.maps['events']!.perfBuffer({ pages: 1, lost })
    const records = buffer[Symbol.asyncIterator]()
    let taken = 0
    while (put() === 0) taken++
    assert.deepEqual(await records.next(), { done: true, value: undefined })
    if (!whole) assert.equal(buffer.drain().length, taken)
  })

test('what is thrown by whoever is told of lost records takes no record with it', async () => {
  const object = boot.virtual({ cpus, memory: '8 MiB' }).load(perfObject)
  const put = (cpu: number): boolean => {
    object.programs['put_xdp']!.run({ data: perfRequest(CURRENT_CPU), cpu })
    return result(object) === 0
  }
  const lost = (cpu: number): never => {
    throw new Error(`lost on ${cpu}`)
  }
  const buffer = object.maps['events']!.perfBuffer({ pages: 1, lost })
  const fill = (): number => {
    assert.ok(put(0))
    let taken = 1
    while (put(1)) taken++
    return taken
  }
  const first = fill()
  assert.throws(() => buffer.drain(), /lost on 1/)
  assert.equal(buffer.drain().length, first)
  const second = fill()
  const records = buffer[Symbol.asyncIterator]()
  const seen: PerfRecord[] = []
  const refused: string[] = []
  while (seen.length < second)
    await records.next().then(
      ({ value }) => seen.push(value as PerfRecord),
      ({ message }: Error) => refused.push(message),
    )
  assert.deepEqual(refused, ['lost on 1'])
  assert.equal(buffer.drain().length, 0)
})

test('worker threads put records that are awaited; the end of the machine ends the wait', async () => {
  const machine = await boot({ cpus, memory: '8 MiB' })
  const object = await machine.load(perfObject)
  const buffer = await object.maps['events']!.perfBuffer()
  const records = buffer[Symbol.asyncIterator]()
  const first = records.next()
  await object.programs['put_xdp']!.run({ data: perfRequest(CURRENT_CPU), cpu: 1 })
  assert.deepEqual((await first).value, { cpu: 1, data: RECORD })
  const last = records.next()
  await machine.close()
  assert.equal((await last).done, true)
})

test('the host neither reads nor sets what stands in a perf event array, and opens it only as one', () => {
  const { events } = boot.virtual({ cpus }).load(perfObject).maps
  assert.throws(() => events!.get(0), coded('ENOTSUPP'))
  assert.throws(() => events!.set(0, 1), coded('ENOTSUPP'))
  assert.equal(events!.delete(0), false)
  assert.throws(() => events!.perfBuffer({ pages: 3 }), coded('BAD_VALUE'))
  assert.throws(() => events!.perfBuffer({ as: 'nothing' }), coded('BAD_VALUE'))
  events!.perfBuffer()
  events!.close()
})
