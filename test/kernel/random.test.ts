// Random steps on skep and on this machine's own kernel: equal answers, step by step, on all four kinds of map.
// SKEP_SEEDS=N takes N seeds for each kind of map instead of a few.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from '../golden/compare.js'
import { randomTimerSteps, randomWorkSteps } from '../golden/random-steps.js'
import { skepSubject } from '../golden/skep-subject.js'
import { KINDS } from '../golden/timer-object.js'
import { kernelSubject } from './kernel-subject.js'
import { openKernel } from './oracle.js'

const STEPS = 60
const SEEDS = Number(process.env['SKEP_SEEDS'] ?? 3)

for (const [object, randomSteps] of [
  ['timer-cases.bpf.o', randomTimerSteps],
  ['wq-cases.bpf.o', randomWorkSteps],
] as const)
  for (const kind of KINDS)
    test(`random steps have the kernel's answers: ${object}, ${kind}`, async (t) => {
      const kernel = await openKernel()
      if (typeof kernel === 'string') return t.skip(kernel)
      let steps = 0
      try {
        // What waits for memory in the kernel would be a difference that is none.
        await kernel.ask('spare', 500)
        // Linux keeps what was deleted from an LRU map for the CPU that it was deleted on, and another CPU would rather
        // evict than take it: on one CPU elements go only when the map is full, here never.
        await kernel.ask('cpu', 0)
        for (let seed = 1; seed <= SEEDS; seed++) {
          const subject = await skepSubject(object)
          steps += await compare(await kernelSubject(kernel, object), subject, kind, randomSteps(seed, STEPS))
          await subject.close()
        }
      } finally {
        await kernel.close()
      }
      assert.ok(steps > 0)
      t.diagnostic(`${steps} steps, ${SEEDS} seeds`)
    })
