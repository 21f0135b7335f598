// The programs of test/golden/verifier, given to this machine's verifier: loaded one at a time, never run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VERDICTS } from '../golden/verifier/verdicts.js'
import { openKernel, REPOSITORY, type LoadAnswer } from './oracle.js'

test('the verifier accepts and refuses the programs as written down', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  // Other kernels word their refusals differently, and accept timers in tracing programs.
  const sameKernel = kernel.release.startsWith('6.18.')
  try {
    for (const { object, program, refused } of VERDICTS) {
      if (object === 'tracing-programs' && !sameKernel) continue
      const answer: LoadAnswer = await kernel.load(`${REPOSITORY}test/golden/verifier/${object}.bpf.o`, program)
      const words: string[] = answer.log.split('\n').filter((line) => line !== '' && !line.startsWith('processed '))
      const said: string | undefined = answer.result === 0 ? undefined : words.at(-1)
      if (sameKernel) assert.equal(said, refused, program)
      else assert.equal(said === undefined, refused === undefined, `${program}: ${said}`)
    }
  } finally {
    await kernel.close()
  }
})
