// The recorded answers are this kernel's, where it can be asked and is of the version that they were recorded on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openKernel } from '../kernel/oracle.js'
import { families, recordedAnswers } from './families.js'
import { kernelAnswers } from './kernel-answers.js'

const VERSION = '6.18.'

test('the kernel answers what was recorded', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    if (!kernel.release.startsWith(VERSION)) return t.skip(`recorded on ${VERSION}x, this is ${kernel.release}`)
    for (const family of families)
      await t.test(family.name, async () => {
        const recorded = recordedAnswers(family)
        for (const [name, answer] of await kernelAnswers(kernel, family))
          assert.deepEqual(answer, recorded.get(name), `${family.name}: ${name}`)
      })
  } finally {
    await kernel.close()
  }
})
