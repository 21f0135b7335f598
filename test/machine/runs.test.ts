// Programs run with the context and data that BPF_PROG_TEST_RUN gives programs of their type.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, type LoadedObject, type VirtualMachine } from '../../src/index.js'
import { coded, probes, request, u32, u64, unchecked } from './probes.js'

function machine(): { machine: VirtualMachine; object: LoadedObject } {
  const machine = boot.virtual({ cpus: 2, seed: 7, task: { pid: 77, comm: 'tester' } })
  return { machine, object: machine.load(probes, unchecked) }
}

const packet = new Uint8Array(60).fill(1)
packet.set([0x08, 0x00], 12)

test('an xdp program reads and writes the packet between data and data_end', () => {
  const { object } = machine()
  const result = object.programs.first_bytes!.run({ data: packet, ctx: { ingress_ifindex: 3 } })
  assert.equal(result.retval, 3060)
  assert.equal(result.data?.length, 60)
  assert.equal(result.data?.[0], 0xab)
  assert.equal(packet[0], 1, 'the caller keeps its own bytes')
  assert.deepEqual(result.ctx, { ingress_ifindex: 3, rx_queue_index: 0 })
  assert.equal(result.duration, 0, 'no time passes on a virtual machine by itself')
})

test('the context comes back as it was given: bytes for bytes and words, fields for fields or nothing', () => {
  const { mark, second_argument } = machine().object.programs
  const words: Uint8Array = second_argument!.run({ ctx: [1, 2n] }).ctx
  const bytes: Uint8Array = mark!.run({ data: packet, ctx: new Uint8Array(192) }).ctx
  const field: number | undefined = mark!.run({ data: packet, ctx: { mark: 1 } }).ctx.mark
  const untold: bigint | undefined = mark!.run({ data: packet }).ctx?.tstamp
  assert.deepEqual([words.length, bytes.length, field, untold], [16, 192, 2, 0n])
  assert.equal(second_argument!.run().ctx, undefined)
  // @ts-expect-error neither struct has such a field
  assert.throws(() => mark!.run({ data: packet, ctx: { marc: 1 } }), coded('BAD_RUN', /marc cannot be set/))
})

test('a tc program gets a __sk_buff whose settable fields come back', () => {
  const { object } = machine()
  const result = object.programs.mark!.run({ data: packet, ctx: { mark: 41, cb: [1, 2, 3, 4, 5] } })
  assert.equal(result.retval, 60)
  const { ctx } = result
  assert.equal(ctx.mark, 42)
  assert.deepEqual(ctx.cb, [1, 2, 0x0008, 4, 5])
  assert.equal(ctx.ifindex, 1)
})

test('a context given as bytes comes back as bytes', () => {
  const { object } = machine()
  const ctx = new Uint8Array(192)
  ctx[8] = 9
  const result = object.programs.mark!.run({ data: packet, ctx })
  assert.ok(result.ctx instanceof Uint8Array)
  assert.equal(result.ctx[8], 10)
  assert.equal(result.ctx.length, 192)
})

test('a socket filter sees the packet from its network header on', () => {
  const { object } = machine()
  assert.equal(object.programs.length!.run({ data: packet }).retval, 46)
})

test('a raw tracepoint program gets its arguments', () => {
  const { object } = machine()
  assert.equal(object.programs.second_argument!.run({ ctx: [1n, 0xffff_ffff_1234n] }).retval, 0xffff_1234)
  assert.equal(object.programs.second_argument!.run().retval, 0, 'zeros without arguments')
})

test('a syscall program reads and writes its context; repeat runs it on the same one', () => {
  const { object } = machine()
  const result = object.programs.loop!.run({ ctx: u64(10n) })
  assert.equal(result.retval, 10)
  assert.deepEqual(result.ctx, u64(45n))
  assert.equal(object.programs.lock_value!.run({ ctx: u32(2), repeat: 1000 }).retval, 2000)
})

test('bpf_loop stops when the callback says so and refuses too many turns', () => {
  const { object } = machine()
  assert.deepEqual(object.programs.loop!.run({ ctx: u64(1000n) }).ctx, u64(105n))
  assert.equal(object.programs.loop!.run({ ctx: u64(1n << 24n) }).retval | 0, -7)
})

test('a perf_event program runs as an NMI unless the caller says otherwise', () => {
  const { object } = machine()
  assert.equal(object.programs.context_of!.run().retval | 0, -95)
  assert.equal(object.programs.context_of!.run({ context: 'task' }).retval | 0, -22)
})

test('the host decides who the task is', () => {
  const { object } = machine()
  const { retval, ctx } = object.programs.identity!.run({ ctx: new Uint8Array(16) })
  assert.equal(retval, 77)
  assert.equal(new TextDecoder().decode(ctx as Uint8Array).replace(/\0+$/, ''), 'tester')
})

test('random numbers depend on seed and CPU only', () => {
  const draw = (seed: number, cpu: number): number[] => {
    const object = boot.virtual({ cpus: 2, seed }).load(probes, unchecked)
    return [0, 1, 2].map(() => object.programs.random!.run({ cpu }).retval)
  }
  assert.deepEqual(draw(7, 0), draw(7, 0))
  assert.notDeepEqual(draw(7, 0), draw(7, 1))
  assert.notDeepEqual(draw(7, 0), draw(8, 0))
})

test('wrong data, contexts and CPUs are refused before anything runs', () => {
  const { object } = machine()
  const { first_bytes, mark, second_argument, count } = object.programs
  assert.throws(() => first_bytes!.run(), coded('BAD_RUN', /packet is needed/))
  assert.throws(
    () => first_bytes!.run({ data: new Uint8Array(64), stack: { kernel: [1] } }),
    coded('BAD_RUN', /cannot ask for a stack/),
  )
  assert.throws(() => first_bytes!.run({ data: new Uint8Array(13) }), coded('BAD_RUN', /13 bytes/))
  assert.throws(() => first_bytes!.run({ data: new Uint8Array(1 << 20) }), coded('BAD_RUN', /run buffer holds/))
  assert.throws(() => first_bytes!.run({ data: packet, ctx: new Uint8Array(23) }), coded('BAD_RUN', /23 bytes.*24/))
  assert.throws(() => mark!.run({ data: packet, ctx: { len: 3 } as object }), coded('BAD_RUN', /len cannot be set/))
  assert.throws(
    () => mark!.run({ data: packet, ctx: { mark: [1] } as object }),
    coded('BAD_RUN', /must be a whole number/),
  )
  assert.throws(() => second_argument!.run({ ctx: new Uint8Array(97) }), coded('BAD_RUN', /at most 96/))
  assert.throws(() => second_argument!.run({ data: packet }), coded('BAD_RUN', /take no data/))
  for (const word of [1.5, NaN, 'x'])
    assert.throws(() => second_argument!.run({ ctx: [1, word as number] }), coded('BAD_RUN', /ctx\[1\]/))
  assert.throws(() => count!.run({ context: 'toString' as 'task' }), coded('BAD_RUN', /toString/))
  assert.throws(() => count!.run({ cpu: 2 }), coded('BAD_CPU', /no CPU 2/))
  assert.throws(() => count!.run({ repeat: 0 }), coded('BAD_RUN', /repeat/))
  assert.throws(() => count!.run({ context: 'hardirq' as 'task' }), coded('BAD_RUN', /hardirq/))
})

test('printed lines reach the host in order, with time and CPU', () => {
  const { machine: m, object } = machine()
  const lines: unknown[] = []
  m.on('trace', (line) => lines.push(line))
  m.clock.advance(64)
  const time = m.clock.start + 64
  object.programs.print!.run({ cpu: 1 })
  assert.deepEqual(lines, [
    { time, cpu: 1, text: 'one -1 two 00042 three beef' },
    { time, cpu: 1, text: 'text z -5000000000' },
    { time, cpu: 1, text: '0000001234567890|7   |%' },
  ])
  assert.equal(object.programs.bad_format!.run().retval | 0, -22)
  assert.equal(lines.length, 3)
})

test('a reader that falls behind loses the oldest lines, never the order or the newest', () => {
  const { machine: m, object } = machine()
  object.programs.print!.run({ repeat: 5000 })
  const lines: string[] = []
  m.on('trace', ({ text }) => lines.push(text))
  object.programs.print!.run()
  assert.ok(lines.length > 300 && lines.length < 15_003)
  assert.deepEqual(lines.slice(-3), ['one -1 two 00042 three beef', 'text z -5000000000', '0000001234567890|7   |%'])
  assert.equal(new Set(lines).size, 3)
})

test('a run goes on to its end though a listener closes its object meanwhile and loads another', () => {
  const { machine: m, object: first } = machine()
  const object = m.load(probes, unchecked)
  let other: LoadedObject | undefined
  let faults = 0
  m.on('fault', () => {
    object.close()
    // Takes back what waits for a grace period, as any operation does.
    first.maps.points!.get(1)
    if (++faults === 8) other = m.load(probes, unchecked)
  })
  for (let slot = 0; slot < 8; slot++) first.programs.start_faulting_timer!.run({ ctx: request(slot, 0) })
  assert.equal(object.programs.count!.run({ repeat: 1000 }).retval, 0)
  assert.equal(other!.variables.counter!.get(), 5n, 'what was closed has run, not what came in its place')
  assert.throws(() => object.programs.count!.run(), coded('CLOSED'))
})

test('a listener that throws takes no line from anybody, and lines that it brings about come behind', () => {
  const { machine: m, object } = machine()
  const told: string[] = []
  m.on('trace', ({ cpu, text }) => {
    told.push(`${cpu} ${text.slice(0, 3)}`)
    if (told.length === 1) object.programs.print!.run({ cpu: 1 })
    if (told.length === 2) throw new Error('of the listener')
  })
  const others: string[] = []
  m.on('trace', ({ cpu, text }) => others.push(`${cpu} ${text.slice(0, 3)}`))
  assert.throws(() => object.programs.print!.run({ cpu: 0 }), /of the listener/)
  const lines = [0, 1].flatMap((cpu) => ['one', 'tex', '000'].map((text) => `${cpu} ${text}`))
  assert.deepEqual(told, lines)
  assert.deepEqual(others, lines)
})

test('a listener that throws keeps no machine from closing', () => {
  const { machine: m, object } = machine()
  object.programs.print!.run()
  m.on('trace', () => {
    throw new Error('of the listener')
  })
  assert.throws(() => m.close(), /of the listener/)
  assert.equal(m.closed, true)
})

test('a listener that is taken away by itself hears no further event', () => {
  const { machine: m, object } = machine()
  let heard = 0
  const once = (): void => {
    heard++
    m.off('trace', once)
  }
  m.on('trace', once)
  object.programs.print!.run()
  assert.equal(heard, 1)
})
