// The same seed gives the same steps and, on skep, the same answers: a failure can be taken again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from './compare.js'
import { randomTimerSteps } from './random-steps.js'
import { skepSubject } from './skep-subject.js'
import { KINDS } from './timer-object.js'

test('random steps are answered alike by two machines', async () => {
  assert.deepEqual(randomTimerSteps(7, 50), randomTimerSteps(7, 50))
  for (const kind of KINDS)
    for (let seed = 1; seed <= 5; seed++) {
      const [one, other] = [await skepSubject('timer-cases.bpf.o'), await skepSubject('timer-cases.bpf.o')]
      await compare(one, other, kind, randomTimerSteps(seed, 200))
      await one.close()
      await other.close()
    }
})
