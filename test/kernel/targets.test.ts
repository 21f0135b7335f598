// Maps of devices, CPUs and sockets on this machine's own kernel: it answers what was recorded, and the same to attributes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machine } from '../map/harness.js'
import { targetAnswers, targetSteps } from '../map/target-cases.js'
import { openKernel } from './oracle.js'
import { kernelAnswers } from './target-subject.js'

test('the kernel answers every step as it was recorded', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const recorded = targetAnswers()
    const answers = await kernelAnswers(kernel)
    answers.forEach((answer, index) =>
      assert.deepEqual(answer, recorded[index], `${index}: ${String(targetSteps[index])}`),
    )
  } finally {
    await kernel.close()
  }
})

/** Attributes around every rule that the kernel has for these types. */
function* attributes(): Generator<number[]> {
  for (const type of [14, 16, 17, 25]) {
    for (const flags of [0, 1, 4, 8, 16, 24, 64, 128, 256, 1024, 2048, 4096]) yield [type, 4, 4, 4, flags, 0]
    for (const bytes of [0, 2, 8, 12]) yield [type, 4, bytes, 4, 0, 0]
    yield* [[type, 8, 4, 4, 0, 0], [type, 0, 4, 4, 0, 0], [type, 4, 4, 0, 0, 0], [type, 4, 4, 4, 0, 1]] // prettier-ignore
    yield [type, 4, 4, 8193, 0, 0]
  }
}

test('attributes are accepted and refused as by the kernel', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const machine = new Machine({ cpus: 1 })
    const differ: string[] = []
    for (const asked of attributes()) {
      const [type, keySize, valueSize, maxEntries, flags, extra] = asked as [
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      const ours = machine.create({ type, keySize, valueSize, maxEntries, flags, extra })
      const { result } = await kernel.ask('create', ...asked)
      if (Math.min(ours, 0) !== result) differ.push(`${asked.join(' ')}: ${ours}, the kernel says ${result}`)
    }
    assert.deepEqual(differ, [])
  } finally {
    await kernel.close()
  }
})
