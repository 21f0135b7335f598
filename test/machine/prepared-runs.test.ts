// A prepared run does what run() does: same answers, packets, contexts and effects, whatever ran in between.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAP_TYPE_ARRAY } from '../../core/abi.js'
import { boot, SkepError, type LoadedObject, type PreparedRun, type RunResult } from '../../src/index.js'
import { coded, eventually, probes, request, resultOf, u32, u64, unchecked } from './probes.js'

const packet = new Uint8Array(60).fill(1)
packet.set([0x08, 0x00], 12)

/** Programs that read and move packets, redirect them, and look at their task; `out` is what helpers answered. */
const OBJECTS = ['packets', 'skb', 'redirect', 'cgroup', 'task', 'memory']
const object = (name: string): Buffer => readFileSync(new URL(`../../../test/helpers/${name}.bpf.o`, import.meta.url))

const PACKET_TYPES = ['xdp', 'sched_cls', 'socket_filter', 'cgroup_skb']

/** The answer, or the code of the error that there was instead. */
function answer(run: () => RunResult): unknown {
  try {
    return { ...run(), duration: 0 }
  } catch (error) {
    assert.ok(error instanceof SkepError, String(error))
    return error.code
  }
}

const out = (loaded: LoadedObject): unknown => ('out' in loaded.variables ? loaded.variables['out']!.get() : undefined)

const frames = fc
  .tuple(
    fc.uint8Array({ minLength: 14, maxLength: 200 }),
    fc.constantFrom([0x08, 0x00, 0x45], [0x86, 0xdd, 0x60], [0x81, 0x00, 0x00], [0x00, 0x10, 0xff]),
    fc.boolean(),
  )
  .map(([bytes, type, toUs]) => {
    const frame = Uint8Array.from(bytes)
    frame.set(type.slice(0, frame.length - 12), 12)
    if (toUs) frame.fill(0, 0, 6)
    return frame
  })

for (const name of OBJECTS)
  test(`prepared and other runs of the programs of ${name}.bpf.o cannot be told apart`, () => {
    const bytes = object(name)
    const options = { seed: 3, memory: '16 MiB', task: { pid: 5, comm: 'both' } } as const
    const [first, second] = [boot.virtual(options), boot.virtual(options)]
    const [plain, other] = [first.load(bytes, unchecked), second.load(bytes, unchecked)]
    const names = Object.keys(plain.programs)
    const prepared = new Map<string, PreparedRun>()
    const context = (type: string): Record<string, unknown> =>
      type === 'xdp' ? { ingress_ifindex: 4 } : { mark: 7, cb: [1, 2, 3, 4, 5] }
    const extra = (type: string): object => ({
      ...(PACKET_TYPES.includes(type) && { ctx: context(type) }),
      ...(type === 'sched_cls' && { packet: { hash: 77, classid: 9, cgroups: [1, 2] } }),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(names.length - 1), frames), { minLength: 1, maxLength: 12 }), (steps) => {
        for (const [index, frame] of steps) {
          const program = names[index]!
          const { type } = plain.programs[program]!
          const hasPacket = PACKET_TYPES.includes(type)
          const run = prepared.get(program) ?? other.programs[program]!.prepare(extra(type))
          prepared.set(program, run)
          const expected = answer(() =>
            plain.programs[program]!.run({ ...extra(type), ...(hasPacket && { data: frame }) }),
          )
          const got = answer(() => {
            if (hasPacket) {
              run.data.set(frame)
              run.length = frame.length
            }
            const retval = run.run()
            const result = run.result()
            assert.equal(result.retval, retval)
            return result
          })
          assert.deepEqual(got, expected, program)
          assert.deepEqual(out(other), out(plain), program)
        }
      }),
      { numRuns: 60, seed: 5 },
    )
    first.close()
    second.close()
  })

/** What first_bytes adds for a packet of which nothing is said: it comes from interface 1. */
const LOOPBACK = 1000

test('a prepared run has its packet in place: the caller fills it, the program changes it', () => {
  const machine = boot.virtual()
  const { first_bytes } = machine.load(probes, unchecked).programs
  const run = first_bytes!.prepare({ data: packet, ctx: { ingress_ifindex: 3 } })
  assert.equal(run.length, 60)
  assert.equal(run.run(), 3060)
  assert.equal(run.data[0], 0xab)
  assert.equal(packet[0], 1, 'the caller keeps its own bytes')
  assert.deepEqual(run.result().ctx, { ingress_ifindex: 3, rx_queue_index: 0 })
  run.length = 20
  assert.equal(run.run(), 3020)
  assert.equal(run.result().data?.length, 20)
  for (const length of [13, 1 << 20, 20.5, NaN])
    assert.throws(() => (run.length = length), coded('BAD_RUN', /whole number from 14/))
  assert.equal(run.run(), 3020)
})

test('a program without a packet has its context in place', () => {
  const machine = boot.virtual()
  const { loop, second_argument, lock_value } = machine.load(probes, unchecked).programs
  const run = loop!.prepare({ ctx: u64(10n) })
  assert.equal(run.run(), 10)
  assert.deepEqual(Uint8Array.from(run.ctx), u64(45n))
  run.ctx.set(u64(10n))
  assert.equal(run.run(), 10)
  assert.deepEqual(run.result().ctx, u64(45n))
  assert.throws(() => (run.length = 14), coded('BAD_RUN', /no packet/))
  assert.equal(run.data.length, 0)
  const traced = second_argument!.prepare()
  traced.ctx.set(u64(0xffff_ffff_1234n), 8)
  assert.equal(traced.run(), 0xffff_1234)
  const sum = lock_value!.prepare({ ctx: u32(2) })
  for (let turn = 1; turn < 10; turn++) assert.equal(sum.run(), 2 * turn)
})

test('what happens between two prepared runs does not change them', () => {
  const machine = boot.virtual({ cpus: 2, task: { pid: 77, comm: 'tester' } })
  const loaded = machine.load(probes, unchecked)
  const { first_bytes, identity, loop } = loaded.programs
  const run = first_bytes!.prepare({ data: packet, cpu: 1 })
  const who = identity!.prepare({ ctx: new Uint8Array(16), cpu: 1 })
  const other = identity!.prepare({ ctx: new Uint8Array(16), cpu: 1, task: { pid: 5, comm: 'other' } })
  for (let turn = 0; turn < 3; turn++) {
    run.data.set(packet)
    assert.equal(run.run(), LOOPBACK + 60)
    assert.deepEqual(run.result().data?.slice(1), packet.slice(1))
    loop!.run({ ctx: new Uint8Array(4000).fill(0xff), cpu: 1 })
    for (const map of Object.values(loaded.maps)) if (map.type === MAP_TYPE_ARRAY) map.entries()
    assert.equal(who.run(), 77)
    assert.equal(other.run(), 5)
    assert.equal(identity!.run({ ctx: new Uint8Array(16), cpu: 1 }).retval, 77)
  }
  machine.setTask({ pid: 78 })
  assert.equal(who.run(), 78)
  assert.equal(other.run(), 5)
})

test('a fault in a prepared run is the error of run(), and the next runs are as if nothing had been', () => {
  const machine = boot.virtual()
  const { misaligned, first_bytes } = machine.load(probes, unchecked).programs
  const bad = misaligned!.prepare({ ctx: new Uint8Array(16) })
  const run = first_bytes!.prepare({ data: packet })
  for (let turn = 0; turn < 3; turn++) {
    assert.throws(() => bad.run(), coded('FAULT_MISALIGNED_ATOMIC', /packet of a prepared run of 'misaligned'/))
    assert.equal(run.run(), LOOPBACK + 60)
    assert.equal(first_bytes!.run({ data: packet }).retval, LOOPBACK + 60)
  }
})

test('printed lines reach the host after a prepared run, runs are counted, timers fire when the clock moves', () => {
  const machine = boot.virtual()
  const loaded = machine.load(probes, unchecked)
  const lines: string[] = []
  machine.on('trace', ({ text }) => lines.push(text))
  loaded.programs.print!.prepare().run()
  assert.equal(lines.length, 3)
  const start = loaded.programs.start_timer!.prepare({ ctx: request(1, 1000) })
  start.run()
  assert.equal(resultOf(start.ctx), 0n)
  assert.equal(machine.clock.nextExpiry(), machine.clock.start + 1000)
  machine.clock.advance(1000)
  assert.equal(machine.stats().cpus[0]!.firings, 1)
  assert.equal(machine.stats().programs['start_timer']?.runs, 1)
})

test('an inline machine that keeps polling fires what prepared runs have started', async () => {
  const machine = boot({ cpus: 'inline' }).keepPolling().ref()
  const start = machine.load(probes, unchecked).programs.start_timer!.prepare({ ctx: request(1, 1_000_000) })
  for (let turn = 1; turn < 4; turn++) {
    start.run()
    await eventually(() => machine.stats().cpus[0]!.firings === turn, 'the timer fires')
  }
  machine.close()
  assert.throws(() => start.run(), coded('CLOSED'))
})

test('its memory comes back when it is closed, or its object', () => {
  const machine = boot.virtual({ memory: '4 MiB' })
  const loaded = machine.load(probes, unchecked)
  const { first_bytes } = loaded.programs
  const all: PreparedRun[] = []
  assert.throws(
    () => {
      for (;;) all.push(first_bytes!.prepare())
    },
    coded('NO_MEMORY', /prepared run/),
  )
  assert.ok(all.length > 2)
  for (const run of all) assert.equal(run.run(), LOOPBACK + 14)
  all[0]!.close()
  all[0]!.close()
  assert.throws(() => all[0]!.run(), coded('CLOSED'))
  assert.throws(() => all[0]!.result(), coded('CLOSED'))
  // Its memory may be another run's by now.
  assert.throws(() => (all[0]!.length = 20), coded('CLOSED'))
  assert.throws(() => first_bytes!.prepare({ data: new Uint8Array(3) }), coded('BAD_RUN', /3 bytes/))
  assert.equal(first_bytes!.prepare({ data: packet }).run(), LOOPBACK + 60)
  loaded.close()
  assert.throws(() => all[1]!.run(), coded('CLOSED'))
  assert.throws(() => first_bytes!.prepare(), coded('CLOSED'))
  const again = machine.load(probes, unchecked).programs
  assert.equal(again.first_bytes!.prepare({ data: packet }).run(), LOOPBACK + 60)
})

test('what prepared runs have freed is there again for the next ones', () => {
  const machine = boot.virtual({ timers: 64 })
  const timers = readFileSync(new URL('../../../bench/objects/timers.bpf.o', import.meta.url))
  const run = machine.load(timers).programs.element_with_timer!.prepare({ data: new Uint8Array(32) })
  const request = new DataView(run.data.buffer, run.data.byteOffset)
  // Each run makes 48 timers and frees them.
  for (let turn = 0; turn < 10; turn++) {
    request.setUint32(0, 48, true)
    assert.equal(run.run(), 0)
    assert.equal(request.getBigUint64(16, true), 48n)
  }
})

test('what does not fit is refused when it is prepared; worker threads have no prepared runs', async () => {
  const { first_bytes, count } = boot.virtual().load(probes, unchecked).programs
  assert.throws(() => first_bytes!.prepare({ data: new Uint8Array(1 << 20) }), coded('BAD_RUN', /run buffer holds/))
  assert.throws(() => first_bytes!.prepare({ ctx: { len: 3 } as object }), coded('BAD_RUN', /len cannot be set/))
  assert.throws(() => count!.prepare({ data: packet }), coded('BAD_RUN', /take no data/))
  assert.throws(() => count!.prepare({ repeat: 2 } as object), coded('BAD_RUN', /no repeat/))
  assert.throws(() => count!.prepare({ cpu: 2 }), coded('BAD_CPU', /no CPU 2/))
  const machine = await boot({ cpus: 1 })
  const { count: remote } = (await machine.load(probes, unchecked)).programs
  // @ts-expect-error: its type says so, too.
  assert.throws(() => remote!.prepare(), coded('NOT_LOCAL', /repeat/))
  await machine.close()
})
