// bpf_perf_event_output on this machine's own kernel, where nobody has opened a buffer: it answers what the cases say.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { errnoName } from '../../src/machine/errno.js'
import { PERF, perfRequest, refusals } from '../map/perf-cases.js'
import { createdAlike, type Attributes } from './attributes.js'
import { testOnKernel } from './on-kernel.js'

testOnKernel('the kernel refuses flags and indices as the cases say', async (kernel) => {
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
})

// Arrays as well: who may have BPF_F_PRESERVE_ELEMS is one rule. And maps of stacks.
function* attributes(): Generator<Attributes> {
  for (const flags of [0, 1, 4, 8, 16, 32, 64, 128, 1024]) yield [7, 4, 32, 4, flags, 0]
  yield* [[7, 4, 8, 4, 32, 0], [7, 4, 4, 4, 0, 0], [7, 4, 12, 4, 0, 0], [7, 8, 8, 4, 0, 0], [7, 4, 1016, 3, 0, 0], [7, 4, 1024, 3, 0, 0], [7, 4, 8, 0, 0, 0]] as const // prettier-ignore
  for (const type of [2, 4, 6, 8]) {
    for (const flags of [0, 1, 4, 8, 16, 24, 64, 128, 256, 1024, 2048, 4096]) yield [type, 4, 4, 2, flags, 0]
    yield* [[type, 4, 8, 2, 0, 0], [type, 8, 4, 2, 0, 0], [type, 4, 0, 2, 0, 0], [type, 4, 4, 0, 0, 0]] as const // prettier-ignore
  }
}

testOnKernel('attributes are accepted and refused as by the kernel', async (kernel) => {
  await createdAlike(kernel, attributes())
})
