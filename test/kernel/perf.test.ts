// bpf_perf_event_output on this machine's own kernel, where nobody has opened a buffer: it answers what the cases say.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { errnoName } from '../../src/machine/errno.js'
import { Machine } from '../map/harness.js'
import { PERF, perfRequest, refusals } from '../map/perf-cases.js'
import { openKernel } from './oracle.js'

test('the kernel refuses flags and indices as the cases say', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const loaded = await kernel.load(fileURLToPath(PERF), 'put_xdp', 'put_tc')
    assert.equal(loaded.result, 0, loaded.log)
    for (const program of ['put_xdp', 'put_tc'])
      for (const [flags, answer] of refusals) {
        await kernel.run(program, { data: perfRequest(flags) })
        const result = Buffer.from(await kernel.variable('result')).readBigInt64LE()
        assert.equal(errnoName(Number(result)), answer, `${program} with flags 0x${flags.toString(16)}`)
      }
    for (const call of ['get', 'take'] as const)
      assert.equal(errnoName((await kernel.get('events', new Uint8Array(4), call)) as number), 'ENOTSUPP')
    assert.equal(errnoName(await kernel.delete('events', new Uint8Array(4))), 'ENOENT')
  } finally {
    await kernel.close()
  }
})

test('attributes are accepted and refused as by the kernel', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const machine = new Machine({ cpus: 1 })
    const differ: string[] = []
    // Arrays as well: who may have BPF_F_PRESERVE_ELEMS is one rule.
    for (const type of [2, 4, 6])
      for (const [keySize, valueSize, maxEntries, flags] of [
        ...[0, 1, 4, 8, 16, 24, 64, 128, 256, 1024, 2048, 4096].map((one) => [4, 4, 2, one] as const),
        ...([[4, 8, 2, 0], [8, 4, 2, 0], [4, 0, 2, 0], [4, 4, 0, 0]] as const), // prettier-ignore
      ] as const) {
        const ours = machine.create({ type, keySize, valueSize, maxEntries, flags, extra: 0 })
        const { result } = await kernel.ask('create', type, keySize, valueSize, maxEntries, flags, 0)
        if (Math.min(ours, 0) !== result)
          differ.push(`${[type, keySize, valueSize, maxEntries, flags].join(' ')}: ${ours}, the kernel says ${result}`)
      }
    assert.deepEqual(differ, [])
  } finally {
    await kernel.close()
  }
})
