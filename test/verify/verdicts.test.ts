// The kernel's verdicts of test/golden/verifier, one program at a time: the load-time checks say the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analyse } from '../../src/verify/analyse.js'
import { refusalText } from '../../src/verify/refusal.js'
import { VERDICTS } from '../golden/verifier/verdicts.js'
import { only, readSpec } from './objects.js'

const ERRNO: readonly [string, RegExp][] = [
  ['EINVAL', /^R1 must /],
  ['EFAULT', /^verifier bug/],
  [
    'EACCES',
    /^R\d |accessed directly|write to change key|Too large$|out of order|disallowed$|read from stack|^Unsupported/,
  ],
  ['EINVAL', /./],
]

for (const { object, program, refused } of VERDICTS) {
  const tracing = object === 'tracing-programs'
  test(`${object}/${program}: ${refused ?? 'accepted'}${tracing ? ' (only if strict)' : ''}`, () => {
    const spec = only(readSpec(`test/golden/verifier/${object}.bpf.o`), program)
    const { refusals } = analyse(spec, tracing ? { strict: '6.18' } : {})
    const [first] = refusals
    assert.equal(first?.words, refused, refusals.map(refusalText).join('\n'))
    if (tracing) assert.deepEqual(analyse(spec).refusals, [])
    if (!first || refused === undefined) return
    assert.equal(first.errno, ERRNO.find(([, words]) => words.test(refused))?.[0])
    assert.equal(first.program, program)
    assert.match(
      refusalText(first),
      /^program '\w+': function '\w+', instruction \d+ \(.*verifier\/[a-z-]+\.bpf\.[ch]:\d+\): E[A-Z]+: /,
    )
  })
}
