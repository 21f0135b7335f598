// Random calls of every helper and kfunc with arguments that no verifier would let through: each run ends with a result
// or a fault, the machine's books balance, and programs that are loaded afterwards work as if nothing had happened.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { boot, type ProgramType, type VirtualMachine } from '../../src/index.js'
import type { Engine } from '../../src/machine/load/code.js'
import { attacker, callable, flow, MAX_CALLS, packet, scriptBytes, scriptText } from './attacker.js'
import { scripts, type Script } from './script.js'
import { contained, secretIn } from './secret.js'

const KINDS: readonly (readonly [type: ProgramType, section: string])[] = [
  ['syscall', 'syscall'],
  ['xdp', 'xdp'],
  ['sched_cls', 'tc'],
  ['cgroup_skb', 'cgroup_skb/egress'],
  ['kprobe', 'kprobe'],
  ['tracing', 'fentry'],
  ['tracing', 'tp_btf'],
]

/** A flow comes, is idle and goes: map, timer, variables and clock work. */
function worksAsEver(machine: VirtualMachine): void {
  const object = machine.load(flow, { variables: { idle_timeout_ns: 1_000_000_000n } })
  assert.equal(object.programs.on_packet!.run({ data: packet }).retval, 2)
  assert.equal(object.maps.flows!.entries().length, 1)
  machine.clock.advance('2 s')
  assert.equal(object.maps.flows!.entries().length, 0)
  assert.equal(object.variables.flows_expired!.get(), 1n)
  object.close()
}

function attack(type: ProgramType, section: string, engine: Engine, list: readonly Script[]): void {
  using machine = boot.virtual({ cpus: 2, memory: '6 MiB', loopBudget: 20_000, timers: 32 })
  machine.on('fault', () => {})
  const entries = callable(type, section)
  const object = machine.load(attacker(type, section), { engine, checks: false })
  const input = type === 'syscall' ? { ctx: new Uint8Array(64) } : type === 'kprobe' ? {} : { data: packet }
  // The other ends of rings and buffers are open, and used between the runs.
  const samples = object.maps.userring!.userRing()
  const records = object.maps.perf!.perfBuffer({ pages: 1 })
  const secret = secretIn(machine)
  for (const [index, script] of list.entries()) {
    const what = scriptText(script, entries)
    samples.reserve(8 + index)?.submit()
    object.maps.script!.set(0, scriptBytes(script, entries, secret.address))
    contained(() => object.programs.main!.run({ ...input, cpu: index % 2 }), what)
    contained(() => machine.clock.advance('1 ms'), `${what}; then time passes`)
    records.drain()
    object.maps.ring!.drain()
    assert.ok(secret.untouched(), `${what}: core memory was written`)
  }
  assert.ok(!secret.inWindow(), 'core memory was read')
  samples.close()
  records.close()
  worksAsEver(machine)
  object.close()
  // Twice: the grace period of an inner map begins when that of the outer one is over.
  for (const time of ['1 s', '1 s'] as const) contained(() => machine.clock.advance(time), 'time passes')
  const { timers, mapsWaiting, programs } = machine.stats()
  assert.deepEqual(
    { free: timers.free, lost: timers.lost, mapsWaiting, programs },
    { free: timers.capacity, lost: 0, mapsWaiting: 0, programs: {} },
  )
}

for (const engine of ['jit', 'interp'] as const)
  suite(`calls without a verifier, ${engine}`, () => {
    for (const [type, section] of KINDS)
      test(`a ${type} program (${section}) that calls anything with anything is contained`, () => {
        const property = fc.property(
          fc.array(scripts(callable(type, section), MAX_CALLS), { minLength: 4, maxLength: 12 }),
          (list) => attack(type, section, engine, list),
        )
        fc.assert(property, {
          numRuns: Number(process.env.SKEP_HOSTILE_RUNS ?? 20),
          verbose: 0,
          includeErrorInReport: true,
        })
      })
  })
