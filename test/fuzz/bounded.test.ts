// A bounded share of `npm run fuzz`; the engines' share is in test/interp/engines.test.ts.
import { test } from 'node:test'
import fc from 'fast-check'
import { openKernel } from '../kernel/oracle.js'
import { kernelAgrees } from './engines.js'
import { objectsAreContained } from './objects.js'
import { kernelPlays } from './scene-kernel.js'
import { scenesAgree } from './scene-runs.js'

test('damaged objects are loaded or refused, soon and with a place', () =>
  fc.assert(objectsAreContained, { numRuns: 600 }))

test('random programs, and objects with maps and tail calls: the kernel agrees', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    await fc.assert(kernelAgrees(kernel), { numRuns: 200 })
    await fc.assert(kernelPlays(kernel), { numRuns: 25 })
  } finally {
    await kernel.close()
  }
})

test('random objects with maps, tail calls and callbacks: both engines have the same answers, faults and contents of maps', () =>
  fc.assert(scenesAgree, { numRuns: 30 }))
