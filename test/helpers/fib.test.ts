// Where packets would be sent: each question on both engines, as the recorded kernel answers it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, type BootOptions } from '../../src/index.js'
import { udp } from './families.js'
import { answerOf, answersFile, cases, network, objectFile, requestOf } from './fib-cases.js'

const object = readFileSync(objectFile)
const answers = JSON.parse(readFileSync(answersFile, 'utf8')) as Record<string, string>

for (const engine of ['jit', 'interp'] as const)
  describe(`routes on ${engine}`, () => {
    test('every question has the kernel’s answer', () => {
      using machine = boot.virtual({ memory: '4 MiB', ...network })
      const { programs, maps } = machine.load(object, { engine })
      const given: Record<string, string> = {}
      for (const one of cases) {
        maps['request']!.set(0, requestOf(one))
        programs[one.program]!.run({ data: one.data })
        given[one.name] = answerOf(maps['request']!.getBytes(0)!)
      }
      assert.deepEqual(given, answers)
    })

    test('a packet of XDP comes from the loopback, or from where the host says', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const { xdp_ingress: ingress } = machine.load(object, { engine }).programs
      assert.equal(ingress!.run({ data: udp }).retval, 1)
      assert.equal(ingress!.run({ data: udp, ctx: { ingress_ifindex: 3 } }).retval, 3)
      const { retval, ctx } = ingress!.run({ data: udp, ctx: new Uint8Array(24) })
      assert.deepEqual([retval, (ctx as Uint8Array)[12]], [1, 0])
    })

    test('a machine without routes does not forward', () => {
      using machine = boot.virtual({ memory: '4 MiB', interfaces: { 2: 1400 } })
      const { programs, maps } = machine.load(object, { engine })
      maps['request']!.set(0, requestOf(cases[0]!))
      programs['xdp_way']!.run({ data: cases[0]!.data })
      assert.match(answerOf(maps['request']!.getBytes(0)!), /^5 /)
    })
  })

test('a network that cannot be is refused, with its place', () => {
  const refused = (options: BootOptions, message: RegExp): void =>
    assert.throws(() => boot.virtual({ memory: '4 MiB', ...options }), { code: 'BAD_OPTION', message })
  const dev = 1
  refused({ routes: [{ to: '10.0.0.0/33', dev }] }, /routes\[0\]\.to: length: expected .* to 32, got 33/)
  refused({ routes: [{ to: '10.0.0/8', dev }] }, /routes\[0\]\.to: expected an address of IPv4 or IPv6, got '10\.0\.0'/)
  refused({ routes: [{ to: '10.0.0.0/8/8', dev }] }, /routes\[0\]\.to: expected one length/)
  refused({ routes: [{ to: '10.0.0.0/', dev }] }, /routes\[0\]\.to: length/)
  for (const length of ['1e1', '0x8', '08', ' 8', '-1'])
    refused({ routes: [{ to: `10.0.0.0/${length}`, dev }] }, /routes\[0\]\.to: length/)
  refused({ routes: [null as never] }, /routes\[0\]: expected an object, got null/)
  refused({ neighbors: [undefined as never] }, /neighbors\[0\]: expected an object, got undefined/)
  refused({ interfaces: { 2: null as never } }, /interfaces: 2: expected an object, got null/)
  refused({ interfaces: { 1: 1500, '01': 1600 } as never }, /interfaces: index '01'/)
  refused({ interfaces: 5 as never }, /interfaces: expected an object, got 5/)
  refused(
    {
      routes: [
        { to: '::/0', dev },
        { to: '::/0', dev: 2 },
      ],
    },
    /routes\[1\]\.dev: .* one of the interfaces, got 2/,
  )
  refused({ routes: [{ to: '::/0', dev, via: '10.0.0.1' }] }, /routes\[0\]\.via: .* next hop of IPv6/)
  refused({ routes: [{ to: '::/0', dev, source: '10.0.0.1' }] }, /routes\[0\]\.source: .* family of 'to'/)
  refused({ routes: [{ to: '::/0', type: 'throw' as 'local' }] }, /routes\[0\]\.type: .* got 'throw'/)
  refused({ interfaces: { 1: { mac: '02:00' } } }, /interfaces: mac of 1: expected six bytes/)
  refused({ interfaces: { 1: { mtu: 0 } } }, /interfaces: MTU of 1/)
  refused({ neighbors: [{ dev, address: 'fe80::1%1', mac: '02:00:00:00:00:01' }] }, /neighbors\[0\]\.address/)
})
