// The golden cases of bpf_timer, asked of this machine's own kernel: what we hold for its behaviour must be its behaviour.
import { test } from 'node:test'
import { perform } from '../golden/notation.js'
import { TIMER_CASES } from '../golden/timer-cases.js'
import { kernelSubject } from './kernel-subject.js'
import { openKernel } from './oracle.js'

// Each case waits most of its time; each has an oracle process of its own.
test('the kernel answers the timer cases as written down', { concurrency: 8 }, async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  await kernel.close()
  await Promise.all(
    TIMER_CASES.map((golden) =>
      t.test(golden.name, async () => {
        const session = await openKernel()
        if (typeof session === 'string') throw new Error(session)
        try {
          await perform(await kernelSubject(session), golden)
        } finally {
          await session.close()
        }
      }),
    ),
  )
})
