// The map commands on this machine's own kernel: it answers what the cases say, which the machines of this package
// answer too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoName } from '../../src/machine/errno.js'
import { asked, type Answered, type Entry, type MapSubject, type Value } from '../machine/map-case.js'
import { mapCases } from '../machine/map-cases.js'
import { openKernel, REPOSITORY, type Kernel } from './oracle.js'

const OBJECT = `${REPOSITORY}test/machine/host-maps.bpf.o`
const FLAGS = { any: 0, noexist: 1, exist: 2 } as const
const LOCK = 4
const LOCKED_BYTES = 24
const TIMED_BYTES = 24

const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'))
const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), 'hex'))
const keyBytes = (...keys: number[]): Uint8Array => new Uint8Array(Uint32Array.from(keys).buffer)
const name = (result: number): string => (result === 0 ? '' : errnoName(result))
const isPerCpu = (map: string): boolean => map.startsWith('percpu')

function sizeOf(map: string): number {
  if (map.startsWith('locked')) return LOCKED_BYTES
  return map.startsWith('timed') ? TIMED_BYTES : isPerCpu(map) ? 16 : 8
}

function encode(map: string, value: Value): Uint8Array {
  const bytes = new Uint8Array(sizeOf(map))
  const view = new DataView(bytes.buffer)
  if (Array.isArray(value)) value.forEach((one, cpu) => view.setBigUint64(8 * cpu, BigInt(one), true))
  else if (!map.startsWith('locked')) view.setBigUint64(0, BigInt(value), true)
  else {
    view.setUint32(4, value, true)
    view.setBigUint64(8, BigInt(value), true)
    view.setBigUint64(16, BigInt(value), true)
  }
  return bytes
}

function decode(map: string, bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const word = (at: number): number => Number(view.getBigUint64(at, true))
  if (isPerCpu(map)) return [word(0), word(8)]
  if (!map.startsWith('locked')) return word(0)
  assert.equal(word(8), word(16), 'both halves of a locked value')
  return word(8)
}

async function kernelSubject(kernel: Kernel): Promise<MapSubject> {
  const { result, log } = await kernel.load(OBJECT)
  assert.equal(result, 0, log)
  const cursors = new Map<string, string>()
  const answered = (map: string, { result: failed, value }: { result: number; value?: unknown }): Answered => {
    if (failed === 0) return decode(map, bytesOf(value))
    return errnoName(failed) === 'ENOENT' ? undefined : errnoName(failed)
  }
  const read = async (map: string, call: string, count: number, flags: number, cursor: string) => {
    const { result: failed, count: met, keys, values, cursor: next } = await kernel.ask(call, map, cursor, count, flags)
    if (failed !== 0 && errnoName(failed) !== 'ENOENT') return errnoName(failed)
    cursors.set(map, String(next))
    const [allKeys, allValues] = [bytesOf(keys), bytesOf(values)]
    const entries = Array.from({ length: Number(met) }, (_, at): Entry => {
      const key = new DataView(allKeys.buffer).getUint32(4 * at, true)
      return [key, decode(map, allValues.subarray(at * sizeOf(map)))]
    })
    return [entries.sort(([a], [b]) => a - b), failed === 0 ? '' : 'ENOENT'] as [Entry[], '' | 'ENOENT']
  }
  const write = async (...words: (string | number)[]): Promise<[string, number]> => {
    const { result: failed, count } = await kernel.ask(...words)
    return [name(failed), Number(count)]
  }
  return {
    get: async (map, key, lock) =>
      answered(map, await kernel.ask('get', map, hex(keyBytes(key)), lock === true ? LOCK : 0)),
    set: async (map, key, value, { flag = 'any', lock = false } = {}) =>
      name(await kernel.set(map, keyBytes(key), encode(map, value), FLAGS[flag] | (lock ? LOCK : 0))),
    delete: async (map, key) => name(await kernel.delete(map, keyBytes(key))),
    take: async (map, key) => answered(map, await kernel.ask('take', map, hex(keyBytes(key)))),
    next: async (map, key) => {
      const next = await kernel.get(map, key === undefined ? new Uint8Array(0) : keyBytes(key), 'next')
      if (typeof next !== 'number') return new DataView(next.buffer).getUint32(0, true)
      return errnoName(next) === 'ENOENT' ? undefined : errnoName(next)
    },
    lookupBatch: (map, count, { lock = false, more = false } = {}) =>
      read(map, 'batch-get', count, lock ? LOCK : 0, more ? (cursors.get(map) ?? '-') : '-'),
    takeBatch: (map, count) => read(map, 'batch-take', count, 0, '-'),
    updateBatch: (map, entries, lock = false) => {
      const values = Buffer.concat(entries.map(([, value]) => encode(map, value)))
      return write('batch-set', map, hex(keyBytes(...entries.map(([key]) => key))), hex(values), lock ? LOCK : 0)
    },
    deleteBatch: (map, keys) => write('batch-delete', map, hex(keyBytes(...keys))),
    memory: async (map, access) => name((await kernel.ask('map', map, '-', access)).result),
    freeze: async (map) => name((await kernel.ask('freeze', map)).result),
    run: async (program) => (await kernel.run(program, { data: new Uint8Array(14) })).retval | 0,
    wait: (milliseconds) => sleep(milliseconds),
    close: async () => void (await kernel.ask('unload')),
  }
}

const opened = await openKernel()
const cpus = typeof opened === 'string' ? 0 : Number((await opened.ask('info'))['cpus'])

for (const one of mapCases)
  test(one.name, async (t) => {
    if (typeof opened === 'string') return t.skip(opened)
    if (one.perCpu && cpus !== 2) return t.skip(`the case is for two CPUs, here are ${cpus}`)
    await asked(one, () => kernelSubject(opened))
  })

test('the kernel session ends', { skip: typeof opened === 'string' ? opened : false }, async () => {
  if (typeof opened !== 'string') await opened.close()
})
