// Maps of devices, CPUs and sockets on this machine's own kernel: it answers what was recorded, and the same to
// attributes.
import assert from 'node:assert/strict'
import { targetAnswers, targetSteps } from '../map/target-cases.js'
import { createdAlike, type Attributes } from './attributes.js'
import { kernelAnswers } from './target-subject.js'
import { testOnKernel } from './on-kernel.js'

testOnKernel('the kernel answers every step as it was recorded', async (kernel) => {
  const recorded = targetAnswers()
  const answers = await kernelAnswers(kernel)
  answers.forEach((answer, index) =>
    assert.deepEqual(answer, recorded[index], `${index}: ${String(targetSteps[index])}`),
  )
})

/** Attributes around every rule that the kernel has for these types. */
function* attributes(): Generator<Attributes> {
  for (const type of [14, 16, 17, 25]) {
    for (const flags of [0, 1, 4, 8, 16, 24, 64, 128, 256, 1024, 2048, 4096]) yield [type, 4, 4, 4, flags, 0]
    for (const bytes of [0, 2, 8, 12]) yield [type, 4, bytes, 4, 0, 0]
    yield* [[type, 8, 4, 4, 0, 0], [type, 0, 4, 4, 0, 0], [type, 4, 4, 0, 0, 0], [type, 4, 4, 4, 0, 1]] as const // prettier-ignore
    yield [type, 4, 4, 8193, 0, 0]
  }
}

testOnKernel('attributes are accepted and refused as by the kernel', async (kernel) => {
  await createdAlike(kernel, attributes())
})
