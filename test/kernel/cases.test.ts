// The golden cases, asked of this machine's own kernel: what we hold for its behaviour must be its behaviour.
import { test } from 'node:test'
import { performRacing, type Case } from '../golden/notation.js'
import { TIMER_CASES } from '../golden/timer-cases.js'
import { WQ_CASES } from '../golden/wq-cases.js'
import { kernelSubject } from './kernel-subject.js'
import { openKernel } from './oracle.js'

// Each case waits most of its time; each has an oracle process of its own.
function check(name: string, object: string, cases: readonly Case[]): void {
  test(name, { concurrency: 8 }, async (t) => {
    const kernel = await openKernel()
    if (typeof kernel === 'string') return t.skip(kernel)
    await kernel.close()
    await Promise.all(
      // Pins need a mounted bpffs: a setting of the machine, which tests leave alone.
      cases
        .filter(({ needs }) => needs !== 'pins')
        .map((golden) =>
          t.test(golden.name, () =>
            performRacing(
              async () => {
                const session = await openKernel()
                if (typeof session === 'string') throw new Error(session)
                return { subject: await kernelSubject(session, object), close: () => session.close() }
              },
              { ...golden, ...golden.kernel },
            ),
          ),
        ),
    )
  })
}

check('the kernel answers the timer cases as written down', 'timer-cases.bpf.o', TIMER_CASES)
check('the kernel answers the work queue cases as written down', 'wq-cases.bpf.o', WQ_CASES)
