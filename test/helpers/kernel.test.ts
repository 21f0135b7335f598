// The recorded answers are this kernel's, where it can be asked and is of the version that they were recorded on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openKernel } from '../kernel/oracle.js'
import { helpers } from '../../src/machine/helpers.js'
import { programTypeNumbers } from '../../src/machine/program-types.js'
import type { ProgramType } from '../../src/object/spec.js'
import { families, recordedAnswers } from './families.js'
import { kernelAnswers } from './kernel-answers.js'

const VERSION = '6.18.'

test('the kernel answers what was recorded', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    if (!kernel.release.startsWith(VERSION)) return t.skip(`recorded on ${VERSION}x, this is ${kernel.release}`)
    for (const family of families)
      await t.test(family.name, async () => {
        const recorded = recordedAnswers(family)
        for (const [name, answer] of await kernelAnswers(kernel, family))
          assert.deepEqual(answer, recorded.get(name), `${family.name}: ${name}`)
      })
  } finally {
    await kernel.close()
  }
})

/** Types whose programs the kernel loads without a function that they trace. */
const TYPES: readonly ProgramType[] = [
  ...(['socket_filter', 'sched_cls', 'sched_act', 'cgroup_skb', 'xdp', 'syscall'] as const),
  ...(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint'] as const),
]

/** Where the kernel's verifier lets a helper pass that it then refuses for the maps or pointers that it needs. */
const ALSO = new Set([
  'bpf_spin_lock',
  'bpf_spin_unlock',
  'bpf_xdp_get_buff_len in syscall',
  'bpf_get_socket_cookie in syscall',
])

test('helpers are refused in the program types in which the kernel refuses them', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    if (!kernel.release.startsWith(VERSION))
      return t.skip(`the table is that of ${VERSION}x, this is ${kernel.release}`)
    const differ: string[] = []
    for (const { id, name, refusedIn } of helpers)
      for (const type of TYPES) {
        const { result } = await kernel.ask('helper', programTypeNumbers[type], id!)
        const where = `${name} in ${type}`
        const refused = refusedIn?.includes(type) ?? false
        if (refused !== result < 0 && !ALSO.has(name) && !ALSO.has(where)) differ.push(`${where}: ${result}`)
      }
    assert.deepEqual(differ, [])
  } finally {
    await kernel.close()
  }
})
