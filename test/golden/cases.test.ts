// The golden cases on skep, on all map kinds: the kernel's answers.
import { test } from 'node:test'
import { perform, type Case } from './notation.js'
import { skepSubject } from './skep-subject.js'
import { TIMER_CASES } from './timer-cases.js'
import { WQ_CASES } from './wq-cases.js'

function check(object: string, what: string, cases: readonly Case[]): void {
  for (const golden of cases)
    if (!golden.needs || golden.needs === 'pins')
      test(`${what}: ${golden.name}`, async () => {
        const subject = await skepSubject(object)
        try {
          await perform(subject, golden)
        } finally {
          await subject.close()
        }
      })
}

check('timer-cases.bpf.o', 'bpf_timer', TIMER_CASES)
check('wq-cases.bpf.o', 'bpf_wq', WQ_CASES)
