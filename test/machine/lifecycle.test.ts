import { test } from 'node:test'
import assert from 'node:assert/strict'
import { EVENT_START } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { boot, type LifecycleEvent } from '../../src/index.js'
import { Memory } from '../../src/machine/cpu/memory.js'
import { probes, request, unchecked } from './probes.js'
import { LifecycleReader } from '../../src/machine/observe/lifecycle-rings.js'

const object = new URL('../../../examples/deferred-work/deferred-work.bpf.o', import.meta.url)
const flows = new URL('../../../examples/flow-timeout/flow-timeout.bpf.o', import.meta.url)

/** A TCP packet with the SYN flag from 10.0.0.`host` to `port`. */
function syn(host: number, port: number): Uint8Array {
  const packet = new Uint8Array(60)
  packet.set([0x08, 0x00, 0x45], 12)
  packet.set([6, 0, 0, 10, 0, 0, host, 10, 0, 0, 99], 23)
  packet.set([0x10, 0, port >> 8, port & 255], 34)
  packet[46] = 0x50
  packet[47] = 0x02
  return packet
}

test('lifecycle events tell of work by map, key and function, in order', () => {
  const machine = boot.virtual()
  const events: LifecycleEvent[] = []
  machine.on('lifecycle', (event) => events.push(event))
  const { programs } = machine.load(object)
  programs['on_packet']!.run({ data: syn(1, 80) })
  machine.poll()
  assert.deepEqual(
    events.map(({ kind, of, map, result, callback }) => [kind, of, map, result, callback]),
    [
      ['init', 'work', 'sources', 0, undefined],
      ['set_callback', 'work', 'sources', 0, 'count_ports'],
      ['start', 'work', 'sources', 0, undefined],
      ['fire', 'work', 'sources', 0, 'count_ports'],
    ],
  )
  assert.ok(events.every(({ key }) => key === 0x0100000a))
  machine.close()
})

test('the end of a timer shows the key that its element had', () => {
  const machine = boot.virtual()
  const events: LifecycleEvent[] = []
  machine.on('lifecycle', (event) => events.push(event))
  const { programs } = machine.load(flows)
  for (const host of [1, 2, 3]) {
    programs['on_packet']!.run({ data: syn(host, 80) })
    machine.clock.advance('1 ms')
  }
  machine.clock.runUntilIdle()
  const hosts = (kind: string) =>
    events.filter((event) => event.kind === kind).map(({ key }) => (key as { saddr: number[] }).saddr[3]! >>> 24)
  assert.deepEqual(hosts('init'), [1, 2, 3])
  assert.deepEqual(hosts('fire'), [1, 2, 3])
  assert.deepEqual(hosts('free'), [1, 2, 3])
  const start = events.find(({ kind }) => kind === 'start')
  assert.equal(start?.nanoseconds, 30_000_000_000n)
  machine.close()
})

test('nothing is recorded before the first listener, and nothing after the last', () => {
  const machine = boot.virtual()
  const { programs } = machine.load(flows)
  programs['on_packet']!.run({ data: syn(1, 80) })
  const events: LifecycleEvent[] = []
  const listener = (event: LifecycleEvent) => events.push(event)
  machine.on('lifecycle', listener)
  programs['on_packet']!.run({ data: syn(1, 80) })
  machine.off('lifecycle', listener)
  programs['on_packet']!.run({ data: syn(1, 80) })
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['start'],
  )
  machine.close()
})

test('a machine with threads reports every event by the time it is closed', async () => {
  const machine = await boot({ cpus: 2 })
  const events: LifecycleEvent[] = []
  machine.on('lifecycle', (event) => events.push(event))
  const { programs } = await machine.load(flows)
  await Promise.all(
    [0, 1].flatMap((cpu) =>
      [1, 2, 3].map((host) => programs['on_packet']!.run({ data: syn(host + 3 * cpu, 80), cpu })),
    ),
  )
  await machine.close()
  const count = (kind: string) => events.filter((event) => event.kind === kind && event.result === 0).length
  assert.equal(count('init'), 6)
  assert.equal(count('start'), 6)
  assert.ok(events.every(({ time }, i) => i === 0 || time >= 0))
})

/** A machine's rings as far as a reader knows them: one CPU, `records` records. */
class Rings extends Memory {
  readonly records = 4
  readonly #area = 0x4000
  readonly #ring = 0x8000
  /** Done at the next look at a record's time. */
  meanwhile: (() => void) | undefined
  #number = 0

  constructor() {
    super(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }))
    this.setWord(layout.HEADER + layout.HEADER_EVENT_RECORDS, this.records)
    this.setWord(layout.HEADER + layout.HEADER_CPUS, 1)
    this.setWord(layout.HEADER + layout.HEADER_CPU_AREAS, this.#area)
    this.setWord(this.#area + layout.CPU_EVENTS, this.#ring)
  }

  override long(address: number): bigint {
    const { meanwhile } = this
    this.meanwhile = undefined
    meanwhile?.()
    return super.long(address)
  }

  /** Counts a record; what it gives writes it. */
  begin(): () => void {
    const number = this.#number++
    const at = this.#ring + ((number % this.records) << layout.EVENT_SHIFT)
    this.add(this.#area + layout.CPU_EVENTS_WRITTEN, 1)
    return () => {
      this.setLong(at + layout.EVENT_TIME, BigInt(number))
      this.setLong(at + layout.EVENT_ARGUMENT, BigInt(number))
      this.setWord(at + layout.EVENT_KIND, (number << layout.EVENT_NUMBER_SHIFT) | EVENT_START)
    }
  }
}

test('an event that is overwritten while it is read is lost, and no mixture of two', () => {
  const memory = new Rings()
  const reader = new LifecycleReader(memory)
  for (let record = 0; record < memory.records; record++) memory.begin()()
  memory.meanwhile = () => memory.begin()()
  const numbers = (): number[] => reader.read(true).map(({ argument }) => Number(argument))
  assert.deepEqual(numbers(), [1, 2, 3])
  assert.equal(reader.lost, 1)
  assert.deepEqual(numbers(), [4])
  assert.equal(reader.lost, 1)
})

test('an event that a CPU had only begun when it died is lost, and not the one whose place it has', () => {
  const memory = new Rings()
  const reader = new LifecycleReader(memory)
  const numbers = (dead?: number): number[] => reader.read(false, dead).map(({ argument }) => Number(argument))
  for (let record = 0; record < memory.records; record++) memory.begin()()
  assert.deepEqual(numbers(), [0, 1, 2, 3])
  const write = memory.begin()
  memory.begin()()
  assert.deepEqual(numbers(), [])
  write()
  assert.deepEqual(numbers(), [4, 5])
  memory.begin()
  memory.begin()()
  assert.deepEqual(numbers(), [])
  assert.deepEqual(numbers(0), [7])
  assert.equal(reader.lost, 1)
})

test('the end of a timer whose map is closed, and gone before it is told, has its map and key', () => {
  const machine = boot.virtual()
  const events: LifecycleEvent[] = []
  machine.on('lifecycle', (event) => events.push(event))
  const first = machine.load(probes, unchecked)
  first.programs.start_timer!.run({ ctx: request(3, 10e6) })
  first.close()
  machine.load(flows)
  machine.poll()
  const told = events.map(({ kind, map, key, result, callback }) => [kind, map, key, result, callback])
  assert.deepEqual(told.at(-1), ['free', 'slots', 3, 1, undefined])
})
