// What the programs of this folder do in the course of time, on a virtual clock: no kernel can be asked for that.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot, type LoadedObject, type LoadOptions, type VirtualMachine } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { ipv4, packet, u32, u64 } from './frames.js'
import { FOLDER } from './transcript.js'

function load(machine: VirtualMachine, name: string, options?: LoadOptions): LoadedObject {
  return machine.load(parseObject(readFileSync(new URL(`${name}.bpf.o`, FOLDER)), name), options)
}

const udp = packet({ from: '10.0.0.1', to: '10.0.0.2' })

for (const engine of ['jit', 'interp'] as const) {
  test(`token-bucket: a token a millisecond, and an idle bucket goes (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB' })
    const variables = { burst: 2, nanoseconds_per_token: 1_000_000n, idle_timeout: 50_000_000n }
    const bucket = load(machine, 'token-bucket', { engine, variables })
    const run = (): number => bucket.programs['limit']!.run({ data: udp }).retval
    assert.deepEqual([run(), run(), run()], [2, 2, 1])
    machine.clock.advance('1 ms')
    assert.deepEqual([run(), run()], [2, 1])
    machine.clock.advance('49999 us')
    assert.deepEqual([run(), run(), run()], [2, 2, 1])
    machine.clock.advance('50 ms')
    assert.deepEqual(bucket.maps['buckets']!.entries(), [])
    assert.equal(bucket.variables['expired']!.get(), 1n)
  })

  test(`conntrack: each state has its time-out (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB', cpus: 2 })
    const { programs, maps } = load(machine, 'conntrack', { engine })
    const track = (from: string, to: string, flags: string, ports: [number, number], cpu: number): number =>
      programs['track']!.run({ data: packet({ from, to, tcp: flags, ports }), cpu }).retval
    const left = (): number => maps['connections']!.entries().length
    track('10.0.0.1', '10.0.0.2', 'S', [5, 80], 0)
    track('10.0.0.3', '10.0.0.2', 'S', [6, 80], 0)
    track('10.0.0.2', '10.0.0.3', 'SA', [80, 6], 1)
    track('10.0.0.4', '10.0.0.2', 'S', [7, 80], 1)
    assert.equal(track('10.0.0.2', '10.0.0.4', 'RA', [80, 7], 0), 3)
    assert.equal(left(), 3)
    machine.clock.advance('2 s')
    assert.equal(left(), 2)
    machine.clock.advance('28 s')
    assert.equal(left(), 1)
    machine.clock.advance('269 s')
    assert.equal(left(), 1)
    machine.clock.advance('1 s')
    assert.equal(left(), 0)
  })

  test(`scheduler: slices take turns, the urgent first, each tick on its own CPU (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB', cpus: 2 })
    const { programs, maps } = load(machine, 'scheduler', { engine, variables: { slice: 1_000_000n } })
    for (const [id, slices, urgent] of [
      [1, 3, 0],
      [2, 1, 0],
      [3, 2, 1],
      [4, 1, 1],
    ])
      // prettier-ignore
      programs['enqueue']!.run({ ctx: u32(id!, slices!, urgent!) })
    for (const cpu of [0, 1]) programs['start']!.run({ cpu })
    machine.clock.advance('10 ms')
    assert.deepEqual(maps['finished_at']!.entries().sort(), [[1, 4n], [2, 2n], [3, 3n], [4, 1n]]) // prettier-ignore
    const cpus = maps['cpus']!.entries().map(([, cpu]) => cpu as Record<string, unknown>)
    assert.deepEqual(cpus.slice(0, 2).map(({ ticks, strangers }) => [ticks, strangers]), [[11n, 0], [11n, 0]]) // prettier-ignore
    for (const cpu of [0, 1]) assert.equal(programs['stop']!.run({ cpu }).retval, 1)
    assert.equal(machine.clock.runUntilIdle(), true)
  })

  test(`cleanup: one run of the work for all that were closed before it (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB' })
    const { programs, maps } = load(machine, 'cleanup', { engine })
    for (let i = 0; i < 9; i++) programs['join']!.run({ ctx: u32(i % 3, i) })
    for (const session of [0, 1]) assert.equal(programs['leave']!.run({ ctx: u32(session, 0) }).retval, 0)
    machine.poll()
    assert.deepEqual(maps['cleaners']!.get(0), { runs: 1, removed: 6 })
    assert.deepEqual([maps['sessions']!.entries().length, maps['members']!.entries().length], [1, 3])
    assert.equal(programs['leave']!.run({ ctx: u32(0, 0) }).retval | 0, -1)
  })

  test(`perf-export: the CPU's own buffer gets the header and the beginning of the packet (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB', cpus: 2 })
    const { programs, maps } = load(machine, 'perf-export', { engine, variables: { snapshot: 16 } })
    const buffer = maps['packets']!.perfBuffer()
    assert.equal(programs['capture']!.run({ data: udp, cpu: 1 }).retval, 2)
    const [record] = buffer.drain()
    const expected = Buffer.concat([u64(0), u32(1), Buffer.from([udp.length, 0, 16, 0]), udp.subarray(0, 16)])
    assert.deepEqual([record!.cpu, Buffer.from(record!.data as Uint8Array)], [1, expected])
  })

  test(`kernel-config: the host says what the kernel would (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB' })
    const { programs } = load(machine, 'kernel-config', { engine, kconfig: { CONFIG_HZ: 250, CONFIG_BPF_JIT: 'y' } })
    const { retval, ctx } = programs['ask']!.run({ ctx: new Uint8Array(24) })
    assert.equal(retval, 1)
    const [version, hz, jit, notThere, rcu, nothing] = new Uint32Array((ctx as Uint8Array).slice().buffer)
    assert.deepEqual([version! >>> 8, hz, jit, notThere, rcu, nothing], [(6 << 8) | 18, 250, 1, 0, 1, 0])
  })

  test(`probes: from the registers of a probe to a record of what was opened (${engine})`, () => {
    using machine = boot.virtual({ memory: '8 MiB', task: { pid: 7, comm: 'cat' } })
    const { programs, maps } = load(machine, 'probes', { engine })
    const registers = (values: Record<number, number>): Uint8Array => {
      const bytes = new DataView(new ArrayBuffer(168))
      for (const [at, value] of Object.entries(values)) bytes.setBigUint64(Number(at), BigInt(value), true)
      return new Uint8Array(bytes.buffer)
    }
    const [RDX, RSI, RDI, RAX] = [96, 104, 112, 80]
    // No memory is behind the pointers: the helpers answer -EFAULT, and the program goes on as on a kernel.
    programs['on_open']!.run({ ctx: registers({ [RDI]: 3, [RSI]: 0xdead0000, [RDX]: 0xdead1000 }) })
    machine.clock.advance('5 us')
    programs['on_opened']!.run({ ctx: registers({ [RAX]: 9 }) })
    const records = maps['events']!.drain() as Uint8Array[]
    const record = Buffer.from(records[0]!)
    assert.deepEqual([record.readInt32LE(8), record.readBigUInt64LE(16)], [9, 5000n])
    assert.equal(record.subarray(24, 27).toString(), 'cat')
    assert.equal(record[40], '?'.charCodeAt(0))
    assert.deepEqual(maps['opens']!.entries(), [])
  })
}

test('firewall: what it prints is told to the host', () => {
  using machine = boot.virtual({ memory: '8 MiB' })
  const { programs, maps } = load(machine, 'firewall')
  const printed: string[] = []
  machine.on('trace', ({ text }) => printed.push(text))
  maps['rules4']!.set({ length: 8, address: ipv4('10.0.0.0').readUInt32LE(0) }, { verdict: 2, id: 1 })
  programs['filter']!.run({ data: udp })
  assert.deepEqual(printed, [`vlan 0 protocol 800 length ${udp.length}`])
})
