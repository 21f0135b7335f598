// Control groups of a task and of a packet's socket against those that stand in a cgroup array.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot } from '../../src/index.js'
import { coded } from '../machine/probes.js'
import { FOLDER, udp } from './families.js'

const E2BIG = -7n
const EAGAIN = -11n
const ENOENT = -2n

for (const engine of ['jit', 'interp'] as const)
  describe(`cgroup arrays on ${engine}`, () => {
    const loaded = () => {
      const object = boot
        .virtual({ memory: '4 MiB' })
        .load(readFileSync(new URL('under-cgroup.bpf.o', FOLDER)), { engine })
      const out = (count: number): bigint[] => (object.variables['out']!.get() as bigint[]).slice(0, count)
      return { object, groups: object.maps['groups']!, out }
    }

    test('a task is in its own group and below those above it', () => {
      const { object, groups, out } = loaded()
      groups.set(0, 5)
      groups.set(1, 6)
      const run = (cgroups: readonly number[]): bigint[] => {
        object.programs['task_under']!.run({ data: udp, task: { cgroups } })
        return out(5)
      }
      assert.deepEqual(run([1, 5, 77]), [1n, 0n, EAGAIN, E2BIG, E2BIG])
      assert.deepEqual(run([1, 6]), [0n, 1n, EAGAIN, E2BIG, E2BIG])
      assert.deepEqual(run([]), [0n, 0n, EAGAIN, E2BIG, E2BIG])
      groups.delete(0)
      assert.deepEqual(run([1, 5, 77]), [EAGAIN, 0n, EAGAIN, E2BIG, E2BIG])
    })

    test('so is the socket of a packet, if it has one', () => {
      const { object, groups, out } = loaded()
      groups.set(0, 5)
      const run = (packet: { cgroups?: readonly number[] }): bigint[] => {
        object.programs['skb_under']!.run({ data: udp, packet })
        return out(4)
      }
      assert.deepEqual(run({}), [ENOENT, ENOENT, ENOENT, ENOENT])
      assert.deepEqual(run({ cgroups: [1, 5] }), [1n, EAGAIN, EAGAIN, E2BIG])
      assert.deepEqual(run({ cgroups: [1, 4] }), [0n, EAGAIN, EAGAIN, E2BIG])
    })

    test('the host sets and deletes groups, and reads none, as with the kernel', () => {
      const { groups } = loaded()
      assert.throws(() => groups.set(0, 0), coded('EBADF'))
      assert.throws(() => groups.set(3, 1), coded('E2BIG'))
      assert.throws(() => groups.set(0, 1, 'noexist'), coded('EINVAL'))
      assert.throws(() => groups.get(0), coded('ENOTSUPP'))
      assert.equal(groups.delete(0), false)
      groups.set(0, 1)
      assert.equal(groups.delete(0), true)
    })
  })
