// The lookups of sockets on this machine's own kernel: ordinary sockets of the oracle's process, in a network namespace
// of its own that ends with it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { answersFile, commands, kernelSocketAnswers, objectFile } from '../helpers/socket-cases.js'
import { openKernel } from './oracle.js'

test('the recorded sockets are those that the kernel finds', async (t) => {
  const kernel = await openKernel({ network: commands })
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const recorded = JSON.parse(readFileSync(answersFile, 'utf8')) as Record<string, string>
    assert.deepEqual(await kernelSocketAnswers(kernel, fileURLToPath(objectFile)), recorded)
  } finally {
    await kernel.close()
  }
})
