// The values that a host sets for programs: of the task, of what they are attached to, of the packet.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot, SkepError, type LoadedObject, type RunOptions, type TaskIdentity } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { FOLDER, udp } from './families.js'

const taskObject = readFileSync(new URL('task.bpf.o', FOLDER))
const loopsObject = readFileSync(new URL('loops.bpf.o', FOLDER))
const skbObject = readFileSync(new URL('skb.bpf.o', FOLDER))
const outOf = (object: LoadedObject, count: number): bigint[] =>
  (object.variables['out']!.get() as bigint[]).slice(0, count)

const TASK: TaskIdentity = {
  pid: 7,
  tid: 8,
  comm: 'a name that is too long',
  uid: 1000,
  gid: 100,
  address: 0xffff888000001000n,
  cgroups: [1, 5, 77n],
  classid: 0x30004,
  namespace: { device: 4, inode: 4026531836, pid: 1, tid: 2 },
}
const EXPECTED = [
  (7n << 32n) | 8n,
  (100n << 32n) | 1000n,
  0n,
  BigInt.asIntN(64, 0xffff888000001000n),
  77n,
  1n,
  5n,
  0n,
  0n,
  0n,
  2n,
  1n,
  -22n,
  0n,
  -22n,
  0x30004n,
]

for (const engine of ['jit', 'interp'] as const)
  describe(`values that the host sets, on ${engine}`, () => {
    const machineWith = (task: TaskIdentity = {}) => boot.virtual({ memory: '4 MiB', cpus: 2, task })

    test('the task of the machine is what programs see', () => {
      using machine = machineWith(TASK)
      const object = machine.load(taskObject, { engine })
      object.programs['task']!.run({ cpu: 1 })
      assert.deepEqual(outOf(object, EXPECTED.length), EXPECTED)
      const name = Buffer.from((object.variables['text']!.get() as number[]).slice(0, 16)).toString('latin1')
      assert.equal(name, 'a name that is \0')
    })

    test('setTask changes what it names; a task of one run is over with it', () => {
      using machine = machineWith({ pid: 1, comm: 'first' })
      const object = machine.load(taskObject, { engine })
      const { task } = object.programs
      machine.setTask(TASK)
      task!.run()
      assert.deepEqual(outOf(object, EXPECTED.length), EXPECTED)
      task!.run({ task: { pid: 3, uid: 5 } })
      assert.deepEqual(outOf(object, 2), [(3n << 32n) | 3n, (100n << 32n) | 5n])
      task!.run()
      assert.deepEqual(outOf(object, EXPECTED.length), EXPECTED)
    })

    test('values that make no sense are refused by name', () => {
      using machine = machineWith()
      const { task } = machine.load(taskObject, { engine }).programs
      const refused = (options: RunOptions, message: RegExp): void =>
        assert.throws(
          () => task!.run(options),
          (error) => error instanceof SkepError && error.code === 'BAD_RUN' && message.test(error.message),
        )
      refused({ task: { pid: -1 } }, /task: pid and tid/)
      refused({ task: { cgroups: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }, /task\.cgroups/)
      refused({ attach: { cookie: 1.5 } }, /attach\.cookie/)
      refused({ packet: { hash: 1 } }, /no socket buffer/)
      assert.throws(() => machine.setTask({ uid: 2 ** 32 }), { code: 'BAD_OPTION' })
    })

    test('arguments of a traced function are those of the context, its result the last word', () => {
      using machine = machineWith()
      const object = machine.load(taskObject, { engine })
      const attach = { address: 0xffffffff81000000n, cookie: 42 }
      const address = BigInt.asIntN(64, attach.address)
      object.programs['entered']!.run({ ctx: [5, 6], attach })
      assert.deepEqual(outOf(object, 8), [2n, 0n, 6n, -22n, -95n, 6n, address, 42n])
      object.programs['left']!.run({ ctx: [5, 6, -3n], attach })
      assert.deepEqual(outOf(object, 8), [2n, 0n, 6n, -22n, 0n, -3n, address, 42n])
      object.programs['left']!.run({ ctx: [5], attach })
      assert.deepEqual(outOf(object, 4), [0n, -22n, 77n, -22n])
      object.programs['probed']!.run({ attach })
      assert.deepEqual(outOf(object, 2), [address, 42n])
      object.programs['probed']!.run()
      assert.deepEqual(outOf(object, 2), [0n, 0n])
    })

    test('arguments of a traced function are for programs that trace one', () => {
      using machine = machineWith()
      const spec = parseObject(taskObject, 'task')
      const programs = new Map([['entered', { ...spec.programs.get('entered')!, attachType: 'trace_raw_tp' }]])
      assert.throws(
        () => machine.load({ ...spec, programs }, { engine }),
        (error) =>
          error instanceof SkepError &&
          error.code === 'REFUSED' &&
          /bpf_get_func_ret cannot be used/.test(error.message),
      )
    })

    test('a packet has the socket and the hash that the host says', () => {
      using machine = machineWith()
      const object = machine.load(skbObject, { engine })
      const packet = {
        socket: { cookie: 99n, uid: 1000 },
        netnsCookie: 3,
        cgroups: [1, 4, 9],
        classid: 0x10002,
        routeRealm: 6,
      }
      object.programs['values']!.run({ data: udp, packet })
      assert.deepEqual(outOf(object, 11), [0x10002n, 0x10002n, 6n, 9n, 4n, 9n, 0n, 99n, 1000n, 3n, 0n])
      object.programs['values']!.run({ data: udp })
      assert.deepEqual(outOf(object, 11), [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n])
      object.programs['hash']!.run({ data: udp, packet: { hash: 5 } })
      assert.equal(outOf(object, 1)[0], 5n)
    })

    test('interfaces and their MTU', () => {
      using machine = boot.virtual({ memory: '4 MiB', interfaces: { 1: 30, 4000: 20 } })
      const object = machine.load(loopsObject, { engine })
      object.programs['skb_mtu']!.run({ data: udp })
      // 50 bytes of which 14 are the link header: too long for both, and what it becomes is the MTU.
      assert.deepEqual(outOf(object, 9), [1n, 30n, 1n, 1n, -22n, -22n, -22n, 1n, 20n])
      assert.throws(() => boot.virtual({ interfaces: { 0: 5 } }), { code: 'BAD_OPTION' })
    })

    test('copy_from_user_str closes what it copies, and pads if it is asked to', () => {
      using machine = machineWith()
      const object = machine.load(loopsObject, { engine })
      object.programs['copies']!.run()
      assert.deepEqual(outOf(object, 4), [5n, 4n, 5n, 1n])
      const text = Buffer.from(object.variables['text']!.get() as number[])
      assert.deepEqual(
        [0, 64, 128, 192].map((at) => text.toString('latin1', at, text.indexOf(0, at))),
        ['word', 'wor', 'word', ''],
      )
      assert.equal(text[138], 0)
    })

    test('tags and tunnels go in and come out', () => {
      using machine = machineWith()
      const object = machine.load(skbObject, { engine })
      const run = (program: string, options: RunOptions = {}) =>
        object.programs[program]!.run({ data: udp, ...options }).packet
      assert.deepEqual(run('vlan_push')?.vlan, { protocol: 0x8100, tci: 7 })
      assert.equal(run('vlan_pop', { packet: { vlan: { protocol: 0x8100, tci: 5 } } }), undefined)
      assert.deepEqual(outOf(object, 6).slice(2), [1n, 5n, 0x81n, 0n])
      assert.equal(run('type_of_packet')?.type, 0)
      const given = {
        id: 5,
        source: Uint8Array.of(10, 0, 0, 1),
        destination: Uint8Array.of(10, 0, 0, 2),
        tos: 1,
        ttl: 64,
        label: 0,
        flags: 4,
        options: Uint8Array.of(1, 2, 3, 4),
      }
      assert.deepEqual(run('hash', { packet: { tunnel: given } })?.tunnel, { ...given, flags: 0xd804, set: false })
      const set = run('tunnel', { packet: { tunnel: given } })?.tunnel
      assert.deepEqual(outOf(object, 3), [0n, 4n, -22n])
      assert.deepEqual([set?.set, set?.id, set?.destination], [true, 77, Uint8Array.of(10, 0, 0, 1)])
      const six = run('tunnel_of_ipv6')?.tunnel
      assert.deepEqual([six?.set, six?.destination.length, six?.ttl], [true, 16, 2])
    })
  })
