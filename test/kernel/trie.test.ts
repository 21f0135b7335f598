// LPM tries on this machine and on its kernel: the same answers to the same operations, from programs and from the
// host, the same order of keys, and the same attributes accepted.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { boot, type MapHandle, type SkepError } from '../../src/index.js'
import { answered, keyOf, request, steps, TRIE, trieObject, type Step } from '../map/trie-cases.js'
import { testOnKernel } from './on-kernel.js'
import type { Kernel } from './oracle.js'

const value = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const ERRORS = new Map([
  [-2, 'ENOENT'],
  [-17, 'EEXIST'],
  [-22, 'EINVAL'],
  [-28, 'ENOSPC'],
])

function byHandle(map: MapHandle, step: Step): unknown {
  const key = keyOf(step)
  try {
    if (step.operation === 'lookup') return hex(map.getBytes(key) ?? new Uint8Array())
    if (step.operation === 'update') return map.set(key, value(step.value), step.flags === 1 ? 'noexist' : step.flags === 2 ? 'exist' : 'any') // prettier-ignore
    return map.delete(key)
  } catch (error) {
    return (error as SkepError).code
  }
}

async function byKernel(kernel: Kernel, step: Step): Promise<unknown> {
  const key = keyOf(step)
  if (step.operation === 'lookup') {
    const found = await kernel.get(step.map, key)
    return typeof found === 'number' ? '' : hex(found)
  }
  if (step.operation === 'update') {
    const result = await kernel.set(step.map, key, value(step.value), step.flags)
    return result === 0 ? undefined : ERRORS.get(result)
  }
  const result = await kernel.delete(step.map, key)
  return result === 0 ? true : result === -2 ? false : ERRORS.get(result)
}

async function keysOf(kernel: Kernel, map: string): Promise<string[]> {
  const keys: string[] = []
  let key = await kernel.get(map, new Uint8Array(), 'next')
  while (typeof key !== 'number') {
    keys.push(hex(key))
    key = await kernel.get(map, key, 'next')
  }
  return keys
}

async function answersAlike(kernel: Kernel, sequence: readonly Step[]): Promise<void> {
  const loaded = await kernel.load(fileURLToPath(TRIE))
  assert.equal(loaded.result, 0, loaded.log)
  const machine = boot.virtual({ cpus: 1 })
  const object = machine.load(trieObject)
  for (const step of sequence) {
    if (step.operation === 'next') continue
    if (step.host && step.flags < 3)
      assert.equal(byHandle(object.maps[step.map]!, step), await byKernel(kernel, step), JSON.stringify(step))
    else {
      const ours = object.programs.trie!.run({ data: request(step) })
      const theirs = await kernel.run('trie', { data: request(step) })
      assert.deepEqual(answered(ours.data!), answered(theirs.data), JSON.stringify(step))
    }
  }
  for (const map of ['routes', 'odds'] as const)
    assert.deepEqual(
      object.maps[map]!.entriesBytes().map(([key]) => hex(key)),
      await keysOf(kernel, map),
    )
  machine.close()
}

testOnKernel(
  'any sequence of operations is answered as by the kernel, and leaves the same keys in the same order',
  async (kernel) => {
    await fc.assert(
      fc.asyncProperty(steps, (sequence) => answersAlike(kernel, sequence)),
      { numRuns: 60 },
    )
  },
)
