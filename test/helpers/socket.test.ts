// Lookups of sockets: each question on both engines, as the recorded kernel answers it; and what the kernel cannot be
// asked.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, type BootOptions, type Socket } from '../../src/index.js'
import { udp } from './families.js'
import { answerOf, answersFile, cases, contextOf, network, objectFile, requestOf, tupleOf } from './socket-cases.js'

const object = readFileSync(objectFile)
const answers = JSON.parse(readFileSync(answersFile, 'utf8')) as Record<string, string>

const listener = { tuple: tupleOf('10.0.0.1:1000', '127.0.0.1:80'), netns: 0xffffffffffffffffn, flags: 0n, kind: 0 }

for (const engine of ['jit', 'interp'] as const)
  describe(`sockets on ${engine}`, () => {
    test('every question has the kernel’s answer', () => {
      using machine = boot.virtual({ memory: '4 MiB', ...network })
      const { programs, maps } = machine.load(object, { engine })
      const given: Record<string, string> = {}
      for (const one of cases) {
        maps['request']!.set(0, requestOf(one))
        const ctx = contextOf(one)
        programs[one.program]!.run({ data: udp, ...(ctx && { ctx }) })
        given[one.name] = answerOf(maps['request']!.getBytes(0)!)
      }
      assert.deepEqual(given, answers)
    })

    test('bpf_tcp_sock shows what the host has set', () => {
      const tcp = { snd_cwnd: 10, sacked_out: 20, bytes_received: 2n ** 40n, bytes_acked: 22, dsack_dups: 23, icsk_retransmits: 26 } // prettier-ignore
      using machine = boot.virtual({ memory: '4 MiB', sockets: [{ protocol: 'tcp', local: '127.0.0.1:80', tcp }] })
      const { programs, maps, variables } = machine.load(object, { engine })
      maps['request']!.set(0, requestOf(listener))
      assert.equal(programs['tc_fields']!.run({ data: udp }).retval, 0)
      const seen = variables['seen']!.get() as bigint[]
      assert.deepEqual(
        [seen[0], seen[19], seen[20], seen[21], seen[22], seen[25]],
        [10n, 20n, 2n ** 40n, 22n, 23n, 26n],
      )
    })

    test('the queue is what the host has set, or none', () => {
      const local = '127.0.0.1:80'
      for (const [rxQueue, seen] of [
        [undefined, -1],
        [3, 3],
      ] as const) {
        // prettier-ignore
        using machine = boot.virtual({ memory: '4 MiB', sockets: [{ protocol: 'tcp', local, ...(rxQueue && { rxQueue }) }] })
        const { programs, maps } = machine.load(object, { engine })
        maps['request']!.set(0, requestOf(listener))
        programs['xdp_socket']!.run({ data: udp })
        assert.equal(
          (maps['request']!.get(0) as { answer: { rx_queue_mapping: number } }).answer.rx_queue_mapping,
          seen,
        )
      }
    })

    test('a socket that the packet is given to is in the answer and in the context', () => {
      using machine = boot.virtual({ memory: '4 MiB', ...network })
      const { programs, maps, variables } = machine.load(object, { engine })
      maps['request']!.set(0, requestOf({ ...listener, tuple: tupleOf('10.0.0.1:1000', '127.0.0.2:80') }))
      const { packet } = programs['tc_assign']!.run({ data: udp })
      assert.deepEqual(packet, { assigned: 1 })
      assert.deepEqual((variables['seen']!.get() as bigint[]).slice(0, 3), [2n ** 64n - 22n, 0n, 80n])
      maps['request']!.set(0, requestOf({ ...listener, tuple: tupleOf('10.0.0.1:1000', '127.0.0.2:79') }))
      assert.equal(programs['tc_assign']!.run({ data: udp }).packet, undefined)
    })

    test('a machine without sockets finds none', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const { programs, maps } = machine.load(object, { engine })
      maps['request']!.set(0, requestOf(listener))
      programs['xdp_socket']!.run({ data: udp })
      assert.equal(answerOf(maps['request']!.getBytes(0)!), 'nothing')
    })
  })

test('sockets that cannot be are refused, with their place', () => {
  const refused = (socket: Partial<Record<keyof Socket, unknown>>, message: RegExp): void =>
    assert.throws(() => boot.virtual({ memory: '4 MiB', sockets: [socket] } as BootOptions), {
      code: 'BAD_OPTION',
      message,
    })
  const protocol = 'tcp'
  const local = '10.0.0.1:80'
  refused({ protocol: 'sctp', local }, /sockets\[0\]\.protocol: expected 'tcp' or 'udp', got 'sctp'/)
  refused({ protocol }, /sockets\[0\]\.local: expected '10\.0\.0\.1:80'/)
  // What has no text at all.
  const nothing: unknown = Object.create(null)
  refused({ protocol, local: nothing }, /sockets\[0\]\.local: expected '10\.0\.0\.1:80'/)
  refused({ protocol, local, remote: local, state: nothing }, /sockets\[0\]\.state: expected one of/)
  refused({ protocol, local: '10.0.0.1' }, /sockets\[0\]\.local: expected '10\.0\.0\.1:80' .* got '10\.0\.0\.1'/)
  refused({ protocol, local: '10.0.0.1:0' }, /sockets\[0\]\.local: port/)
  refused({ protocol, local: '10.0.0.1:080' }, /sockets\[0\]\.local: port/)
  refused({ protocol, local: '[10.0.0.1]:80' }, /sockets\[0\]\.local: .* brackets/)
  refused({ protocol, local: '::1:80' }, /sockets\[0\]\.local: expected/)
  refused({ protocol, local, remote: '[::1]:80' }, /sockets\[0\]\.remote: .* family of 'local'/)
  refused({ protocol, local, state: 'established' }, /sockets\[0\]\.state: .* remote end/)
  refused({ protocol, local, remote: local, state: 'open' }, /sockets\[0\]\.state: expected one of .* got 'open'/)
  refused({ protocol: 'udp', local, remote: local, state: 'time_wait' }, /sockets\[0\]\.state: .* TCP/)
  refused({ protocol, local, v6only: true }, /sockets\[0\]\.v6only/)
  refused({ protocol, local: '[::1]:80', v6only: 'no' }, /sockets\[0\]\.v6only: expected true or false, got 'no'/)
  refused({ protocol, local, dev: 7 }, /sockets\[0\]\.dev: .* one of the interfaces, got 7/)
  refused({ protocol, local, mark: -1 }, /sockets\[0\]\.mark/)
  refused({ protocol, local, rxQueue: 65535 }, /sockets\[0\]\.rxQueue/)
  refused({ protocol, local, tcp: { cwnd: 1 } }, /sockets\[0\]\.tcp: expected fields of struct bpf_tcp_sock .* 'cwnd'/)
  refused({ protocol, local, tcp: { snd_cwnd: 2 ** 32 } }, /sockets\[0\]\.tcp\.snd_cwnd/)
  refused({ protocol: 'udp', local, tcp: {} }, /sockets\[0\]\.tcp: .* TCP/)
  assert.throws(() => boot.virtual({ memory: '4 MiB', sockets: [null as never] }), /sockets\[0\]: expected an object/)
})
