// Arguments that are refused before a program runs, in the kernel's words, here and there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot, SkepError } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { openKernel } from '../kernel/oracle.js'
import { FOLDER } from './families.js'

const file = new URL('refused.bpf.o', FOLDER)
const spec = parseObject(readFileSync(file), 'refused')

/** The last line of the verifier's log; undefined for what is accepted. */
const WORDS = (name: string): string | undefined =>
  name.startsWith('fine')
    ? undefined
    : name.startsWith('load_in')
      ? 'BPF_LD_[ABS|IND] instructions not allowed for this program type'
      : name === 'sleeps'
        ? 'program must be sleepable to call sleepable kfunc bpf_copy_from_user_str'
        : 'Invalid format string'

for (const name of spec.programs.keys())
  test(`${name}: ${WORDS(name) ?? 'accepted'}`, () => {
    using machine = boot.virtual({ memory: '4 MiB' })
    const words = WORDS(name)
    if (words === undefined) machine.load(spec, { programs: [name] }).close()
    else
      assert.throws(
        () => machine.load(spec, { programs: [name] }),
        (error) => error instanceof SkepError && error.code === 'REFUSED' && error.message.includes(words),
      )
  })

test('the kernel says the same', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    for (const name of spec.programs.keys()) {
      const { result, log } = await kernel.load(fileURLToPath(file), name)
      const words = WORDS(name)
      assert.equal(result < 0, words !== undefined, `${name}: ${log.slice(-300)}`)
      if (words !== undefined) assert.ok(log.includes(words), `${name}: ${log.slice(-300)}`)
    }
  } finally {
    await kernel.close()
  }
})
