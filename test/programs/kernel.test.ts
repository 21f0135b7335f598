// The recorded answers are this kernel's, where it can be asked and is of the version that they were recorded on.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openKernel } from '../kernel/oracle.js'
import { kernelTranscript } from './on-kernel.js'
import { scenarios } from './scenarios.js'
import { CPUS, FOLDER, objectsOf } from './transcript.js'

const VERSION = '6.18.'

test('the kernel answers what was recorded', async (t) => {
  const recorded = JSON.parse(readFileSync(new URL('answers.json', FOLDER), 'utf8')) as Record<string, string[]>
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const { cpus } = await kernel.ask('info')
    if (!kernel.release.startsWith(VERSION) || cpus !== CPUS)
      return t.skip(`recorded on ${VERSION}x with ${CPUS} CPUs, this is ${kernel.release} with ${String(cpus)}`)
    for (const scenario of scenarios)
      for (const file of objectsOf(scenario))
        await t.test(file, async () => {
          assert.deepEqual(await kernelTranscript(kernel, scenario, file), recorded[scenario.name])
        })
  } finally {
    await kernel.close()
  }
})
