// The questions to bpf_fib_lookup on this machine's own kernel, in a network namespace of their own that ends with it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { udp } from '../helpers/families.js'
import { answersFile, commands, kernelFibAnswers, objectFile } from '../helpers/fib-cases.js'
import { openKernel } from './oracle.js'

test('the recorded answers are the kernel’s', async (t) => {
  const kernel = await openKernel({ network: commands })
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const recorded = JSON.parse(readFileSync(answersFile, 'utf8')) as Record<string, string>
    assert.deepEqual(await kernelFibAnswers(kernel, fileURLToPath(objectFile)), recorded)
    assert.equal((await kernel.load(fileURLToPath(objectFile), 'xdp_ingress')).result, 0)
    const context = new Uint8Array(24)
    context[4] = udp.length
    const { retval, context: after } = await kernel.run('xdp_ingress', { data: udp, context })
    assert.deepEqual([retval, after[12]], [1, 0])
  } finally {
    await kernel.close()
  }
})
