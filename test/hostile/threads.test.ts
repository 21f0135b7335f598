// The same attackers on real threads: two at once, on two CPUs of one machine, while a program that does no harm works beside
// them on a third.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boot, SkepError, type LoadedObject } from '../../src/index.js'
import { attacker, callable, flow, MAX_CALLS, packet, scriptBytes, scriptText } from './attacker.js'
import { scripts, type Script } from './script.js'

const SCRIPTS = Number(process.env.SKEP_HOSTILE_RUNS ?? 40) * 5
const entries = callable('syscall')

/** Scripts one after the other on one CPU; how many ended with a fault. */
async function attackOn(cpu: number, object: LoadedObject<'promised'>, list: readonly Script[]): Promise<number> {
  let faults = 0
  for (const script of list) {
    await object.maps.script!.set(0, scriptBytes(script, entries))
    try {
      await object.programs.main!.run({ ctx: new Uint8Array(64), cpu })
    } catch (error) {
      if (!(error instanceof SkepError) || !error.code.startsWith('FAULT_'))
        throw new Error(`${scriptText(script, entries)}: ${(error as Error).stack}`, { cause: error })
      faults += 1
    }
  }
  return faults
}

for (const engine of ['jit', 'interp'] as const)
  test(`attackers on two threads at once harm neither the machine nor a third program, ${engine}`, async () => {
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
      let attacking = true
      const attacks = Promise.all(lists.map((list, cpu) => attackOn(cpu, attackers[cpu]!, list))).finally(() => {
        attacking = false
      })
      const flows = await machine.load(flow)
      let runs = 0
      while (attacking || runs < 50) {
        await flows.programs.on_packet!.run({ data: packet, cpu: 2 })
        runs += 1
      }
      const faults = await attacks
      assert.ok(
        faults.every((count) => count > 0 && count < SCRIPTS),
        `faults: ${faults.join(', ')} of ${SCRIPTS}`,
      )
      for (const object of [...attackers, flows]) await object.close()
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
