// load<T>() in TypeScript: names and values are of the types that T says, and what is wrong with them does not compile
// (the build of this file is that test). Without T everything is as it was.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot, type LoadedObject, type MapHandle } from '../../src/index.js'
import type { FlowTimeout } from './flow-timeout.types.js'
import type { Kinds } from './kinds.types.js'

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const OBJECT = file('examples/flow-timeout/flow-timeout.bpf.o')
const packet = Buffer.from(
  '0200000000020200000000010800' + '4500001c00004000400600000a0000010a000002' + '0050c0de00000000',
  'hex',
)

test('an object whose types are given has typed programs, maps and variables', () => {
  const machine = boot.virtual()
  const flow = machine.load<FlowTimeout>(OBJECT, { programs: ['on_packet'], variables: { idle_timeout_ns: 5_000n } })
  const { flows } = flow.maps
  const retval: number = flow.programs.on_packet.run({ data: packet }).retval
  assert.equal(retval, 2)
  flows.set({ protocol: 17, saddr: [10] }, { packets: 7 })
  const packets: bigint | undefined = flows.get({ protocol: 17, saddr: [10] })?.packets
  assert.equal(packets, 7n)
  const ports: number[] = flows.entries().map(([key]) => key.dport)
  assert.equal(ports.length, 2)
  assert.equal(flow.maps['.bss'].get(0)?.flows_created, 1n)
  flow.variables.flows_created.set(3)
  const created: bigint = flow.variables.flows_created.get()
  assert.equal(created, 3n)
  flows.updateBatch([[{ protocol: 6 }, { packets: 1n }]])
  const batch: bigint[] = flows.lookupBatch(10).entries.map(([, value]) => value.bytes)
  assert.ok(batch.length > 1)
  machine.close()
})

test('what contradicts the types does not compile', () => {
  const machine = boot.virtual()
  const flow = machine.load<FlowTimeout>(OBJECT)
  const refused: (() => unknown)[] = [
    // @ts-expect-error no such program
    () => flow.programs.on_packt.run(),
    // @ts-expect-error no such map
    () => flow.maps.flow.entries(),
    // @ts-expect-error no such member of the key
    () => flow.maps.flows.get({ protocl: 6 }),
    // @ts-expect-error a text is no integer
    () => flow.maps.flows.set({ protocol: 6 }, { packets: 'many' }),
    // @ts-expect-error no such variable
    () => machine.load<FlowTimeout>(OBJECT, { variables: { idle_timeout: 5n } }),
    // @ts-expect-error no such program
    () => machine.load<FlowTimeout>(OBJECT, { programs: ['on_close'] }),
  ]
  for (const use of refused) assert.throws(use, { name: 'SkepError' })
  machine.close()
})

test('a typed object is an object, and its maps are maps', () => {
  const machine = boot.virtual()
  const flow = machine.load<FlowTimeout>(OBJECT)
  const loose: LoadedObject = flow
  const map: MapHandle = flow.maps.flows
  assert.equal(loose.maps['flows']!.get(new Uint8Array(map.keySize)), undefined)
  const value: unknown = machine.load(OBJECT).maps['flows']!.get({ protocol: 6 })
  assert.equal(value, undefined)
  machine.close()
})

test('on worker threads the answers are promises of the same types', async () => {
  const machine = await boot({ cpus: 1 })
  const flow = await machine.load<FlowTimeout>(OBJECT)
  await flow.maps.flows.set({ protocol: 6 }, { bytes: 9n })
  const bytes: bigint | undefined = (await flow.maps.flows.get({ protocol: 6 }))?.bytes
  assert.equal(bytes, 9n)
  const created: bigint = await flow.variables.flows_created.get()
  assert.equal(created, 0n)
  await machine.close()
})

test('a per-CPU map takes and gives a list, or one value with a CPU', () => {
  const machine = boot.virtual({ cpus: 2 })
  const { counts } = machine.load<Kinds>(file('test/map/kinds.bpf.o'), { checks: false }).maps
  counts.set(1, [1n, 2])
  counts.set(1, 5, { cpu: 1 })
  const all: bigint[] | undefined = counts.get(1)
  const one: bigint | undefined = counts.get(1, { cpu: 1 })
  assert.deepEqual([all, one], [[1n, 5n], 5n])
  // @ts-expect-error one value, and no CPU is named
  assert.throws(() => counts.set(1, 5n), { code: 'BAD_VALUE' })
  machine.close()
})
