// Programs that write what they like over their own context and over the record of their packet, which lie in their
// memory, and then call whatever takes that context: core memory is neither read nor written, on both engines, and the
// host finds in the run's answer nothing that was not the program's. Runs that were prepared begin as if nothing had
// happened.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MAP_TYPE_ARRAY } from '../../core/abi.js'
import { RECORD_BYTES, RUN_RECORD } from '../../core/run-record.js'
import { boot, type ObjectSpec, type ProgramType } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import type { Engine } from '../../src/machine/load/code.js'
import type { HelperEntry } from '../../src/machine/helpers.js'
import { generator } from '../golden/random-steps.js'
import { functionSpec } from '../jit/harness.js'
import { coded } from '../machine/probes.js'
import { HELPER, value } from './assembly.js'
import { callable, MAPS, packet } from './attacker.js'
import { contained, secretIn } from './secret.js'

const WORDS = (RUN_RECORD + RECORD_BYTES) / 4
/** bpf_get_current_task_btf. */
const CURRENT_TASK = 158
/** A word that is left as it is. */
const KEPT = 0x5eed5eed
/** Behind the words: which call, the arguments after the context, the return value of the program. */
const CALL_AT = 4 * WORDS
const ORDERS_BYTES = CALL_AT + 48
const FORGERIES = Number(process.env.SKEP_HOSTILE_RUNS ?? 20) * 30

/** Copies the words over its context, makes the call, and returns what it is told to. */
function forger(entries: readonly HelperEntry[]): Line[] {
  return [
    asm.mov('r9', 'r1'),
    value('r6', 'orders'),
    asm.mov('r7', 'r9'),
    asm.mov('r8', 0),
    asm.label('word'),
    asm.load(32, 'r2', 'r6', 0),
    asm.loadImmediate('r3', BigInt(KEPT)),
    asm.jump('eq', 'r2', 'r3', 'kept'),
    asm.store(32, 'r7', 0, 'r2'),
    asm.label('kept'),
    asm.alu('add', 'r6', 4),
    asm.alu('add', 'r7', 4),
    asm.alu('add', 'r8', 1),
    asm.jump('lt', 'r8', WORDS, 'word'),
    asm.load(64, 'r8', 'r6', 0),
    asm.mov('r1', 'r9'),
    ...(['r2', 'r3', 'r4', 'r5'] as const).map((register, at) => asm.load(64, register, 'r6', 8 + 8 * at)),
    ...entries.flatMap((entry, index) => [
      asm.jump('ne', 'r8', index, `not ${index}`),
      entry.id === undefined ? asm.callKfunc(entry.name) : asm.call(entry.id),
      asm.goto('done'),
      asm.label(`not ${index}`),
    ]),
    asm.label('done'),
    value('r6', 'orders', CALL_AT),
    asm.load(64, 'r0', 'r6', 40),
    asm.exit(),
  ]
}

function objectOf(type: ProgramType, section: string, entries: readonly HelperEntry[]): ObjectSpec {
  const main = { ...functionSpec('main', forger(entries)), section }
  const orders = { ...MAPS.script, name: 'orders', type: MAP_TYPE_ARRAY, valueSize: ORDERS_BYTES, maxEntries: 1 }
  return {
    name: 'forger',
    license: 'GPL',
    maps: new Map([['orders', orders]]),
    programs: new Map([['main', { name: 'main', section, type, sleepable: false, entry: 'main' }]]),
    functions: new Map([['main', main]]),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

for (const engine of ['jit', 'interp'] as const satisfies readonly Engine[])
  suite(`forged contexts, ${engine}`, () => {
    test('a bound of the packet that is loaded as if through a kernel pointer shows nothing', () => {
      using machine = boot.virtual({ memory: '6 MiB', loopBudget: 20_000, timers: 16 })
      const secret = secretIn(machine)
      const lines = [
        // Bounds around the secret, where the packet's stand.
        asm.mov('r6', 'r1'),
        asm.loadImmediate('r7', BigInt(secret.address)),
        asm.store(32, 'r6', 0, 'r7'),
        asm.store(32, 'r6', 4, -1),
        // After a call that may have written there, what lies in the frame may be the address of a task.
        asm.store(64, 'r10', -8, 'r6'),
        asm.mov('r1', 'r10'),
        asm.alu('add', 'r1', -64),
        asm.mov('r2', 8),
        asm.mov('r3', 'r6'),
        asm.call(HELPER.probeRead),
        asm.load(64, 'r1', 'r10', -8),
        asm.load(32, 'r2', 'r1', 0),
        asm.load(32, 'r3', 'r1', 4),
        asm.mov('r4', 'r2'),
        asm.alu('add', 'r4', 8),
        asm.jump('gt', 'r4', 'r3', 'end'),
        asm.load(64, 'r0', 'r2', 0),
        asm.store(64, 'r2', 0, 0),
        asm.label('end'),
        asm.call(CURRENT_TASK),
        asm.mov('r0', 0),
        asm.exit(),
      ]
      const spec = objectOf('xdp', 'xdp', [])
      spec.functions.set('main', { ...functionSpec('main', lines), section: 'xdp' })
      const main = machine.load(spec, { engine }).programs.main!
      assert.throws(() => main.run({ data: packet }), coded('FAULT_BAD_ACCESS'))
      assert.ok(secret.untouched())
    })

    for (const [type, section, redirect] of [
      ['xdp', 'xdp', 4],
      ['sched_cls', 'tc', 7],
      ['cgroup_skb', 'cgroup_skb/egress', 1],
    ] as const)
      test(`a ${type} program gets at nothing by what it writes over its context and its packet's record`, () => {
        using machine = boot.virtual({ memory: '6 MiB', loopBudget: 20_000, timers: 16 })
        const secret = secretIn(machine)
        // Callbacks and tail calls take no context of a packet.
        const entries = callable(type, section).filter(
          ({ parameters, tail, frame, returns }) => parameters > 0 && tail !== true && !frame && returns !== false,
        )
        const object = machine.load(objectOf(type, section, entries), { engine, checks: false })
        const forge = object.programs.main!
        const prepared = forge.prepare({ data: packet })
        const runs = [
          () => forge.run({ data: packet }),
          () => {
            prepared.data.set(packet)
            prepared.run()
            return prepared.result()
          },
        ] as const
        const below = generator(FORGERIES + redirect)
        const { guestBase, guestEnd } = machine.kernel.memory
        const buffer = machine.kernel.local[0]!.runBuffer
        const lies = [
          ...[secret.address, secret.address - 14, secret.address - 64, secret.address + 64],
          ...[guestBase, guestBase - 4, guestBase - 64, guestEnd, guestEnd - 1, guestEnd - 64, guestEnd + 64],
          ...[buffer.address, buffer.address + 1024, buffer.address + 1300, buffer.address + buffer.size],
          ...[0, 1, 2, 4, 14, 20, 40, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff],
        ]
        const lie = (): number => lies[below(lies.length)]!
        const numbers = [...lies.slice(0, 15), 0, 0, 0, 1, 2, 4, 8, 16, 16, 64, 64, 1 << 20]
        let refused = 0
        for (let turn = 0; turn < FORGERIES; turn += 1) {
          const orders = new DataView(new ArrayBuffer(ORDERS_BYTES))
          // Now and then all words are the same lie, mostly a few of them.
          const share = [2, 8, 40, 1000][below(4)]!
          const all = lie()
          for (let word = 0; word < WORDS; word += 1)
            orders.setUint32(4 * word, share === 2 ? all : below(share) === 0 ? lie() : KEPT, true)
          orders.setBigUint64(CALL_AT, BigInt(turn % entries.length), true)
          for (let at = 8; at < 40; at += 8)
            orders.setBigUint64(CALL_AT + at, BigInt(numbers[below(numbers.length)]!), true)
          orders.setBigUint64(CALL_AT + 40, BigInt(redirect), true)
          object.maps.orders!.set(0, new Uint8Array(orders.buffer))
          const what = `${entries[turn % entries.length]!.name}, turn ${turn}`
          refused += 1
          contained(() => {
            const { data, metadata, clones, packet: after } = runs[below(2) as 0 | 1]()
            refused -= 1
            const given = [data, metadata, ...(clones ?? []).map((clone) => clone.data), after?.tunnel?.options]
            for (const bytes of given)
              assert.ok(!Buffer.from(bytes ?? []).includes('not yours'), `${what}: the answer has core memory in it`)
          }, what)
          assert.ok(secret.untouched(), `${what}: core memory was written`)
        }
        assert.ok(!secret.inWindow(), 'core memory was read')
        // Without lies, and calling nothing, both kinds of run leave the packet as it is.
        const orders = new DataView(new ArrayBuffer(ORDERS_BYTES))
        for (let word = 0; word < WORDS; word += 1) orders.setUint32(4 * word, KEPT, true)
        orders.setBigUint64(CALL_AT, BigInt(entries.length), true)
        orders.setBigUint64(CALL_AT + 40, 1n, true)
        object.maps.orders!.set(0, new Uint8Array(orders.buffer))
        for (const run of runs) {
          const { retval, data } = run()
          assert.equal(retval, 1)
          // Nobody knows what link header a program of a control group's packet had.
          assert.deepEqual(Buffer.from(data!.subarray(14)), packet.subarray(14))
        }
        assert.ok(refused > 0 && refused < FORGERIES, `${refused} of ${FORGERIES} runs ended with a fault`)
      })
  })
