// What a run's answer says of redirects and clones.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, type LoadedObject, type RunResult } from '../../src/index.js'
import { FOLDER, udp } from './families.js'

const object = readFileSync(new URL('redirect.bpf.o', FOLDER))

for (const engine of ['jit', 'interp'] as const)
  describe(`redirects on ${engine}`, () => {
    const run = (program: string, use?: (result: RunResult, loaded: LoadedObject) => void): RunResult => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const loaded = machine.load(object, { engine })
      const result = loaded.programs[program]!.run({ data: udp })
      use?.(result, loaded)
      return result
    }

    test('the answer has the interface and the helper', () => {
      assert.deepEqual(run('xdp_to_interface').redirect, { helper: 'bpf_redirect', ifindex: 3, flags: 0 })
      assert.deepEqual(run('tc_to_interface').redirect, { helper: 'bpf_redirect', ifindex: 9, flags: 1 })
      assert.deepEqual(run('tc_to_peer').redirect, { helper: 'bpf_redirect_peer', ifindex: 4, flags: 0 })
      assert.deepEqual(run('tc_to_neighbor').redirect, { helper: 'bpf_redirect_neigh', ifindex: 5, flags: 0 })
    })

    test('a next hop is part of it', () => {
      assert.deepEqual(run('tc_to_next_hop').redirect, {
        helper: 'bpf_redirect_neigh',
        ifindex: 5,
        flags: 0,
        neighbor: { family: 2, address: Uint8Array.of(10, 0, 0, 1) },
      })
    })

    test('a program that does not return it has redirected nothing', () => {
      assert.equal(run('xdp_not_after_all').redirect, undefined)
    })

    test('clones are the packet as it was when they were made', () => {
      const changed = Uint8Array.from(udp)
      changed[20] = 0xaa
      const { clones } = run('tc_clone_twice', (_, { variables }) =>
        assert.deepEqual((variables['out']!.get() as bigint[]).slice(0, 2), [0n, 0n]),
      )
      assert.deepEqual(clones, [
        { ifindex: 2, flags: 0, data: Uint8Array.from(udp) },
        { ifindex: 3, flags: 1, data: changed },
      ])
    })

    test('clones end where the run buffer is full', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const loaded = machine.load(object, { engine })
      const data = new Uint8Array(20000)
      const { clones } = loaded.programs['tc_clone_many']!.run({ data })
      assert.equal(clones?.length, 2)
      assert.deepEqual((loaded.variables['out']!.get() as bigint[]).slice(0, 2), [2n, -12n])
      assert.equal(loaded.programs['tc_clone']!.run({ data: udp }).clones, undefined)
    })
  })
