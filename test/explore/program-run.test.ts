// A program's own numbers, over every interleaving: several CPUs run it at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTEXT_TASK } from '../../core/abi.js'
import { PROGRAM_RUNS } from '../../core/layout.js'
import { explore, Stage, subject } from '../../src/explore/index.js'
import { moduleBytes } from '../../src/explore/builds.js'
import { trampolines } from '../../src/explore/trampoline.js'

const MEMORY = 1 << 20

test('every run of a program is counted, on whichever CPUs it runs', () => {
  let program = 0
  const stage = new Stage({
    module: moduleBytes('core'),
    memory: MEMORY,
    cpus: 2,
    boot(cpus) {
      const { exports } = cpus[0]!
      assert.equal(exports['machine_boot'](MEMORY, cpus.length, 4, 1024), 0)
      let entry = 0
      cpus.forEach((cpu, index) => {
        cpu.exports['cpu_attach'](index)
        const { table } = cpu.exports
        entry = table.grow(1)
        table.set(entry, trampolines(1, 0, () => 0n)[0])
      })
      program = exports['program_create'](entry, entry + 1, entry + 1)
    },
  })
  const run = (name: string, times: number) => ({
    name,
    run: (cpu: { exports: Record<string, (...values: number[]) => number> }) =>
      cpu.exports['program_run_repeat']!(program, 0, CONTEXT_TASK, times),
  })
  const report = explore(
    subject({
      name: 'runs of one program',
      stage,
      cpus: [{ operations: [run('one', 1), run('two', 2)] }, { operations: [run('three', 3)] }],
      atRest: (view) =>
        view.load32(program + PROGRAM_RUNS) === 6 ? undefined : `${view.load32(program + PROGRAM_RUNS)} of 6 runs`,
    }),
  )
  assert.equal(report.failure?.message, undefined)
  assert.equal(report.complete, true)
})
