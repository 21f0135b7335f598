// Queues, stacks and bloom filters as programs and users meet them: against arrays of JavaScript, on both engines, on
// threads; attributes and what these maps do not have.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BPF_EXIST,
  E2BIG,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_QUEUE,
  MAP_TYPE_STACK,
} from '../../core/abi.js'
import { boot, type SkepError } from '../../src/index.js'
import { u32 } from '../machine/probes.js'
import { Machine, u64 } from './harness.js'
import { answered, keylessObject, request, steps, type Step } from './keyless-cases.js'

/** dist/test/map → test. */
const object = (path: string): Uint8Array => readFileSync(new URL(`../../../test/${path}.bpf.o`, import.meta.url))
const hostMaps = object('machine/host-maps')
const underCgroup = object('helpers/under-cgroup')
const MOST = 5
const coded = (code: string) => (error: unknown) => (error as SkepError).code === code

/** What a queue and a stack of five answer: result and value. */
class Model {
  readonly held: Record<'queue' | 'stack', number[]> = { queue: [], stack: [] }
  readonly added = new Set<number>()

  answer({ map, operation, value, flags }: Step): [result: number, value: number] {
    if (map === 'filter') {
      if (operation === 'peek') return [this.added.has(value) ? 0 : -ENOENT, value]
      if (flags === 0) this.added.add(value)
      return [flags === 0 ? 0 : -EINVAL, value]
    }
    const held = this.held[map]
    if (operation === 'push') {
      if (flags !== 0 && flags !== BPF_EXIST) return [-EINVAL, value]
      if (held.length === MOST && flags === 0) return [-E2BIG, value]
      if (held.length === MOST) held.shift()
      held.push(value)
      return [0, value]
    }
    const next = map === 'queue' ? held[0] : held.at(-1)
    if (next === undefined) return [-ENOENT, 0]
    if (operation === 'pop') held.splice(map === 'queue' ? 0 : -1, 1)
    return [0, next]
  }
}

for (const engine of ['jit', 'interp'] as const)
  test(`any sequence of operations answers as arrays do (${engine})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const machine = boot.virtual({ cpus: 2 })
        const object = machine.load(keylessObject, { engine })
        const { queue, stack, filter } = object.maps
        const model = new Model()
        sequence.forEach((step, at) => {
          const [result, value] = model.answer(step)
          if (step.host && step.map !== 'filter' && step.operation !== 'push') {
            const handle = step.map === 'queue' ? queue! : stack!
            const got = step.operation === 'pop' ? handle.pop() : handle.peek()
            assert.equal(got, result === 0 ? value : undefined)
            return
          }
          const { data } = object.programs.keyless!.run({ data: request(step), cpu: at & 1 })
          const answer = answered(data!)
          // A value that was not added may seem to be in the filter.
          if (step.map !== 'filter' || step.operation === 'push' || result === 0)
            assert.deepEqual(answer, [result, value])
        })
        for (const value of model.added) assert.equal(filter!.mayHold(value), true)
        machine.close()
      }),
      { numRuns: engine === 'jit' ? 40 : 10 },
    )
  })

test('the host pushes, pops and peeks; errors carry the map’s name', () => {
  const object = boot.virtual().load(keylessObject)
  const { queue, stack, filter } = object.maps
  assert.equal(queue!.pop(), undefined)
  for (const value of [1, 2, 3, 4, 5]) {
    queue!.push(value)
    stack!.push(value)
  }
  assert.throws(() => queue!.push(6), (error) => coded('E2BIG')(error) && /map 'queue': push/.test((error as Error).message)) // prettier-ignore
  queue!.push(6, 'exist')
  stack!.push(6, 'exist')
  assert.deepEqual([queue!.peek(), stack!.peek()], [2, 6])
  assert.deepEqual([queue!.peekBytes(), stack!.peekBytes()], [u32(2), u32(6)])
  assert.deepEqual(Array.from({ length: 6 }, () => queue!.pop()), [2, 3, 4, 5, 6, undefined]) // prettier-ignore
  assert.deepEqual(Array.from({ length: 6 }, () => stack!.pop()), [6, 5, 4, 3, 2, undefined]) // prettier-ignore
  assert.deepEqual([queue!.popBytes(), stack!.peekBytes()], [undefined, undefined])
  stack!.push(u32(8))
  assert.deepEqual(stack!.popBytes(), u32(8))
  filter!.push(7)
  assert.equal(filter!.mayHold(7), true)
  assert.ok([1, 2, 3, 4, 5, 6].some((value) => filter!.mayHold(value) === false))
  assert.throws(() => filter!.push(7, 'exist'), coded('EINVAL'))
  assert.throws(() => filter!.pop(), coded('EOPNOTSUPP'))
  assert.throws(() => queue!.mayHold(1), coded('BAD_MAP'))
})

test('entries and keys of a map that has none are an error that says what reads it', () => {
  const { queue, stack, filter } = boot.virtual().load(keylessObject).maps
  queue!.push(1)
  const none = /map 'queue': entries: EINVAL: a queue has no keys: pop\(\) and peek\(\) read it/
  assert.throws(() => queue!.entries(), (error) => coded('EINVAL')(error) && none.test((error as Error).message)) // prettier-ignore
  assert.throws(() => queue!.keys(), coded('EINVAL'))
  assert.throws(() => stack!.entriesBytes(), coded('EINVAL'))
  assert.throws(() => filter!.entries(), coded('EOPNOTSUPP'))
  const ring = boot.virtual().load(hostMaps).maps.ring!
  assert.throws(() => ring.entries(), coded('ENOTSUPP'))
  const { groups } = boot.virtual().load(underCgroup).maps
  assert.throws(() => groups!.entries(), coded('ENOTSUPP'))
})

test('a queue between two threads loses nothing and keeps its order', async () => {
  const machine = await boot({ cpus: 2 })
  try {
    const object = await machine.load(keylessObject)
    const program = object.programs.keyless!
    const step = (operation: Step['operation'], value: number): Uint8Array =>
      request({ map: 'queue', operation, value, flags: 0, host: false })
    const wanted = 200
    const taken: number[] = []
    const producing = (async () => {
      for (let value = 1; value <= wanted;)
        if (answered((await program.run({ data: step('push', value), cpu: 0 })).data!)[0] === 0) value++
    })()
    while (taken.length < wanted) {
      const [result, value] = answered((await program.run({ data: step('pop', 0), cpu: 1 })).data!)
      if (result === 0) taken.push(value)
    }
    await producing
    assert.deepEqual(taken, Array.from({ length: wanted }, (_, at) => at + 1)) // prettier-ignore
  } finally {
    await machine.close()
  }
})

test('maps without keys have no elements, no timers and no keys', () => {
  const machine = new Machine({ cpus: 1 })
  const { core } = machine
  for (const type of [MAP_TYPE_QUEUE, MAP_TYPE_STACK, MAP_TYPE_BLOOM_FILTER]) {
    const attributes = { type, keySize: 0, valueSize: 16, maxEntries: 8 }
    assert.equal(machine.create({ ...attributes, timer: 0 }), -EOPNOTSUPP)
    assert.equal(machine.create({ ...attributes, lock: 0 }), -EOPNOTSUPP)
    const map = machine.create(attributes)
    const at = machine.stageValue(u64(1))
    const pointer = BigInt(at)
    const filter = type === MAP_TYPE_BLOOM_FILTER
    assert.equal(core.bpf_map_lookup_elem(BigInt(map), pointer), 0n)
    assert.equal(core.bpf_map_update_elem(BigInt(map), pointer, pointer, 0n), BigInt(-ENOTSUPP))
    assert.equal(core.bpf_map_delete_elem(BigInt(map), pointer), BigInt(-ENOTSUPP))
    assert.equal(core.map_lookup(map, at), 0)
    assert.equal(core.map_next(map, 0), -1)
    assert.equal(core.map_next_key(map, 0, at), filter ? -EOPNOTSUPP : -EINVAL)
    assert.equal(core.map_delete(map, at), filter ? -EOPNOTSUPP : -EINVAL)
  }
})

test('queues go round their places for ever', () => {
  const machine = new Machine({ cpus: 1 })
  const { core } = machine
  for (const [type, maxEntries] of [
    [MAP_TYPE_QUEUE, 1],
    [MAP_TYPE_QUEUE, 3],
    [MAP_TYPE_STACK, 4],
  ] as const) {
    const map = machine.create({ type, keySize: 0, valueSize: 8, maxEntries })
    const at = machine.valueAt()
    for (let turn = 0; turn < 20_000; turn++) {
      machine.view.setBigUint64(at, BigInt(turn), true)
      assert.equal(core.map_push(map, at, turn % 3 === 0 ? BPF_EXIST : 0), 0)
      assert.equal(core.map_pop(map, at), 0)
      assert.equal(machine.view.getBigUint64(at, true), BigInt(turn))
    }
    assert.equal(core.map_pop(map, at), -ENOENT)
  }
})
