// What a program reads behind a pointer of its task that is null: 0, by the kernel and here.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { boot } from '../../src/index.js'
import { testOnKernel } from './on-kernel.js'

const OBJECT = fileURLToPath(new URL('../../../test/helpers/kernel-pointers.bpf.o', import.meta.url))

testOnKernel('a null pointer of the task reads 0, as behind the kernel’s BPF_PROBE_MEM', async (kernel) => {
  const loaded = await kernel.load(OBJECT, 'task')
  assert.equal(loaded.result, 0, loaded.log)
  await kernel.run('task', { context: new Uint8Array(8) })
  const theirs = new BigInt64Array((await kernel.variable('out')).slice(0, 24).buffer)
  using machine = boot.virtual({ memory: '8 MiB' })
  const object = machine.load(OBJECT, { programs: ['task'] })
  object.programs['task']!.run({ task: { address: 0xffff888000001000n } })
  assert.deepEqual([...theirs], (object.variables['out']!.get() as bigint[]).slice(0, 3))
})
