// Every map command of user space on a virtual machine and on worker threads: the answers of the kernel.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { boot, SkepError, type BatchCursor, type LoadedObject } from '../../src/index.js'
import { asked, type Answered, type Entry, type MapSubject, type ReadAnswer, type Value } from './map-case.js'
import { mapCases } from './map-cases.js'
import { coded } from './probes.js'

/** dist/test/machine → test/machine. */
const object = readFileSync(new URL('../../../test/machine/host-maps.bpf.o', import.meta.url))

type Loaded = LoadedObject | LoadedObject<'promised'>

/** '' if it worked, else the name of the errno. */
async function errno(work: () => unknown): Promise<string> {
  try {
    await work()
    return ''
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof SkepError) || !/^E[A-Z0-9]+$/.test(error.code)) throw error
  return error.code
}

async function answered(work: () => unknown): Promise<Answered> {
  try {
    return plain(await work())
  } catch (error) {
    return codeOf(error)
  }
}

/** The number that stands for a value in the cases. */
function plain(value: unknown): Answered {
  if (value === undefined || typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map((one) => plain(one) as number)
  const { first, second, fired } = value as { first?: bigint; second?: bigint; fired?: bigint }
  assert.equal(first, second, 'both halves of a locked value')
  return Number(first ?? fired)
}

function spread(map: string, value: Value): unknown {
  if (Array.isArray(value)) return value.map(BigInt)
  const wide = BigInt(value)
  if (map.startsWith('locked')) return { lock: { val: 0 }, turns: value, first: wide, second: wide }
  return map.startsWith('timed') ? { fired: wide } : wide
}

function subjectOf(loaded: Loaded, wait: MapSubject['wait'], close: MapSubject['close']): MapSubject {
  const { maps, programs } = loaded
  const cursors = new Map<string, BatchCursor | undefined>()
  const read = async (map: string, work: () => Awaitable): Promise<ReadAnswer> => {
    try {
      const { entries, cursor, end } = await work()
      cursors.set(map, cursor)
      const met = entries.map(([key, value]): Entry => [key as number, plain(value) as Value])
      return [met.sort(([a], [b]) => a - b), end ? 'ENOENT' : '']
    } catch (error) {
      return codeOf(error)
    }
  }
  const write = async (work: () => number | Promise<number>): Promise<[string, number]> => {
    try {
      return ['', await work()]
    } catch (error) {
      return [codeOf(error), Number((error as SkepError).details['count'] ?? 0)]
    }
  }
  return {
    get: (map, key, lock) => answered(() => maps[map]!.get(key, { lock: lock ?? false })),
    set: (map, key, value, ways) => errno(() => maps[map]!.set(key, spread(map, value), ways)),
    delete: async (map, key) => {
      let there: boolean | undefined
      const failed = await errno(async () => (there = await maps[map]!.delete(key)))
      return failed || (there ? '' : 'ENOENT')
    },
    take: (map, key) => answered(() => maps[map]!.lookupAndDelete(key)),
    next: (map, key) => answered(() => maps[map]!.nextKey(key)),
    lookupBatch: (map, count, { lock = false, more = false } = {}) => {
      const cursor = more ? cursors.get(map) : undefined
      return read(map, () => maps[map]!.lookupBatch(count, cursor ? { lock, cursor } : { lock }))
    },
    takeBatch: (map, count) => read(map, () => maps[map]!.lookupAndDeleteBatch(count)),
    updateBatch: (map, entries, lock = false) =>
      write(() =>
        maps[map]!.updateBatch(
          entries.map(([key, value]) => [key, spread(map, value)] as const),
          { lock },
        ),
      ),
    deleteBatch: (map, keys) => write(() => maps[map]!.deleteBatch(keys)),
    memory: (map, access) => errno(async () => (await maps[map]!.memory({ readOnly: access === 'r' })).unmap()),
    freeze: (map) => errno(() => maps[map]!.freeze()),
    run: async (program) => (await programs[program]!.run({ data: new Uint8Array(14) })).retval | 0,
    wait,
    close,
  }
}

interface Met {
  entries: [unknown, unknown][]
  cursor: BatchCursor | undefined
  end: boolean
}
type Awaitable = Met | Promise<Met>

const threads = boot({ cpus: 2 })
after(async () => (await threads).close())

for (const one of mapCases) {
  test(`${one.name} (virtual)`, async () => {
    const machine = boot.virtual({ cpus: 2 })
    const wait = async (milliseconds: number): Promise<void> => machine.clock.advance(`${milliseconds} ms`)
    const subject = subjectOf(machine.load(object), wait, async () => machine.close())
    assert.deepEqual(await one.steps(subject), one.answers)
    await subject.close()
  })

  test(`${one.name} (threads)`, () =>
    asked(one, async () => {
      const loaded = await (await threads).load(object)
      const wait = (milliseconds: number): Promise<void> => sleep(milliseconds)
      return subjectOf(loaded, wait, () => loaded.close())
    }))
}

test('a locked read never sees half of an update, whichever side makes it', async () => {
  const machine = await threads
  const loaded = await machine.load(object)
  const { locked_array } = loaded.maps
  let running = true
  const runs = loaded.programs.turn!.run({ data: new Uint8Array(14), repeat: 40_000 }).then(() => (running = false))
  let looks = 0
  for (let turn = 0; running || turn < 100; turn++) {
    const value = (await locked_array!.get(1, { lock: true })) as { first: bigint; second: bigint }
    assert.equal(value.first, value.second)
    const wide = BigInt(turn)
    await locked_array!.set(1, { lock: { val: 0 }, turns: 0, first: wide, second: wide }, { lock: true })
    looks++
    if (turn % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await runs
  assert.ok(looks >= 100)
  await loaded.close()
})

test('a lock that nobody can give back is an error on a machine of one thread', () => {
  const machine = boot.virtual({ cpus: 2 })
  const { locked_array } = machine.load(object).maps
  const { kernel } = machine as unknown as { kernel: { memory: { setWord(address: number, value: number): void } } }
  const element = locked_array!.access.values.byteOffset + 24
  for (const holder of [1, 2, 99]) {
    kernel.memory.setWord(element, holder)
    assert.throws(() => locked_array!.get(1, { lock: true }), coded('EDEADLK'))
    assert.throws(() => locked_array!.updateBatch([[1, new Uint8Array(24)]], { lock: true }), coded('EDEADLK'))
  }
  kernel.memory.setWord(element, 0)
  locked_array!.set(1, new Uint8Array(24), { lock: true })
})

test('walking with next key while deleting meets every key', () => {
  const { hash } = boot.virtual().load(object).maps
  for (const key of [1, 2, 3, 4]) hash!.set(key, BigInt(key))
  const met: unknown[] = []
  for (let key = hash!.nextKey(); key !== undefined; key = hash!.nextKey(key)) {
    met.push(key)
    hash!.delete(key)
  }
  assert.deepEqual(met.sort(), [1, 2, 3, 4])
  assert.deepEqual(hash!.keys(), [])
})

test('batches of a few elements meet each key once', () => {
  const { hash } = boot.virtual().load(object, { maxEntries: { hash: 100 } }).maps
  hash!.updateBatch(Array.from({ length: 100 }, (_, key) => [key, BigInt(key)] as const))
  const met: unknown[] = []
  let cursor: BatchCursor | undefined
  for (let end = false; !end;) {
    const batch = hash!.lookupBatch(7, cursor ? { cursor } : {})
    met.push(...batch.entries.map(([key]) => key))
    ;({ cursor, end } = batch)
  }
  assert.deepEqual(
    (met as number[]).sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, key) => key),
  )
})

test('one CPU’s value is set and read alone; one value can go to all', () => {
  const { percpu_array, percpu_hash, hash } = boot.virtual({ cpus: 3 }).load(object).maps
  for (const map of [percpu_array!, percpu_hash!]) {
    map.set(1, [1n, 2n, 3n])
    map.set(1, 9n, { cpu: 1 })
    assert.deepEqual(map.get(1), [1n, 9n, 3n])
    assert.equal(map.get(1, { cpu: 2 }), 3n)
    map.set(1, 4n, { cpu: 'all' })
    assert.deepEqual(map.get(1), [4n, 4n, 4n])
    assert.throws(() => map.set(1, 4n, { cpu: 3 }), coded('ERANGE', /0 to 2/))
    assert.throws(() => map.get(1, { cpu: -1 }), coded('ERANGE'))
  }
  percpu_hash!.set(2, 8n, { cpu: 2, flag: 'noexist' })
  assert.deepEqual(percpu_hash!.get(2), [0n, 0n, 8n])
  assert.throws(() => percpu_hash!.set(2, 8n, { cpu: 2, flag: 'noexist' }), coded('EEXIST'))
  assert.throws(() => hash!.set(1, 1n, { cpu: 0 }), coded('EINVAL'))
  assert.throws(() => hash!.get(1, { cpu: 0 }), coded('EINVAL'))
})

test('another handle has all rights, and sees that the map is frozen', () => {
  const machine = boot.virtual()
  const { readable, hash, ring } = machine.load(object).maps
  const other = machine.map(readable!.id)
  other.set(1, 5n)
  assert.equal(readable!.get(1), 5n)
  assert.equal(hash!.frozen, false)
  machine.map(hash!.id).freeze()
  assert.equal(hash!.frozen, true)
  assert.throws(() => hash!.set(1, 1n), coded('EPERM', /map 'hash': update: EPERM: the map is frozen/))
  assert.throws(() => ring!.nextKey(), coded('ENOTSUPP'))
  assert.throws(() => ring!.get(new Uint8Array(0)), coded('ENOTSUPP'))
  assert.throws(() => ring!.lookupBatch(1), coded('ENOTSUPP'))
  assert.throws(() => hash!.lookupBatch(-1), coded('BAD_VALUE'))
})
