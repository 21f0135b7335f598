// A batch of runs on the core: each is inside a section, none is kept for longer than sixteen runs, none is left
// behind; the same where all CPUs run on one thread, which announce sections without an atomic access.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTEXT_TASK } from '../../core/abi.js'
import { CPU_SECTION, HEADER, HEADER_GRACE_PERIOD, HEADER_ONE_THREAD } from '../../core/layout.js'
import { CoreMachine } from './harness.js'

const RUNS = 100

for (const oneThread of [0, 1])
  test(`a grace period ends during a batch of runs, ${oneThread ? 'one thread' : 'threads'}`, () => {
    const machine = new CoreMachine({ cpus: 1 })
    machine.setU32(HEADER + HEADER_ONE_THREAD, oneThread)
    const cpu = machine.cpu(0)
    const period = (): bigint => machine.u64(HEADER + HEADER_GRACE_PERIOD)
    const section = (): bigint => machine.u64(cpu.area + CPU_SECTION)
    const seen: bigint[] = []
    const entry = machine.addFunction(() => {
      assert.notEqual(section(), 0n)
      assert.ok(section() <= period())
      seen.push(section())
      // Another one begins with each run.
      machine.setU32(HEADER + HEADER_GRACE_PERIOD, Number(period()) + 1)
    })
    const program = cpu.call('program_create', entry, entry, entry + 1)
    cpu.call('program_run_repeat', program, 0, CONTEXT_TASK, RUNS)
    assert.equal(seen.length, RUNS)
    assert.equal(section(), 0n)
    for (let at = 16; at < RUNS; at++) assert.ok(seen[at]! > seen[at - 16]!, `run ${at}`)
    assert.ok(new Set(seen).size <= Math.ceil(RUNS / 16))
    cpu.call('program_run', program, 0, CONTEXT_TASK)
    assert.equal(seen.length, RUNS + 1)
    assert.equal(section(), 0n)
  })
