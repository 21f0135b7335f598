// What programs of control groups can do with a packet besides what BPF_PROG_TEST_RUN lets the kernel be asked.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { FOLDER, udp } from './families.js'

for (const engine of ['jit', 'interp'] as const)
  test(`on ${engine}, a cgroup_skb program reads the packet from its network header to its end`, () => {
    using machine = boot.virtual({ memory: '4 MiB' })
    const loaded = machine.load(readFileSync(new URL('cgroup.bpf.o', FOLDER)), { engine })
    const { retval, data } = loaded.programs['direct']!.run({ data: udp })
    assert.equal(retval, 1)
    assert.deepEqual((loaded.variables['out']!.get() as bigint[]).slice(0, 3), [36n, 0x45n, 17n])
    assert.deepEqual(data?.subarray(14), Uint8Array.from(udp.subarray(14)))
  })
