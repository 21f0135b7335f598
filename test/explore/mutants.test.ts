// A share of the one-line changes of the core (scripts/mutants-list.mjs): the explorer must object to each, by the
// subject that is said to. `npm run check -- mutants` judges all of them.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** One of each file that the list is about. */
const SHARE = [
  'init does not look again at the user references',
  'set_callback reads the state before the binding',
  'start does not see to a queue entry',
  'cancel keeps the generation',
  'cancel does not look whether the program is open',
  'free shows the slot empty before FREED is set',
  'a claim does not look for FREED',
  'a firing does not mind the target',
  'a grace period waits for nobody',
  'two CPUs repair at once',
  'setting REALTIME asks for no look',
  'an insertion looks once at every word for room',
  'a spare element stays where it was taken',
]

test('changes of the core are objected to, each by the subject that it names', async () => {
  const names = SHARE.flatMap((name) => ['--name', name])
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/mutants.mjs', '--named', ...names])
  assert.match(stdout, new RegExp(`^${SHARE.length} mutants, 0 not as expected$`, 'm'))
})
