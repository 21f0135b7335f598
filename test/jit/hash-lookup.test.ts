// Lookups in hash maps that the compiler knows: the walk in place, what is rare the helper's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_BAD_ACCESS } from '../../core/abi.js'
import { CPU_INDEX, RECORD_LINK, RECORD_MARK, RECORD_ORDER } from '../../core/layout.js'
import * as asm from '../../src/isa/assemble.js'
import { boot } from '../../src/index.js'
import type { HashShape } from '../../src/jit/link.js'
import { AREA, DATA, GUEST_BASE, GUEST_END, machineOf, type TestMachine } from './harness.js'

const BUCKETS = 0x22000
const RECORDS = 0x23000
const VALUES = DATA + 0x800
const HELPER = 77n
/** Keys 0, 4, 8 … share bucket 0; 1, 5, 9 … bucket 1: the two lowest bits decide. */
const shape: HashShape = {
  keyBytes: 8,
  seed: 0,
  multiplier: 0n,
  shift: 62,
  mask: 3,
  buckets: BUCKETS,
  records: RECORDS,
  recordBytes: 16,
  reference: undefined,
  values: VALUES,
  stride: 24,
  cpuStride: 0,
}

function machine(more: Partial<HashShape> = {}): TestMachine {
  const lookup = [asm.mov('r2', 'r1'), asm.loadReference('r1', { kind: 'map', map: 'table' }), asm.call(1), asm.exit()]
  const made = machineOf(lookup, {
    maps: { table: 0x40400 },
    hashes: { table: { ...shape, ...more } },
    helpers: { 1: { parameters: 2, call: () => HELPER } },
  })
  return made
}

/** Element `index` with that order word; `next` is the element behind it, or -1. */
function putRecord({ view }: TestMachine, index: number, order: bigint, next: number, mark = 0): void {
  view.setBigUint64(RECORDS + 16 * index + RECORD_LINK, (9n << 25n) | BigInt(mark) | BigInt(next + 1), true)
  view.setBigUint64(RECORDS + 16 * index + RECORD_ORDER, order, true)
}

/** Puts element `index` with that order word at the head of a bucket. */
function putHead(table: TestMachine, bucket: number, index: number, order: bigint): void {
  table.view.setBigUint64(BUCKETS + 8 * bucket, (5n << 25n) | BigInt(index + 1), true)
  putRecord(table, index, order, -1)
}

function lookUp(table: TestMachine, key: bigint): bigint {
  table.view.setBigUint64(DATA, key, true)
  return table.run('main', BigInt(DATA))
}

test('an empty bucket has no key, its first element is found; no helper is called', () => {
  const table = machine()
  putHead(table, 1, 6, 13n)
  assert.equal(lookUp(table, 12n), 0n)
  assert.equal(lookUp(table, 13n), BigInt(VALUES) + 6n * 24n)
})

test('the bits above the last three spread the keys, the last three keep neighbours apart', () => {
  const table = machine({ multiplier: 1n << 62n })
  putHead(table, 0b01 ^ 0b10, 4, 0b01_110n)
  assert.equal(lookUp(table, 0b01_110n), BigInt(VALUES) + 4n * 24n)
  assert.equal(lookUp(table, 0b01_111n), 0n)
  putRecord(table, 4, 0b01_110n, 5)
  putRecord(table, 5, 0b10_101n, -1)
  assert.equal(lookUp(table, 0b10_101n), BigInt(VALUES) + 5n * 24n, 'in the same bucket')
})

test('a first element of a larger order word says that the key is not there', () => {
  const table = machine()
  putHead(table, 0, 2, 8n)
  assert.equal(lookUp(table, 4n), 0n)
  putHead(table, 0, 2, 1n << 63n)
  assert.equal(lookUp(table, 4n), 0n, 'order words are unsigned')
})

test('the walk goes on in place, up to a limit; elements that are leaving are left to the helper', () => {
  const table = machine()
  putHead(table, 0, 0, 0n)
  for (let index = 0; index < 9; index += 1) putRecord(table, index, BigInt(8 * index), index + 1)
  putRecord(table, 9, 8n * 9n, -1)
  assert.equal(lookUp(table, 0n), BigInt(VALUES))
  assert.equal(lookUp(table, 16n), BigInt(VALUES) + 48n)
  assert.equal(lookUp(table, 20n), 0n, 'a larger order word ends it')
  assert.equal(lookUp(table, 56n), BigInt(VALUES) + 7n * 24n, 'the eighth element')
  for (const key of [60n, 64n, 80n]) assert.equal(lookUp(table, key), HELPER, 'too far')
  putRecord(table, 2, 16n, 3, RECORD_MARK)
  assert.equal(lookUp(table, 8n), BigInt(VALUES) + 24n)
  for (const key of [12n, 16n, 24n]) assert.equal(lookUp(table, key), HELPER, 'an element is leaving')
  putRecord(table, 2, 16n, -1)
  assert.equal(lookUp(table, 24n), 0n, 'the end of the list')
})

test('a use is noted in a map that evicts; a per-CPU map answers the value of this CPU', () => {
  const table = machine({ recordBytes: 24, reference: 16, cpuStride: 0x100 })
  table.view.setBigUint64(BUCKETS, (5n << 25n) | 2n, true)
  table.view.setBigUint64(RECORDS + 24 + RECORD_ORDER, 8n, true)
  table.view.setUint32(AREA + CPU_INDEX, 3, true)
  const mark = (): number => table.view.getUint32(RECORDS + 24 + 16, true)
  assert.equal(lookUp(table, 4n), 0n)
  assert.equal(mark(), 0)
  assert.equal(lookUp(table, 8n), BigInt(VALUES) + 24n + 0x300n)
  assert.equal(mark(), 1)
  table.view.setUint32(RECORDS + 24 + 16, 5, true)
  assert.equal(lookUp(table, 8n), BigInt(VALUES) + 24n + 0x300n)
  assert.equal(mark(), 5, 'written only once')
})

test('keys of 4 bytes, and a map of one bucket', () => {
  const table = machine({ keyBytes: 4, mask: 0, shift: 63 })
  putHead(table, 0, 3, 0xfffffff0n)
  assert.equal(lookUp(table, 0x1234_5678_ffff_fff0n), BigInt(VALUES) + 72n, 'no more than the key is read')
  assert.equal(lookUp(table, 7n), 0n)
})

test('the key is checked against the window like any access', () => {
  const table = machine()
  putHead(table, 0, 0, 0n)
  for (const address of [GUEST_BASE - 1, GUEST_END - 7, GUEST_END, 0].map(BigInt).concat((1n << 32n) + BigInt(DATA)))
    assert.deepEqual(table.faultOf('main', address), {
      kind: FAULT_BAD_ACCESS,
      address,
      function: 'main',
      instruction: 3,
    })
  assert.equal(table.run('main', BigInt(GUEST_END - 8)), BigInt(VALUES))
})

test('keys that stay are found while another CPU inserts, deletes and replaces in the same buckets', async () => {
  await using machine = await boot({ cpus: 2 })
  const { programs } = await machine.load(new URL('../../../bench/objects/maps.bpf.o', import.meta.url))
  const done = async (program: string, count: number, cpu: number): Promise<number> => {
    const data = new Uint8Array(32)
    new DataView(data.buffer).setUint32(0, count, true)
    const { data: answer } = await programs[program]!.run({ data, cpu })
    return Number(new DataView(answer!.buffer, answer!.byteOffset).getBigUint64(16, true))
  }
  assert.equal(await done('prepare_table', 1024, 0), 1024)
  for (const writer of ['hash_insert_delete', 'hash_update']) {
    const [found, written] = await Promise.all([done('hash_lookup', 320_000, 0), done(writer, 80_000, 1)])
    assert.deepEqual({ found, written }, { found: 320_000, written: 80_000 }, writer)
  }
})
