// Tests that ask the machine's own kernel: skipped, with the reason, where it cannot be asked.
import { test } from 'node:test'
import { openKernel, type Kernel } from './oracle.js'

/** A test with a kernel of its own, which is closed at its end. */
export function testOnKernel(name: string, body: (kernel: Kernel) => Promise<void>): void {
  test(name, async (t) => {
    const kernel = await openKernel()
    if (typeof kernel === 'string') return t.skip(kernel)
    try {
      await body(kernel)
    } finally {
      await kernel.close()
    }
  })
}
