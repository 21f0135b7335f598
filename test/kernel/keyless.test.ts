// Queues, stacks and bloom filters on this machine and on its kernel: the same answers to the same operations, from
// programs and from the host, and to the same attributes.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { boot, type MapHandle, type SkepError } from '../../src/index.js'
import { answered, KEYLESS, keylessObject, request, steps, type Step } from '../map/keyless-cases.js'
import { createdAlike, type Attributes } from './attributes.js'
import { testOnKernel } from './on-kernel.js'
import type { Kernel } from './oracle.js'

const hex = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString('hex')

/** What a handle makes of an errno; -ENOENT is no error. */
const REFUSALS = new Map([
  [-7, 'E2BIG'],
  [-22, 'EINVAL'],
])

function byHandle(map: MapHandle, { operation, value, flags }: Step): unknown {
  try {
    if (operation === 'push') return map.push(value, flags === 2 ? 'exist' : 'any')
    const found = operation === 'pop' ? map.pop() : map.peek()
    return found === undefined ? undefined : hex(found as number)
  } catch (error) {
    return (error as SkepError).code
  }
}

async function byKernel(kernel: Kernel, { map, operation, value, flags }: Step): Promise<unknown> {
  const words = operation === 'push' ? ['push', map, hex(value), flags] : [operation, map]
  const answer = await kernel.ask(...words)
  return answer.result === 0 && operation !== 'push' ? answer['value'] : REFUSALS.get(answer.result)
}

async function answersAlike(kernel: Kernel, sequence: readonly Step[]): Promise<void> {
  const loaded = await kernel.load(fileURLToPath(KEYLESS))
  assert.equal(loaded.result, 0, loaded.log)
  const machine = boot.virtual({ cpus: 1 })
  const object = machine.load(keylessObject)
  for (const step of sequence) {
    // What a filter answers of a value that was not added depends on its hash.
    if (step.map === 'filter' && step.operation === 'peek') continue
    if (step.host && (step.flags === 0 || step.flags === 2))
      assert.equal(byHandle(object.maps[step.map]!, step), await byKernel(kernel, step), JSON.stringify(step))
    else {
      const ours = object.programs.keyless!.run({ data: request(step) })
      const theirs = await kernel.run('keyless', { data: request(step) })
      assert.deepEqual(answered(ours.data!), answered(theirs.data), JSON.stringify(step))
    }
  }
  machine.close()
}

testOnKernel('any sequence of operations is answered as by the kernel', async (kernel) => {
  await fc.assert(
    fc.asyncProperty(steps, (sequence) => answersAlike(kernel, sequence)),
    { numRuns: 40 },
  )
})

/** Attributes around every rule that the kernel has for these types. */
function* attributes(): Generator<Attributes> {
  for (const type of [22, 23, 30]) {
    for (const flags of [0, 1, 4, 8, 16, 24, 64, 128, 256, 384, 1024, 4096]) yield [type, 0, 4, 4, flags, 0]
    yield* [[type, 4, 4, 4, 0, 0], [type, 0, 0, 4, 0, 0], [type, 0, 4, 0, 0, 0], [type, 0, 4194305, 1, 0, 0]] as const // prettier-ignore
    for (const extra of [1, 15, 16]) yield [type, 0, 4, 4, 0, extra]
  }
}

testOnKernel('attributes are accepted and refused as by the kernel', async (kernel) => {
  await createdAlike(kernel, attributes())
})
