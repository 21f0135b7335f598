// User ring buffers: what the host reserves, submits and discards, and what programs drain, on both engines and across
// threads.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAP_RING_BELL } from '../../core/layout.js'
import { boot, join, type LoadedObject, type UserRing, type UserSample } from '../../src/index.js'
import { coded, eventually } from '../machine/probes.js'
import { asked, RING_BYTES, sample, userRingObject } from './user-ring-cases.js'

const EBUSY = -16n
const EINVAL = -22n
const E2BIG = -7n
const NO_WAKEUP = 1
const FORCE_WAKEUP = 2

const all = { do: 'drain', flags: 0, last: 0, nested: 0 } as const

for (const engine of ['jit', 'interp'] as const)
  describe(`user ring buffers on ${engine}`, () => {
    const loaded = (): { object: LoadedObject; ring: UserRing } => {
      const object = boot.virtual({ cpus: 2, memory: '8 MiB' }).load(userRingObject, { engine })
      return { object, ring: object.maps['requests']!.userRing() }
    }
    const value = ({ variables }: LoadedObject, name: string): unknown => variables[name]!.get()
    const drain = (
      object: LoadedObject,
      options: Partial<typeof all | { last: number; nested: number; flags: number }> = {},
    ) => {
      object.variables['count']!.set(0)
      object.programs['drain']!.run({ ctx: asked({ ...all, ...options }) })
      return value(object, 'result')
    }
    const submit = (ring: UserRing, bytes: number, first: number): void => {
      const reserved = ring.reserve(bytes)!
      reserved.bytes.set(sample(bytes, first))
      reserved.submit()
    }

    test('samples come in the order of their reservations, once each; discarded ones do not', () => {
      const { object, ring } = loaded()
      submit(ring, 9, 1)
      ring.reserve(100)!.discard()
      submit(ring, 8, 0x11)
      submit(ring, 4, 0x21)
      assert.equal(drain(object), 3n)
      assert.deepEqual((value(object, 'seen') as bigint[]).slice(0, 4), [
        0x0807060504030201n,
        0x1817161514131211n,
        0n,
        0n,
      ])
      assert.deepEqual((value(object, 'reads') as bigint[]).slice(0, 3), [0n, 0n, E2BIG])
      assert.deepEqual((value(object, 'writes') as bigint[]).slice(0, 3), [0n, 0n, 0n])
      assert.deepEqual((value(object, 'bytes') as number[]).slice(0, 2), [9, 0])
      assert.equal(drain(object), 0n)
    })

    test('a reserved sample keeps what is behind it waiting', () => {
      const { object, ring } = loaded()
      const first = ring.reserve(8)!
      submit(ring, 8, 2)
      assert.equal(drain(object), 0n)
      first.submit()
      assert.equal(drain(object), 2n)
    })

    test('the callback stops the drain by 1, and it alone drains meanwhile', () => {
      const { object, ring } = loaded()
      for (let n = 0; n < 5; n++) submit(ring, 8, n)
      assert.equal(drain(object, { last: 2, nested: 1 }), 2n)
      assert.equal(value(object, 'within'), EBUSY)
      assert.equal(drain(object, { flags: 4 }), EINVAL)
      assert.equal(drain(object), 3n)
    })

    test('all of the ring can be filled; what never fits is E2BIG, what does not fit now is undefined', async () => {
      const { object, ring } = loaded()
      assert.throws(() => ring.reserve(RING_BYTES - 7), coded('E2BIG'))
      assert.throws(() => ring.reserve(0.5), coded('BAD_VALUE'))
      for (let turn = 0; turn < 3; turn++) {
        const whole = ring.reserve(RING_BYTES - 8)!
        assert.equal(whole.bytes.length, RING_BYTES - 8)
        assert.equal(ring.reserve(0), undefined)
        whole.submit()
        assert.equal(ring.reserve(0), undefined)
        assert.equal(drain(object), 1n)
      }
      assert.equal(await ring.reserveBlocking(8, { timeout: 1 }).then((it) => it?.bytes.length), 8)
    })

    test('who waits for room gets it from a drain, unless without a wake-up', async () => {
      const { object, ring } = loaded()
      submit(ring, RING_BYTES - 8, 1)
      assert.equal(await ring.reserveBlocking(8, { timeout: 5 }), undefined)
      let got: UserSample | undefined
      const waits = ring.reserveBlocking(8).then((sample) => (got = sample))
      assert.equal(drain(object, { flags: NO_WAKEUP }), 1n)
      await new Promise((resolve) => setTimeout(resolve, 5))
      assert.equal(got, undefined)
      assert.equal(drain(object, { flags: FORCE_WAKEUP }), 0n)
      await waits
      assert.equal(got!.bytes.length, 8)
    })

    test('an ended sample, a closed ring and another map are errors; closing discards what is reserved', async () => {
      const { object, ring } = loaded()
      const one = ring.reserve(8)!
      one.submit()
      assert.throws(() => one.submit(), coded('CLOSED'))
      assert.throws(() => one.bytes, coded('CLOSED'))
      submit(ring, 8, 1)
      ring.reserve(RING_BYTES - 100)
      const waits = ring.reserveBlocking(200)
      const other = object.maps['requests']!.userRing()
      ring.close()
      assert.equal(await waits, undefined)
      assert.throws(() => ring.reserve(8), coded('CLOSED'))
      submit(other, 8, 2)
      assert.equal(drain(object), 3n)
      assert.throws(() => object.maps['requests']!.drain(), coded('BAD_MAP'))
      assert.throws(() => object.maps['requests']!.set(new Uint8Array(), new Uint8Array()), coded('ENOTSUPP'))
    })

    test('a fault in the callback ends the drain: the sample stays, and another drain takes it', () => {
      const machine = boot.virtual({ memory: '8 MiB', loopBudget: 20 })
      const object = machine.load(userRingObject, { engine })
      const ring = object.maps['requests']!.userRing()
      for (let n = 0; n < 50; n++) submit(ring, 8, n)
      let faults = 0
      const run = (): boolean => {
        try {
          object.programs['drain']!.run({ ctx: asked(all) })
          return true
        } catch (error) {
          assert.equal((error as { code: string }).code, 'FAULT_LOOP_BUDGET')
          faults++
          return false
        }
      }
      while (!run());
      assert.ok(faults >= 2)
      assert.equal(value(object, 'count'), 50n)
      assert.ok((value(object, 'result') as bigint) > 0n)
    })
  })

test('threads of one machine produce and drain at the same time: every sample once, each thread’s in order', async () => {
  const machine = await boot({ cpus: 2, joins: 1, memory: '16 MiB' })
  try {
    const object = await machine.load(userRingObject)
    using joined = join(machine.share())
    const rings = [await object.maps['requests']!.userRing(), joined.objects['object']!.maps['requests']!.userRing()]
    const EACH = 300
    let drained = 0
    const next = [0, 0]
    while (drained < 2 * EACH) {
      for (const [which, ring] of rings.entries()) {
        while (next[which]! < EACH) {
          const reserved = ring.reserve(16)
          if (!reserved) break
          reserved.bytes.set(Uint8Array.of(next[which]! & 0xff, next[which]! >> 8, which, 0, 0, 0, 0, 0))
          reserved.submit()
          next[which]!++
        }
      }
      const runs = [0, 1].map((cpu) => object.programs['drain']!.run({ cpu, ctx: asked(all) }))
      await Promise.all(runs)
      drained = Number(await object.variables['count']!.get())
    }
    assert.equal(drained, 2 * EACH)
  } finally {
    await machine.close()
  }
})

test('what a thread that has left had reserved is discarded', async () => {
  const machine = await boot({ cpus: 1, joins: 1, memory: '16 MiB' })
  try {
    const object = await machine.load(userRingObject)
    const ring = await object.maps['requests']!.userRing()
    const joined = join(machine.share())
    // Not by the handle, which would discard it: as a thread that dies.
    const { access } = joined.objects['object']!.maps['requests']!
    const nothing = () => undefined
    const owner = { use: <T>(work: () => T): T => work(), holdBesideHandle: () => nothing }
    assert.ok(access.userRing('requests', owner, nothing).reserve(8))
    ring.reserve(8)!.submit()
    const drained = async (): Promise<unknown> => {
      await object.programs['drain']!.run({ ctx: asked(all) })
      return object.variables['result']!.get()
    }
    assert.equal(await drained(), 0n)
    joined.leave()
    await eventually(async () => (await drained()) === 1n, 'the sample behind it is drained')
  } finally {
    await machine.close()
  }
})

test('who waits for room in vain leaves nothing behind; what is no time or no option is refused', async () => {
  const machine = boot.virtual({ memory: '8 MiB' })
  const object = machine.load(userRingObject)
  const ring = object.maps['requests']!.userRing()
  ring.reserve(RING_BYTES - 8)!.submit()
  for (const timeout of [0, 1, 1]) assert.equal(await ring.reserveBlocking(8, { timeout }), undefined)
  const { address } = object.maps['requests']!.access
  const words = new Int32Array(machine.kernel.memory.shared.buffer)
  assert.equal(Atomics.notify(words, (address + MAP_RING_BELL) >>> 2), 0)
  for (const timeout of [-1, NaN, '5', null])
    await assert.rejects(ring.reserveBlocking(8, { timeout: timeout as number }), coded('BAD_VALUE', /timeout/))
  await assert.rejects(ring.reserveBlocking(8, { timeOut: 5 } as object), coded('BAD_VALUE', /timeOut/))
  // Beyond what a timer of Node's can be set for.
  const waits = ring.reserveBlocking(8, { timeout: 2 ** 40 })
  object.programs['drain']!.run({ ctx: asked(all) })
  assert.equal((await waits)!.bytes.length, 8)
})
