// The same attackers on real threads: two at once, on two CPUs of one machine, while a program that does no harm runs
// beside them on a third. No thread dies, the books balance, and what is loaded afterwards works.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boot, SkepError, type LoadedObject } from '../../src/index.js'
import { attacker, callable, flow, MAX_CALLS, packet, scriptBytes, scriptText } from './attacker.js'
import { scripts, type Script } from './script.js'

const SCRIPTS = Number(process.env.SKEP_HOSTILE_RUNS ?? 40) * 5
const entries = callable('syscall', 'syscall')
/** Somewhere in the core. */
const CORE = 8192

/**
 * True if the run ended with a fault, as it may: no verifier keeps an attacker from the stacks, packets and map values
 * of others, which lie in the same window. Anything else thrown is a bug of the machine.
 */
async function contained(run: () => Promise<unknown>, what = 'the third program'): Promise<boolean> {
  try {
    await run()
    return false
  } catch (error) {
    if (error instanceof SkepError && error.code.startsWith('FAULT_')) return true
    throw new Error(`${what}: ${(error as Error).stack}`, { cause: error })
  }
}

/** Scripts one after the other on one CPU; how many ended with a fault. */
async function attackOn(cpu: number, object: LoadedObject<'promised'>, list: readonly Script[]): Promise<number> {
  let faults = 0
  for (const script of list) {
    await object.maps.script!.set(0, scriptBytes(script, entries, CORE))
    const run = () => object.programs.main!.run({ ctx: new Uint8Array(64), cpu })
    if (await contained(run, scriptText(script, entries))) faults += 1
  }
  return faults
}

for (const engine of ['jit', 'interp'] as const)
  test(`attackers on two threads at once do not harm the machine, ${engine}`, async () => {
    const seed = Number(process.env.SKEP_HOSTILE_SEED ?? 7)
    const lists = fc.sample(fc.array(scripts(entries, MAX_CALLS), { minLength: SCRIPTS, maxLength: SCRIPTS }), {
      seed,
      numRuns: 2,
    })
    const machine = await boot({ cpus: 3, memory: '12 MiB', loopBudget: 20_000, timers: 64 })
    machine.on('fault', () => {})
    try {
      const attackers = await Promise.all(
        lists.map(() => machine.load(attacker('syscall', 'syscall'), { engine, checks: false })),
      )
      const attacks = Promise.allSettled(lists.map((list, cpu) => attackOn(cpu, attackers[cpu]!, list)))
      let attacking = true
      void attacks.then(() => {
        attacking = false
      })
      const flows = await machine.load(flow)
      let runs = 0
      for (; attacking || runs < 50; runs += 1)
        await contained(() => flows.programs.on_packet!.run({ data: packet, cpu: 2 }))
      for (const [cpu, attack] of (await attacks).entries()) {
        if (attack.status === 'rejected') throw attack.reason
        assert.ok(attack.value > 0 && attack.value < SCRIPTS, `CPU ${cpu}: ${attack.value} faults of ${SCRIPTS}`)
      }
      for (const object of [...attackers, flows]) await object.close()
      const fresh = await machine.load(flow)
      for (const cpu of [0, 1, 2]) assert.equal((await fresh.programs.on_packet!.run({ data: packet, cpu })).retval, 2)
      assert.equal((await fresh.maps.flows!.entries()).length, 1)
      await fresh.close()
      const settled = async (): Promise<boolean> => {
        const { timers, mapsWaiting } = await machine.stats()
        return timers.free === timers.capacity && timers.lost === 0 && mapsWaiting === 0
      }
      for (let wait = 0; !(await settled()); wait += 1) {
        assert.ok(wait < 1000, `not at rest: ${JSON.stringify(await machine.stats())}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    } finally {
      await machine.close()
    }
  })
