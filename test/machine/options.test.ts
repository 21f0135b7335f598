// Options that do not exist, as JavaScript can pass them: refused by name wherever options are taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, type ThreadOptions } from '../../src/index.js'
import { coded, probes, unchecked } from './probes.js'

/** Options that the types would refuse. */
const untyped = (options: Record<string, unknown>): never => options as never

test('boot refuses options that do not exist, on every kind of machine', async () => {
  assert.throws(
    () => boot.virtual(untyped({ cpu: 2 })),
    coded('BAD_OPTION', /^boot\.virtual: there is no option 'cpu'; did you mean 'cpus'\?$/),
  )
  assert.throws(() => boot.virtual(untyped({ clock: 'virtual' })), coded('BAD_OPTION', /no option 'clock'/))
  assert.throws(() => boot(untyped({ cpus: 'inline', wait: 'spin' })), coded('BAD_OPTION', /inline machine.*'wait'/))
  await assert.rejects(
    boot({ Loopbudgets: 5 } as ThreadOptions),
    coded('BAD_OPTION', /^boot: there is no option 'Loopbudgets'; did you mean 'loopBudget'\?$/),
  )
  await assert.rejects(
    boot({ threads: 2 } as ThreadOptions),
    coded('BAD_OPTION', /'threads'; there are memory, timers, .*wait$/),
  )
})

test('what is to be an object and is none is refused, and a task of which something is wrong changes nothing', () => {
  const machine = boot.virtual()
  assert.throws(() => boot.virtual(untyped({ task: 5 })), coded('BAD_OPTION', /^task: expected an object, got 5$/))
  assert.throws(() => machine.load(probes, 5 as never), coded('BAD_OPTION', /^load: expected an object, got 5$/))
  const strict = coded('BAD_OPTION', /^strict: expected '6\.18', got '6\.17'$/)
  assert.throws(() => machine.load(probes, untyped({ ...unchecked, strict: '6.17' })), strict)
  const names = coded('BAD_OPTION', /^programs: expected a list of names, got 'count'$/)
  assert.throws(() => machine.load(probes, untyped({ ...unchecked, programs: 'count' })), names)
  const { programs } = machine.load(probes, unchecked)
  for (const [given, words] of [
    [{ task: null }, /^program 'count' \(.*\): task: expected an object, got null$/],
    [{ attach: 5 }, /: attach: expected an object, got 5$/],
    [{ stack: 5 }, /: stack: expected an object, got 5$/],
  ] as const)
    assert.throws(() => programs.count!.run(untyped(given)), coded('BAD_RUN', words))
  for (const ctx of [null, 5])
    assert.throws(
      () => programs.mark!.run(untyped({ data: new Uint8Array(64), ctx })),
      coded('BAD_RUN', /: ctx must be/),
    )
  const { memory } = machine.kernel
  const before = memory.bytes.slice(0, memory.guestBase)
  assert.throws(() => machine.setTask({ pid: 77, namespace: untyped({ id: 1 }) }), coded('BAD_OPTION', /namespace/))
  assert.throws(() => machine.setTask(null as never), coded('BAD_OPTION', /^task: expected an object, got null$/))
  assert.deepEqual(memory.bytes.subarray(0, memory.guestBase), before)
})

test('load refuses them, and nothing is left of it', () => {
  const machine = boot.virtual()
  const before = machine.stats()
  assert.throws(
    () => machine.load(probes, untyped({ ...unchecked, variable: { x: 1 } })),
    coded('BAD_OPTION', /^load: there is no option 'variable'; did you mean 'variables'\?$/),
  )
  assert.deepEqual(machine.stats(), before)
  machine.load(probes, unchecked)
})

test('run and prepare refuse them with the name of the program; what is there is taken', async () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  const refusal = coded('BAD_RUN', /^program 'count' \(.*\): there is no option 'context_'; did you mean 'context'\?$/)
  assert.throws(() => programs.count!.run(untyped({ context_: 'nmi' })), refusal)
  assert.throws(() => programs.count!.prepare(untyped({ context_: 'nmi' })), refusal)
  programs.count!.run({ cpu: 0, repeat: 1, context: 'nmi' })
  const machine = await boot({ cpus: 1, wait: 'sleep', clock: 'real' })
  try {
    const object = await machine.load(probes, unchecked)
    await assert.rejects(object.programs.count!.run(untyped({ datas: 1 })), coded('BAD_RUN', /did you mean 'data'\?/))
  } finally {
    await machine.close()
  }
})

test('fields that do not exist in what describes the network are refused with their place', () => {
  for (const [given, words] of [
    [{ interfaces: { 1: { mtus: 9 } } }, /^interfaces: 1: there is no option 'mtus'; did you mean 'mtu'\?$/],
    [
      { routes: [{ to: '10.0.0.0/8', dev: 1, prio: 3 }] },
      /^routes\[0\]: there is no option 'prio'; there are to, via, /,
    ],
    [{ neighbors: [{ dev: 1, address: '10.0.0.1', lladdr: '02:00:00:00:00:01' }] }, /^neighbors\[0\]: .*'lladdr'/],
    [{ sockets: [{ protocol: 'tcp', local: '10.0.0.1:80', v6Only: true }] }, /^sockets\[0\]: .*mean 'v6only'\?$/],
    [{ task: { pid: 1, tgid: 2 } }, /^task: there is no option 'tgid'/],
    [{ task: { namespace: { device: 1, inode: 2, pid: 3, tid: 4, id: 5 } } }, /^task\.namespace: .*'id'/],
  ] as const)
    assert.throws(() => boot.virtual(untyped(given)), coded('BAD_OPTION', words))
})

test('so are those in what a run says of its task, its packet and its stacks', () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  for (const [given, words] of [
    [{ task: { name: 'x' } }, /^program 'count' \(.*\): task: there is no option 'name'/],
    [{ attach: { cookies: 1 } }, /: attach: there is no option 'cookies'; did you mean 'cookie'\?$/],
    [{ stack: { kernels: [] } }, /: stack: .*did you mean 'kernel'\?$/],
  ] as const)
    assert.throws(() => programs.count!.run(untyped(given)), coded('BAD_RUN', words))
  const data = new Uint8Array(64)
  for (const [packet, words] of [
    [{ mark: 1 }, /: packet: there is no option 'mark'/],
    [{ vlan: { protocol: 0x8100, tci: 1, id: 2 } }, /: packet\.vlan: .*'id'/],
    [{ socket: { cookie: 1, gid: 2 } }, /: packet\.socket: .*'gid'; did you mean 'uid'\?$/],
    [{ tunnel: { id: 1, source: data, destination: data, mode: 1 } }, /: packet\.tunnel: .*'mode'/],
  ] as const)
    assert.throws(() => programs.mark!.run(untyped({ data, packet })), coded('BAD_RUN', words))
})

test('what load() is given is refused by name if it is not what the option takes, before anything is read', () => {
  assert.throws(() => boot(null as never), coded('BAD_OPTION', /^boot: expected an object, got null$/))
  const machine = boot.virtual()
  for (const [name, given, expected] of [
    ['maps', null, 'an object with maps by name'],
    ['variables', 5, 'an object with values by name'],
    ['maxEntries', [5], 'an object with numbers by name'],
    ['keySize', 'x', 'an object with numbers by name'],
    ['valueSize', 5, 'an object with numbers by name'],
    ['checks', 'no', 'true or false'],
    ['engine', 'llvm', 'jit or interp'],
    ['btf', 5, "a file, its bytes or 'host'"],
    ['kconfig', 5, "a file, 'host' or an object with values by name"],
    ['pinRoot', 5, 'a path'],
  ] as const)
    assert.throws(
      () => machine.load('no-such-file.bpf.o', untyped({ [name]: given })),
      coded('BAD_OPTION', new RegExp(`^${name}: expected ${expected}, got `)),
    )
  const maps = coded('BAD_OPTION', /^maps: expected an object with maps by name, got \[\]$/)
  assert.throws(() => machine.load('no-such-file.bpf.o', untyped({ maps: [] })), maps)
  const { programs } = machine.load(probes, unchecked)
  const run = coded('BAD_RUN', /^program 'count': expected an object, got null$/)
  assert.throws(() => programs.count!.run(null as never), run)
  assert.throws(() => programs.count!.prepare(null as never), run)
  assert.throws(
    () => boot.virtual({ task: untyped({ comm: 5 }) }),
    coded('BAD_OPTION', /^task\.comm: expected a text, got 5$/),
  )
})
