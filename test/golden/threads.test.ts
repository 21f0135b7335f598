// The golden cases once more, on worker threads and the real clock, many at a time on one machine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, type Machine } from '../../src/index.js'
import { performRacing, type Case } from './notation.js'
import { threadSubject } from './skep-subject.js'
import { TIMER_CASES } from './timer-cases.js'
import { WQ_CASES } from './wq-cases.js'

function performed(machine: Machine, object: string, golden: Case): Promise<void> {
  return performRacing(async () => {
    const subject = await threadSubject(machine, object)
    return { subject, close: () => subject.close() }
  }, golden)
}

test('the cases on worker threads', { concurrency: 8 }, async (t) => {
  const machine = await boot({ cpus: 2, memory: '128 MiB' })
  const cases = [
    ...TIMER_CASES.map((golden) => ({ object: 'timer-cases.bpf.o', golden })),
    ...WQ_CASES.map((golden) => ({ object: 'wq-cases.bpf.o', golden })),
  ]
  try {
    await Promise.all(
      cases
        .filter(({ golden: { needs } }) => needs === undefined || needs === 'pins')
        .map(({ object, golden }) => t.test(`${object}: ${golden.name}`, () => performed(machine, object, golden))),
    )
    assert.deepEqual(await machine.timers(), [], 'nothing is left when every handle is closed')
  } finally {
    await machine.close()
  }
})
