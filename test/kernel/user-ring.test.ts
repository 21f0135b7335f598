// User ring buffers on this machine and on its kernel: the same samples from the same steps of a producer, drained by
// the same program, and the same attributes refused.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { boot, SkepError, type LoadedObject, type UserSample } from '../../src/index.js'
import { asked, OBSERVED, sample, steps, USER_RING, userRingObject, type Step } from '../map/user-ring-cases.js'
import { createdAlike, type Attributes } from './attributes.js'
import { testOnKernel } from './on-kernel.js'
import type { Kernel } from './oracle.js'

const ENOSPC = 28
const E2BIG = 7

/** The machine's side: how many are reserved after the step, or the errno of libbpf. */
class Producer {
  readonly #object: LoadedObject
  readonly #reserved: UserSample[] = []

  constructor(object: LoadedObject) {
    this.#object = object
  }

  do(step: Exclude<Step, { do: 'drain' }>, ring = this.#object.maps['requests']!.userRing()): number | undefined {
    if (step.do === 'reserve') {
      let reserved: UserSample | undefined
      try {
        reserved = ring.reserve(step.bytes)
      } catch (error) {
        if (error instanceof SkepError && error.code === 'E2BIG') return -E2BIG
        throw error
      }
      if (!reserved) return -ENOSPC
      reserved.bytes.set(sample(step.bytes, step.value))
      return this.#reserved.push(reserved)
    }
    const [ended] = this.#reserved.splice(step.which, 1)
    if (!ended) return undefined
    if (step.do === 'submit') ended.submit()
    else ended.discard()
    return this.#reserved.length
  }
}

async function ofKernel(kernel: Kernel, step: Exclude<Step, { do: 'drain' }>): Promise<number> {
  const words = step.do === 'reserve' ? ['reserve', 'requests', step.bytes, step.value] : [step.do, step.which]
  return (await kernel.ask(...words)).result
}

const numbers = (value: unknown): string[] =>
  [value].flat().map((word) => BigInt.asIntN(64, BigInt(word as bigint)).toString())

function observed(bytes: Uint8Array, name: string): string[] {
  return name === 'bytes' ? numbers([...bytes]) : numbers([...new BigInt64Array(bytes.slice().buffer)])
}

testOnKernel('any steps of a producer and of a program that drains are answered as by the kernel', async (kernel) => {
  let drained = 0
  const alike = async (sequence: readonly Step[]): Promise<void> => {
    const loaded = await kernel.load(fileURLToPath(USER_RING))
    assert.equal(loaded.result, 0, loaded.log)
    using machine = boot.virtual({ cpus: 1, memory: '8 MiB' })
    const object = machine.load(userRingObject)
    const producer = new Producer(object)
    for (const step of sequence) {
      const what = JSON.stringify(step)
      if (step.do !== 'drain') {
        const result = producer.do(step)
        if (result !== undefined) assert.equal(result, await ofKernel(kernel, step), what)
        continue
      }
      object.programs['drain']!.run({ ctx: asked(step) })
      await kernel.run('drain', { context: asked(step) })
      for (const name of OBSERVED) {
        const ours = numbers(object.variables[name]!.get())
        assert.deepEqual(ours, observed(await kernel.variable(name), name), `${name} after ${what}`)
      }
    }
    drained += Number(object.variables['count']!.get())
  }
  await fc.assert(fc.asyncProperty(steps, alike), { numRuns: 10 })
  assert.ok(drained > 20, `only ${drained} samples were drained`)
})

function* attributes(): Generator<Attributes> {
  for (const type of [31]) {
    for (const flags of [0, 1, 4, 8, 16, 64, 128, 1024]) yield [type, 0, 0, 4096, flags, 0]
    for (const entries of [0, 1, 4095, 6144, 8192]) yield [type, 0, 0, entries, 0, 0]
    yield* [[type, 4, 0, 4096, 0, 0], [type, 0, 4, 4096, 0, 0], [type, 0, 0, 4096, 0, 1]] as const // prettier-ignore
  }
}

testOnKernel('attributes are accepted and refused as by the kernel', async (kernel) => {
  await createdAlike(kernel, attributes())
})
